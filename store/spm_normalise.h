/* SPDX-License-Identifier: Apache-2.0
 * store/spm_normalise.h - text to what a SentencePiece model's pieces are made of.
 *
 * The model says how: characters are replaced by its table (NFKC and variants, precompiled into a double-array trie as
 * of the Darts-clone library, behind which the replacements lie), runs of spaces are squeezed, a space is put before
 * (or behind) the text, and spaces become U+2581. Bytes that are no UTF-8 become U+FFFD, one for each byte.
 *
 * A text comes out as libsentencepiece's Normalizer gives it. The object is immutable and may be used by many threads.
 */
#ifndef STORE_SPM_NORMALISE_H
#define STORE_SPM_NORMALISE_H

#include "base/buffer.h"
#include "store/spm_model.h"

typedef struct SpmNormaliser SpmNormaliser;

/* Borrows the model. A character table that makes no sense is GALEN_ERROR_INPUT. */
SpmNormaliser *spm_normaliser_new(const SpmModel *model, GError **error);
void spm_normaliser_free(SpmNormaliser *normaliser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmNormaliser, spm_normaliser_free)

/* Appends the normalised text. An empty text stays empty. */
void spm_normalise(const SpmNormaliser *normaliser, const char *text, gsize length, Buffer *out);

/* The length of the longest user-defined piece that `text` begins with; 0: none. */
gsize spm_user_defined_at(const SpmNormaliser *normaliser, const char *text, gsize length);

#endif
