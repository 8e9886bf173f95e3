/* SPDX-License-Identifier: Apache-2.0
 * Near-duplicates by MinHash LSH; see dedup/rules.h. */
#include "base/error.h"
#include "dedup/minhash.h"
#include "dedup/near_link.h"
#include "dedup/rules.h"

/* What the keys of the bands that are made in one scan may take. */
#define KEY_BYTES ((gsize)1 << 30)
#define NO_KEY G_MAXUINT32

typedef struct NearRun {
    Corpus *corpus;
    NearLink *link;
    unsigned first, bands; /* those of one scan */
    KeyList *keys;         /* of each of them */
} NearRun;

static gboolean check_signature(const Corpus *corpus, guint32 index, const Sketch *sketch, GError **error)
{
    guint64 wanted = corpus->recipe->dedup.permutations;
    if (sketch->permutations == wanted)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "document %" G_GUINT64_FORMAT " has a signature of %" G_GSIZE_FORMAT
                " permutations where the recipe says %" G_GUINT64_FORMAT "; run the build again",
                corpus->candidates[index].docno, sketch->permutations, wanted);
    return FALSE;
}

/* Each key goes to the place of its candidate: no thread waits, and keys come in order of indices. */
static gboolean add_keys(gpointer user, guint32 index, const Sketch *sketch, GError **error)
{
    NearRun *run = user;
    if (sketch->permutations == 0)
        return TRUE;
    if (!check_signature(run->corpus, index, sketch, error))
        return FALSE;
    gsize bytes = run->corpus->recipe->dedup.rows * sizeof(guint32);
    for (unsigned i = 0; i < run->bands; i++) {
        unsigned band = run->first + i;
        run->keys[i].items[index] = (KeyIndex){.key = hash64(sketch->signature + band * bytes, bytes, band), .index = index};
    }
    return TRUE;
}

static gboolean sort_keys(gpointer user, Reader *reader, gsize task, GError **error)
{
    NearRun *run = user;
    KeyList *keys = &run->keys[task];
    gsize count = 0;
    for (gsize i = 0; i < run->corpus->count; i++) {
        if (keys->items[i].index != NO_KEY)
            keys->items[count++] = keys->items[i];
    }
    keys->count = count;
    key_list_sort(keys);
    return TRUE;
}

static gboolean link_bands(NearRun *run, GError **error)
{
    Corpus *corpus = run->corpus;
    for (unsigned i = 0; i < run->bands; i++) {
        key_list_reserve(&run->keys[i], corpus->count);
        for (gsize place = 0; place < corpus->count; place++)
            run->keys[i].items[place].index = NO_KEY;
    }
    if (!corpus_scan(corpus, add_keys, run, error) || !corpus_run(corpus, run->bands, sort_keys, NULL, run, error))
        return FALSE;
    for (unsigned i = 0; i < run->bands; i++) {
        if (!corpus_buckets(corpus, &run->keys[i], near_link_bucket, near_link_done, run->link, error))
            return FALSE;
        progress_add(corpus->progress, 1);
    }
    return TRUE;
}

static gboolean link_all(NearRun *run, GError **error)
{
    unsigned bands = (unsigned)run->corpus->recipe->dedup.bands;
    gsize one = MAX(run->corpus->count, 1) * sizeof(KeyIndex);
    unsigned at_once = (unsigned)CLAMP(KEY_BYTES / one, 1, bands);
    gboolean good = TRUE;
    run->keys = g_new0(KeyList, at_once);
    for (; good && run->first < bands; run->first += at_once) {
        run->bands = MIN(at_once, bands - run->first);
        good = link_bands(run, error);
    }
    for (unsigned i = 0; i < at_once; i++)
        key_list_clear(&run->keys[i]);
    g_free(run->keys);
    return good;
}

static gboolean estimate(Reader *reader, const Merge *merge, double *similarity, GError **error)
{
    Sketch loser, winner;
    if (!reader_sketch(reader, merge->loser, &loser, error) || !reader_sketch(reader, merge->winner, &winner, error))
        return FALSE;
    unsigned permutations = (unsigned)loser.permutations;
    *similarity = (double)minhash_matches(loser.signature, winner.signature, permutations) / permutations;
    return TRUE;
}

/* The similarity of loser and winner: known when they were compared, else found now. */
static gboolean measure(gpointer user, Reader *reader, Merge *merge, GError **error)
{
    const RecipeDedup *settings = &reader->corpus->recipe->dedup;
    merge->threshold = settings->threshold;
    if (!settings->verify)
        return estimate(reader, merge, &merge->value, error);
    return near_link_similarity(user, merge->loser, merge->winner, &merge->value) ||
           reader_jaccard(reader, merge->loser, merge->winner, &merge->value, error);
}

gboolean rule_near(Corpus *corpus, GError **error)
{
    g_autoptr(UnionFind) sets = union_find_new(corpus->count);
    g_autoptr(NearLink) link = near_link_new(corpus, sets);
    NearRun run = {.corpus = corpus, .link = link};
    if (!link_all(&run, error))
        return FALSE;
    near_link_sort(link);
    return corpus_merge(corpus, sets, RULE_NEAR, measure, link, error);
}
