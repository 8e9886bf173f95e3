/* SPDX-License-Identifier: Apache-2.0
 * Sorted runs of keys in a file, and their merge; see dedup/key_runs.h. */
#include "dedup/key_runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

typedef struct Run {
    guint64 next, end; /* keys of the file that are still to be read */
    KeyIndex *buffer;
    gsize at, count; /* in the buffer */
} Run;

struct KeyRuns {
    int file;
    gsize capacity;
    KeyList held;
    GArray *runs; /* of Run */
    guint64 written; /* keys */
    GMutex lock; /* while keys are added */
    guint *heap; /* runs with keys left, the one with the lowest key first */
    guint heap_count;
};

KeyRuns *key_runs_new(const char *folder, gsize capacity, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "keys-XXXXXX", NULL);
    int file = mkstemp(path);
    if (file < 0) {
        galen_error_set_errno(error, errno, "cannot make a file for sorting in %s", folder);
        return NULL;
    }
    unlink(path);
    KeyRuns *runs = g_new0(KeyRuns, 1);
    runs->file = file;
    runs->capacity = capacity;
    runs->runs = g_array_new(FALSE, TRUE, sizeof(Run));
    g_mutex_init(&runs->lock);
    key_list_reserve(&runs->held, capacity);
    return runs;
}

void key_runs_free(KeyRuns *runs)
{
    if (!runs)
        return;
    for (guint i = 0; i < runs->runs->len; i++)
        g_free(g_array_index(runs->runs, Run, i).buffer);
    g_array_unref(runs->runs);
    key_list_clear(&runs->held);
    g_mutex_clear(&runs->lock);
    g_free(runs->heap);
    close(runs->file);
    g_free(runs);
}

static gboolean write_keys(KeyRuns *runs, GError **error)
{
    const char *data = (const char *)runs->held.items;
    gsize left = runs->held.count * sizeof(KeyIndex);
    off_t place = (off_t)(runs->written * sizeof(KeyIndex));
    while (left > 0) {
        gssize done = pwrite(runs->file, data, left, place);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            galen_error_set_errno(error, done < 0 ? errno : ENOSPC, "cannot write sorted keys beside the store");
            return FALSE;
        }
        data += done;
        left -= (gsize)done;
        place += done;
    }
    return TRUE;
}

static gboolean end_run(KeyRuns *runs, GError **error)
{
    if (runs->held.count == 0)
        return TRUE;
    key_list_sort(&runs->held);
    if (!write_keys(runs, error))
        return FALSE;
    Run run = {.next = runs->written, .end = runs->written + runs->held.count};
    runs->written = run.end;
    runs->held.count = 0;
    g_array_append_val(runs->runs, run);
    return TRUE;
}

gboolean key_runs_add(KeyRuns *runs, guint64 key, guint32 index, GError **error)
{
    g_mutex_lock(&runs->lock);
    gboolean good = runs->held.count < runs->capacity || end_run(runs, error);
    if (good)
        key_list_add(&runs->held, key, index);
    g_mutex_unlock(&runs->lock);
    return good;
}

gboolean key_runs_append(KeyRuns *runs, const KeyList *keys, GError **error)
{
    for (gsize i = 0; i < keys->count; i++) {
        if (!key_runs_add(runs, keys->items[i].key, keys->items[i].index, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean fill(KeyRuns *runs, Run *run, GError **error)
{
    gsize bytes = MIN(RUN_BUFFER, run->end - run->next) * sizeof(KeyIndex), got = 0;
    while (got < bytes) {
        gssize done = pread(runs->file, (char *)run->buffer + got, bytes - got, (off_t)(run->next * sizeof(KeyIndex) + got));
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            galen_error_set_errno(error, done < 0 ? errno : EIO, "cannot read back sorted keys");
            return FALSE;
        }
        got += (gsize)done;
    }
    run->at = 0;
    run->count = bytes / sizeof(KeyIndex);
    run->next += run->count;
    return TRUE;
}

static Run *run_at(const KeyRuns *runs, guint place)
{
    return &g_array_index(runs->runs, Run, runs->heap[place]);
}

static gboolean before(const KeyRuns *runs, guint a, guint b)
{
    const Run *left = run_at(runs, a), *right = run_at(runs, b);
    const KeyIndex *x = &left->buffer[left->at], *y = &right->buffer[right->at];
    return x->key != y->key ? x->key < y->key : x->index < y->index;
}

static void sink(KeyRuns *runs, guint place)
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

gboolean key_runs_rewind(KeyRuns *runs, GError **error)
{
    if (runs->runs->len == 0) {
        key_list_sort(&runs->held);
        return TRUE;
    }
    if (!end_run(runs, error))
        return FALSE;
    key_list_clear(&runs->held);
    runs->heap = g_new(guint, runs->runs->len);
    for (guint i = 0; i < runs->runs->len; i++) {
        Run *run = &g_array_index(runs->runs, Run, i);
        run->buffer = g_new(KeyIndex, RUN_BUFFER);
        if (!fill(runs, run, error))
            return FALSE;
        runs->heap[runs->heap_count++] = i;
    }
    for (guint place = runs->heap_count; place-- > 0;)
        sink(runs, place);
    return TRUE;
}

/* Takes the lowest key away. */
static gboolean advance(KeyRuns *runs, GError **error)
{
    Run *run = run_at(runs, 0);
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

gboolean key_runs_take(KeyRuns *runs, gsize wanted, KeyList *list, GError **error)
{
    if (runs->runs->len == 0) {
        key_list_clear(list);
        *list = runs->held;
        runs->held = (KeyList){0};
        return TRUE;
    }
    list->count = 0;
    while (runs->heap_count > 0) {
        const Run *run = run_at(runs, 0);
        KeyIndex lowest = run->buffer[run->at];
        if (list->count >= wanted && list->items[list->count - 1].key != lowest.key)
            return TRUE;
        key_list_add(list, lowest.key, lowest.index);
        if (!advance(runs, error))
            return FALSE;
    }
    return TRUE;
}

guint key_runs_count(const KeyRuns *runs)
{
    return runs->runs->len;
}
