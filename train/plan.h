/* SPDX-License-Identifier: Apache-2.0
 * train/plan.h - what a run will need, on paper: memory of each rank, bytes between ranks, the pipeline's bubble.
 *
 * Nothing is allocated and no tokens are read, so a model of 70 billion parameters on 128 GPUs is planned on a laptop.
 * Memory is what the trainer asks a backend for, to the byte: the plan asks the same tables (train/parameters.h,
 * train/activations.h, train/pipeline_schedule.h). Memory of libraries, of the allocator's gaps, of a backend's own scratch
 * and of code is not in it. Bytes between ranks are counted for rings: an all-reduce of S bytes over n ranks sends
 * 2 (n - 1) / n S from each, a gather or a scatter half of that.
 *
 * Sequence: p = plan_new(config, ranks, precision, e); look, or plan_to_json; plan_free.
 */
#ifndef TRAIN_PLAN_H
#define TRAIN_PLAN_H

#include "train/config.h"
#include "train/pipeline_plan.h"

/* F32: weights are their own masters. BF16: weights and activations in bfloat16; masters, gradients, moments in float32. */
typedef enum { PLAN_F32, PLAN_BF16 } PlanPrecision;

/* Bytes on one rank. Only activations depend on recomputation. */
typedef struct PlanMemory {
    guint64 weights, gradients, master, moments;
    guint64 activations[RECOMPUTE_COUNT];
    guint64 logits;  /* of the rows that the head works on at once */
    guint64 buffers; /* of backward and of messages, rotations, ids, losses */
} PlanMemory;

/* Bytes that one rank sends in a step. */
typedef struct PlanTraffic {
    guint64 tensor, pipeline, data;
} PlanTraffic;

/* The ranks of one place in the pipeline, which are alike. */
typedef struct PlanStage {
    gsize layers;
    guint64 parameters; /* on the first rank of a tensor group */
    guint64 elements;   /* of its arrays, gaps included */
    PlanMemory memory;
    PlanTraffic traffic;
} PlanStage;

typedef struct Plan {
    ModelShape shape;
    ParallelSettings parallel; /* resolved */
    PlanPrecision precision;
    gsize ranks, sequences, micro_batch, micro_batches;
    guint64 parameters;      /* of the model */
    guint64 tokens_per_step;
    double flops_per_step;   /* of the model, by Megatron's count */
    PlanStage *stages;       /* [parallel.pipeline] */
    PipelinePlan *pipeline;
} Plan;

/* The vocabulary must be known. `ranks` 0: as many as the layout asks for. */
Plan *plan_new(const TrainConfig *config, gsize ranks, PlanPrecision precision, GError **error);
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

guint64 plan_memory_total(const PlanMemory *memory, Recompute recompute);
guint64 plan_traffic_total(const PlanTraffic *traffic);
const char *plan_precision_name(PlanPrecision precision);
gboolean plan_precision_find(const char *name, PlanPrecision *precision, GError **error);
/* The stage that needs most memory with its recomputation. */
const PlanStage *plan_largest_stage(const Plan *plan);
/* The pipeline's step as text of at most `width` columns (train/pipeline_plan.h), for as many micro-batches as fit, which go to
 * *micro_batches; NULL where not even the fewest fit. g_free. */
char *plan_draw(const Plan *plan, gsize width, gsize *micro_batches);
json_t *plan_to_json(const Plan *plan);

#endif
