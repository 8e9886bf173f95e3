/* SPDX-License-Identifier: Apache-2.0
 * Proposals of containment by shared anchors; see dedup/containment_pairs.h. */
#include "dedup/containment_pairs.h"

#include "base/error.h"
#include "dedup/anchor.h"
#include "dedup/count_filter.h"
#include "dedup/place_runs.h"
#include "store/document.h"

#define TASK_DOCUMENTS 64
#define BUFFERED 4096
#define FILTER_SHARE 8 /* bytes of text for each byte of the filter */
/* A changed word spoils at most so many shares of anchors for each share of shingles, in the longer run. */
#define SPOILT 3.5
/* Anchors that two documents share by chance, at most. */
#define LEAST_SHARE 0.05

typedef struct Pairing {
    Corpus *corpus;
    const RecipeContainment *settings;
    CountFilter *filter;
    gboolean emitting;
    guint32 *anchors;         /* by candidate */
    PlaceRuns *places;        /* key: an anchor's hash; extra: the more words, the lower; value: the candidate */
    PlaceRuns *pairs;         /* key: the smaller document and the larger, once for each anchor they share */
} Pairing;

typedef struct Scanner {
    Anchors *anchors;
    GArray *places;
} Scanner;

static gboolean flush(PlaceRuns *runs, GArray *places, GError **error)
{
    gboolean good = place_runs_add(runs, (const Place *)(void *)places->data, places->len, error);
    g_array_set_size(places, 0);
    return good;
}

/* Windows overlap, so one anchor comes in runs: each once. */
static void scan_text(Pairing *pairing, Scanner *scanner, guint32 index, const char *text, gsize length)
{
    AnchorRun run;
    anchors_set(scanner->anchors, text, length);
    gsize words = anchors_words(scanner->anchors);
    if (words < pairing->settings->min_words)
        return;
    pairing->anchors[index] = 0;
    while (anchors_next(scanner->anchors, &run)) {
        pairing->anchors[index]++;
        if (!pairing->emitting) {
            count_filter_add(pairing->filter, run.hash);
        } else if (count_filter_has(pairing->filter, run.hash, 2)) {
            Place place = {run.hash, G_MAXUINT64 - words, index};
            g_array_append_val(scanner->places, place);
        }
    }
}

static gboolean read_text(StoreTxn *txn, Docno docno, char **text, gsize *length, GError **error)
{
    GError *cause = NULL;
    if (cleaned_get(txn, docno, text, length, &cause))
        return TRUE;
    if (cause)
        g_propagate_error(error, cause);
    else
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " has no clean text; run 'galen audit'", docno);
    return FALSE;
}

static gboolean scan_task(gpointer user, Reader *reader, gsize task, GError **error)
{
    Pairing *pairing = user;
    const Corpus *corpus = pairing->corpus;
    if (!reader->notes) {
        Scanner *fresh = reader->notes = g_new0(Scanner, 1);
        fresh->anchors = anchors_new(CONTAINMENT_WINDOW);
        fresh->places = g_array_new(FALSE, FALSE, sizeof(Place));
    }
    Scanner *scanner = reader->notes;
    gsize end = MIN((task + 1) * TASK_DOCUMENTS, corpus->count);
    for (gsize place = task * TASK_DOCUMENTS; place < end; place++) {
        g_autofree char *text = NULL;
        gsize length;
        guint32 index = corpus->by_docno[place];
        if (corpus->candidates[index].merged)
            continue;
        if (!read_text(reader->txn, corpus->candidates[index].docno, &text, &length, error))
            return FALSE;
        scan_text(pairing, scanner, index, text, length);
        if (scanner->places->len >= BUFFERED && !flush(pairing->places, scanner->places, error))
            return FALSE;
    }
    progress_add(corpus->progress, end - task * TASK_DOCUMENTS);
    return !pairing->emitting || flush(pairing->places, scanner->places, error);
}

static void scan_done(gpointer user, Reader *reader)
{
    Scanner *scanner = reader->notes;
    if (!scanner)
        return;
    anchors_free(scanner->anchors);
    g_array_unref(scanner->places);
    g_free(scanner);
    reader->notes = NULL;
}

static gboolean scan(Pairing *pairing, gboolean emitting, GError **error)
{
    pairing->emitting = emitting;
    return corpus_run(pairing->corpus, (pairing->corpus->count + TASK_DOCUMENTS - 1) / TASK_DOCUMENTS, scan_task, scan_done, pairing, error);
}

/* ---- Anchors to pairs --------------------------------------------------------------------------------------------- */

