/* SPDX-License-Identifier: Apache-2.0
 * store/tokenizer_words.h - the same ids, faster: words that were seen before are not encoded again.
 *
 * In a byte-pair model whose pieces never hold a space behind another character, no merge crosses the place where a
 * space follows a word: the ids of a text are those of its words, one after the other, each with the spaces before it.
 * Llama's and Mistral's models are of this kind. words_separable reads from the model file whether it is; words_encode
 * then asks the library only for words that a small table of the thread does not hold. What is in the table changes
 * the speed, never the ids.
 */
#ifndef STORE_TOKENIZER_WORDS_H
#define STORE_TOKENIZER_WORDS_H

#include "base/hash.h"
#include "store/sentencepiece.h"

/* `bytes` is a serialised ModelProto (sentencepiece_model.proto). FALSE for whatever is not understood. */
gboolean words_separable(const char *bytes, gsize length);
/* As sentencepiece_encode, for a separable model; `digest` tells it from the others that this thread uses. */
gboolean words_encode(const SentencePieceModel *model, const Sha256 *digest, const char *text, gsize length, GArray *ids,
                      char **failure);

#endif
