/* SPDX-License-Identifier: Apache-2.0
 * The stage "passages": the search, then what is told and cut of each document; see dedup/passages.h. */
#include "dedup/passages.h"

#include <string.h>

#include "base/error.h"
#include "base/pipeline.h"
#include "dedup/cut_range.h"
#include "dedup/passage_search.h"
#include "dedup/passages_summary.h"
#include "dedup/word_list.h"
#include "store/fingerprint.h"
#include "store/revision.h"

/* Raise it whenever the same texts with the same settings give other results. */
#define PASSAGES_VERSION 1
#define RULE "repeated-passages"
/* Documents, or segments, that one thread takes at once. */
#define BATCH_DOCUMENTS 64
#define BATCH_SEGMENTS 16384
#define COMMIT_DOCUMENTS 4096

typedef struct Passages {
    StageContext *context;
    const Recipe *recipe;
    Corpus *corpus;
    PassageSearch *search;
    StageRun *run;
    Revision *revision;
    GPtrArray *finished; /* of Found, not yet written */
    guint written;       /* documents of a transaction */
} Passages;

/* A document with repeated windows. */
typedef struct Found {
    guint32 index;
    GArray *segments; /* of PassageSegment */
    json_t *note;
    GArray *cuts; /* of Cut */
    guint64 words, repeated, cut_words;
    gboolean dropped;
} Found;

static void found_free(gpointer data)
{
    Found *found = data;
    g_array_unref(found->segments);
    g_array_unref(found->cuts);
    json_decref(found->note);
    g_free(found);
}

static Found *found_new(void)
{
    Found *found = g_new0(Found, 1);
    found->segments = g_array_new(FALSE, FALSE, sizeof(PassageSegment));
    found->cuts = g_array_new(FALSE, FALSE, sizeof(Cut));
    return found;
}

/* ---- One document ------------------------------------------------------------------------------------------------ */

static void add_cut(GArray *cuts, guint64 start, guint64 end)
{
    Cut cut = {start, end - start};
    g_array_append_val(cuts, cut);
}

static void add_cuts(Found *found, const WordList *list, const char *text, gsize length, const GArray *ranges)
{
    guint64 from = 0;
    for (guint i = 0; i < ranges->len; i++) {
        const PassageRange *range = &g_array_index(ranges, PassageRange, i);
        Cut cut = cut_range(text, length, list->words[range->first].start, list->words[range->end - 1].end);
        guint64 start = MAX(cut.start, from), end = cut.start + cut.length; /* two may have widened to one blank */
        if (start < end)
            add_cut(found->cuts, start, end);
        from = MAX(from, end);
        found->cut_words += range->end - range->first;
    }
}

static gboolean is_cut(const GArray *cuts, guint64 start, guint64 end)
{
    for (guint i = 0; i < cuts->len; i++) {
        const Cut *cut = &g_array_index(cuts, Cut, i);
        if (cut->start < end && cut->start + cut->length > start)
            return TRUE;
    }
    return FALSE;
}

static char *summary_of(const PassageStretch *stretch, guint64 start, guint64 end, Docno here, Docno other, gboolean cut)
{
    const char *more = stretch->copies >= PASSAGE_COPIES ? " or more" : "";
    g_autofree char *where = here == other ? g_strdup("this document") : g_strdup_printf("document %" G_GUINT64_FORMAT, other);
    return g_strdup_printf("%" G_GUINT64_FORMAT " words at bytes %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " of the clean text stand in %" G_GUINT64_FORMAT
                           "%s places, %s %s%s", stretch->words, start, end, stretch->copies, more,
                           stretch->holder ? "here first; again in" : "first in", where,
                           cut ? "; cut out" : "");
}

