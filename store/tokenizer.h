/* SPDX-License-Identifier: Apache-2.0
 * store/tokenizer.h - text to token ids: a model file plus Galen's special tokens.
 *
 * A model is a SentencePiece .model file (Llama 1 and 2, Mistral) or a Hugging Face tokenizer.json of the byte-level kind
 * (Llama 3, GPT-2, Qwen); which one it is shows in its bytes. The ids are those of the libraries that these files come from.
 *
 * Special tokens ("[bib_ref]", "[/bib_ref]" ...) get ids behind the model's last piece, in the order given; the text
 * between them is encoded by the model, piece by piece, without an added BOS. tokenizer_decode turns ids back to text.
 * The tokenizer is immutable after loading and may be used by many threads at once.
 * Errors: a file that is missing or none of these is GALEN_ERROR_INPUT, naming it and what to do.
 */
#ifndef STORE_TOKENIZER_H
#define STORE_TOKENIZER_H

#include <glib.h>

#include "base/hash.h"

typedef struct Tokenizer Tokenizer;
Tokenizer *tokenizer_load(const char *model_path, const char *const *special, unsigned special_count, GError **error);
void tokenizer_free(Tokenizer *tokenizer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tokenizer, tokenizer_free)

guint32 tokenizer_vocabulary(const Tokenizer *tokenizer); /* ids are below it; special tokens included */
#define TOKENIZER_NO_ID G_MAXUINT32
guint32 tokenizer_bos(const Tokenizer *tokenizer); /* TOKENIZER_NO_ID when the model has none */
guint32 tokenizer_eos(const Tokenizer *tokenizer); /* a model without one is not loaded */
const Sha256 *tokenizer_digest(const Tokenizer *tokenizer); /* of the model file and the special tokens */
const char *tokenizer_model(const Tokenizer *tokenizer, gsize *length); /* the bytes of the model file; borrowed */
const char *tokenizer_special(const Tokenizer *tokenizer, unsigned index); /* borrowed; NULL past the last */
guint32 tokenizer_special_id(const Tokenizer *tokenizer, unsigned index); /* TOKENIZER_NO_ID past the last */
/* Appends ids to an array of guint32. Bytes that are not UTF-8 become U+FFFD first. */
gboolean tokenizer_encode(const Tokenizer *tokenizer, const char *text, gsize length, GArray *ids, GError **error);
char *tokenizer_decode(const Tokenizer *tokenizer, const guint32 *ids, gsize count, GError **error); /* g_free */

#endif
