/* SPDX-License-Identifier: Apache-2.0
 * store/mix.h - tokenise the undecided documents, and decide which of the replay go into training.
 *
 * tokenise_run (a stage) reads the final texts (store/cuts.h) and writes TABLE_TOKENS for every undecided document. mix_run (a stage)
 * draws how often each document of an upsampled source goes into training (store/upsample.h; its note has the sum), and
 * documents of the replay group in a seeded order until the replay has its share of all training tokens, repeats
 * counted; the rest of the replay gets the verdict dropped / mix / "not-sampled". Then every undecided document is kept:
 * after mix_run each document has its verdict.
 */
#ifndef STORE_MIX_H
#define STORE_MIX_H

#include "store/recipe.h"
#include "store/stage.h"
#include "store/tokenizer.h"

gboolean tokenise_run(StageContext *context, const Recipe *recipe, const Tokenizer *tokenizer, const char *predecessor,
                      char **fingerprint, GError **error);
gboolean mix_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);

#endif
