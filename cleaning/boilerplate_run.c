/* SPDX-License-Identifier: Apache-2.0
 * The stages "lines" and "boilerplate"; see cleaning/boilerplate.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cleaning/boilerplate.h"
#include "cleaning/frequent.h"
#include "store/changes.h"
#include "store/fingerprint.h"
#include "store/reading_order.h"

#define BOILERPLATE_VERSION 1
#define BEFORE "boilerplate.before" /* in TABLE_META, while a store changes */
#define REDO_BATCH 4096u
#define TEXT_LIMIT 200 /* bytes of a line that are kept for people */

/* A line that may be boilerplate, in the second pass. */
typedef struct Candidate {
    guint64 hash;
    guint64 documents;
    char *text; /* as it stood in the first document that has it */
} Candidate;

typedef struct SourceLines {
    const RecipeSource *source;
    guint64 documents;
    Frequent *frequent;  /* first pass */
    GArray *candidates;  /* second pass, of Candidate in the order of their hashes */
} SourceLines;

/* All sources that have a share, by tag. Workers read the settings and the hashes only. */
typedef struct Counting {
    GHashTable *sources; /* tag -> SourceLines */
    StageRecordNeed need;
} Counting;

static void candidate_clear(gpointer data)
{
    g_free(((Candidate *)data)->text);
}

static void source_lines_free(gpointer data)
{
    SourceLines *lines = data;
    frequent_free(lines->frequent);
    g_array_unref(lines->candidates);
    g_free(lines);
}

/* So many that a line which stands in the share of all documents is among the frequent ones, whatever else is there. */
static gsize places_for(const RecipeClean *settings)
{
    return (gsize)ceil(2 * BOILERPLATE_LINES / settings->boilerplate_share) + 1;
}

static GHashTable *sources_of(const Recipe *recipe)
{
    GHashTable *sources = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, source_lines_free);
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeSource *source = &recipe->sources[i];
        if (!(source->clean.boilerplate_share > 0))
            continue;
        SourceLines *lines = g_new0(SourceLines, 1);
        lines->source = source;
        lines->frequent = frequent_new(places_for(&source->clean));
        lines->candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
        g_array_set_clear_func(lines->candidates, candidate_clear);
        g_hash_table_insert(sources, source->tag, lines);
    }
    return sources;
}

static SourceLines *lines_of(gpointer user, const Document *document)
{
    return g_hash_table_lookup(((Counting *)user)->sources, document->source);
}

static gboolean wants(gpointer user, const Document *facts)
{
    return lines_of(user, facts) != NULL;
}

/* A line of the document at hand. */
typedef struct Sighting {
    guint64 hash;
    guint32 start, length;
} Sighting;

static void note_line(gpointer user, guint64 hash, gsize start, gsize end)
{
    Sighting sighting = {hash, (guint32)start, (guint32)(end - start)};
    g_array_append_val((GArray *)user, sighting);
}

static int compare_sightings(const void *a, const void *b)
{
    const Sighting *left = a, *right = b;
    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    return left->start < right->start ? -1 : left->start > right->start;
}

/* Each line of the document once, in the order of hashes. */
static gboolean work(gpointer user, gpointer worker, StageItem *item, GError **error)
{
    const SourceLines *lines = lines_of(user, &item->document);
    GArray *sightings = g_array_new(FALSE, FALSE, sizeof(Sighting));
    boilerplate_visit(item->document.text, item->document.text_length, lines->source->clean.boilerplate_words, note_line, sightings);
    g_array_sort(sightings, compare_sightings);
    guint kept = 0;
    for (guint i = 0; i < sightings->len; i++)
        if (!kept || g_array_index(sightings, Sighting, i).hash != g_array_index(sightings, Sighting, kept - 1).hash)
            g_array_index(sightings, Sighting, kept++) = g_array_index(sightings, Sighting, i);
    g_array_set_size(sightings, kept);
    item->result = sightings;
    return TRUE;
}

static gboolean save_nothing(gpointer user, StoreTxn *txn, StageItem *item, GError **error)
{
    return TRUE;
}

