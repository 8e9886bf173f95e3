/* SPDX-License-Identifier: Apache-2.0
 * train/plan.h and train/pipeline_plan.h against numbers worked out by hand or published. */
#include "train/plan.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "train/flops.h"
#include "train/presets.h"

static TrainConfig config_of(const char *preset, gsize vocabulary)
{
    TrainConfig config = {
        .model = train_preset_find(preset, NULL)->shape,
        .parallel = {.tensor = 1, .pipeline = 1, .interleave = 1},
        .sequences = 8,
        .micro_batch = 2,
    };
    config.model.vocabulary = vocabulary;
    return config;
}

static Plan *plan_of(const TrainConfig *config, PlanPrecision precision)
{
    g_autoptr(GError) error = NULL;
    Plan *plan = plan_new(config, 0, precision, &error);
    g_assert_no_error(error);
    return plan;
}

static void test_a_pipeline_of_two_is_drawn_as_on_paper(void)
{
    g_autoptr(PipelinePlan) plan = pipeline_plan_new(2, 3, 1, 2);
    g_autofree char *drawing = pipeline_plan_draw(plan);
    g_assert_cmpstr(drawing, ==, "ab..AAcBB.CC\n"
                                 ".aAAbBBcCC..\n");
}

static void test_the_bubble_is_that_of_the_formula(void)
{
    static const gsize cases[][3] = {{1, 4, 1}, {2, 3, 1}, {4, 8, 1}, {8, 128, 1}, {4, 2, 1}, {2, 4, 2}, {4, 8, 2}, {4, 16, 5}, {8, 32, 4}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        double p = (double)cases[i][0], m = (double)cases[i][1], v = (double)cases[i][2];
        g_autoptr(PipelinePlan) plan = pipeline_plan_new(cases[i][0], cases[i][1], cases[i][2], 2);
        g_assert_cmpfloat(fabs(plan->bubble - (p - 1) / (v * m + p - 1)), <, 1e-12);
    }
}

static void test_a_stage_keeps_as_many_micro_batches_as_are_behind_it(void)
{
    g_autoptr(PipelinePlan) plain = pipeline_plan_new(4, 8, 1, 2), few = pipeline_plan_new(4, 2, 1, 2),
                            chunks = pipeline_plan_new(4, 8, 2, 2);
    for (gsize rank = 0; rank < 4; rank++) {
        g_assert_cmpuint(plain->alive[rank], ==, 4 - rank);
        g_assert_cmpuint(few->alive[rank], ==, MIN(4 - rank, 2));
        g_assert_cmpuint(chunks->alive[rank], ==, 2 * (3 - rank) + 4 + 1);
    }
}

/* Tasks of a rank never overlap, and each forward and backward of each chunk is there once. */
static void test_every_task_is_done_once(void)
{
    g_autoptr(PipelinePlan) plan = pipeline_plan_new(3, 6, 2, 3);
    gsize count = 2 * 6 * 2;
    for (gsize rank = 0; rank < 3; rank++) {
        guint seen[2][6][2] = {0};
        for (gsize i = 0; i < count; i++) {
            const PipelineTask *task = &plan->tasks[rank * count + i];
            seen[task->backward][task->micro_batch][task->chunk]++;
            g_assert_true(task->end > task->begin && (i == 0 || task->begin >= task[-1].end));
        }
        for (gsize i = 0; i < count; i++)
            g_assert_cmpuint((&seen[0][0][0])[i], ==, 1);
    }
}

/* 18 bytes a parameter, and 93 kB a token and layer where norms and SwiGLU are computed again: what bfloat16 with float32
 * masters comes to for Llama 2 7B. */
static void test_a_rank_alone_needs_eighteen_bytes_a_parameter(void)
{
    TrainConfig config = config_of("llama2-7b", 32000);
    g_autoptr(Plan) plan = plan_of(&config, PLAN_BF16);
    const PlanMemory *memory = &plan->stages[0].memory;
    g_assert_cmpuint(plan->parameters, ==, G_GUINT64_CONSTANT(6738415616));
    g_assert_cmpuint(plan->stages[0].parameters, ==, plan->parameters);
    g_assert_cmpuint(memory->weights + memory->gradients + memory->master + memory->moments, ==, 18 * plan->parameters);
    double kilobytes = (double)memory->activations[RECOMPUTE_SELECTIVE] / (2 * 4096 * 32) / 1e3;
    g_assert_cmpfloat(kilobytes, >, 93);
    g_assert_cmpfloat(kilobytes, <, 96);
    g_assert_cmpuint(memory->logits, ==, 2 * 4096 * (32000 * 2 + 4));
    g_autoptr(Plan) single = plan_of(&config, PLAN_F32);
    memory = &single->stages[0].memory;
    g_assert_cmpuint(memory->weights + memory->gradients + memory->master + memory->moments, ==, 16 * plan->parameters);
}

static void test_recomputation_saves_and_the_input_of_each_layer_stays(void)
{
    TrainConfig config = config_of("llama2-7b", 32000);
    g_autoptr(Plan) plan = plan_of(&config, PLAN_BF16);
    const guint64 *bytes = plan->stages[0].memory.activations;
    guint64 input = (guint64)2 * 4096 * 4096 * 2;
    g_assert_cmpuint(bytes[RECOMPUTE_NONE], >, bytes[RECOMPUTE_SELECTIVE]);
    g_assert_cmpuint(bytes[RECOMPUTE_SELECTIVE], >, bytes[RECOMPUTE_FULL]);
    g_assert_cmpuint(bytes[RECOMPUTE_FULL], >, 32 * input);
    g_assert_cmpuint(bytes[RECOMPUTE_FULL], <, 32 * input + 20 * input);
}

