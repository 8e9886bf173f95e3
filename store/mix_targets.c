/* SPDX-License-Identifier: Apache-2.0
 * Shares of a mix in whole tokens; see store/mix_targets.h. */
#include "store/mix_targets.h"

#include <math.h>

#include "base/error.h"

typedef unsigned __int128 Wide;

/* A source among those that share something out. */
typedef struct Party {
    MixTarget *target;
    const RecipeSource *source;
    guint64 weight;
    guint64 most;      /* tokens, by everything but max_share */
    guint64 share;     /* the largest, in billionths */
    guint64 limit;     /* tokens, by everything */
    const char *named; /* what makes `most` */
} Party;

typedef struct Parties {
    const Recipe *recipe;
    Party *items;
    unsigned count;
    guint64 beside; /* tokens that others give, whatever happens here */
} Parties;

guint64 mix_share(double share)
{
    return (guint64)llround(CLAMP(share, 0.0, 1.0) * (double)MIX_ONE);
}

static guint64 clamp_wide(Wide value)
{
    return value > G_MAXINT64 ? G_MAXINT64 : (guint64)value;
}

static gboolean is_weighted(const RecipeSource *source)
{
    return !isnan(source->weight);
}

static void parties_clear(Parties *parties)
{
    g_free(parties->items);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parties, parties_clear)

static Parties parties_new(const Recipe *recipe, MixTarget *targets, gboolean replay)
{
    Parties parties = {.recipe = recipe, .items = g_new0(Party, recipe->sources_count)};
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeSource *source = &recipe->sources[i];
        if ((source->group == GROUP_REPLAY) == replay)
            parties.items[parties.count++] = (Party){.target = &targets[i], .source = source, .share = mix_share(source->max_share)};
    }
    return parties;
}

/* ---- Weights --------------------------------------------------------------------------------------------------- */

static guint64 largest_available(const Parties *parties)
{
    guint64 largest = 1;
    for (unsigned i = 0; i < parties->count; i++)
        largest = MAX(largest, parties->items[i].target->available);
    return largest;
}

/* By the recipe's weight, else by size to the power 1/temperature. */
static void set_weights(Parties *parties, double temperature)
{
    double largest = (double)largest_available(parties);
    for (unsigned i = 0; i < parties->count; i++) {
        Party *party = &parties->items[i];
        guint64 available = party->target->available;
        if (is_weighted(party->source))
            party->weight = (guint64)llround(party->source->weight * (double)MIX_ONE);
        else if (temperature == 1)
            party->weight = available;
        else
            party->weight = available ? MAX(1, (guint64)llround(pow((double)available / largest, 1 / temperature) * (double)MIX_ONE)) : 0;
    }
}

static void set_most(Parties *parties, guint64 passes, const char *name)
{
    for (unsigned i = 0; i < parties->count; i++) {
        Party *party = &parties->items[i];
        guint64 whole = clamp_wide((Wide)party->target->available * passes);
        gboolean capped = party->source->max_tokens && party->source->max_tokens < whole;
        party->most = capped ? party->source->max_tokens : whole;
        party->named = capped ? "max_tokens" : name;
    }
}

/* ---- Sharing out ----------------------------------------------------------------------------------------------- */

typedef struct Fraction {
    unsigned party;
    Wide rest;
} Fraction;

static int compare_fractions(const void *left, const void *right)
{
    const Fraction *a = left, *b = right;
    if (a->rest != b->rest)
        return a->rest > b->rest ? -1 : 1;
    return a->party < b->party ? -1 : 1;
}

/* Shares `tokens` out among those of `open`, by weight, to the last token. FALSE: nobody has a weight. */
static gboolean share_out(const Parties *parties, const gboolean *open, guint64 tokens, guint64 *shares)
{
    Wide sum = 0;
    for (unsigned i = 0; i < parties->count; i++)
        sum += open[i] ? parties->items[i].weight : 0;
    if (sum == 0)
        return FALSE;
    g_autofree Fraction *fractions = g_new0(Fraction, parties->count);
    unsigned count = 0;
    guint64 given = 0;
    for (unsigned i = 0; i < parties->count; i++) {
        if (!open[i])
            continue;
        Wide product = (Wide)tokens * parties->items[i].weight;
        shares[i] = (guint64)(product / sum);
        given += shares[i];
        fractions[count++] = (Fraction){i, product % sum};
    }
    qsort(fractions, count, sizeof *fractions, compare_fractions);
    for (unsigned i = 0; i < tokens - given; i++)
        shares[fractions[i].party]++;
    return TRUE;
}