static void free_sightings(gpointer data)
{
    g_array_unref(data);
}

/* ---- First pass ---------------------------------------------------------------------------------------------- */

static void count_frequent(gpointer user, StageItem *item, StageRun *run)
{
    SourceLines *lines = lines_of(user, &item->document);
    const GArray *sightings = item->result;
    lines->documents++;
    for (guint i = 0; i < sightings->len; i++)
        frequent_add(lines->frequent, g_array_index(sightings, Sighting, i).hash);
}

static void write_frequent(gpointer user, StageRun *run)
{
    GHashTableIter iterator;
    gpointer tag, value;
    if (!run->position)
        run->position = json_object(); /* it has other sources in a store that changes */
    g_hash_table_iter_init(&iterator, ((Counting *)user)->sources);
    while (g_hash_table_iter_next(&iterator, &tag, &value)) {
        const SourceLines *lines = value;
        g_autofree char *text = frequent_write(lines->frequent);
        json_object_set_new(run->position, tag, json_pack("{s:I, s:s}", "documents", (json_int_t)lines->documents, "frequent", text));
    }
}

static gboolean read_frequent(gpointer user, const StageRun *run, GError **error)
{
    const char *tag;
    json_t *value;
    json_object_foreach(run->position, tag, value) {
        SourceLines *lines = g_hash_table_lookup(((Counting *)user)->sources, tag);
        const char *text = json_get_string(value, "frequent");
        if (!lines)
            continue;
        Frequent *frequent = text ? frequent_read(text) : NULL;
        if (!frequent) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the record of the stage 'lines' cannot be read; run 'galen audit'");
            return FALSE;
        }
        frequent_free(lines->frequent);
        lines->frequent = frequent;
        lines->documents = (guint64)json_integer_value(json_object_get(value, "documents"));
    }
    return TRUE;
}

/* ---- Second pass --------------------------------------------------------------------------------------------- */

static guint64 threshold_of(const SourceLines *lines)
{
    const RecipeClean *settings = &lines->source->clean;
    guint64 share = (guint64)ceil(settings->boilerplate_share * (double)lines->documents);
    return MAX(MAX(share, settings->boilerplate_documents), 2);
}

static int compare_candidates(const void *a, const void *b)
{
    guint64 left = ((const Candidate *)a)->hash, right = ((const Candidate *)b)->hash;
    return left < right ? -1 : left > right;
}

static void choose_candidates(SourceLines *lines)
{
    const Frequent *frequent = lines->frequent;
    for (gsize i = 0; i <= frequent->mask; i++)
        if (frequent->hashes[i] && frequent->counts[i] + frequent->missed >= threshold_of(lines)) {
            Candidate candidate = {.hash = frequent->hashes[i]};
            g_array_append_val(lines->candidates, candidate);
        }
    g_array_sort(lines->candidates, compare_candidates);
}

static Candidate *find_candidate(const SourceLines *lines, guint64 hash)
{
    const Candidate key = {.hash = hash};
    return lines->candidates->len ? bsearch(&key, lines->candidates->data, lines->candidates->len, sizeof key, compare_candidates) : NULL;
}

static void count_candidates(gpointer user, StageItem *item, StageRun *run)
{
    const SourceLines *lines = lines_of(user, &item->document);
    const GArray *sightings = item->result;
    for (guint i = 0; i < sightings->len; i++) {
        const Sighting *sighting = &g_array_index(sightings, Sighting, i);
        Candidate *candidate = find_candidate(lines, sighting->hash);
        if (!candidate)
            continue;
        candidate->documents++;
        if (!candidate->text) {
            g_autofree char *text = g_strndup(item->document.text + sighting->start, MIN(sighting->length, TEXT_LIMIT));
            candidate->text = g_utf8_make_valid(text, -1);
        }
    }
}

static json_t *candidate_json(const Candidate *candidate)
{
    g_autofree char *hash = g_strdup_printf("%016" G_GINT64_MODIFIER "x", candidate->hash);
    return json_pack("{s:s, s:I, s:o}", "hash", hash, "documents", (json_int_t)candidate->documents, "text", json_text(candidate->text));
}

