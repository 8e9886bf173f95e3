/* SPDX-License-Identifier: Apache-2.0
 * The stage "containment": proposals, true shares, then who stands for whom; see dedup/containment.h. */
#include "dedup/containment.h"

#include <string.h>

#include "base/error.h"
#include "dedup/containment_pairs.h"
#include "store/clusters.h"
#include "store/fingerprint.h"
#include "store/revision.h"

/* Raise it whenever the same texts with the same settings give other results. */
#define CONTAINMENT_VERSION 2
#define RULE "contained"
#define TASK_PAIRS 64
#define COMMIT_DOCUMENTS 4096

/* A pair of which one is contained in the other. */
typedef struct Contained {
    guint32 smaller, larger; /* candidates; by different shingles */
    guint64 size, larger_size;
    double share;
    gboolean merged; /* the larger stands for the smaller */
} Contained;

typedef struct Containment {
    StageContext *context;
    const Recipe *recipe;
    Corpus *corpus;
    GArray *pairs;     /* of ContainmentPair */
    Revision *revision;
    GArray *contained; /* of Contained; after the decision one for each contained document, by its number */
    guint first, end;  /* of these, those of one transaction */
} Containment;

/* ---- Shares ------------------------------------------------------------------------------------------------------- */

/* Whether `a`, with as many shingles as given, is smaller than `b`. */
static gboolean is_smaller(guint32 a, gsize a_size, guint32 b, gsize b_size)
{
    return a_size != b_size ? a_size < b_size : a > b;
}

static gboolean measure_pair(const Containment *job, Reader *reader, const ContainmentPair *pair, GArray *found, GError **error)
{
    const Candidate *candidates = job->corpus->candidates;
    ShingleOverlap overlap;
    if (!shingle_cache_overlap(reader->cache, candidates[pair->smaller].docno, candidates[pair->larger].docno, &overlap, error))
        return FALSE;
    reader->comparisons++;
    Contained contained = {pair->smaller, pair->larger, overlap.a, overlap.b, 0, FALSE};
    if (!is_smaller(pair->smaller, overlap.a, pair->larger, overlap.b))
        contained = (Contained){pair->larger, pair->smaller, overlap.b, overlap.a, 0, FALSE};
    contained.share = contained.size ? (double)overlap.shared / (double)contained.size : 0;
    if (contained.share >= job->recipe->containment.threshold)
        g_array_append_val(found, contained);
    return TRUE;
}

static gboolean measure_task(gpointer user, Reader *reader, gsize task, GError **error)
{
    const Containment *job = user;
    gsize end = MIN((task + 1) * TASK_PAIRS, job->pairs->len);
    if (!reader->notes)
        reader->notes = g_array_new(FALSE, FALSE, sizeof(Contained));
    for (gsize i = task * TASK_PAIRS; i < end; i++)
        if (!measure_pair(job, reader, &g_array_index(job->pairs, ContainmentPair, i), reader->notes, error))
            return FALSE;
    return TRUE;
}

static void measure_done(gpointer user, Reader *reader)
{
    Containment *job = user;
    GArray *found = reader->notes;
    if (!found)
        return;
    g_array_append_vals(job->contained, found->data, found->len);
    g_array_unref(found);
    reader->notes = NULL;
}

/* ---- Who stands for whom ------------------------------------------------------------------------------------------- */

/* The largest contained documents first; of one document the container with the highest share, then the larger, more preferred. */
static int compare_contained(gconstpointer a, gconstpointer b)
{
    const Contained *left = a, *right = b;
    if (left->smaller != right->smaller)
        return is_smaller(left->smaller, left->size, right->smaller, right->size) ? 1 : -1;
    if (left->share != right->share)
        return left->share > right->share ? -1 : 1;
    if (left->larger == right->larger)
        return 0;
    return is_smaller(left->larger, left->larger_size, right->larger, right->larger_size) ? 1 : -1;
}

static int compare_docnos(gconstpointer a, gconstpointer b, gpointer user)
{
    const Candidate *candidates = user;
    Docno left = candidates[((const Contained *)a)->smaller].docno, right = candidates[((const Contained *)b)->smaller].docno;
    return (left > right) - (left < right);
}

