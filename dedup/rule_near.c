/* SPDX-License-Identifier: Apache-2.0
 * Near-duplicates by MinHash LSH with verification; see dedup/rules.h. */
#include "base/error.h"
#include "dedup/bucket.h"
#include "dedup/rules.h"

/* A pair that was found similar: the lower index in the upper half. */
typedef struct Link {
    guint64 pair;
    double similarity;
} Link;

typedef struct NearRun {
    Corpus *corpus;
    unsigned band;
    KeyList keys; /* of one band */
    GArray *links;
} NearRun;

static guint64 pair_of(guint32 a, guint32 b)
{
    return (guint64)MIN(a, b) << 32 | MAX(a, b);
}

static int link_compare(gconstpointer a, gconstpointer b)
{
    guint64 left = ((const Link *)a)->pair, right = ((const Link *)b)->pair;
    return (left > right) - (left < right);
}

static gboolean add_key(gpointer user, guint32 index, const Sketch *sketch, GError **error)
{
    NearRun *run = user;
    const RecipeDedup *settings = &run->corpus->recipe->dedup;
    if (sketch->permutations == 0)
        return TRUE;
    if (sketch->permutations != settings->permutations) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "document %" G_GUINT64_FORMAT " has a signature of %" G_GSIZE_FORMAT
                    " permutations where the recipe "
                    "says %" G_GUINT64_FORMAT "; run the build again",
                    run->corpus->candidates[index].docno, sketch->permutations, settings->permutations);
        return FALSE;
    }
    gsize bytes = settings->rows * sizeof(guint32);
    key_list_add(&run->keys, hash64(sketch->signature + run->band * bytes, bytes, run->band), index);
    return TRUE;
}

static gboolean similar(gpointer user, guint32 a, guint32 b, gboolean *answer, GError **error)
{
    NearRun *run = user;
    Link found = {.pair = pair_of(a, b)};
    if (!corpus_jaccard(run->corpus, a, b, &found.similarity, error))
        return FALSE;
    *answer = found.similarity >= run->corpus->recipe->dedup.threshold;
    if (*answer)
        g_array_append_val(run->links, found);
    return TRUE;
}

static gboolean link_band(NearRun *run, UnionFind *sets, GError **error)
{
    key_list_reset(&run->keys);
    return corpus_scan(run->corpus, add_key, run, error) && key_list_link(&run->keys, sets, similar, run, error);
}

/* The similarity of loser and winner: known when they were compared, else computed now. */
static gboolean measure(Corpus *corpus, gpointer user, Merge *merge, GError **error)
{
    const NearRun *run = user;
    Link wanted = {.pair = pair_of(merge->loser, merge->winner)};
    guint place;
    merge->threshold = corpus->recipe->dedup.threshold;
    if (g_array_binary_search(run->links, &wanted, link_compare, &place)) {
        merge->value = g_array_index(run->links, Link, place).similarity;
        return TRUE;
    }
    return corpus_jaccard(corpus, merge->loser, merge->winner, &merge->value, error);
}

gboolean rule_near(Corpus *corpus, GError **error)
{
    NearRun run = {.corpus = corpus, .links = g_array_new(FALSE, FALSE, sizeof(Link))};
    g_autoptr(UnionFind) sets = union_find_new(corpus->count);
    gboolean good = TRUE;
    key_list_reserve(&run.keys, corpus->count);
    for (; good && run.band < corpus->recipe->dedup.bands; run.band++) {
        good = link_band(&run, sets, error);
        progress_add(corpus->progress, 1);
    }
    key_list_clear(&run.keys);
    g_array_sort(run.links, link_compare);
    good = good && corpus_merge(corpus, sets, RULE_NEAR, measure, &run, error);
    g_array_unref(run.links);
    return good;
}
