/* SPDX-License-Identifier: Apache-2.0
 * dedup/key_runs.h - more keys than memory may hold, sorted in runs on disk and merged.
 *
 * Sequence: r = key_runs_new(folder, capacity, e); key_runs_add for each key, from any thread; key_runs_rewind; then
 * key_runs_take until it gives none; key_runs_free(r).
 * Up to `capacity` keys are held in memory; when so many have come they are sorted and written behind one another into
 * a file, which has no name from the start, so that nothing of it stays, however the process ends. key_runs_take gives
 * the keys by key, then index, as key_list_sort would, in lists of about `wanted` that never cut a bucket. Where no more than
 * `capacity` have come, nothing is written, and they come in one list.
 * Memory: 32 bytes for each of `capacity` keys while they are sorted; then RUN_BUFFER for each run and the list.
 */
#ifndef DEDUP_KEY_RUNS_H
#define DEDUP_KEY_RUNS_H

#include "dedup/bucket.h"

#define RUN_BUFFER 4096 /* keys of one run that are read at once */

typedef struct KeyRuns KeyRuns;

KeyRuns *key_runs_new(const char *folder, gsize capacity, GError **error);
void key_runs_free(KeyRuns *runs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyRuns, key_runs_free)
gboolean key_runs_add(KeyRuns *runs, guint64 key, guint32 index, GError **error);
gboolean key_runs_append(KeyRuns *runs, const KeyList *keys, GError **error);
gboolean key_runs_rewind(KeyRuns *runs, GError **error);
/* Replaces the list's keys; an empty list is the end. */
gboolean key_runs_take(KeyRuns *runs, gsize wanted, KeyList *list, GError **error);
guint key_runs_count(const KeyRuns *runs); /* runs on disk */

#endif