/* No worse in kind, group and licence. */
static gboolean may_stand_for(const Corpus *corpus, guint32 larger, guint32 smaller)
{
    guint64 better = corpus->candidates[larger].rank, worse = corpus->candidates[smaller].rank;
    return preference_kind(better) >= preference_kind(worse) && preference_replay(better) <= preference_replay(worse) &&
           preference_open(better) >= preference_open(worse);
}

/* The containers of one document are [first, end): chooses one, and returns it. */
static Contained decide(Containment *job, guint first, guint end)
{
    for (guint i = first; i < end && job->recipe->containment.action == CONTAINMENT_DROP; i++) {
        Contained *contained = &g_array_index(job->contained, Contained, i);
        if (job->corpus->candidates[contained->larger].merged || !may_stand_for(job->corpus, contained->larger, contained->smaller))
            continue;
        contained->merged = TRUE;
        job->corpus->candidates[contained->smaller].merged = TRUE;
        return *contained;
    }
    return g_array_index(job->contained, Contained, first);
}

static void decide_all(Containment *job)
{
    GArray *decided = g_array_new(FALSE, FALSE, sizeof(Contained));
    g_array_sort(job->contained, compare_contained);
    for (guint first = 0, end; first < job->contained->len; first = end) {
        for (end = first + 1; end < job->contained->len && g_array_index(job->contained, Contained, end).smaller ==
                                                               g_array_index(job->contained, Contained, first).smaller;)
            end++;
        Contained chosen = decide(job, first, end);
        g_array_append_val(decided, chosen);
    }
    g_array_unref(job->contained);
    job->contained = decided;
    g_array_sort_with_data(decided, compare_docnos, job->corpus->candidates);
}

/* ---- Writing ------------------------------------------------------------------------------------------------------ */

/* For whoever asks what the container stands for. An entry that is there is not written again. */
static gboolean put_entry(StoreTxn *txn, Docno container, Docno docno, GError **error)
{
    guint8 by;
    GError *failure = NULL;
    if (cluster_entry_get(txn, container, docno, &by, &failure))
        return TRUE;
    if (!failure)
        return cluster_entry_put(txn, container, docno, CLUSTER_CONTAINED, error);
    g_propagate_error(error, failure);
    return FALSE;
}

static gboolean write_contained(const Containment *job, StoreTxn *txn, const Contained *contained, GError **error)
{
    Docno docno = job->corpus->candidates[contained->smaller].docno, container = job->corpus->candidates[contained->larger].docno;
    double threshold = job->recipe->containment.threshold;
    g_autofree char *detail = g_strdup_printf("%.1f %% of its shingles are in document %" G_GUINT64_FORMAT, 100 * contained->share, container);
    g_autofree char *summary = g_strdup_printf("contained in document %" G_GUINT64_FORMAT ", %.3f", container, contained->share);
    g_autoptr(json_t) note = json_pack("{s:[{s:I, s:f, s:f, s:b, s:s}]}", "found", "document", (json_int_t)container, "share", contained->share,
                                       "threshold", threshold, "merged", contained->merged, "summary", summary);
    Verdict verdict = {.outcome = OUTCOME_MERGED,
                       .stage = CONTAINMENT_STAGE,
                       .rule = RULE,
                       .value = contained->share,
                       .threshold = threshold,
                       .winner = container,
                       .detail = detail};
    RevisionResult result = {.note = note, .verdict = contained->merged ? &verdict : NULL};
    return revision_put(job->revision, txn, docno, &result, error) &&
           (!contained->merged || put_entry(txn, container, docno, error));
}

static gboolean write_batch(StoreTxn *txn, gpointer user, GError **error)
{
    const Containment *job = user;
    for (guint i = job->first; i < job->end; i++)
        if (!write_contained(job, txn, &g_array_index(job->contained, Contained, i), error))
            return FALSE;
    return TRUE;
}