static void set_asked(const Parties *parties, guint64 tokens)
{
    g_autofree gboolean *open = g_new(gboolean, parties->count + 1);
    g_autofree guint64 *shares = g_new0(guint64, parties->count + 1);
    for (unsigned i = 0; i < parties->count; i++)
        open[i] = TRUE;
    share_out(parties, open, tokens, shares);
    for (unsigned i = 0; i < parties->count; i++)
        parties->items[i].target->asked = shares[i];
}

/* Whoever would get more than its limit gets that, and the rest is shared out anew. */
static void fill(const Parties *parties, guint64 tokens)
{
    g_autofree gboolean *open = g_new(gboolean, parties->count + 1);
    g_autofree guint64 *shares = g_new0(guint64, parties->count + 1);
    for (unsigned i = 0; i < parties->count; i++)
        open[i] = TRUE;
    for (gboolean again = TRUE; again && share_out(parties, open, tokens, shares);) {
        again = FALSE;
        guint64 left = tokens;
        for (unsigned i = 0; i < parties->count; i++) {
            if (!open[i] || shares[i] <= parties->items[i].limit)
                continue;
            shares[i] = parties->items[i].limit;
            open[i] = FALSE;
            again = TRUE;
            left -= shares[i];
        }
        tokens = left;
    }
    for (unsigned i = 0; i < parties->count; i++)
        parties->items[i].target->target = shares[i];
}

/* ---- Limits ---------------------------------------------------------------------------------------------------- */

static guint64 sum_of_limits(const Parties *parties)
{
    Wide sum = 0;
    for (unsigned i = 0; i < parties->count; i++)
        sum += parties->items[i].limit;
    return clamp_wide(sum);
}

static void set_limits(Parties *parties, guint64 total)
{
    for (unsigned i = 0; i < parties->count; i++) {
        Party *party = &parties->items[i];
        party->limit = MIN(party->most, (guint64)((Wide)total * party->share / MIX_ONE));
    }
}

static Wide given_at(const Parties *parties, guint64 total)
{
    Wide given = 0;
    for (unsigned i = 0; i < parties->count; i++) {
        const Party *party = &parties->items[i];
        Wide most = (Wide)party->most * MIX_ONE, share = (Wide)total * party->share;
        given += MIN(most, share);
    }
    return given;
}

/* In billionths of a token. */
static Wide replay_at(const Parties *replay, guint64 total)
{
    if (!replay)
        return 0;
    Wide wanted = (Wide)total * MIN(mix_share(replay->recipe->mix.replay_share), MIX_ONE - 1), given = given_at(replay, total);
    return MIN(wanted, given);
}

/* Whether the sources can fill a mix of so many tokens. What they give less the total is a concave function of the total
 * that does not begin below 0: once it is below, it stays so. */
static gboolean total_fits(const Parties *parties, const Parties *replay, guint64 total)
{
    return (Wide)parties->beside * MIX_ONE + given_at(parties, total) + replay_at(replay, total) >= (Wide)total * MIX_ONE;
}

/* The largest one up to `most`. */
static guint64 largest_total(const Parties *parties, const Parties *replay, guint64 most)
{
    guint64 low = 0, high = most;
    if (total_fits(parties, replay, most))
        return most;
    while (high - low > 1) {
        guint64 middle = low + (high - low) / 2;
        if (total_fits(parties, replay, middle))
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Below its own limit a source is held only by the size of the whole mix. */
static void name_limits(const Parties *parties)
{
    for (unsigned i = 0; i < parties->count; i++) {
        const Party *party = &parties->items[i];
        MixTarget *target = party->target;
        gboolean share = party->limit < party->most, at_limit = target->target == party->limit;
        gboolean capped = share || (party->source->max_tokens && party->most == party->source->max_tokens);
        if (target->target >= target->asked && !(at_limit && capped))
            continue;
        target->limit = !at_limit ? "total" : share ? "max_share" : party->named;
        target->within = at_limit && capped;
    }
}

/* ---- The sources outside the replay ------------------------------------------------------------------------------ */

static guint64 sum_available(const Parties *parties)
{
    Wide sum = 0;
    for (unsigned i = 0; i < parties->count; i++)
        sum += parties->items[i].target->available;
    return clamp_wide(sum);
}

static gboolean is_proportional(const Parties *parties)
{
    const RecipeMix *mix = &parties->recipe->mix;
    return mix->temperature != 1 || mix->tokens != 0 || (parties->count && is_weighted(parties->items[0].source));
}

static gboolean refuse_tokens(const RecipeMix *mix, guint64 total, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "mix: tokens asks for %" G_GUINT64_FORMAT " training tokens, but within their limits the sources give %" G_GUINT64_FORMAT
                "; lower mix.tokens, raise mix.max_passes (%" G_GUINT64_FORMAT "), max_tokens or max_share, or add documents",
                mix->tokens, total, mix->max_passes);
    return FALSE;
}

static gboolean refuse_shares(GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "mix: the max_share of all sources that have documents add up to less than what the replay leaves, so no mix keeps to "
                "them; raise one, or add documents to a source that has none");
    return FALSE;
}

