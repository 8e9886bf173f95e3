/* SPDX-License-Identifier: Apache-2.0
 * store/spm_encode.h - SentencePiece's byte-pair encoding, and back.
 *
 * The ids are those that libsentencepiece gives, for every model whose algorithm is BPE: user-defined pieces first, then
 * merges by the pieces' scores (store/bpe.h), pieces that training left unused taken apart again, unknown characters as
 * the pieces of their bytes or as the unknown piece.
 *
 * It is fast because in most models no piece holds a space behind another character, so that no merge crosses the place
 * where a word begins: the ids of a text are those of its words, and words repeat (store/word_cache.h). Models of another
 * kind are encoded as one row of symbols, in O(n log n).
 *
 * An encoder is immutable and may be used by many threads at once.
 */
#ifndef STORE_SPM_ENCODE_H
#define STORE_SPM_ENCODE_H

#include "store/spm_model.h"

typedef struct SpmEncoder SpmEncoder;

/* Takes the model. Errors: a model of another algorithm, or a damaged one, is GALEN_ERROR_INPUT. */
SpmEncoder *spm_encoder_new(SpmModel *model, GError **error);
void spm_encoder_free(SpmEncoder *encoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmEncoder, spm_encoder_free)
const SpmModel *spm_encoder_model(const SpmEncoder *encoder);
gboolean spm_encoder_by_words(const SpmEncoder *encoder); /* whether it may go word by word */

/* Appends to an array of guint32. Any bytes may come in. */
void spm_encode(const SpmEncoder *encoder, const char *text, gsize length, GArray *ids);
/* Appends the text of ids below the number of pieces. Bytes that make no UTF-8 become U+FFFD. */
void spm_decode(const SpmEncoder *encoder, const guint32 *ids, gsize count, GString *text);

#endif
