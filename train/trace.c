/* SPDX-License-Identifier: Apache-2.0
 * Steps and documents, forwards and backwards; see train/trace.h. */
#include "train/trace.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "train/batch.h"
#include "train/run_log.h"

struct Trace {
    char *log;
    json_t *header; /* the value of "run" */
    guint64 last_step;
    gsize context, sequences;
    guint64 seed;
    Store *store; /* borrowed */
    ShardReader *reader;
    BatchPlan *plan;
};

void trace_free(Trace *trace)
{
    if (!trace)
        return;
    batch_plan_free(trace->plan);
    shard_reader_free(trace->reader);
    json_decref(trace->header);
    g_free(trace->log);
    g_free(trace);
}

static guint64 step_of(const json_t *line)
{
    return (guint64)json_integer_value(json_object_get(line, "step"));
}

static void see_line(const json_t *line, gpointer user)
{
    Trace *trace = user;
    json_t *run = json_object_get(line, "run");
    if (run && !trace->header)
        trace->header = json_incref(run);
    trace->last_step = MAX(trace->last_step, step_of(line));
}

/* A whole number above 0 in the run's configuration, or 0. */
static gsize size_in(const json_t *config, const char *group, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(json_object_get(config, group), key));
    return value > 0 && value <= G_MAXINT32 ? (gsize)value : 0;
}

Trace *trace_open(const char *log, GError **error)
{
    g_autoptr(Trace) trace = g_new0(Trace, 1);
    trace->log = g_strdup(log);
    if (!run_log_read(log, see_line, trace, error))
        return NULL;
    const json_t *config = json_object_get(trace->header, "config");
    trace->context = size_in(config, "model", "context");
    trace->sequences = size_in(config, "batch", "sequences");
    trace->seed = (guint64)json_integer_value(json_object_get(config, "seed"));
    if (trace->context && trace->sequences && json_get_string(trace->header, "shards"))
        return g_steal_pointer(&trace);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s does not begin as the log of galen train does", log);
    return NULL;
}

const char *trace_store(const Trace *trace)
{
    return json_get_string(trace->header, "store");
}

guint64 trace_last_step(const Trace *trace)
{
    return trace->last_step;
}

gboolean trace_attach(Trace *trace, Store *store, GError **error)
{
    char digest[SHA256_HEX_SIZE];
    const char *logged = json_get_string(trace->header, "shards");
    trace->store = store;
    trace->reader = shard_reader_open(store, "train", error);
    if (!trace->reader)
        return FALSE;
    sha256_hex(shard_reader_digest(trace->reader), digest);
    if (!g_str_equal(logged, digest)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "the run of %s was trained on the shards %.12s..., but this store's are %.12s...; give its own with --store",
                    trace->log, logged, digest);
        return FALSE;
    }
    trace->plan = batch_plan_new(trace->reader, "train", trace->context, trace->sequences, trace->seed, error);
    return trace->plan != NULL;
}

/* The line of a step among those of the log. */
typedef struct LineSearch {
    guint64 step;
    json_t *found;
} LineSearch;

static void match_line(const json_t *line, gpointer user)
{
    LineSearch *search = user;
    if (step_of(line) == search->step && json_object_get(line, "token_hash")) {
        json_decref(search->found);
        search->found = json_incref((json_t *)line);
    }
}

/* Of a document in a line; NAN where it is not there. */
static double logged_loss(const json_t *line, Docno docno)
{
    g_autofree char *name = g_strdup_printf("%" G_GUINT64_FORMAT, docno);
    const json_t *documents = line ? json_object_get(line, "loss_by_document") : NULL;
    const json_t *loss = documents ? json_object_get(json_object_get(documents, name), "loss") : NULL;
    return json_is_number(loss) ? json_number_value(loss) : NAN;
}

static double number_in(const json_t *line, const char *key)
{
    const json_t *value = line ? json_object_get(line, key) : NULL;
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static gboolean check_hash(const Trace *trace, guint64 number, const json_t *line, const char *hash, GError **error)
{
    const char *logged = line ? json_get_string(line, "token_hash") : hash;
    if (g_str_equal(logged, hash))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "step %" G_GUINT64_FORMAT " of %s has the token_hash %s, but the store gives %s: the log or the shards are damaged; run galen audit",
                number, trace->log, logged, hash);
    return FALSE;
}

static int compare_documents(gconstpointer a, gconstpointer b)
{
    const TraceDocument *x = a, *y = b;
    gboolean known = !isnan(x->loss) && !isnan(y->loss);
    if (known && x->loss != y->loss)
        return x->loss < y->loss ? 1 : -1;
    return (x->docno > y->docno) - (x->docno < y->docno);
}