/* The tokens of a mix that are not the replay's. */
static guint64 others_of(const Parties *replay, guint64 total)
{
    return total - (guint64)((replay_at(replay, total) + MIX_ONE - 1) / MIX_ONE);
}

/* The largest mix with no more than so many tokens beside the replay. */
static guint64 total_beside(const Parties *replay, guint64 others)
{
    Parties nobody = {.recipe = replay->recipe, .beside = others};
    return largest_total(&nobody, replay, clamp_wide((Wide)others + sum_available(replay)));
}

static gboolean target_proportional(Parties *parties, const Parties *replay, GError **error)
{
    const RecipeMix *mix = &parties->recipe->mix;
    guint64 others = mix->tokens ? others_of(replay, mix->tokens) : sum_available(parties);
    guint64 asked = mix->tokens ? mix->tokens : total_beside(replay, others);
    set_weights(parties, mix->temperature);
    set_most(parties, mix->max_passes, "max_passes");
    set_asked(parties, others);
    guint64 total = largest_total(parties, replay, asked);
    if (total == 0 && sum_available(parties) > 0)
        return refuse_shares(error);
    if (total < asked && mix->tokens)
        return refuse_tokens(mix, total, error);
    set_limits(parties, total);
    fill(parties, MIN(total == asked ? others : others_of(replay, total), sum_of_limits(parties)));
    return TRUE;
}

/* Every source is asked for all it has. */
static gboolean target_whole(Parties *parties, const Parties *replay, GError **error)
{
    set_most(parties, 1, "available");
    set_limits(parties, G_MAXINT64);
    guint64 most = total_beside(replay, sum_of_limits(parties)), total = largest_total(parties, replay, most);
    if (total == 0 && most > 0)
        return refuse_shares(error);
    if (total < most)
        set_limits(parties, total);
    for (unsigned i = 0; i < parties->count; i++) {
        MixTarget *target = parties->items[i].target;
        target->asked = target->available;
        target->target = parties->items[i].limit;
    }
    return TRUE;
}

gboolean mix_targets_others(const Recipe *recipe, MixTarget *targets, GError **error)
{
    g_auto(Parties) parties = parties_new(recipe, targets, FALSE), replay = parties_new(recipe, targets, TRUE);
    set_most(&replay, 1, "available");
    if (!(is_proportional(&parties) ? target_proportional(&parties, &replay, error) : target_whole(&parties, &replay, error)))
        return FALSE;
    name_limits(&parties);
    return TRUE;
}

/* ---- The replay -------------------------------------------------------------------------------------------------- */

guint64 mix_targets_replay(const Recipe *recipe, guint64 others, MixTarget *targets)
{
    g_auto(Parties) parties = parties_new(recipe, targets, TRUE);
    guint64 share = MIN(mix_share(recipe->mix.replay_share), MIX_ONE - 1), rest = MIX_ONE - share;
    guint64 tokens = clamp_wide(((Wide)others * share + rest - 1) / rest);
    parties.beside = others;
    set_weights(&parties, 1);
    set_most(&parties, 1, "available");
    set_asked(&parties, tokens);
    set_limits(&parties, largest_total(&parties, NULL, clamp_wide((Wide)others + tokens)));
    fill(&parties, MIN(tokens, sum_of_limits(&parties)));
    name_limits(&parties);
    return tokens;
}
