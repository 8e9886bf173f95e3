/* SPDX-License-Identifier: Apache-2.0
 * bench/bench_dedup.c - clusters of synthetic signatures: time and memory of the rule near-duplicate, without texts.
 *
 *   bench_dedup FOLDER DOCUMENTS [CLUSTER [MEMORY]]
 *
 * Makes a store in FOLDER, which must not exist, with DOCUMENTS signatures of 112 numbers. One in ten documents repeats the
 * one before it but for 8 positions. The first CLUSTER documents (0) are one cluster: a signature of which each has 4 positions of
 * its own. Then links them by 14 bands of 8 rows (verify: false) and writes the verdicts, holding MEMORY bytes of keys (2^30).
 * Prints documents, merged documents, seconds of the processor and of the clock, and the most memory that was resident, in MB:
 * the process's own, and all with what the system had mapped of the store at that time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "dedup/corpus.h"
#include "dedup/rules.h"
#include "dedup/verdicts.h"

enum { PERMUTATIONS = 112, BATCH = 100000 };

typedef struct Batch {
    guint64 first, end, cluster;
} Batch;

static void make_signature(guint64 number, guint64 cluster, guint32 *signature)
{
    gboolean copies = number % 10 == 9 && number > cluster;
    guint64 model = number < cluster ? 0 : copies ? number - 1 : number;
    for (unsigned i = 0; i < PERMUTATIONS; i++)
        signature[i] = (guint32)random_at(model, "signature", i);
    for (unsigned i = 0; number < cluster ? i < 4 : copies && i < 8; i++)
        signature[random_at(number, "place", i) % PERMUTATIONS] = (guint32)random_at(number, "own", i);
}

static gboolean put_batch(StoreTxn *txn, gpointer user, GError **error)
{
    const Batch *batch = user;
    g_auto(Buffer) record;
    buffer_init(&record, 1 << 20);
    for (guint64 number = batch->first; number < batch->end; number++) {
        guint32 signature[PERMUTATIONS];
        Sketch sketch = {.kind = KIND_PAGE, .length = number % 5000, .source = "bench", .source_length = 5, .permutations = PERMUTATIONS};
        make_signature(number, batch->cluster, signature);
        buffer_reset(&record);
        sketch_encode(&sketch, signature, &record);
        if (!store_put_docno(txn, TABLE_SIGNATURES, number, record.data, record.length, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean fill_store(Store *store, guint64 documents, guint64 cluster, GError **error)
{
    for (guint64 first = 0; first < documents; first += BATCH) {
        Batch batch = {first, MIN(first + BATCH, documents), cluster};
        if (!store_write(store, put_batch, &batch, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean link_store(Store *store, guint64 memory, guint *merged, GError **error)
{
    RecipeSource source = {.tag = (char *)"bench", .group = GROUP_PAPERS};
    Recipe recipe = {.sources = &source,
                     .sources_count = 1,
                     .dedup = {.near = true, .shingle = 5, .permutations = PERMUTATIONS, .bands = 14, .rows = 8, .threshold = 0.8}};
    g_autoptr(Corpus) corpus = corpus_load(store, &recipe, g_get_num_processors(), NULL, error);
    if (!corpus)
        return FALSE;
    corpus->memory = memory;
    if (!rule_near(corpus, error) || !verdicts_write(store, corpus, 0, error))
        return FALSE;
    *merged = corpus->merges->len;
    return TRUE;
}

static double clock_seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* A line of /proc/self/status, in MB. */
static double status_megabytes(const char *name)
{
    g_autofree char *status = NULL;
    if (!g_file_get_contents("/proc/self/status", &status, NULL, NULL))
        return 0;
    const char *line = strstr(status, name);
    return line ? g_ascii_strtod(line + strlen(name), NULL) / 1024 : 0;
}

/* The process's own memory rises and falls; a thread looks at it twenty times a second. */
typedef struct Watch {
    gint stop;
    double most;
} Watch;

static gpointer watch_memory(gpointer data)
{
    Watch *watch = data;
    while (!g_atomic_int_get(&watch->stop)) {
        watch->most = MAX(watch->most, status_megabytes("RssAnon:"));
        g_usleep(50000);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 5) {
        fprintf(stderr, "usage: bench_dedup FOLDER DOCUMENTS [CLUSTER [MEMORY]]\n");
        return 2;
    }
    GError *error = NULL;
    guint merged = 0;
    guint64 documents = g_ascii_strtoull(argv[2], NULL, 10), cluster = argc > 3 ? g_ascii_strtoull(argv[3], NULL, 10) : 0;
    guint64 memory = argc > 4 ? g_ascii_strtoull(argv[4], NULL, 10) : CORPUS_MEMORY;
    g_autoptr(Store) store = store_open(argv[1], STORE_CREATE, &error);
    gboolean good = store && fill_store(store, documents, MIN(cluster, documents), &error);
    Watch watch = {0};
    GThread *watcher = g_thread_new("watch", watch_memory, &watch);
    double processor = clock_seconds(CLOCK_PROCESS_CPUTIME_ID), start = clock_seconds(CLOCK_MONOTONIC);
    good = good && link_store(store, memory, &merged, &error);
    g_atomic_int_set(&watch.stop, 1);
    g_thread_join(watcher);
    if (!good) {
        fprintf(stderr, "bench_dedup: %s\n", error->message);
        return 4;
    }
    printf("%" G_GUINT64_FORMAT " %u %.3f %.3f %.0f %.0f\n", documents, merged, clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - processor,
           clock_seconds(CLOCK_MONOTONIC) - start, watch.most, status_megabytes("VmHWM:"));
    return 0;
}