/* The ranks of a tensor group have the matrices once between them, and the norms each. */
static void test_the_ranks_hold_the_model_between_them(void)
{
    TrainConfig config = config_of("llama2-70b", 32128);
    config.parallel = (ParallelSettings){.tensor = 8, .pipeline = 8, .data = 2, .sequence = TRUE, .interleave = 1, .zero = 1};
    config.sequences = 512;
    g_autoptr(Plan) plan = plan_of(&config, PLAN_BF16);
    guint64 sum = 0;
    for (gsize s = 0; s < 8; s++)
        sum += 8 * plan->stages[s].parameters;
    g_assert_cmpuint(plan->ranks, ==, 128);
    g_assert_cmpuint(sum, ==, plan->parameters + 7 * (2 * 80 + 1) * 8192);
    const PlanStage *stage = &plan->stages[3];
    g_assert_cmpuint(stage->memory.master, ==, stage->parameters * 4 / 2);
    g_assert_cmpuint(stage->memory.moments, ==, stage->parameters * 8 / 2);
    g_assert_cmpuint(stage->memory.logits, ==, 0);
    g_assert_true(plan_largest_stage(plan) == &plan->stages[0]);
}

/* Two ranks: an all-reduce sends as many bytes as the array has, a gather half of it. */
static void test_traffic_between_two_ranks_is_counted(void)
{
    TrainConfig config = config_of("tiny", 512);
    guint64 stream = 2 * 256 * 128 * 4, parameters;
    config.parallel.data = 2;
    g_autoptr(Plan) data = plan_of(&config, PLAN_F32);
    parameters = data->parameters;
    g_assert_cmpuint(data->stages[0].traffic.data, ==, parameters * 4);
    g_assert_cmpuint(data->stages[0].traffic.tensor + data->stages[0].traffic.pipeline, ==, 0);
    config.parallel = (ParallelSettings){.tensor = 2, .pipeline = 1, .interleave = 1};
    g_autoptr(Plan) tensor = plan_of(&config, PLAN_F32);
    guint64 softmax = 3 * 2 * 256 * 4;
    g_assert_cmpuint(tensor->stages[0].traffic.tensor, ==, 4 * (4 * 8 * stream / 2 + 4 * stream / 2 + softmax));
    config.parallel = (ParallelSettings){.tensor = 1, .pipeline = 2, .interleave = 1};
    g_autoptr(Plan) pipeline = plan_of(&config, PLAN_F32);
    g_assert_cmpuint(pipeline->stages[0].traffic.pipeline, ==, 4 * stream);
    g_assert_cmpuint(pipeline->stages[1].traffic.pipeline, ==, 4 * stream);
}

/* MEDITRON's 40,200 tokens a second on 128 GPUs of 312 teraflops are 43.1 % by Megatron's count. */
static void test_operations_of_a_token_are_megatrons(void)
{
    TrainConfig config = config_of("llama2-70b", 32000);
    double share = 40200 * flops_per_token(&config.model) / (128 * 312e12);
    g_assert_cmpfloat(fabs(share - 0.431), <, 0.001);
    g_assert_cmpfloat(flops_6n(&config.model), ==, 6.0 * 68976648192.0);
}

static void test_ranks_that_do_not_fit_are_refused(void)
{
    TrainConfig config = config_of("llama2-7b", 32000);
    config.parallel.tensor = 4;
    g_autoptr(GError) error = NULL;
    g_assert_null(plan_new(&config, 6, PLAN_F32, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "a multiple of 4"));
    g_autoptr(Plan) plan = plan_new(&config, 8, PLAN_F32, NULL);
    g_assert_cmpuint(plan->parallel.data, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/a pipeline of two is drawn as on paper", test_a_pipeline_of_two_is_drawn_as_on_paper);
    g_test_add_func("/plan/the bubble is that of the formula", test_the_bubble_is_that_of_the_formula);
    g_test_add_func("/plan/a stage keeps as many micro-batches as are behind it", test_a_stage_keeps_as_many_micro_batches_as_are_behind_it);
    g_test_add_func("/plan/every task is done once", test_every_task_is_done_once);
    g_test_add_func("/plan/a rank alone needs eighteen bytes a parameter", test_a_rank_alone_needs_eighteen_bytes_a_parameter);
    g_test_add_func("/plan/recomputation saves and the input of each layer stays", test_recomputation_saves_and_the_input_of_each_layer_stays);
    g_test_add_func("/plan/the ranks hold the model between them", test_the_ranks_hold_the_model_between_them);
    g_test_add_func("/plan/traffic between two ranks is counted", test_traffic_between_two_ranks_is_counted);
    g_test_add_func("/plan/operations of a token are Megatron's", test_operations_of_a_token_are_megatrons);
    g_test_add_func("/plan/ranks that do not fit are refused", test_ranks_that_do_not_fit_are_refused);
    return g_test_run();
}