static void write_candidates(gpointer user, StageRun *run)
{
    GHashTableIter iterator;
    gpointer tag, value;
    if (!run->position)
        run->position = json_object(); /* it has other sources in a store that changes */
    g_hash_table_iter_init(&iterator, ((Counting *)user)->sources);
    while (g_hash_table_iter_next(&iterator, &tag, &value)) {
        const SourceLines *lines = value;
        json_t *list = json_array();
        for (guint i = 0; i < lines->candidates->len; i++)
            json_array_append_new(list, candidate_json(&g_array_index(lines->candidates, Candidate, i)));
        json_object_set_new(run->position, tag, json_pack("{s:I, s:o}", "threshold", (json_int_t)threshold_of(lines), "lines", list));
    }
}

static gboolean read_candidates(gpointer user, const StageRun *run, GError **error)
{
    const char *tag;
    json_t *value, *entry;
    gsize index;
    json_object_foreach(run->position, tag, value) {
        SourceLines *lines = g_hash_table_lookup(((Counting *)user)->sources, tag);
        json_array_foreach(json_object_get(value, "lines"), index, entry) {
            const char *hash = json_get_string(entry, "hash"), *text = json_get_string(entry, "text");
            Candidate *candidate = lines && hash ? find_candidate(lines, g_ascii_strtoull(hash, NULL, 16)) : NULL;
            if (!candidate) {
                g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the record of the stage 'boilerplate' cannot be read; run 'galen audit'");
                return FALSE;
            }
            candidate->documents = (guint64)json_integer_value(json_object_get(entry, "documents"));
            candidate->text = g_strdup(text);
        }
    }
    return TRUE;
}

/* ---- Both ---------------------------------------------------------------------------------------------------- */

static char *fingerprint_of(const char *stage, const Recipe *recipe, const char *predecessor, gboolean with_limits)
{
    char share[G_ASCII_DTOSTR_BUF_SIZE];
    GString *text = g_string_new(NULL);
    fingerprint_add(text, "%s %d", stage, BOILERPLATE_VERSION);
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeClean *clean = &recipe->sources[i].clean;
        if (clean->boilerplate_share > 0)
            fingerprint_add_source(text, recipe->sources[i].tag, "%s %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, stage,
                                   g_ascii_dtostr(share, sizeof share, clean->boilerplate_share), clean->boilerplate_words,
                                   with_limits ? clean->boilerplate_documents : 0);
    }
    fingerprint_add_before(text, predecessor);
    return g_string_free(text, FALSE);
}

static gboolean load_frequent(StageContext *context, Counting *counting, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    g_auto(StageRun) run = {0};
    if (!txn || !stage_load(txn, "lines", &run, error) || !read_frequent(counting, &run, error))
        return FALSE;
    GHashTableIter iterator;
    gpointer value;
    g_hash_table_iter_init(&iterator, counting->sources);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        choose_candidates(value);
    return TRUE;
}

/* No source has a share any more: what an earlier run left must not look unfinished. */
static gboolean forget(StageContext *context, GError **error)
{
    g_auto(StageRun) run = {0};
    GError *cause = NULL;
    StageAction action;
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    if (!txn)
        return FALSE;
    gboolean ran = stage_load(txn, "lines", &run, &cause);
    g_clear_pointer(&txn, store_read_end);
    if (!ran) {
        if (cause)
            g_propagate_error(error, cause);
        return cause == NULL;
    }
    stage_run_clear(&run);
    return stage_begin(context->store, "lines", "off", &run, &action, error) && stage_finish(context->store, &run, error);
}

/* ---- A store that changes ------------------------------------------------------------------------------------ */

