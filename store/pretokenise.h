/* SPDX-License-Identifier: Apache-2.0
 * store/pretokenise.h - a text cut into the words that a byte-level tokenizer encodes one by one.
 *
 * The cuts are those of a row of regular expressions in the syntax of tokenizer.json: each cuts what the one before left
 * into its matches and what lies between them ("Isolated"). The expressions of GPT-2, of Llama 3 and of Qwen 2 are scanned
 * by hand; any other goes through PCRE2. Classes of characters are Unicode's (store/unicode_classes.h).
 *
 * An object is immutable after its last pretokeniser_add_* and may be used by many threads. Texts must be valid UTF-8.
 */
#ifndef STORE_PRETOKENISE_H
#define STORE_PRETOKENISE_H

#include <glib.h>

typedef struct Pretokeniser Pretokeniser;
Pretokeniser *pretokeniser_new(void);
void pretokeniser_free(Pretokeniser *pretokeniser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pretokeniser, pretokeniser_free)

/* GALEN_ERROR_INPUT for an expression that PCRE2 does not understand. */
gboolean pretokeniser_add_regex(Pretokeniser *pretokeniser, const char *regex, GError **error);
void pretokeniser_add_digits(Pretokeniser *pretokeniser); /* each number character by itself */
extern const char pretokenise_gpt2[]; /* the expression that ByteLevel uses by itself */

/* Calls `word` for each word, in order. FALSE with *error where an expression gave up (GALEN_ERROR_INPUT). */
typedef void (*PretokeniseWord)(gpointer user, const char *word, gsize length);
gboolean pretokenise(const Pretokeniser *pretokeniser, const char *text, gsize length, PretokeniseWord word, gpointer user, GError **error);

#endif
