/* SPDX-License-Identifier: Apache-2.0
 * galen train --dry-run: a run on paper; see cli/train.h. */
#include "cli/train.h"

#include <stdio.h>

#include "cli/command.h"
#include "store/shard.h"
#include "train/plan.h"

#define LLAMA2_VOCABULARY 32000
#define DRAWING_WIDTH 116

/* Fills the vocabulary. `assumed`: nobody named one. */
static gboolean find_vocabulary(TrainConfig *config, gboolean *assumed, GError **error)
{
    *assumed = !config->model.vocabulary && !config->store;
    if (*assumed)
        config->model.vocabulary = LLAMA2_VOCABULARY;
    if (!config->store)
        return TRUE;
    g_autoptr(Store) store = store_open(config->store, STORE_READ, error);
    g_autoptr(ShardReader) reader = store ? shard_reader_open(store, "train", error) : NULL;
    return reader && train_config_take_vocabulary(config, shard_reader_vocabulary(reader), error);
}

static void print_heading(const Plan *plan, gboolean assumed)
{
    const ParallelSettings *parallel = &plan->parallel;
    g_autofree char *parameters = format_count(plan->parameters), *tokens = format_count(plan->tokens_per_step);
    printf("model: %s parameters, vocabulary %" G_GSIZE_FORMAT "%s, context %" G_GSIZE_FORMAT "\n", parameters, plan->shape.vocabulary,
           assumed ? " (assumed: name model.vocabulary or a store)" : "", plan->shape.context);
    printf("ranks: %" G_GSIZE_FORMAT " = tensor %" G_GSIZE_FORMAT "%s x pipeline %" G_GSIZE_FORMAT " x data %" G_GSIZE_FORMAT
           "; interleave %" G_GSIZE_FORMAT ", zero %u, %s\n",
           plan->ranks, parallel->tensor, parallel->sequence ? " (sequences too)" : "", parallel->pipeline, parallel->data,
           parallel->interleave, parallel->zero, plan_precision_name(plan->precision));
    printf("step:  %s tokens in %" G_GSIZE_FORMAT " sequences; %" G_GSIZE_FORMAT " micro-batches of %" G_GSIZE_FORMAT
           " on each data rank; %.3g operations, %.3g on each rank\n",
           tokens, plan->sequences, plan->micro_batches, plan->micro_batch, plan->flops_per_step, plan->flops_per_step / (double)plan->ranks);
}

static void print_gigabytes(guint64 bytes, int width)
{
    printf(" %*.3f", width, (double)bytes / 1e9);
}

static void print_memory_row(const Plan *plan, gsize s)
{
    const PlanStage *stage = &plan->stages[s];
    const PlanMemory *memory = &stage->memory;
    printf("%5" G_GSIZE_FORMAT " %6" G_GSIZE_FORMAT " %14" G_GUINT64_FORMAT, s, stage->layers, stage->parameters);
    print_gigabytes(memory->weights, 8);
    print_gigabytes(memory->gradients, 9);
    print_gigabytes(memory->master, 8);
    print_gigabytes(memory->moments, 8);
    print_gigabytes(memory->activations[plan->parallel.recompute], 11);
    print_gigabytes(memory->logits, 7);
    print_gigabytes(memory->buffers, 8);
    print_gigabytes(plan_memory_total(memory, plan->parallel.recompute), 9);
    putchar('\n');
}

static void print_memory(const Plan *plan)
{
    printf("\nmemory of a rank, in GB (1e9 bytes), recompute %s:\n", recompute_name(plan->parallel.recompute));
    printf("%5s %6s %14s %8s %9s %8s %8s %11s %7s %8s %9s\n", "stage", "layers", "parameters", "weights", "gradients", "master", "moments",
           "activations", "logits", "buffers", "total");
    for (gsize s = 0; s < plan->parallel.pipeline; s++)
        print_memory_row(plan, s);
    printf("with recompute none, selective, full the largest would need");
    const PlanMemory *largest = &plan_largest_stage(plan)->memory;
    for (int r = 0; r < RECOMPUTE_COUNT; r++)
        printf("%s %.3f", r ? "," : "", (double)plan_memory_total(largest, (Recompute)r) / 1e9);
    putchar('\n');
}

static void print_traffic(const Plan *plan)
{
    printf("\nbytes that a rank sends in a step, in GB:\n%5s %10s %10s %10s %10s\n", "stage", "tensor", "pipeline", "data", "total");
    for (gsize s = 0; s < plan->parallel.pipeline; s++) {
        const PlanTraffic *traffic = &plan->stages[s].traffic;
        printf("%5" G_GSIZE_FORMAT, s);
        print_gigabytes(traffic->tensor, 10);
        print_gigabytes(traffic->pipeline, 10);
        print_gigabytes(traffic->data, 10);
        print_gigabytes(plan_traffic_total(traffic), 10);
        putchar('\n');
    }
}

static void print_pipeline(const Plan *plan)
{
    if (plan->parallel.pipeline == 1)
        return;
    printf("\nbubble: %.1f %% of the time of the pipeline's ranks\n", 100 * plan->pipeline->bubble);
    gsize micro_batches = 0;
    g_autofree char *drawing = plan_draw(plan, DRAWING_WIDTH, &micro_batches);
    if (!drawing) {
        printf("(too long to draw in %d columns)\n", DRAWING_WIDTH);
        return;
    }
    printf("%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " micro-batches, a line a stage: a letter is forward, a capital backward, a dot waits%s\n",
           micro_batches, plan->micro_batches, plan->parallel.interleave > 1 ? "; a letter comes once for each chunk" : "");
    fputs(drawing, stdout);
}

int train_plan(TrainConfig *config, int ranks, const char *precision_name, gboolean as_json)
{
    GError *error = NULL;
    gboolean assumed;
    PlanPrecision precision = PLAN_F32;
    if ((precision_name && !plan_precision_find(precision_name, &precision, &error)) || !find_vocabulary(config, &assumed, &error))
        return command_fail(error);
    g_autoptr(Plan) plan = plan_new(config, (gsize)MAX(ranks, 0), precision, &error);
    if (!plan)
        return command_fail(error);
    if (as_json) {
        print_json(plan_to_json(plan));
        return EXIT_GOOD;
    }
    print_heading(plan, assumed);
    print_memory(plan);
    print_traffic(plan);
    print_pipeline(plan);
    return EXIT_GOOD;
}
