/* SPDX-License-Identifier: Apache-2.0
 * store/mix_targets.h - how many tokens of each source the recipe asks for, and how many that can be.
 *
 * Whole numbers throughout: tokens, shares in billionths. Sources are the recipe's, in its order.
 *
 * Without weights, temperature or `mix.tokens` each source outside the replay is asked for all it has. With them, tokens
 * are shared out: by weight, or by size to the power 1/temperature, of as many tokens as the sources have or as
 * `mix.tokens` leaves beside the replay. What a source cannot give (its documents at most `mix.max_passes` times, at most
 * `max_tokens`, at most `max_share` of all training tokens, the replay in it) the others give in its place, in their
 * proportions; where nothing was shared out, nobody gives it. The largest total is taken at which all `max_share`s hold
 * for what is there. Remainders of divisions go to the largest fractions, the earlier source first.
 *
 * The replay follows, once the others are drawn: the smallest number of tokens that is `mix.replay_share` of the whole,
 * shared out by weight, else by what its sources have. It never goes beyond the passes that `repeat` and `upsample` give.
 */
#ifndef STORE_MIX_TARGETS_H
#define STORE_MIX_TARGETS_H

#include "store/recipe.h"

#define MIX_ONE G_GUINT64_CONSTANT(1000000000) /* a share of 1 */

typedef struct MixTarget {
    guint64 available; /* set by the caller: training tokens in the passes that `repeat` and `upsample` give */
    guint64 asked;     /* by the recipe's proportions, before any limit */
    guint64 target;    /* after all limits */
    const char *limit; /* what the target stands at: "max_tokens", "max_share", "max_passes",
                        * "available", "total" (that of the whole mix); NULL: nothing */
    gboolean within;   /* the target is a limit that may not be passed; else it is to be reached */
} MixTarget;

/* One target for each of recipe->sources; those of the replay stay as they are. GALEN_ERROR_INPUT: what is asked for cannot be. */
gboolean mix_targets_others(const Recipe *recipe, MixTarget *targets, GError **error);
/* `others` are the training tokens drawn of the other sources. Returns the tokens asked for. */
guint64 mix_targets_replay(const Recipe *recipe, guint64 others, MixTarget *targets);

guint64 mix_share(double share); /* in billionths */

#endif
