/* SPDX-License-Identifier: Apache-2.0
 * Sorted runs of records in a file, and their merge; see dedup/place_runs.h. */
#include "dedup/place_runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define RUN_BUFFER 2048 /* records of one run that are read at once */

typedef struct Run {
    guint64 next, end; /* records of the file that are still to be read */
    Place *buffer;
    gsize at, count; /* in the buffer */
} Run;

struct PlaceRuns {
    int file;
    Place *held, *scratch;
    gsize capacity, count;
    GArray *runs; /* of Run */
    guint64 written;
    GMutex lock; /* while records are added */
    guint *heap; /* runs with records left, the one with the lowest first */
    guint heap_count;
};

PlaceRuns *place_runs_new(const char *folder, guint64 memory, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "places-XXXXXX", NULL);
    int file = mkstemp(path);
    if (file < 0) {
        galen_error_set_errno(error, errno, "cannot make a file for sorting in %s", folder);
        return NULL;
    }
    unlink(path);
    PlaceRuns *runs = g_new0(PlaceRuns, 1);
    runs->file = file;
    runs->capacity = MAX(memory, PLACE_RUNS_LEAST) / (2 * sizeof(Place));
    runs->held = g_new(Place, runs->capacity);
    runs->scratch = g_new(Place, runs->capacity);
    runs->runs = g_array_new(FALSE, TRUE, sizeof(Run));
    g_mutex_init(&runs->lock);
    return runs;
}

void place_runs_free(PlaceRuns *runs)
{
    if (!runs)
        return;
    for (guint i = 0; i < runs->runs->len; i++)
        g_free(g_array_index(runs->runs, Run, i).buffer);
    g_array_unref(runs->runs);
    g_free(runs->held);
    g_free(runs->scratch);
    g_mutex_clear(&runs->lock);
    g_free(runs->heap);
    close(runs->file);
    g_free(runs);
}

static int compare_places(const void *a, const void *b)
{
    const Place *left = a, *right = b;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    if (left->extra != right->extra)
        return left->extra < right->extra ? -1 : 1;
    return (left->value > right->value) - (left->value < right->value);
}

/* The radix sort puts keys in order; records of one key are few, or all one. */
static void sort_held(PlaceRuns *runs)
{
    radix_sort_places(runs->held, runs->scratch, runs->count);
    for (gsize first = 0; first < runs->count;) {
        gsize end = first + 1;
        gboolean sorted = TRUE;
        for (; end < runs->count && runs->held[end].key == runs->held[first].key; end++)
            sorted = sorted && compare_places(&runs->held[end - 1], &runs->held[end]) <= 0;
        if (!sorted)
            qsort(runs->held + first, end - first, sizeof runs->held[0], compare_places);
        first = end;
    }
}

static gboolean write_held(PlaceRuns *runs, GError **error)
{
    const char *bytes = (const char *)runs->held;
    gsize length = runs->count * sizeof(Place), done = 0;
    while (done < length) {
        gssize wrote = write(runs->file, bytes + done, length - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0) {
            galen_error_set_errno(error, errno, "cannot write sorted passages to disk");
            return FALSE;
        }
        done += (gsize)wrote;
    }
    return TRUE;
}

static gboolean end_run(PlaceRuns *runs, GError **error)
{
    if (runs->count == 0)
        return TRUE;
    sort_held(runs);
    if (!write_held(runs, error))
        return FALSE;
    Run run = {.next = runs->written, .end = runs->written + runs->count};
    runs->written = run.end;
    runs->count = 0;
    g_array_append_val(runs->runs, run);
    return TRUE;
}

gboolean place_runs_add(PlaceRuns *runs, const Place *places, gsize count, GError **error)
{
    gboolean good = TRUE;
    g_mutex_lock(&runs->lock);
    while (good && count > 0) {
        gsize part = MIN(count, runs->capacity - runs->count);
        memcpy(runs->held + runs->count, places, part * sizeof places[0]);
        runs->count += part;
        places += part;
        count -= part;
        if (runs->count == runs->capacity)
            good = end_run(runs, error);
    }
    g_mutex_unlock(&runs->lock);
    return good;
}

static gboolean fill(PlaceRuns *runs, Run *run, GError **error)
{
    gsize bytes = MIN(RUN_BUFFER, run->end - run->next) * sizeof(Place), got = 0;
    while (got < bytes) {
        gssize done = pread(runs->file, (char *)run->buffer + got, bytes - got, (off_t)(run->next * sizeof(Place) + got));
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            galen_error_set_errno(error, done < 0 ? errno : EIO, "cannot read back sorted passages");
            return FALSE;
        }
        got += (gsize)done;
    }
    run->at = 0;
    run->count = bytes / sizeof(Place);
    run->next += run->count;
    return TRUE;
}

static Run *run_at(const PlaceRuns *runs, guint place)
{
    return &g_array_index(runs->runs, Run, runs->heap[place]);
}

static gboolean before(const PlaceRuns *runs, guint a, guint b)
{
    const Run *left = run_at(runs, a), *right = run_at(runs, b);
    return compare_places(&left->buffer[left->at], &right->buffer[right->at]) < 0;
}

static void sink(PlaceRuns *runs, guint place)
{
    for (;;) {
        guint lowest = place;
        for (guint child = 2 * place + 1; child <= 2 * place + 2 && child < runs->heap_count; child++) {
            if (before(runs, child, lowest))
                lowest = child;
        }
        if (lowest == place)
            return;
        guint swap = runs->heap[place];
        runs->heap[place] = runs->heap[lowest];
        runs->heap[lowest] = swap;
        place = lowest;
    }
}

gboolean place_runs_rewind(PlaceRuns *runs, GError **error)
{
    if (!end_run(runs, error))
        return FALSE;
    g_clear_pointer(&runs->held, g_free);
    g_clear_pointer(&runs->scratch, g_free);
    runs->heap = g_new(guint, runs->runs->len + 1);
    for (guint i = 0; i < runs->runs->len; i++) {
        Run *run = &g_array_index(runs->runs, Run, i);
        run->buffer = g_new(Place, RUN_BUFFER);
        if (!fill(runs, run, error))
            return FALSE;
        runs->heap[runs->heap_count++] = i;
    }
    for (guint place = runs->heap_count; place-- > 0;)
        sink(runs, place);
    return TRUE;
}

gboolean place_runs_next(PlaceRuns *runs, Place *place, GError **error)
{
    if (runs->heap_count == 0)
        return FALSE;
    Run *run = run_at(runs, 0);
    *place = run->buffer[run->at];
    if (++run->at == run->count) {
        if (run->next < run->end) {
            if (!fill(runs, run, error))
                return FALSE;
        } else {
            runs->heap[0] = runs->heap[--runs->heap_count];
        }
    }
    sink(runs, 0);
    return TRUE;
}