/* Leaves only those of the sources of which a document is on the list of changes: all others have the lines that they had. */
static gboolean keep_changed(Store *store, GHashTable *sources, GError **error)
{
    g_autoptr(GHashTable) changed = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    GError *failure = NULL;
    Docno docno;
    if (!txn)
        return FALSE;
    for (Docno from = 0; changes_next(txn, from, "boilerplate", &docno, &failure); from = docno + 1) {
        g_auto(Document) facts = {0};
        if (!document_get_facts(txn, docno, &facts, &failure))
            break;
        SourceLines *lines = facts.source ? g_hash_table_lookup(sources, facts.source) : NULL;
        if (lines)
            g_hash_table_add(changed, lines->source->tag);
    }
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    GHashTableIter iterator;
    gpointer tag;
    g_hash_table_iter_init(&iterator, sources);
    while (g_hash_table_iter_next(&iterator, &tag, NULL))
        if (!g_hash_table_contains(changed, tag))
            g_hash_table_iter_remove(&iterator);
    return TRUE;
}

/* All documents of these sources, in the order of reading. */
static GArray *documents_of(Store *store, GHashTable *sources, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    g_autoptr(ReadingOrder) order = txn ? reading_order_load(txn, error) : NULL;
    GHashTableIter iterator;
    gpointer tag;
    if (!order)
        return NULL;
    GArray *docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    g_hash_table_iter_init(&iterator, sources);
    while (g_hash_table_iter_next(&iterator, &tag, NULL)) {
        g_autoptr(GArray) stretches = reading_order_source(order, tag);
        for (guint i = 0; i < stretches->len; i++) {
            const ReadingStretch *stretch = &g_array_index(stretches, ReadingStretch, i);
            for (Docno docno = stretch->first; docno < stretch->first + stretch->count; docno++)
                g_array_append_val(docnos, docno);
        }
    }
    return docnos;
}

/* What the stage had found before the store changed; kept until it is known which sources' documents must be cleaned anew. */
static gboolean keep_results(StoreTxn *txn, gpointer user, GError **error)
{
    GError *failure = NULL;
    g_autofree char *kept = store_get_meta(txn, BEFORE, &failure), *text = json_write(user);
    if (failure)
        g_propagate_error(error, failure);
    return !failure && (kept || store_put_meta(txn, BEFORE, text, error));
}

static guint64 result_threshold(const json_t *results)
{
    return (guint64)json_integer_value(json_object_get(results, "threshold"));
}

/* Whether the same lines are boilerplate; both lists are in the order of hashes. */
static gboolean same_lines(const json_t *before, const json_t *now)
{
    g_autoptr(GString) left = g_string_new(NULL), right = g_string_new(NULL);
    const json_t *results[] = {before, now};
    GString *const texts[] = {left, right};
    for (unsigned i = 0; i < 2; i++) {
        gsize index;
        json_t *line;
        json_array_foreach(json_object_get(results[i], "lines"), index, line) {
            if ((guint64)json_integer_value(json_object_get(line, "documents")) >= result_threshold(results[i]))
                g_string_append_printf(texts[i], "%s ", json_get_string(line, "hash"));
        }
    }
    return strcmp(left->str, right->str) == 0;
}

typedef struct Redo {
    const GArray *docnos;
    guint from, to;
} Redo;

static gboolean redo_documents(StoreTxn *txn, gpointer user, GError **error)
{
    const Redo *redo = user;
    for (guint i = redo->from; i < redo->to; i++)
        if (!changes_redo(txn, g_array_index(redo->docnos, Docno, i), "clean", error))
            return FALSE;
    return redo->to < redo->docnos->len || store_delete(txn, TABLE_META, BEFORE, strlen(BEFORE), error);
}

/* Sources whose boilerplate is other lines now are cleaned anew. */
static gboolean settle_results(StageContext *context, GHashTable *sources, GError **error)
{
    GError *failure = NULL;
    g_auto(StageRun) run = {0};
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    g_autofree char *text = txn ? store_get_meta(txn, BEFORE, &failure) : NULL;
    g_autoptr(json_t) before = text ? json_parse(text, strlen(text), BEFORE, &failure) : NULL;
    if (before)
        stage_load(txn, "boilerplate", &run, &failure);
    if (failure)
        g_propagate_error(error, failure);
    if (failure || !before)
        return txn && !failure;
    g_clear_pointer(&txn, store_read_end);
    GHashTableIter iterator;
    gpointer tag;
    g_hash_table_iter_init(&iterator, sources);
    while (g_hash_table_iter_next(&iterator, &tag, NULL))
        if (same_lines(json_object_get(before, tag), json_object_get(run.position, tag)))
            g_hash_table_iter_remove(&iterator);
    g_autoptr(GArray) docnos = documents_of(context->store, sources, error);
    Redo redo = {.docnos = docnos};
    gboolean good = docnos != NULL;
    while (good && (redo.to < docnos->len || redo.to == 0)) {
        redo.from = redo.to;
        redo.to = MIN(redo.from + REDO_BATCH, docnos->len);
        good = store_write(context->store, redo_documents, &redo, error);
        if (docnos->len == 0)
            break;
    }
    return good;
}

