/* SPDX-License-Identifier: Apache-2.0
 * store/utf8_valid.h - bytes of any kind as valid UTF-8, as SentencePiece has it.
 *
 * Each byte that is part of no character becomes a U+FFFD of its own. A NUL is a character like others, which is where this
 * differs from GLib's g_utf8_make_valid.
 */
#ifndef STORE_UTF8_VALID_H
#define STORE_UTF8_VALID_H

#include <glib.h>

void utf8_append_valid(GString *valid, const char *text, gsize length);

#endif
