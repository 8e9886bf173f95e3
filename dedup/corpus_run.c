/* SPDX-License-Identifier: Apache-2.0
 * Tasks of deduplication on many threads; see dedup/corpus.h. */
#include "base/error.h"
#include "base/pipeline.h"
#include "dedup/corpus.h"

/* Keys in one task over buckets; a larger bucket is a task of its own. */
#define BUCKET_KEYS 2048
/* What the caches of all threads together may hold. */
#define CACHE_BYTES ((gsize)128 << 20)

typedef struct Run {
    Corpus *corpus;
    gsize tasks;
    gsize next;
    CorpusTask task;
    CorpusDone done;
    gpointer user;
    GMutex lock; /* held while a reader ends */
} Run;

typedef struct RunReader {
    Reader reader;
    Run *run;
} RunReader;

static gpointer next_task(gpointer user, GError **error)
{
    Run *run = user;
    return run->next < run->tasks ? GSIZE_TO_POINTER(++run->next) : NULL; /* from 1: NULL is the end */
}

static gpointer reader_new(gpointer user, GError **error)
{
    Run *run = user;
    const RecipeDedup *settings = &run->corpus->recipe->dedup;
    StoreTxn *txn = store_read_begin(run->corpus->store, error);
    if (!txn)
        return NULL;
    RunReader *reader = g_new0(RunReader, 1);
    reader->run = run;
    reader->reader.corpus = run->corpus;
    reader->reader.txn = txn;
    reader->reader.cache = shingle_cache_new(txn, settings->characters ? SHINGLE_CHARACTERS : SHINGLE_WORDS, (unsigned)settings->shingle,
                                             CACHE_BYTES / run->corpus->jobs);
    return reader;
}

static void reader_free(gpointer data)
{
    RunReader *reader = data;
    g_mutex_lock(&reader->run->lock);
    reader->run->corpus->comparisons += reader->reader.comparisons;
    if (reader->run->done)
        reader->run->done(reader->run->user, &reader->reader);
    g_mutex_unlock(&reader->run->lock);
    shingle_cache_free(reader->reader.cache);
    store_read_end(reader->reader.txn);
    g_free(reader);
}

static gboolean do_task(gpointer user, gpointer worker, gpointer item, GError **error)
{
    Run *run = user;
    return run->task(run->user, &((RunReader *)worker)->reader, GPOINTER_TO_SIZE(item) - 1, error);
}

static gboolean ignore(gpointer user, gpointer item, GError **error)
{
    return TRUE;
}

static void free_nothing(gpointer item)
{
}

gboolean corpus_run(Corpus *corpus, gsize tasks, CorpusTask task, CorpusDone done, gpointer user, GError **error)
{
    Run run = {.corpus = corpus, .tasks = tasks, .task = task, .done = done, .user = user};
    const Pipeline pipeline = {
        .user = &run,
        .next = next_task,
        .worker_new = reader_new,
        .work = do_task,
        .worker_free = reader_free,
        .sink = ignore,
        .item_free = free_nothing,
    };
    g_mutex_init(&run.lock);
    gboolean good = pipeline_run(&pipeline, corpus->jobs, 4 * corpus->jobs, error);
    g_mutex_clear(&run.lock);
    return good;
}

/* ---- Buckets ------------------------------------------------------------------------------------------------- */

typedef struct BucketRun {
    const KeyList *list;
    GArray *starts; /* of gsize: where the tasks' buckets begin in the list */
    CorpusBucket task;
    CorpusDone done;
    gpointer user;
} BucketRun;

static gboolean bucket_task(gpointer user, Reader *reader, gsize task, GError **error)
{
    const BucketRun *run = user;
    gsize position = g_array_index(run->starts, gsize, task);
    gsize end = task + 1 < run->starts->len ? g_array_index(run->starts, gsize, task + 1) : run->list->count;
    Bucket bucket;
    while (position < end && key_list_next_bucket(run->list, &position, &bucket)) {
        if (bucket.members >= run->list->items + end)
            break;
        if (!run->task(run->user, reader, &bucket, error))
            return FALSE;
    }
    return TRUE;
}

static void bucket_done(gpointer user, Reader *reader)
{
    const BucketRun *run = user;
    if (run->done)
        run->done(run->user, reader);
}

/* Tasks of about BUCKET_KEYS keys, cut between buckets. */
static void cut_into_tasks(const KeyList *list, GArray *starts)
{
    for (gsize start = 0; start < list->count;) {
        g_array_append_val(starts, start);
        gsize end = MIN(start + BUCKET_KEYS, list->count);
        while (end < list->count && list->items[end].key == list->items[end - 1].key)
            end++;
        start = end;
    }
}

gboolean corpus_buckets(Corpus *corpus, const KeyList *list, CorpusBucket task, CorpusDone done, gpointer user, GError **error)
{
    BucketRun run = {list, g_array_new(FALSE, FALSE, sizeof(gsize)), task, done, user};
    cut_into_tasks(list, run.starts);
    gboolean good = corpus_run(corpus, run.starts->len, bucket_task, bucket_done, &run, error);
    g_array_unref(run.starts);
    return good;
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

gboolean reader_sketch(Reader *reader, guint32 index, Sketch *sketch, GError **error)
{
    StoreValue value;
    GError *cause = NULL;
    Docno docno = reader->corpus->candidates[index].docno;
    if (store_get_docno(reader->txn, TABLE_SIGNATURES, docno, &value, &cause))
        return sketch_parse(&value, sketch, error);
    if (cause)
        g_propagate_error(error, cause);
    else
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " has lost its signature",
                    docno);
    return FALSE;
}

gboolean reader_jaccard(Reader *reader, guint32 a, guint32 b, double *similarity, GError **error)
{
    const Candidate *candidates = reader->corpus->candidates;
    reader->comparisons++;
    return shingle_cache_jaccard(reader->cache, candidates[a].docno, candidates[b].docno, similarity, error);
}