/* The documents of the batch with their tokens that are targets: losses are not known here, so zeros stand for them. */
static GArray *documents_of(const Trace *trace, const Batch *batch, const json_t *line)
{
    g_autofree double *nothing = g_new0(double, batch->sequences * batch->context);
    g_autoptr(GArray) sums = batch_losses(batch, nothing, BATCH_BY_DOCUMENT);
    g_autoptr(GHashTable) sources = g_hash_table_new(g_int64_hash, g_int64_equal);
    GArray *documents = g_array_sized_new(FALSE, FALSE, sizeof(TraceDocument), sums->len);
    for (guint i = 0; i < batch->spans->len; i++) {
        Span *span = &g_array_index(batch->spans, Span, i);
        g_hash_table_insert(sources, &span->docno, GUINT_TO_POINTER(span->source));
    }
    for (guint i = 0; i < sums->len; i++) {
        const BatchLoss *sum = &g_array_index(sums, BatchLoss, i);
        guint32 source = GPOINTER_TO_UINT(g_hash_table_lookup(sources, &sum->key));
        TraceDocument document = {sum->key, shard_reader_source(trace->reader, source), sum->tokens,
                                  logged_loss(line, sum->key)};
        g_array_append_val(documents, document);
    }
    g_array_sort(documents, compare_documents);
    return documents;
}

void trace_step_clear(TraceStep *step)
{
    if (step->documents)
        g_array_unref(step->documents);
    json_decref(step->by_source);
    memset(step, 0, sizeof *step);
}

gboolean trace_step(Trace *trace, guint64 number, TraceStep *step, GError **error)
{
    LineSearch search = {.step = number};
    g_auto(Batch) batch = {0};
    if (number < 1 || number > G_MAXINT32) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "there is no step %" G_GUINT64_FORMAT "; steps count from 1", number);
        return FALSE;
    }
    if (!run_log_read(trace->log, match_line, &search, error))
        return FALSE;
    g_autoptr(json_t) line = search.found;
    if (!batch_read(trace->plan, number - 1, &batch, error) || !check_hash(trace, number, line, batch.hash, error))
        return FALSE;
    *step = (TraceStep){
        .logged = line != NULL,
        .loss = number_in(line, "loss"),
        .gradient_norm = number_in(line, "grad_norm"),
        .rate = number_in(line, "lr"),
        .documents_logged = line && json_object_get(line, "loss_by_document"),
        .by_source = line ? json_incref(json_object_get(line, "loss_by_source")) : NULL,
        .documents = documents_of(trace, &batch, line),
    };
    memcpy(step->hash, batch.hash, sizeof step->hash);
    return TRUE;
}

/* Appends a sight for each epoch in which the log's steps saw the window. */
static void see_window(const Trace *trace, guint64 window, guint64 tokens, GArray *sights)
{
    guint64 read = trace->last_step * trace->sequences, epochs = (read + trace->plan->windows - 1) / trace->plan->windows;
    for (guint64 epoch = 0; epoch < epochs; epoch++) {
        TraceSight sight = {.epoch = epoch, .tokens = tokens, .loss = NAN};
        batch_find(trace->plan, window, epoch, &sight.step, &sight.sequence);
        sight.step++;
        if (sight.step <= trace->last_step)
            g_array_append_val(sights, sight);
    }
}

/* Window w has the tokens from w * context to (w + 1) * context, both included, and all but the first are targets. */
static void see_placement(const Trace *trace, const Placement *placement, GArray *sights)
{
    guint64 context = trace->context, end = placement->position + placement->length;
    guint64 first = placement->position ? (placement->position - 1) / context : 0;
    for (guint64 window = first; window < trace->plan->windows && window * context < end; window++) {
        guint64 from = MAX(placement->position, window * context + 1), to = MIN(end, (window + 1) * context + 1);
        see_window(trace, window, to > from ? to - from : 0, sights);
    }
}

static int compare_sights(gconstpointer a, gconstpointer b)
{
    const TraceSight *x = a, *y = b;
    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

typedef struct LossSearch {
    Docno docno;
    GArray *sights; /* sorted */
} LossSearch;

/* Lines come by step, and so do the sights; but neither has every step, so each line looks its step up. */
static void note_loss(const json_t *line, gpointer user)
{
    LossSearch *search = user;
    if (!json_object_get(line, "token_hash"))
        return;
    double loss = logged_loss(line, search->docno);
    guint low = 0, high = search->sights->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(search->sights, TraceSight, middle).step < step_of(line))
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < search->sights->len && g_array_index(search->sights, TraceSight, low).step == step_of(line); low++)
        g_array_index(search->sights, TraceSight, low).loss = loss;
}

static gboolean find_placements(const Trace *trace, Docno docno, GArray *placements, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(trace->store, error);
    return txn && shard_placements(txn, docno, placements, error);
}

GArray *trace_document(Trace *trace, Docno docno, guint *placements_count, GError **error)
{
    g_autoptr(GArray) placements = g_array_new(FALSE, FALSE, sizeof(Placement));
    g_autoptr(GArray) sights = g_array_new(FALSE, FALSE, sizeof(TraceSight));
    guint in_training = 0;
    if (!find_placements(trace, docno, placements, error))
        return NULL;
    for (guint i = 0; i < placements->len; i++) {
        const Placement *placement = &g_array_index(placements, Placement, i);
        if (!g_str_equal(placement->split, "train"))
            continue;
        in_training++;
        see_placement(trace, placement, sights);
    }
    g_array_sort(sights, compare_sights);
    if (placements_count)
        *placements_count = in_training;
    LossSearch search = {docno, sights};
    return run_log_read(trace->log, note_loss, &search, error) ? g_steal_pointer(&sights) : NULL;
}
