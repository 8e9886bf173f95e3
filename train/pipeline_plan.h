/* SPDX-License-Identifier: Apache-2.0
 * train/pipeline_plan.h - a step of a pipeline before it is run: who computes what when, and who waits.
 *
 * Plays train/pipeline_schedule.h, by which the trainer works: each rank has a fixed order of tasks, and a task begins when
 * its rank is free and its input is there. Forward of a chunk takes one unit, backward two, and one more where all is computed again.
 * Sending takes no time. Nothing here depends on the model.
 */
#ifndef TRAIN_PIPELINE_PLAN_H
#define TRAIN_PIPELINE_PLAN_H

#include <glib.h>

typedef struct PipelineTask {
    gsize micro_batch;
    gsize chunk; /* of the rank's own chunks */
    gboolean backward;
    guint64 begin, end; /* in units */
} PipelineTask;

typedef struct PipelinePlan {
    gsize ranks, micro_batches, chunks;
    PipelineTask *tasks; /* [ranks, 2 * micro_batches * chunks], in the order of their rank */
    gsize *alive;        /* [ranks]: most forwards of chunks whose backward is yet to come */
    guint64 units;       /* until the last task ends */
    double bubble;       /* the share of all ranks' time in which they wait */
} PipelinePlan;

/* `micro_batches` must be a multiple of `ranks` where `chunks` is above 1. `backward` in units, 2 or 3. */
PipelinePlan *pipeline_plan_new(gsize ranks, gsize micro_batches, gsize chunks, unsigned backward);
void pipeline_plan_free(PipelinePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PipelinePlan, pipeline_plan_free)

/* One line a rank, one character a unit: a, b, c... for the forward of micro-batch 1, 2, 3..., capitals for its backward,
 * a dot for waiting. At most 26 micro-batches. g_free. */
char *pipeline_plan_draw(const PipelinePlan *plan);

#endif