static json_t *stretch_json(const Passages *job, const Found *found, const WordList *list, const PassageStretch *stretch)
{
    guint64 start = list->words[stretch->first].start, end = list->words[stretch->first + stretch->words - 1].end;
    Docno other = job->corpus->candidates[passage_place_index(stretch->partner)].docno;
    gboolean cut = is_cut(found->cuts, start, end);
    g_autofree char *summary = summary_of(stretch, start, end, job->corpus->candidates[found->index].docno, other, cut);
    return json_pack("{s:I, s:I, s:I, s:I, s:b, s:I, s:b, s:s}", "start", (json_int_t)start, "end", (json_int_t)end, "words",
                     (json_int_t)stretch->words, "copies", (json_int_t)stretch->copies, "held", stretch->holder, "document", (json_int_t)other,
                     "cut", cut, "summary", summary);
}

static int compare_lengths(gconstpointer a, gconstpointer b)
{
    const PassageStretch *left = a, *right = b;
    if (left->words != right->words)
        return left->words > right->words ? -1 : 1;
    return (left->first > right->first) - (left->first < right->first);
}

static int compare_places(gconstpointer a, gconstpointer b)
{
    guint64 left = ((const PassageStretch *)a)->first, right = ((const PassageStretch *)b)->first;
    return (left > right) - (left < right);
}

static void make_note(const Passages *job, Found *found, const WordList *list, GArray *stretches)
{
    json_t *details = json_array();
    found->note = json_pack("{s:I, s:I, s:I, s:I, s:o}", "words", (json_int_t)found->words, "repeated", (json_int_t)found->repeated, "cut",
                            (json_int_t)found->cut_words, "passages", (json_int_t)stretches->len, "found", details);
    if (stretches->len > PASSAGES_DETAILED) {
        g_array_sort(stretches, compare_lengths);
        g_array_set_size(stretches, PASSAGES_DETAILED);
        g_array_sort(stretches, compare_places);
    }
    for (guint i = 0; i < stretches->len; i++)
        json_array_append_new(details, stretch_json(job, found, list, &g_array_index(stretches, PassageStretch, i)));
}

static gboolean holds_something(const Found *found)
{
    for (guint i = 0; i < found->segments->len; i++)
        if (g_array_index(found->segments, PassageSegment, i).holder)
            return TRUE;
    return FALSE;
}

static gboolean fits(const Found *found, const WordList *list, unsigned window)
{
    const PassageSegment *last = &g_array_index(found->segments, PassageSegment, found->segments->len - 1);
    return last->first + last->windows - 1 + window <= list->count;
}

static gboolean work_on(const Passages *job, WordList *list, StoreTxn *txn, Found *found, GError **error)
{
    const RecipePassages *settings = &job->recipe->passages;
    Docno docno = job->corpus->candidates[found->index].docno;
    g_autofree char *text = NULL;
    gsize length;
    g_autoptr(GArray) stretches = g_array_new(FALSE, TRUE, sizeof(PassageStretch)), ranges = g_array_new(FALSE, FALSE, sizeof(PassageRange));
    if (!cleaned_get(txn, docno, &text, &length, error))
        return FALSE;
    word_list_run(list, text, length);
    if (!fits(found, list, (unsigned)settings->min_words)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the text of document %" G_GUINT64_FORMAT " has changed meanwhile", docno);
        return FALSE;
    }
    found->words = list->count;
    found->repeated = passage_stretches(found->segments, (unsigned)settings->min_words, stretches);
    if (settings->action == PASSAGES_REMOVE) {
        passage_cuts(found->segments, (unsigned)settings->min_words, ranges);
        add_cuts(found, list, text, length, ranges);
        found->dropped = found->cut_words && found->words - found->cut_words < job->recipe->clean.min_words && !holds_something(found);
    }
    make_note(job, found, list, stretches);
    return TRUE;
}

/* ---- All documents ------------------------------------------------------------------------------------------------ */

