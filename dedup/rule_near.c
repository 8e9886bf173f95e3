/* SPDX-License-Identifier: Apache-2.0
 * Near-duplicates by MinHash LSH; see dedup/rules.h. */
#include <string.h>

#include "base/error.h"
#include "dedup/key_runs.h"
#include "dedup/minhash.h"
#include "dedup/near_link.h"
#include "dedup/ranks.h"
#include "dedup/rules.h"

/* A key, and its place in the sort's scratch. */
#define KEY_BYTES (2 * sizeof(KeyIndex))
/* The fewest keys that are sorted at once, however little memory there is. */
#define FEWEST_KEYS 64
#define NO_KEY G_MAXUINT32

typedef struct NearRun {
    Corpus *corpus;
    NearLink *link;
    UnionFind *sets;
    unsigned first, bands; /* those of one scan */
    KeyList *keys;         /* of each of them */
    KeyRuns *runs;         /* of one band, when memory does not hold its keys */
    gsize filled;          /* places in `keys`, on several ranks */
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

unsigned near_bands(const RecipeDedup *settings)
{
    return (unsigned)settings->bands * (settings->verify ? 2 : 1);
}

/* The first bands are stretches of the signature; those of the second set take every RecipeDedup.bands-th position. */
guint64 near_band_key(const RecipeDedup *settings, const Sketch *sketch, unsigned band)
{
    gsize bands = settings->bands, bytes = settings->rows * sizeof(guint32);
    if (band < bands)
        return hash64(sketch->signature + band * bytes, bytes, band);
    char rows[MINHASH_MAX_PERMUTATIONS * sizeof(guint32)];
    for (gsize row = 0; row < settings->rows; row++)
        memcpy(rows + row * sizeof(guint32), sketch->signature + (row * bands + band - bands) * sizeof(guint32), sizeof(guint32));
    return hash64(rows, bytes, band);
}

/* Each key goes to the place of its candidate: no thread waits, and keys come in order of indices. */
static gboolean add_keys(gpointer user, guint32 index, const Sketch *sketch, GError **error)
{
    NearRun *run = user;
    if (sketch->permutations == 0)
        return TRUE;
    if (!check_signature(run->corpus, index, sketch, error))
        return FALSE;
    for (unsigned i = 0; i < run->bands; i++)
        run->keys[i].items[index] = (KeyIndex){.key = near_band_key(&run->corpus->recipe->dedup, sketch, run->first + i), .index = index};
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

static gboolean link_in_memory(NearRun *run, unsigned at_once, GError **error)
{
    unsigned bands = near_bands(&run->corpus->recipe->dedup);
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

static gboolean add_to_runs(gpointer user, guint32 index, const Sketch *sketch, GError **error)
{
    const NearRun *run = user;
    return sketch->permutations == 0 || (check_signature(run->corpus, index, sketch, error) &&
                                         key_runs_add(run->runs, near_band_key(&run->corpus->recipe->dedup, sketch, run->first), index, error));
}

/* Whole buckets at a time, as many as memory holds. */
static gboolean link_runs(NearRun *run, gsize keys, GError **error)
{
    g_auto(KeyList) list = {0};
    if (!corpus_scan(run->corpus, add_to_runs, run, error) || !key_runs_rewind(run->runs, error))
        return FALSE;
    do {
        if (!key_runs_take(run->runs, keys, &list, error) ||
            !corpus_buckets(run->corpus, &list, near_link_bucket, near_link_done, run->link, error))
            return FALSE;
    } while (list.count > 0);
    return TRUE;
}

static gboolean link_on_disk(NearRun *run, gsize keys, GError **error)
{
    gboolean good = TRUE;
    for (; good && run->first < near_bands(&run->corpus->recipe->dedup); run->first++) {
        run->runs = key_runs_new(store_directory(run->corpus->store), keys, error);
        good = run->runs && link_runs(run, keys, error);
        g_clear_pointer(&run->runs, key_runs_free);
        progress_add(run->corpus->progress, 1);
    }
    return good;
}

/* ---- Several ranks ------------------------------------------------------------------------------------------- */

static gboolean add_to_lists(gpointer user, guint32 index, const Sketch *sketch, GError **error)
{
    NearRun *run = user;
    if (sketch->permutations == 0)
        return TRUE;
    if (!check_signature(run->corpus, index, sketch, error))
        return FALSE;
    gsize place = __atomic_fetch_add(&run->filled, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < run->bands; i++)
        run->keys[i].items[place] = (KeyIndex){.key = near_band_key(&run->corpus->recipe->dedup, sketch, run->first + i), .index = index};
    return TRUE;
}

/* One stretch of this rank's share: keys of each band to the ranks that link them, and those of this rank to its runs. */
static gboolean share_out(NearRun *run, gsize from, gsize to, KeyRuns **runs, GError **error)
{
    run->filled = 0;
    for (unsigned i = 0; i < run->bands; i++)
        key_list_reserve(&run->keys[i], to - from);
    if (!corpus_scan_stretch(run->corpus, from, to, add_to_lists, run, error))
        return FALSE;
    for (unsigned i = 0; i < run->bands; i++) {
        run->keys[i].count = run->filled;
        if (!ranks_exchange(run->corpus, &run->keys[i], error) || !key_runs_append(runs[i], &run->keys[i], error))
            return FALSE;
        key_list_clear(&run->keys[i]);
    }
    return TRUE;
}

/* All ranks take part in as many exchanges as the one with the longest share needs. */
static gboolean share_out_all(NearRun *run, KeyRuns **runs, GError **error)
{
    gsize from, to;
    ranks_share(run->corpus, run->corpus->count, &from, &to);
    guint64 stretches = (to - from + RANKS_KEYS - 1) / RANKS_KEYS;
    if (!comm_all_reduce(run->corpus->comm, &stretches, 1, COMM_U64, COMM_MAX, error))
        return FALSE;
    for (guint64 i = 0; i < stretches; i++) {
        gsize end = MIN(from + RANKS_KEYS, to);
        if (!share_out(run, from, end, runs, error))
            return FALSE;
        from = end;
    }
    return TRUE;
}

static gboolean link_shared(NearRun *run, KeyRuns **runs, gsize keys, guint32 *known, GError **error)
{
    if (!share_out_all(run, runs, error))
        return FALSE;
    for (unsigned i = 0; i < run->bands; i++) {
        g_auto(KeyList) list = {0};
        if (!key_runs_rewind(runs[i], error))
            return FALSE;
        do {
            if (!key_runs_take(runs[i], keys, &list, error) ||
                !corpus_buckets(run->corpus, &list, near_link_bucket, near_link_done, run->link, error))
                return FALSE;
        } while (list.count > 0);
        g_clear_pointer(&runs[i], key_runs_free);
        if (!ranks_unite(run->corpus, run->sets, known, error))
            return FALSE;
        progress_add(run->corpus->progress, 1);
    }
    return TRUE;
}

/* As many bands at once as memory holds the keys of, if every rank gets its part of them; more of a band go to disk. */
static gboolean link_on_ranks(NearRun *run, gsize keys, GError **error)
{
    Corpus *corpus = run->corpus;
    unsigned bands = near_bands(&corpus->recipe->dedup);
    gsize part = corpus->count / comm_size(corpus->comm) + 1, at_once = CLAMP(keys / part, 1, bands);
    gsize capacity = MIN(MAX(keys / at_once, FEWEST_KEYS), MAX(corpus->count, 1));
    g_autofree guint32 *known = g_new(guint32, corpus->count);
    g_autofree KeyRuns **runs = g_new0(KeyRuns *, at_once);
    gboolean good = TRUE;
    for (gsize i = 0; i < corpus->count; i++)
        known[i] = (guint32)i;
    run->keys = g_new0(KeyList, at_once);
    for (; good && run->first < bands; run->first += at_once) {
        run->bands = (unsigned)MIN(at_once, bands - run->first);
        for (unsigned i = 0; good && i < run->bands; i++)
            good = (runs[i] = key_runs_new(store_directory(corpus->store), capacity, error)) != NULL;
        good = good && link_shared(run, runs, capacity, known, error);
    }
    for (unsigned i = 0; i < at_once; i++) {
        key_list_clear(&run->keys[i]);
        key_runs_free(runs[i]);
    }
    g_free(run->keys);
    return good;
}

/* ---- The rule ------------------------------------------------------------------------------------------------ */

static gboolean link_all(NearRun *run, GError **error)
{
    gsize keys = MAX((gsize)(run->corpus->memory / KEY_BYTES), FEWEST_KEYS), one = MAX(run->corpus->count, 1);
    if (comm_size(run->corpus->comm) > 1)
        return link_on_ranks(run, keys, error);
    if (one > keys)
        return link_on_disk(run, keys, error);
    return link_in_memory(run, (unsigned)MIN(keys / one, near_bands(&run->corpus->recipe->dedup)), error);
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
    NearRun run = {.corpus = corpus, .link = link, .sets = sets};
    if (!link_all(&run, error))
        return FALSE;
    near_link_sort(link);
    return corpus_merge(corpus, sets, RULE_NEAR, measure, link, error);
}
