/* SPDX-License-Identifier: Apache-2.0
 * The ordered pipeline: a ring of slots under one lock; see base/pipeline.h.
 *
 * Slot number n of the stream lives in ring[n % depth]. Three counters move upwards: `produced` (by the reader),
 * `taken` (by workers) and `sunk` (by the caller), with sunk <= taken <= produced <= sunk + depth. Items are coarse
 * (batches), so one lock costs nothing beside the work. */
#include "base/pipeline.h"

typedef struct Slot {
    gpointer item;
    gboolean done;
} Slot;

typedef struct Run {
    const Pipeline *pipeline;
    GMutex lock;
    GCond changed;
    Slot *ring;
    unsigned depth;
    guint64 produced, taken, sunk;
    gboolean ended; /* the reader has no more */
    GError *error;  /* the first one; set means: everybody stop */
} Run;

static void run_fail(Run *run, GError *error)
{
    g_mutex_lock(&run->lock);
    if (!run->error)
        run->error = error;
    else
        g_error_free(error);
    g_cond_broadcast(&run->changed);
    g_mutex_unlock(&run->lock);
}

static gpointer reader_thread(gpointer data)
{
    Run *run = data;
    for (;;) {
        g_mutex_lock(&run->lock);
        while (!run->error && run->produced - run->sunk >= run->depth)
            g_cond_wait(&run->changed, &run->lock);
        gboolean stop = run->error != NULL;
        g_mutex_unlock(&run->lock);
        if (stop)
            return NULL;
        GError *error = NULL;
        gpointer item = run->pipeline->next(run->pipeline->user, &error);
        if (error) {
            run_fail(run, error);
            return NULL;
        }
        g_mutex_lock(&run->lock);
        if (item) {
            run->ring[run->produced % run->depth] = (Slot){.item = item};
            run->produced++;
        } else {
            run->ended = TRUE;
        }
        g_cond_broadcast(&run->changed);
        g_mutex_unlock(&run->lock);
        if (!item)
            return NULL;
    }
}

/* The next slot to work on, or NULL when there will be none. */
static Slot *worker_take(Run *run)
{
    Slot *slot = NULL;
    g_mutex_lock(&run->lock);
    while (!run->error && run->taken == run->produced && !run->ended)
        g_cond_wait(&run->changed, &run->lock);
    if (!run->error && run->taken < run->produced)
        slot = &run->ring[run->taken++ % run->depth];
    g_mutex_unlock(&run->lock);
    return slot;
}

static gpointer worker_thread(gpointer data)
{
    Run *run = data;
    const Pipeline *pipeline = run->pipeline;
    GError *error = NULL;
    gpointer worker = pipeline->worker_new ? pipeline->worker_new(pipeline->user, &error) : NULL;
    if (error) {
        run_fail(run, error);
        return NULL;
    }
    Slot *slot;
    while ((slot = worker_take(run))) {
        if (!pipeline->work(pipeline->user, worker, slot->item, &error)) {
            run_fail(run, error);
            break;
        }
        g_mutex_lock(&run->lock);
        slot->done = TRUE;
        g_cond_broadcast(&run->changed);
        g_mutex_unlock(&run->lock);
    }
    if (pipeline->worker_free)
        pipeline->worker_free(worker);
    return NULL;
}

/* Waits for the next item in order; NULL at the end or after an error. */
static gpointer sink_take(Run *run)
{
    gpointer item = NULL;
    g_mutex_lock(&run->lock);
    for (;;) {
        Slot *slot = &run->ring[run->sunk % run->depth];
        if (run->error || (run->ended && run->sunk == run->produced))
            break;
        if (run->sunk < run->produced && slot->done) {
            item = slot->item;
            break;
        }
        g_cond_wait(&run->changed, &run->lock);
    }
    g_mutex_unlock(&run->lock);
    return item;
}

static void sink_release(Run *run)
{
    g_mutex_lock(&run->lock);
    run->ring[run->sunk++ % run->depth] = (Slot){0};
    g_cond_broadcast(&run->changed);
    g_mutex_unlock(&run->lock);
}

gboolean pipeline_run(const Pipeline *pipeline, unsigned jobs, unsigned depth, GError **error)
{
    jobs = MAX(jobs, 1);
    depth = MAX(depth, jobs + 1);
    Run run = {.pipeline = pipeline, .depth = depth, .ring = g_new0(Slot, depth)};
    g_mutex_init(&run.lock);
    g_cond_init(&run.changed);
    g_autofree GThread **workers = g_new(GThread *, jobs);
    GThread *reader = g_thread_new("reader", reader_thread, &run);
    for (unsigned i = 0; i < jobs; i++)
        workers[i] = g_thread_new("worker", worker_thread, &run);

    gpointer item;
    while ((item = sink_take(&run))) {
        GError *failure = NULL;
        if (!pipeline->sink(pipeline->user, item, &failure)) {
            run_fail(&run, failure);
            break;
        }
        pipeline->item_free(item);
        sink_release(&run);
    }
    g_thread_join(reader);
    for (unsigned i = 0; i < jobs; i++)
        g_thread_join(workers[i]);
    for (guint64 n = run.sunk; n < run.produced; n++)
        pipeline->item_free(run.ring[n % depth].item);
    g_free(run.ring);
    g_mutex_clear(&run.lock);
    g_cond_clear(&run.changed);
    if (run.error) {
        g_propagate_error(error, run.error);
        return FALSE;
    }
    return TRUE;
}