static gpointer next_batch(gpointer user, GError **error)
{
    Passages *job = user;
    g_autoptr(GPtrArray) batch = g_ptr_array_new_with_free_func(found_free);
    gsize segments = 0;
    while (batch->len < BATCH_DOCUMENTS && segments < BATCH_SEGMENTS) {
        GError *cause = NULL;
        Found *found = found_new();
        if (!passage_search_next(job->search, &found->index, found->segments, &cause)) {
            found_free(found);
            if (cause) {
                g_propagate_error(error, cause);
                return NULL;
            }
            break;
        }
        segments += found->segments->len;
        g_ptr_array_add(batch, found);
    }
    return batch->len ? g_steal_pointer(&batch) : NULL;
}

static gpointer worker_new(gpointer user, GError **error)
{
    return g_new0(WordList, 1);
}

static void worker_free(gpointer worker)
{
    word_list_clear(worker);
    g_free(worker);
}

/* A transaction for each batch: the map cannot grow while one is open. */
static gboolean work_batch(gpointer user, gpointer worker, gpointer item, GError **error)
{
    const Passages *job = user;
    const GPtrArray *batch = item;
    g_autoptr(StoreTxn) txn = store_read_begin(job->context->store, error);
    if (!txn)
        return FALSE;
    for (guint i = 0; i < batch->len; i++)
        if (!work_on(job, worker, txn, batch->pdata[i], error))
            return FALSE;
    return TRUE;
}

static gboolean write_found(const Passages *job, StoreTxn *txn, const Found *found, GError **error)
{
    Docno docno = job->corpus->candidates[found->index].docno;
    Verdict verdict = {.outcome = OUTCOME_DROPPED,
                       .stage = PASSAGES_STAGE,
                       .rule = RULE,
                       .value = (double)(found->words - found->cut_words),
                       .threshold = (double)job->recipe->clean.min_words,
                       .winner = DOCNO_NONE,
                       .detail = "so few words are left without the passages that stand elsewhere"};
    RevisionResult result = {.note = found->note,
                             .cuts = (const Cut *)(void *)found->cuts->data,
                             .cut_count = found->cuts->len,
                             .verdict = found->dropped ? &verdict : NULL};
    return revision_put(job->revision, txn, docno, &result, error);
}

static gboolean write_finished(StoreTxn *txn, gpointer user, GError **error)
{
    const Passages *job = user;
    for (guint i = 0; i < job->finished->len; i++)
        if (!write_found(job, txn, job->finished->pdata[i], error))
            return FALSE;
    return TRUE;
}

static gboolean commit(Passages *job, GError **error)
{
    gboolean good = job->finished->len == 0 || store_write(job->context->store, write_finished, job, error);
    g_ptr_array_set_size(job->finished, 0);
    return good;
}

static void count_found(const Passages *job, const Found *found)
{
    const char *source = job->recipe->sources[job->corpus->candidates[found->index].source].tag;
    stage_count(job->run, source, "documents", 1);
    stage_count(job->run, source, "repeated_words", (gint64)found->repeated);
    stage_count(job->run, source, "cut_words", (gint64)found->cut_words);
    stage_count(job->run, source, "cut", found->cuts->len > 0);
    stage_count(job->run, source, "cut_bytes", (gint64)cuts_bytes((const Cut *)(void *)found->cuts->data, found->cuts->len));
    stage_count(job->run, source, "dropped:" RULE, found->dropped);
}

static gboolean take_batch(gpointer user, gpointer item, GError **error)
{
    Passages *job = user;
    GPtrArray *batch = item;
    progress_add(job->context->progress, batch->len);
    g_ptr_array_set_free_func(batch, NULL);
    for (guint i = 0; i < batch->len; i++) {
        count_found(job, batch->pdata[i]);
        g_ptr_array_add(job->finished, batch->pdata[i]);
    }
    g_ptr_array_set_size(batch, 0);
    return job->finished->len < job->written || commit(job, error);
}

static void batch_free(gpointer item)
{
    g_ptr_array_unref(item);
}

