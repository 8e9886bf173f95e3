/* SPDX-License-Identifier: Apache-2.0
 * Repeated windows by anchors, a filter and two sorts; see dedup/passage_search.h. */
#include "dedup/passage_search.h"

#include <string.h>

#include "base/error.h"
#include "dedup/anchor.h"
#include "dedup/count_filter.h"
#include "dedup/place_runs.h"
#include "store/document.h"

#define TASK_DOCUMENTS 64
#define BUFFERED 4096
#define FILTER_SHARE 16 /* bytes of text for each byte of the filter */

/* Places of one hash. */
typedef struct Group {
    Place first;
    guint64 second; /* the place behind the holder */
    guint64 count;
    GArray *values; /* of guint64, until they are too many */
} Group;

struct PassageSearch {
    Corpus *corpus;
    const RecipePassages *settings;
    CountFilter *filter;
    gboolean emitting;   /* the second time through the texts */
    PlaceRuns *windows;  /* key and extra: the window's hash; value: its place */
    PlaceRuns *repeated; /* key: its place, in order of documents; extra: copies; value: its partner */
    guint32 *ordinals;   /* by candidate: its place in order of document numbers */
    guint64 *words;      /* by source */
    GArray *buffer;      /* of Place, on the way to `repeated` */
    Place ahead;
    gboolean has_ahead;
};

guint32 passage_place_index(guint64 place)
{
    return (guint32)(place >> 32);
}

guint32 passage_place_word(guint64 place)
{
    return (guint32)place;
}

static guint64 place_of(guint32 document, gsize word)
{
    return (guint64)document << 32 | word;
}

/* ---- Through the texts ------------------------------------------------------------------------------------------ */

typedef struct Scanner {
    Anchors *anchors;
    GArray *places; /* of Place */
} Scanner;

static gboolean flush_windows(PassageSearch *search, Scanner *scanner, GError **error)
{
    gboolean good = place_runs_add(search->windows, (const Place *)(void *)scanner->places->data, scanner->places->len, error);
    g_array_set_size(scanner->places, 0);
    return good;
}

static gboolean emit_windows(PassageSearch *search, Scanner *scanner, guint32 index, const AnchorRun *run, GError **error)
{
    for (gsize i = 0; i < run->count; i++) {
        Hash128 hash = anchors_window(scanner->anchors, run->first + i);
        Place place = {hash.low, hash.high, place_of(index, run->first + i)};
        g_array_append_val(scanner->places, place);
    }
    return scanner->places->len < BUFFERED || flush_windows(search, scanner, error);
}

