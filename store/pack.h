/* SPDX-License-Identifier: Apache-2.0
 * store/pack.h - kept documents into shards: shuffled by seed, EOS between them, every token traceable.
 *
 * pack_run (a stage) walks a seeded permutation of (document, repeat), concatenates their tokens and cuts shards of a
 * fixed number of tokens for each split; or, by best-fit, puts them together into windows, with padding (store/pack_fit.h).
 * Writes TABLE_SHARDS, TABLE_SPANS, and, when all shards are there,
 * TABLE_PLACEMENTS (store/shard.h). Each batch ends at a shard boundary; a killed run goes on there.
 *
 * Memory: a few shards, whatever the corpus; the order of its documents lies in a nameless file in the store's folder, about 60
 * bytes for each pass of a document.
 */
#ifndef STORE_PACK_H
#define STORE_PACK_H

#include "store/recipe.h"
#include "store/stage.h"
#include "store/tokenizer.h"

gboolean pack_run(StageContext *context, const Recipe *recipe, const Tokenizer *tokenizer, const char *predecessor,
                  char **fingerprint, GError **error);

#endif