static gboolean write_all(Containment *job, StageRun *run, GError **error)
{
    guint batch = job->context->batch_documents ? job->context->batch_documents : COMMIT_DOCUMENTS;
    for (job->first = 0; job->first < job->contained->len; job->first = job->end) {
        job->end = MIN(job->first + batch, job->contained->len);
        if (!store_write(job->context->store, write_batch, job, error))
            return FALSE;
    }
    if (!revision_end(job->revision, job->context->store, error))
        return FALSE;
    json_object_clear(run->counts);
    for (guint i = 0; i < job->contained->len; i++) {
        const Contained *contained = &g_array_index(job->contained, Contained, i);
        const char *source = job->recipe->sources[job->corpus->candidates[contained->smaller].source].tag;
        stage_count(run, source, RULE, 1);
        stage_count(run, source, "merged:" RULE, contained->merged);
    }
    return stage_finish(job->context->store, run, error);
}

/* ---- The stage ---------------------------------------------------------------------------------------------------- */

static gboolean leave_out_merged(Corpus *corpus, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(corpus->store, error);
    if (!txn)
        return FALSE;
    for (gsize i = 0; i < corpus->count; i++)
        corpus->candidates[i].merged = revision_is_decided(txn, corpus->candidates[i].docno, CONTAINMENT_STAGE);
    return TRUE;
}

static gboolean search(Containment *job, GError **error)
{
    Corpus *corpus = job->corpus;
    progress_begin(corpus->progress, CONTAINMENT_STAGE, "documents", 2 * corpus->count);
    job->pairs = containment_pairs(corpus, &job->recipe->containment, error);
    gboolean good = job->pairs && corpus_run(corpus, (job->pairs->len + TASK_PAIRS - 1) / TASK_PAIRS, measure_task, measure_done, job, error);
    progress_end(corpus->progress);
    return good;
}

static gboolean run_stage(StageContext *context, const Recipe *recipe, StageRun *run, GError **error)
{
    g_autoptr(Corpus) corpus = corpus_load(context->store, recipe, context->jobs, NULL, error);
    if (!corpus || !leave_out_merged(corpus, error))
        return FALSE;
    corpus->progress = context->progress;
    corpus->memory = context->memory ? context->memory : CORPUS_MEMORY;
    g_autoptr(Revision) revision = revision_new(run);
    Containment job = {.context = context, .recipe = recipe, .corpus = corpus, .revision = revision, .contained = g_array_new(FALSE, FALSE, sizeof(Contained))};
    gboolean good = search(&job, error);
    if (good) {
        decide_all(&job);
        good = write_all(&job, run, error);
    }
    g_clear_pointer(&job.pairs, g_array_unref);
    g_array_unref(job.contained);
    return good;
}

static char *make_fingerprint(const Recipe *recipe, const char *predecessor)
{
    const RecipeContainment *settings = &recipe->containment;
    char threshold[G_ASCII_DTOSTR_BUF_SIZE];
    GString *text = g_string_new(NULL);
    fingerprint_add(text, "containment %d action=%s threshold=%s words=%" G_GUINT64_FORMAT, CONTAINMENT_VERSION,
                    recipe_containment_action_name(settings->action), g_ascii_dtostr(threshold, sizeof threshold, settings->threshold),
                    settings->min_words);
    fingerprint_add_before(text, predecessor);
    return g_string_free(text, FALSE);
}

static gboolean forget_verdicts(StoreTxn *txn, gpointer user, GError **error)
{
    return ledger_forget_stage(txn, CONTAINMENT_STAGE, error);
}

gboolean containment_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error)
{
    if (recipe->containment.action == CONTAINMENT_OFF) {
        *fingerprint = g_strdup(predecessor);
        return stage_leave_out(context->store, CONTAINMENT_STAGE, error);
    }
    *fingerprint = make_fingerprint(recipe, predecessor);
    g_auto(StageRun) run = {0};
    StageAction action;
    if (!stage_begin_extending(context->store, CONTAINMENT_STAGE, *fingerprint, STAGE_NEEDS_RECORD, &run, &action, error))
        return FALSE;
    if (action == STAGE_SKIP)
        return TRUE;
    /* What a killed run merged is found again. */
    return (action != STAGE_RESUME || store_write(context->store, forget_verdicts, NULL, error)) && run_stage(context, recipe, &run, error);
}