static gboolean write_all(Passages *job, GError **error)
{
    const Pipeline pipeline = {
        .user = job,
        .next = next_batch,
        .worker_new = worker_new,
        .work = work_batch,
        .worker_free = worker_free,
        .sink = take_batch,
        .item_free = batch_free,
    };
    unsigned jobs = MAX(job->context->jobs, 1);
    progress_begin(job->context->progress, "passages", "documents", 0);
    gboolean good = pipeline_run(&pipeline, jobs, 4 * jobs, error) && commit(job, error);
    progress_end(job->context->progress);
    for (unsigned i = 0; good && i < job->recipe->sources_count; i++)
        stage_count(job->run, job->recipe->sources[i].tag, "words", (gint64)passage_search_words(job->search, i));
    return good;
}

/* ---- The stage --------------------------------------------------------------------------------------------------- */

/* Documents that deduplication merged are candidates too; here they are out. */
static gboolean leave_out_merged(Corpus *corpus, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(corpus->store, error);
    if (!txn)
        return FALSE;
    for (gsize i = 0; i < corpus->count; i++)
        corpus->candidates[i].merged = revision_is_decided(txn, corpus->candidates[i].docno, PASSAGES_STAGE);
    return TRUE;
}

static gboolean forget_verdicts(StoreTxn *txn, gpointer user, GError **error)
{
    return ledger_forget_stage(txn, PASSAGES_STAGE, error);
}

static gboolean run_stage(Passages *job, GError **error)
{
    StageContext *context = job->context;
    g_autoptr(Corpus) corpus = corpus_load(context->store, job->recipe, context->jobs, NULL, error);
    if (!corpus || !leave_out_merged(corpus, error))
        return FALSE;
    corpus->progress = context->progress;
    corpus->memory = context->memory ? context->memory : CORPUS_MEMORY;
    g_autoptr(PassageSearch) search = passage_search_run(corpus, &job->recipe->passages, error);
    if (!search)
        return FALSE;
    g_autoptr(Revision) revision = revision_new(job->run);
    job->corpus = corpus;
    job->search = search;
    job->revision = revision;
    job->written = context->batch_documents ? context->batch_documents : COMMIT_DOCUMENTS;
    job->finished = g_ptr_array_new_with_free_func(found_free);
    json_object_clear(job->run->counts);
    gboolean good = write_all(job, error);
    g_ptr_array_unref(job->finished);
    return good && revision_end(revision, context->store, error) && passages_summary_write(context->store, job->recipe, job->run, error) &&
           stage_finish(context->store, job->run, error);
}

static char *make_fingerprint(const Recipe *recipe, const char *predecessor)
{
    const RecipePassages *settings = &recipe->passages;
    GString *text = g_string_new(NULL);
    fingerprint_add(text, "passages %d action=%s words=%" G_GUINT64_FORMAT " occurrences=%" G_GUINT64_FORMAT " left=%" G_GUINT64_FORMAT,
                    PASSAGES_VERSION, recipe_passages_action_name(settings->action), settings->min_words, settings->occurrences,
                    settings->action == PASSAGES_REMOVE ? recipe->clean.min_words : 0);
    fingerprint_add_before(text, predecessor);
    return g_string_free(text, FALSE);
}

gboolean passages_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error)
{
    if (recipe->passages.action == PASSAGES_OFF) {
        *fingerprint = g_strdup(predecessor);
        return stage_leave_out(context->store, PASSAGES_STAGE, error);
    }
    *fingerprint = make_fingerprint(recipe, predecessor);
    g_auto(StageRun) run = {0};
    StageAction action;
    if (!stage_begin_extending(context->store, PASSAGES_STAGE, *fingerprint, STAGE_NEEDS_RECORD, &run, &action, error))
        return FALSE;
    Passages job = {.context = context, .recipe = recipe, .run = &run};
    if (action == STAGE_SKIP)
        return TRUE;
    /* What a killed run dropped is found again. */
    return (action != STAGE_RESUME || store_write(context->store, forget_verdicts, NULL, error)) && run_stage(&job, error);
}