/* ---- Both stages --------------------------------------------------------------------------------------------- */

/* Where the store has changed, the stage counts the documents of `map->only` anew, and carries the other sources' results
 * over. */
static gboolean begin_stage(StageContext *context, const StageMap *map, StageRecordNeed need, gboolean *extends, GError **error)
{
    g_auto(StageRun) run = {0};
    StageAction action;
    if (!stage_begin_extending(context->store, map->stage, map->fingerprint, need, &run, &action, error))
        return FALSE;
    *extends = action == STAGE_EXTEND;
    if (!*extends || strcmp(map->stage, "boilerplate") != 0)
        return TRUE;
    g_autoptr(json_t) results = run.position ? json_incref(run.position) : json_object();
    return store_write(context->store, keep_results, results, error);
}

static gboolean run_stage(StageContext *context, Counting *counting, StageMap *map, GError **error)
{
    gboolean extends;
    if (!begin_stage(context, map, counting->need, &extends, error))
        return FALSE;
    g_autoptr(GArray) only = extends ? documents_of(context->store, counting->sources, error) : NULL;
    map->only = only;
    gboolean good = (!extends || only) && stage_map(context, map, error);
    map->only = NULL;
    return good;
}

static gboolean run_both(StageContext *context, Counting *counting, StageMap *map, const char *first, const char *second, GError **error)
{
    map->stage = "lines";
    map->fingerprint = first;
    map->count = count_frequent;
    map->checkpoint = write_frequent;
    map->resume = read_frequent;
    if (!run_stage(context, counting, map, error) || !load_frequent(context, counting, error))
        return FALSE;
    map->stage = "boilerplate";
    map->fingerprint = second;
    map->count = count_candidates;
    map->checkpoint = write_candidates;
    map->resume = read_candidates;
    return run_stage(context, counting, map, error) && settle_results(context, counting->sources, error);
}

/* Whether all that the sources have came with the last change: then a stage that has no record has missed nothing. */
static gboolean are_new(Store *store, GHashTable *sources, gboolean *answer, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    g_autoptr(ReadingOrder) order = txn ? reading_order_load(txn, error) : NULL;
    GHashTableIter iterator;
    gpointer tag;
    *answer = TRUE;
    g_hash_table_iter_init(&iterator, sources);
    while (order && *answer && g_hash_table_iter_next(&iterator, &tag, NULL)) {
        GError *failure = NULL;
        Docno docno = DOCNO_NONE, lowest = DOCNO_NONE;
        g_autoptr(GArray) stretches = reading_order_source(order, tag);
        for (guint i = 0; i < stretches->len; i++)
            lowest = MIN(lowest, g_array_index(stretches, ReadingStretch, i).first);
        *answer = lowest == DOCNO_NONE || (changes_next(txn, lowest, "boilerplate", &docno, &failure) && docno == lowest);
        if (failure) {
            g_propagate_error(error, failure);
            return FALSE;
        }
    }
    return order != NULL;
}

/* Where the store has changed, leaves only the sources that matter. */
static gboolean choose_sources(Store *store, Counting *counting, const char *fingerprint, GError **error)
{
    g_auto(StageRun) run = {0};
    StageAction action;
    gboolean all_new;
    if (!are_new(store, counting->sources, &all_new, error))
        return FALSE;
    counting->need = all_new ? STAGE_MAY_BE_NEW : STAGE_NEEDS_RECORD;
    return stage_begin_extending(store, "lines", fingerprint, counting->need, &run, &action, error) &&
           (action != STAGE_EXTEND || keep_changed(store, counting->sources, error));
}

