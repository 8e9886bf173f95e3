/* SPDX-License-Identifier: Apache-2.0
 * train/vocabulary.h - rows of the embedding and of the output matrix for tokens that a model was not trained with.
 *
 * Tokens are numbered behind the tokenizer's last piece, as the tokenizer of a store numbers its special tokens. The row of
 * a new token is the mean of the rows of the pieces that its text had before: a model that reads "[bib_ref]" begins
 * with what it knew of those pieces, and its logit begins as their mean. Models are often padded with rows that no token
 * has: new tokens take these first. Rows that are added as padding are the mean of all rows that tokens have, so that
 * their logits are nowhere near the highest (Hewitt, Initializing New Word Embeddings for Pretrained Language Models, 2021).
 *
 * Sequence: p = vocabulary_plan_new(rows, wanted, tokenizer, tokens, count, e); for each matrix vocabulary_row(p, ...) for the
 * rows that vocabulary_is_new; vocabulary_plan_free(p).
 */
#ifndef TRAIN_VOCABULARY_H
#define TRAIN_VOCABULARY_H

#include "base/json.h"
#include "store/tokenizer.h"
#include "train/tensor_reader.h"

typedef struct NewToken {
    char *text;
    gsize id;
    GArray *pieces; /* of guint32: what its text was before */
} NewToken;

typedef struct VocabularyPlan {
    gsize rows_before, rows; /* of the matrices */
    gsize known;             /* rows that tokens have before; the others are padding */
    GArray *tokens;          /* of NewToken, by id */
} VocabularyPlan;

/* `wanted` rows, or 0: as few as there must be, and not fewer than before. `tokenizer`: path of the model file; NULL only
 * without tokens, and then all rows count as known. Errors: fewer rows than tokens, or a tokenizer that does not fit
 * the matrices, is GALEN_ERROR_INPUT; a token that is there already or twice GALEN_ERROR_USAGE. */
VocabularyPlan *vocabulary_plan_new(gsize rows, gsize wanted, const char *tokenizer, const char *const *tokens, unsigned count,
                                    GError **error);
void vocabulary_plan_free(VocabularyPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VocabularyPlan, vocabulary_plan_free)
gboolean vocabulary_is_changed(const VocabularyPlan *plan);
gboolean vocabulary_is_new(const VocabularyPlan *plan, gsize row);

/* The mean of known rows of a matrix, as doubles; `mean` has room for its columns. */
gboolean vocabulary_mean_of_all(const VocabularyPlan *plan, const TensorPlace *matrix, double *mean, GError **error);
gboolean vocabulary_mean_of_pieces(const NewToken *token, const TensorPlace *matrix, double *mean, GError **error);

/* [{"token": "[bib_ref]", "id": 32000, "pieces": [518, 29890, ...]}] */
json_t *vocabulary_tokens_to_json(const VocabularyPlan *plan);

#endif
