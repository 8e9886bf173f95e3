/* SPDX-License-Identifier: Apache-2.0
 * store/mix.h - tokenise the undecided documents, and decide which go into training, and how often.
 *
 * tokenise_run (a stage) reads the final texts (store/cuts.h) and writes TABLE_TOKENS for every undecided document. mix_run (a
 * stage) asks each source for its tokens (store/mix_targets.h) and takes its documents in a seeded order until it has them:
 * a target that is to be reached is passed by less than one document, a limit is fallen short of by less than one. What is
 * not taken gets the verdict dropped / mix / "not-sampled"; documents that are held out are taken by the same order, and go
 * once. Every other undecided document is kept and has a draw (store/draw.h), so that after mix_run each document has its
 * verdict. A note of the stage has the sum of a document whose passes were scored (store/upsample.h). Draws depend on the
 * seed and on each document's source and id, so that threads and kills change nothing.
 *
 * TABLE_META has MIX_META: JSON of what was asked for and what was got, in whole tokens. Members "asked_tokens" (null
 * without mix.tokens), "drawn_tokens", "replay_asked_tokens", "replay_drawn_tokens" and "sources", an array with, for each,
 * "tag", "available_tokens", "asked_tokens", "target_tokens", "drawn_tokens", "limit" (MixTarget.limit), "documents" and
 * "passes" in training, and documents "held_out" and "not_sampled".
 */
#ifndef STORE_MIX_H
#define STORE_MIX_H

#include "store/recipe.h"
#include "store/stage.h"
#include "store/tokenizer.h"

#define MIX_META "mix"

gboolean tokenise_run(StageContext *context, const Recipe *recipe, const Tokenizer *tokenizer, const char *predecessor,
                      char **fingerprint, GError **error);
gboolean mix_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);

#endif