/* The documents with one anchor come largest first; one that has it twice comes twice in a row. */
static gboolean pair_places(Pairing *pairing, GArray *buffer, GError **error)
{
    guint32 heads[CONTAINMENT_HEADS];
    unsigned count = 0;
    Place place, before = {.value = G_MAXUINT64};
    GError *cause = NULL;
    while (place_runs_next(pairing->places, &place, &cause)) {
        if (place.key != before.key)
            count = 0;
        else if (place.value == before.value)
            continue;
        before = place;
        for (unsigned i = 0; i < count; i++) {
            Place pair = {.key = place.value << 32 | heads[i]};
            g_array_append_val(buffer, pair);
        }
        if (count < CONTAINMENT_HEADS)
            heads[count++] = (guint32)place.value;
        if (buffer->len >= BUFFERED && !flush(pairing->pairs, buffer, error))
            return FALSE;
    }
    if (cause)
        g_propagate_error(error, cause);
    return cause == NULL && flush(pairing->pairs, buffer, error);
}

/* ---- Pairs to proposals ------------------------------------------------------------------------------------------- */

typedef struct Proposal {
    guint32 larger, shared;
} Proposal;

static int compare_proposals(gconstpointer a, gconstpointer b)
{
    const Proposal *left = a, *right = b;
    if (left->shared != right->shared)
        return left->shared > right->shared ? -1 : 1;
    return (left->larger > right->larger) - (left->larger < right->larger);
}

static void propose(const Pairing *pairing, guint32 smaller, GArray *proposals, GArray *pairs)
{
    if (proposals->len == 0)
        return;
    double share = (1 - SPOILT * (1 - pairing->settings->threshold)) / 2;
    double least = MAX(share, LEAST_SHARE) * pairing->anchors[smaller];
    g_array_sort(proposals, compare_proposals);
    for (guint i = 0; i < MIN(proposals->len, CONTAINMENT_TRIES); i++) {
        const Proposal *proposal = &g_array_index(proposals, Proposal, i);
        ContainmentPair pair = {smaller, proposal->larger};
        if (proposal->shared >= least)
            g_array_append_val(pairs, pair);
    }
    g_array_set_size(proposals, 0);
}

static void add_proposal(GArray *proposals, guint32 larger)
{
    Proposal proposal = {larger, 1};
    g_array_append_val(proposals, proposal);
}

static gboolean choose(Pairing *pairing, GArray *pairs, GError **error)
{
    g_autoptr(GArray) proposals = g_array_new(FALSE, FALSE, sizeof(Proposal));
    guint32 smaller = G_MAXUINT32;
    Place place;
    GError *cause = NULL;
    while (place_runs_next(pairing->pairs, &place, &cause)) {
        guint32 next = (guint32)(place.key >> 32), larger = (guint32)place.key;
        if (next != smaller)
            propose(pairing, smaller, proposals, pairs);
        smaller = next;
        Proposal *last = proposals->len ? &g_array_index(proposals, Proposal, proposals->len - 1) : NULL;
        if (last && last->larger == larger)
            last->shared++;
        else
            add_proposal(proposals, larger);
    }
    if (cause) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    propose(pairing, smaller, proposals, pairs);
    return TRUE;
}

static int compare_pairs(gconstpointer a, gconstpointer b)
{
    const ContainmentPair *left = a, *right = b;
    if (left->larger != right->larger)
        return left->larger > right->larger ? 1 : -1;
    return (left->smaller > right->smaller) - (left->smaller < right->smaller);
}

static gboolean find_pairs(Pairing *pairing, GArray *pairs, GError **error)
{
    const char *folder = store_directory(pairing->corpus->store);
    guint64 memory = pairing->corpus->memory / 2;
    g_autoptr(GArray) buffer = g_array_new(FALSE, FALSE, sizeof(Place));
    pairing->places = place_runs_new(folder, memory, error);
    if (!pairing->places || !scan(pairing, FALSE, error) || !scan(pairing, TRUE, error) || !place_runs_rewind(pairing->places, error))
        return FALSE;
    g_clear_pointer(&pairing->filter, count_filter_free);
    pairing->pairs = place_runs_new(folder, memory, error);
    return pairing->pairs && pair_places(pairing, buffer, error) && place_runs_rewind(pairing->pairs, error) && choose(pairing, pairs, error);
}

GArray *containment_pairs(Corpus *corpus, const RecipeContainment *settings, GError **error)
{
    Pairing pairing = {.corpus = corpus, .settings = settings, .filter = count_filter_new(corpus_filter_bytes(corpus, FILTER_SHARE)),
                       .anchors = g_new0(guint32, corpus->count + 1)};
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(ContainmentPair));
    gboolean good = find_pairs(&pairing, pairs, error);
    count_filter_free(pairing.filter);
    place_runs_free(pairing.places);
    place_runs_free(pairing.pairs);
    g_free(pairing.anchors);
    g_array_sort(pairs, compare_pairs);
    if (good)
        return pairs;
    g_array_unref(pairs);
    return NULL;
}