static gboolean scan_text(PassageSearch *search, Scanner *scanner, guint32 index, const char *text, gsize length, GError **error)
{
    unsigned times = (unsigned)MIN(search->settings->occurrences, COUNT_FILTER_MOST);
    AnchorRun run;
    anchors_set(scanner->anchors, text, length);
    if (!search->emitting)
        __atomic_fetch_add(&search->words[search->corpus->candidates[index].source], anchors_words(scanner->anchors), __ATOMIC_RELAXED);
    while (anchors_next(scanner->anchors, &run)) {
        if (!search->emitting)
            count_filter_add(search->filter, run.hash);
        else if (count_filter_has(search->filter, run.hash, times) && !emit_windows(search, scanner, index, &run, error))
            return FALSE;
    }
    return TRUE;
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

static Scanner *scanner_of(const PassageSearch *search, Reader *reader)
{
    if (!reader->notes) {
        Scanner *scanner = reader->notes = g_new0(Scanner, 1);
        scanner->anchors = anchors_new((unsigned)search->settings->min_words);
        scanner->places = g_array_new(FALSE, FALSE, sizeof(Place));
    }
    return reader->notes;
}

static gboolean scan_task(gpointer user, Reader *reader, gsize task, GError **error)
{
    PassageSearch *search = user;
    const Corpus *corpus = search->corpus;
    Scanner *scanner = scanner_of(search, reader);
    gsize end = MIN((task + 1) * TASK_DOCUMENTS, corpus->count);
    for (gsize place = task * TASK_DOCUMENTS; place < end; place++) {
        g_autofree char *text = NULL;
        gsize length;
        guint32 index = corpus->by_docno[place];
        if (corpus->candidates[index].merged)
            continue;
        if (!read_text(reader->txn, corpus->candidates[index].docno, &text, &length, error) ||
            !scan_text(search, scanner, index, text, length, error))
            return FALSE;
    }
    progress_add(corpus->progress, end - task * TASK_DOCUMENTS);
    return !search->emitting || flush_windows(search, scanner, error);
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

static gboolean scan(PassageSearch *search, gboolean emitting, GError **error)
{
    search->emitting = emitting;
    return corpus_run(search->corpus, (search->corpus->count + TASK_DOCUMENTS - 1) / TASK_DOCUMENTS, scan_task, scan_done, search, error);
}

/* ---- Places of one hash ------------------------------------------------------------------------------------------ */

static gboolean flush_repeated(PassageSearch *search, GError **error)
{
    gboolean good = place_runs_add(search->repeated, (const Place *)(void *)search->buffer->data, search->buffer->len, error);
    g_array_set_size(search->buffer, 0);
    return good;
}

static gboolean emit_repeated(PassageSearch *search, const Group *group, guint64 value, GError **error)
{
    guint32 ordinal = search->ordinals[passage_place_index(value)];
    Place place = {place_of(ordinal, passage_place_word(value)), MIN(group->count, PASSAGE_COPIES),
                   value == group->first.value ? group->second : group->first.value};
    g_array_append_val(search->buffer, place);
    return search->buffer->len < BUFFERED || flush_repeated(search, error);
}

static gboolean emit_values(PassageSearch *search, Group *group, GError **error)
{
    for (guint i = 0; i < group->values->len; i++) {
        if (!emit_repeated(search, group, g_array_index(group->values, guint64, i), error))
            return FALSE;
    }
    g_array_set_size(group->values, 0);
    return TRUE;
}

/* Places come in order of candidates. When they are too many to be held, those that are held go out, and the rest as they come: all
 * with the highest count that is told. */
static gboolean group_add(PassageSearch *search, Group *group, guint64 value, GError **error)
{
    group->count++;
    if (group->count == 2)
        group->second = value;
    if (group->count > PASSAGE_COPIES)
        return emit_repeated(search, group, value, error);
    g_array_append_val(group->values, value);
    return group->count < PASSAGE_COPIES || emit_values(search, group, error);
}

static gboolean group_end(PassageSearch *search, Group *group, GError **error)
{
    gboolean repeated = group->count >= search->settings->occurrences;
    if (repeated && !emit_values(search, group, error))
        return FALSE;
    g_array_set_size(group->values, 0);
    group->count = 0;
    return TRUE;
}

static gboolean group_all(PassageSearch *search, Group *group, GError **error)
{
    Place place;
    GError *cause = NULL;
    while (place_runs_next(search->windows, &place, &cause)) {
        if (group->count && (place.key != group->first.key || place.extra != group->first.extra) && !group_end(search, group, error))
            return FALSE;
        if (group->count == 0)
            group->first = place;
        if (!group_add(search, group, place.value, error))
            return FALSE;
    }
    if (cause) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    return group_end(search, group, error) && flush_repeated(search, error);
}

/* ---- Documents -------------------------------------------------------------------------------------------------- */

/* Whether the window goes on with the segment. */
static gboolean follows(const PassageSegment *segment, const PassageSegment *next)
{
    return next->first == segment->first + segment->windows && next->partner == segment->partner + segment->windows &&
           next->holder == segment->holder;
}

static void add_segment(GArray *segments, const Place *place, guint32 index)
{
    guint64 here = place_of(index, (guint32)place->key);
    PassageSegment *last = segments->len ? &g_array_index(segments, PassageSegment, segments->len - 1) : NULL;
    PassageSegment next = {.first = (guint32)place->key, .windows = 1, .partner = place->value, .copies = place->extra,
                           .holder = here < place->value};
    if (!last || !follows(last, &next)) {
        g_array_append_val(segments, next);
        return;
    }
    last->windows++;
    last->copies = MAX(last->copies, next.copies);
}

static gboolean step_ahead(PassageSearch *search, GError **error)
{
    GError *cause = NULL;
    search->has_ahead = place_runs_next(search->repeated, &search->ahead, &cause);
    if (cause)
        g_propagate_error(error, cause);
    return cause == NULL;
}

gboolean passage_search_next(PassageSearch *search, guint32 *index, GArray *segments, GError **error)
{
    g_array_set_size(segments, 0);
    if (!search->has_ahead)
        return FALSE;
    guint64 ordinal = search->ahead.key >> 32;
    *index = search->corpus->by_docno[ordinal];
    while (search->has_ahead && search->ahead.key >> 32 == ordinal) {
        add_segment(segments, &search->ahead, *index);
        if (!step_ahead(search, error))
            return FALSE;
    }
    return TRUE;
}

guint64 passage_search_words(const PassageSearch *search, guint32 source)
{
    return search->words[source];
}

static PassageSearch *search_new(Corpus *corpus, const RecipePassages *settings)
{
    PassageSearch *search = g_new0(PassageSearch, 1);
    search->corpus = corpus;
    search->settings = settings;
    search->filter = count_filter_new(corpus_filter_bytes(corpus, FILTER_SHARE));
    search->ordinals = g_new(guint32, corpus->count + 1);
    search->words = g_new0(guint64, corpus->recipe->sources_count);
    search->buffer = g_array_new(FALSE, FALSE, sizeof(Place));
    for (gsize place = 0; place < corpus->count; place++)
        search->ordinals[corpus->by_docno[place]] = (guint32)place;
    return search;
}

static gboolean sort_windows(PassageSearch *search, GError **error)
{
    const char *folder = store_directory(search->corpus->store);
    search->windows = place_runs_new(folder, search->corpus->memory / 2, error);
    if (!search->windows || !scan(search, TRUE, error) || !place_runs_rewind(search->windows, error))
        return FALSE;
    g_clear_pointer(&search->filter, count_filter_free);
    search->repeated = place_runs_new(folder, search->corpus->memory / 2, error);
    if (!search->repeated)
        return FALSE;
    Group group = {.values = g_array_new(FALSE, FALSE, sizeof(guint64))};
    gboolean good = group_all(search, &group, error);
    g_array_unref(group.values);
    g_clear_pointer(&search->windows, place_runs_free);
    return good && place_runs_rewind(search->repeated, error) && step_ahead(search, error);
}

PassageSearch *passage_search_run(Corpus *corpus, const RecipePassages *settings, GError **error)
{
    g_autoptr(PassageSearch) search = search_new(corpus, settings);
    progress_begin(corpus->progress, "passages", "documents", 2 * corpus->count);
    gboolean good = scan(search, FALSE, error) && sort_windows(search, error);
    progress_end(corpus->progress);
    return good ? g_steal_pointer(&search) : NULL;
}

void passage_search_free(PassageSearch *search)
{
    if (!search)
        return;
    count_filter_free(search->filter);
    place_runs_free(search->windows);
    place_runs_free(search->repeated);
    g_free(search->ordinals);
    g_free(search->words);
    g_array_unref(search->buffer);
    g_free(search);
}
