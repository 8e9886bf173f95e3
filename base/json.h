/* SPDX-License-Identifier: Apache-2.0
 * base/json.h - small JSON through jansson, with GError.
 *
 * For configuration, metadata and results. Bulk JSON lines are read by scrapers/formats with simdjson.
 * json_write gives sorted keys and no spaces: one value, one text, so that hashes of it are stable.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <glib.h>
#include <jansson.h>

#include "base/buffer.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* A new reference, or NULL with GALEN_ERROR_INPUT: "WHAT:LINE:COLUMN: reason". */
json_t *json_parse(const char *text, gsize length, const char *what, GError **error);
char *json_write(const json_t *value);  /* compact, keys sorted; g_free */
char *json_pretty(const json_t *value); /* two spaces, keys in order of insertion, final newline; g_free */

const char *json_get_string(const json_t *object, const char *key); /* borrowed; NULL if absent or no string */
/* json_string() of text that may hold invalid UTF-8, which becomes U+FFFD. NULL text gives null. */
json_t *json_text(const char *text);

/* Appends a string with its quotes as json_write writes it, for objects that are written as they come. UTF-8. */
void json_append_string(Buffer *out, const char *text, gsize length);

#endif