gboolean boilerplate_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error)
{
    g_autoptr(GHashTable) sources = sources_of(recipe);
    Counting counting = {.sources = sources};
    if (g_hash_table_size(sources) == 0) {
        *fingerprint = g_strdup(predecessor);
        return forget(context, error);
    }
    g_autofree char *first = fingerprint_of("lines", recipe, predecessor, FALSE);
    *fingerprint = fingerprint_of("boilerplate", recipe, first, TRUE);
    StageMap map = {
        .reads = STAGE_READ_DOCUMENT,
        .extends = TRUE,
        .user = &counting,
        .wants = wants,
        .work = work,
        .save = save_nothing,
        .result_free = free_sightings,
    };
    return choose_sources(context->store, &counting, first, error) && run_both(context, &counting, &map, first, *fingerprint, error);
}

/* ---- Results ------------------------------------------------------------------------------------------------- */

/* {tag: {"threshold", "lines"}} of the finished stage; an empty object where it never ran. */
static json_t *load_results(StoreTxn *txn, GError **error)
{
    g_auto(StageRun) run = {0};
    GError *cause = NULL;
    if (stage_load(txn, "boilerplate", &run, &cause))
        return run.position ? json_incref(run.position) : json_object();
    if (!cause)
        return json_object();
    g_propagate_error(error, cause);
    return NULL;
}

static gboolean reaches(const json_t *results, const json_t *line)
{
    return json_integer_value(json_object_get(line, "documents")) >= json_integer_value(json_object_get(results, "threshold"));
}

static void boilerplate_free(gpointer data)
{
    g_array_unref(((Boilerplate *)data)->hashes);
    g_free(data);
}

GHashTable *boilerplate_load(StoreTxn *txn, GError **error)
{
    g_autoptr(json_t) results = load_results(txn, error);
    if (!results)
        return NULL;
    GHashTable *sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, boilerplate_free);
    const char *tag;
    json_t *value, *line;
    gsize index;
    json_object_foreach(results, tag, value) {
        Boilerplate *boilerplate = g_new0(Boilerplate, 1);
        boilerplate->hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
        json_array_foreach(json_object_get(value, "lines"), index, line) { /* in the order of hashes */
            guint64 hash = g_ascii_strtoull(json_get_string(line, "hash"), NULL, 16);
            if (reaches(value, line))
                g_array_append_val(boilerplate->hashes, hash);
        }
        g_hash_table_insert(sources, g_strdup(tag), boilerplate);
    }
    return sources;
}

static int compare_documents(const void *a, const void *b)
{
    json_int_t left = json_integer_value(json_object_get(*(json_t *const *)a, "documents"));
    json_int_t right = json_integer_value(json_object_get(*(json_t *const *)b, "documents"));
    return left > right ? -1 : left < right ? 1 : g_strcmp0(json_get_string(*(json_t *const *)a, "hash"), json_get_string(*(json_t *const *)b, "hash"));
}

json_t *boilerplate_report(StoreTxn *txn, GError **error)
{
    g_autoptr(json_t) results = load_results(txn, error);
    if (!results)
        return NULL;
    json_t *report = json_object(), *value, *line;
    const char *tag;
    gsize index;
    json_object_foreach(results, tag, value) {
        g_autoptr(GPtrArray) found = g_ptr_array_new();
        json_array_foreach(json_object_get(value, "lines"), index, line) {
            if (reaches(value, line))
                g_ptr_array_add(found, line);
        }
        json_t *list = json_array();
        if (found->len)
            qsort(found->pdata, found->len, sizeof *found->pdata, compare_documents);
        for (guint i = 0; i < found->len; i++)
            json_array_append_new(list, json_pack("{s:O, s:O}", "text", json_object_get(found->pdata[i], "text"), "documents",
                                                  json_object_get(found->pdata[i], "documents")));
        json_object_set_new(report, tag, list);
    }
    return report;
}
