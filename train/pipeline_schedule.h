/* SPDX-License-Identifier: Apache-2.0
 * train/pipeline_schedule.h - in which order a pipeline rank takes its micro-batches, forward and backward.
 *
 * One forward, one backward (1F1B: Narayanan et al. 2019, 2021): after as many forwards as it takes to fill the ranks behind,
 * forward and backward alternate, so that no more than `ranks` - `rank` micro-batches are under way; the bubble is
 * (ranks - 1) / micro_batches of the work. With chunks v > 1 (interleaved; Narayanan et al. 2021) forwards go through groups
 * of `ranks` micro-batches, chunk by chunk, and backwards through the same groups, last chunk first; the bubble is v times
 * smaller, and micro_batches must be a multiple of `ranks`.
 *
 * Micro-batches of a chunk go backward in ascending order in every schedule, one rank's included: sums of gradients have one
 * order. A pure function: plans, the trainer and tests use the same one.
 */
#ifndef TRAIN_PIPELINE_SCHEDULE_H
#define TRAIN_PIPELINE_SCHEDULE_H

#include <glib.h>

typedef enum { PASS_FORWARD, PASS_BACKWARD } PassDirection;

typedef struct Pass {
    PassDirection direction;
    unsigned chunk;
    gsize micro_batch;
} Pass;

/* An array of Pass. Without `backward` only forwards, for an evaluation. */
GArray *pipeline_schedule(unsigned ranks, unsigned rank, unsigned chunks, gsize micro_batches, gboolean backward);
/* How many micro-batches are between their forward and their backward at once, at most; over all chunks. */
gsize pipeline_schedule_slots(const GArray *passes);

#endif
