/* SPDX-License-Identifier: Apache-2.0
 * bench_shards STORE [ROUNDS [THREADS]]: reads every token of all shards in place, and adds them up.
 *
 * Each round opens the store anew, so that its pages are mapped anew, and reads all splits; the threads take shards in turn. The
 * first round is told apart from the best one: its pages may come from the disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/shard.h"
#include "store/split.h"

#define BLOCK 256

typedef struct Reading {
    const ShardReader *reader;
    gint next; /* the shard to read next */
    guint64 sum, tokens, bytes;
    GMutex lock;
} Reading;

/* In blocks of a fixed length, which the compiler turns into vector code; 256 ids of 16 bits fit into 32. */
static guint64 sum_narrow(const guint16 *ids, guint64 count)
{
    guint64 sum = 0, i = 0;
    for (; count - i >= BLOCK; i += BLOCK) {
        guint32 block = 0;
        for (unsigned k = 0; k < BLOCK; k++)
            block += ids[i + k];
        sum += block;
    }
    for (; i < count; i++)
        sum += ids[i];
    return sum;
}

static guint64 sum_wide(const guint32 *ids, guint64 count)
{
    guint64 sum = 0;
    for (guint64 i = 0; i < count; i++)
        sum += ids[i];
    return sum;
}

static gpointer read_shards(gpointer user)
{
    Reading *reading = user;
    guint64 sum = 0, tokens = 0, bytes = 0, count;
    const void *ids;
    unsigned width;
    while ((ids = shard_reader_shard(reading->reader, (unsigned)g_atomic_int_add(&reading->next, 1), &count, &width))) {
        sum += width == 2 ? sum_narrow(ids, count) : sum_wide(ids, count);
        tokens += count;
        bytes += count * width;
    }
    g_mutex_lock(&reading->lock);
    reading->sum += sum;
    reading->tokens += tokens;
    reading->bytes += bytes;
    g_mutex_unlock(&reading->lock);
    return NULL;
}

static void read_split(const ShardReader *reader, unsigned threads, Reading *total)
{
    Reading reading = {.reader = reader};
    g_autofree GThread **started = g_new(GThread *, threads);
    g_mutex_init(&reading.lock);
    for (unsigned i = 1; i < threads; i++)
        started[i] = g_thread_new("reader", read_shards, &reading);
    read_shards(&reading);
    for (unsigned i = 1; i < threads; i++)
        g_thread_join(started[i]);
    g_mutex_clear(&reading.lock);
    total->sum += reading.sum;
    total->tokens += reading.tokens;
    total->bytes += reading.bytes;
}

/* Seconds that reading took, opening left out; below 0: an error. */
static double read_store(const char *directory, unsigned threads, Reading *total, GError **error)
{
    double seconds = 0;
    g_autoptr(Store) store = store_open(directory, STORE_READ, error);
    if (!store)
        return -1;
    for (unsigned split = 0; split < SPLIT_COUNT; split++) {
        g_autoptr(ShardReader) reader = shard_reader_open(store, split_names[split], error);
        if (!reader)
            return -1;
        gint64 begun = g_get_monotonic_time();
        read_split(reader, threads, total);
        seconds += (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
    }
    return seconds;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_shards STORE [ROUNDS [THREADS]]\n");
        return 2;
    }
    int rounds = argc > 2 ? MAX(atoi(argv[2]), 1) : 5;
    unsigned threads = argc > 3 ? (unsigned)MAX(atoi(argv[3]), 1) : 1;
    double first = 0, best = 0;
    Reading total = {0};
    for (int round = 0; round < rounds; round++) {
        total = (Reading){0};
        double seconds = read_store(argv[1], threads, &total, &error);
        if (seconds < 0) {
            fprintf(stderr, "bench_shards: %s\n", error->message);
            return 3;
        }
        double speed = (double)total.bytes / 1e9 / MAX(seconds, 1e-9);
        first = round ? first : speed;
        best = MAX(best, speed);
    }
    printf("{\"tokens\": %" G_GUINT64_FORMAT ", \"bytes\": %" G_GUINT64_FORMAT ", \"sum\": %" G_GUINT64_FORMAT
           ", \"threads\": %u, \"gb_per_second\": %.2f, \"first_round\": %.2f}\n",
           total.tokens, total.bytes, total.sum, threads, best, first);
    return 0;
}
