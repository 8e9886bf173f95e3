/* SPDX-License-Identifier: Apache-2.0
 * The section `mix`, checked with the sources; see store/recipe_mix.h. */
#include "store/recipe_mix.h"

#include <math.h>

#include "store/recipe_source.h"

#define SETTING(section, member, fallback) ((section) && (section)->member ? *(section)->member : (fallback))
#define LARGEST_PASSES 100
#define LARGEST_WEIGHT 1e6
#define LEAST_WEIGHT 1e-6
#define LARGEST_TEMPERATURE 1000.0
#define LEAST_TEMPERATURE 0.01
#define LARGEST_TOKENS ((uint64_t)1 << 50)

static gboolean check_mix(const char *path, const RecipeMix *mix, GError **error)
{
    if (!(mix->replay_share >= 0 && mix->replay_share < 1))
        return recipe_fault(error, path, "mix: replay_share is a share from 0 to below 1, not %g", mix->replay_share);
    if (!(mix->temperature >= LEAST_TEMPERATURE && mix->temperature <= LARGEST_TEMPERATURE))
        return recipe_fault(error, path, "mix: temperature is %g to %g, not %g", LEAST_TEMPERATURE, LARGEST_TEMPERATURE, mix->temperature);
    if (mix->max_passes < 1 || mix->max_passes > LARGEST_PASSES)
        return recipe_fault(error, path, "mix: max_passes is 1 to %d, not %" G_GUINT64_FORMAT, LARGEST_PASSES, mix->max_passes);
    if (mix->tokens > LARGEST_TOKENS)
        return recipe_fault(error, path, "mix: tokens is at most %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT, LARGEST_TOKENS, mix->tokens);
    return TRUE;
}

static gboolean check_limits(const char *path, const RecipeSource *source, GError **error)
{
    if (!isnan(source->weight) && !(source->weight >= LEAST_WEIGHT && source->weight <= LARGEST_WEIGHT))
        return recipe_fault(error, path, "source '%s': weight is %g to %g, not %g; a source that shall not be in the mix is left out of the recipe",
                            source->tag, LEAST_WEIGHT, LARGEST_WEIGHT, source->weight);
    if (!(source->max_share > 0 && source->max_share <= 1))
        return recipe_fault(error, path, "source '%s': max_share is a share above 0, up to 1, not %g", source->tag, source->max_share);
    if (source->max_tokens > LARGEST_TOKENS)
        return recipe_fault(error, path, "source '%s': max_tokens is at most %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT, source->tag,
                            LARGEST_TOKENS, source->max_tokens);
    return TRUE;
}

/* Of the sources in the replay, or of the others: all have a weight or none. */
static gboolean check_weights(const char *path, const Recipe *recipe, gboolean replay, GError **error)
{
    const RecipeSource *with = NULL, *without = NULL;
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeSource *source = &recipe->sources[i];
        if ((source->group == GROUP_REPLAY) == replay)
            *(isnan(source->weight) ? &without : &with) = source;
    }
    if (with && without)
        return recipe_fault(error, path, "source '%s' has a weight and source '%s' has none; give one to all sources %s the replay, or to none",
                            with->tag, without->tag, replay ? "of" : "outside");
    if (with && !replay && recipe->mix.temperature != 1)
        return recipe_fault(error, path, "mix: temperature (%g) makes shares of the sources' sizes, and the weight of source '%s' says its share; "
                                         "leave one of them out", recipe->mix.temperature, with->tag);
    return TRUE;
}

/* Limits of all sources that leave no mix possible. */
static gboolean check_sum(const char *path, const Recipe *recipe, GError **error)
{
    double sum = 0, replay = 0;
    uint64_t most = 0;
    bool capped = true;
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeSource *source = &recipe->sources[i];
        if (source->group == GROUP_REPLAY) {
            replay = recipe->mix.replay_share;
            continue;
        }
        sum += source->max_share;
        most += source->max_tokens;
        capped = capped && source->max_tokens;
    }
    if (sum > 0 && sum < 1 - replay - 1e-9)
        return recipe_fault(error, path, "mix: the max_share of all sources outside the replay add up to %g, and the replay has %g: together they must "
                                         "reach 1", sum, replay);
    if (capped && most && recipe->mix.tokens && (double)most < (double)recipe->mix.tokens * (1 - replay))
        return recipe_fault(error, path, "mix: tokens asks for %" G_GUINT64_FORMAT ", but the max_tokens of all sources outside the replay add up to %"
                                         G_GUINT64_FORMAT, recipe->mix.tokens, most);
    return TRUE;
}

gboolean recipe_mix_make(const char *path, const FileMix *file, Recipe *recipe, GError **error)
{
    recipe->mix = (RecipeMix){
        .replay_share = SETTING(file, replay_share, 0.01),
        .tokens = SETTING(file, tokens, 0),
        .temperature = SETTING(file, temperature, 1.0),
        .max_passes = SETTING(file, max_passes, 4),
    };
    if (!check_mix(path, &recipe->mix, error))
        return FALSE;
    for (unsigned i = 0; i < recipe->sources_count; i++)
        if (!check_limits(path, &recipe->sources[i], error))
            return FALSE;
    return check_weights(path, recipe, FALSE, error) && check_weights(path, recipe, TRUE, error) && check_sum(path, recipe, error);
}
