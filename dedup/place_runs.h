/* SPDX-License-Identifier: Apache-2.0
 * dedup/place_runs.h - more records than memory holds, sorted in runs on disk and merged.
 *
 * What dedup/key_runs.h does for keys of documents, for records of three numbers: they come back sorted by key, then extra,
 * then value, one at a time.
 *
 * Sequence: r = place_runs_new(folder, memory, e); place_runs_add with arrays of them, from any thread; place_runs_rewind; then
 * place_runs_next until FALSE; place_runs_free(r). The file has no name, so nothing of it stays, however the process ends.
 * Memory: `memory` bytes while records are added, at least PLACE_RUNS_LEAST; then a buffer for each run.
 */
#ifndef DEDUP_PLACE_RUNS_H
#define DEDUP_PLACE_RUNS_H

#include "dedup/radix_sort.h"

#define PLACE_RUNS_LEAST ((guint64)64 << 10)

typedef struct PlaceRuns PlaceRuns;

PlaceRuns *place_runs_new(const char *folder, guint64 memory, GError **error);
void place_runs_free(PlaceRuns *runs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlaceRuns, place_runs_free)
gboolean place_runs_add(PlaceRuns *runs, const Place *places, gsize count, GError **error);
gboolean place_runs_rewind(PlaceRuns *runs, GError **error);
/* FALSE without error: the end. */
gboolean place_runs_next(PlaceRuns *runs, Place *place, GError **error);

#endif
