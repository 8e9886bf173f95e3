/* SPDX-License-Identifier: Apache-2.0
 * store/fingerprint.h - what a stage's results depend on besides the documents: a text whose lines can be compared.
 *
 * A fingerprint is the stage's own lines and those of its predecessors. Settings that hold for one source alone are lines
 * of their own, which begin with "source TAG "; all others hold for the whole corpus. So it can be told whether a recipe
 * has only got further sources, which changes nothing for the documents that are there: then the stage need not start
 * anew (store/stage.h).
 *
 * Sequence: text = g_string_new(NULL); fingerprint_add and fingerprint_add_source as often as needed; fingerprint_add_before
 * last; g_string_free(text, FALSE) is the fingerprint.
 */
#ifndef STORE_FINGERPRINT_H
#define STORE_FINGERPRINT_H

#include <glib.h>

typedef enum {
    FINGERPRINT_SAME,
    FINGERPRINT_EXTENDS, /* as before, and with lines of sources that had none */
    FINGERPRINT_DIFFERENT,
} FingerprintMatch;

/* One line; `format` without a newline. */
void fingerprint_add(GString *text, const char *format, ...) G_GNUC_PRINTF(2, 3);
void fingerprint_add_source(GString *text, const char *tag, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The same for settings too long for a line: their SHA-256 stands for them. */
void fingerprint_add_source_digest(GString *text, const char *tag, const char *what, const char *settings);
void fingerprint_add_before(GString *text, const char *predecessor); /* that of the stage before; NULL: none */

/* The order of lines does not matter. */
FingerprintMatch fingerprint_compare(const char *before, const char *now);

#endif
