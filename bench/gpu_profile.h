/* SPDX-License-Identifier: Apache-2.0
 * bench/gpu_profile.h - the time of each operation on a GPU, and of whatever is queued on a backend's stream.
 *
 * A profile is a backend over another: its operations are the other's, each between two events of the GPU while recording
 * is on, and nothing else when it is off. The GPU's clock is read, not the host's: launches cost their gaps, which are not
 * in any operation's time.
 *
 * Sequence: p = profile_new(backend); an engine over p; profile_record(p, TRUE); a step; profile_record(p, FALSE);
 * lines = profile_lines(p); g_array_unref; p->destroy(p), which leaves the other backend as it was.
 */
#ifndef BENCH_GPU_PROFILE_H
#define BENCH_GPU_PROFILE_H

#include "train/ops.h"

/* All calls of an operation with the same sizes. */
typedef struct ProfileLine {
    const char *operation;       /* of train/ops.h */
    gsize rows, inputs, outputs; /* of a product; else 0 */
    guint calls;
    double seconds; /* of all calls */
    double flops;   /* of all calls; 0 where they are not what counts */
} ProfileLine;

Backend *profile_new(Backend *backend);
/* Starting forgets what was recorded before. */
void profile_record(Backend *profile, gboolean on);
/* Waits for the GPU. Of ProfileLine, the slowest first. */
GArray *profile_lines(Backend *profile);

/* Seconds of the GPU for `run`, called `times` times in a row after one call that is not counted. */
double gpu_seconds(Backend *backend, void (*run)(Backend *backend, gpointer user), gpointer user, guint times);

/* Bytes of the GPU that nobody has, and that it has in all. */
gboolean gpu_memory(Backend *backend, gsize *free_bytes, gsize *total_bytes);

#endif
