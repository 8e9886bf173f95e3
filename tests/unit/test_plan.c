/* SPDX-License-Identifier: Apache-2.0
 * train/plan.h and train/pipeline_plan.h against numbers worked out by hand or published. */
#include "train/plan.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "train/engine.h"
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
    g_assert_cmpuint(memory->weights + memory->gradients + memory->master + memory->moments, ==, 18 * plan->parameters); /* no gaps */
    double kilobytes = (double)memory->activations[RECOMPUTE_SELECTIVE] / (2 * 4096 * 32) / 1e3;
    g_assert_cmpfloat(kilobytes, >, 93);
    g_assert_cmpfloat(kilobytes, <, 96);
    g_assert_cmpuint(memory->logits, ==, 1024 * (32000 * 2 + 5 * 4)); /* the head takes 1,024 rows at once */
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
    g_assert_cmpuint(stage->memory.master, ==, stage->elements * 4 / 2);
    g_assert_cmpuint(stage->memory.moments, ==, stage->elements * 8 / 2);
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

/* Counts what a model and its optimizer ask of the backend. */
static guint64 allocated;
static void *(*allocate_really)(Backend *backend, gsize bytes);

static void *allocate_and_count(Backend *backend, gsize bytes)
{
    allocated += bytes;
    return allocate_really(backend, bytes);
}

static Backend *counting_backend(void)
{
    Backend *backend = backend_cpu_new(1);
    allocated = 0;
    allocate_really = backend->allocate;
    backend->allocate = allocate_and_count;
    return backend;
}

/* Model and optimizer of the first rank of a tensor group, made without the other ranks. */
static guint64 allocate_stage(const Plan *plan, gsize stage)
{
    Backend *backend = counting_backend();
    Communicator data = {.size = (unsigned)plan->parallel.data};
    ModelPart part = {.tensor = (unsigned)plan->parallel.tensor, .pipeline_rank = (unsigned)stage, .pipeline = (unsigned)plan->parallel.pipeline,
                      .chunks = (unsigned)plan->parallel.interleave, .sequence = plan->parallel.sequence};
    ModelOptions options = {.use = MODEL_TRAIN, .max_rows = plan->micro_batch * plan->shape.context, .slots = plan->pipeline->alive[stage],
                            .recompute = plan->parallel.recompute, .shares = data.size};
    OptimizerRanks ranks = {.data = &data};
    Model *model = model_new(&plan->shape, &part, backend, &options, NULL);
    Optimizer *optimizer = optimizer_new(&(OptimizerSettings){0}, model, &ranks, plan->parallel.zero > 0, NULL);
    g_assert_nonnull(optimizer);
    optimizer_free(optimizer);
    model_free(model);
    backend->destroy(backend);
    return allocated;
}

static void test_memory_is_what_the_trainer_allocates(void)
{
    static const ParallelSettings layouts[] = {
        {.tensor = 1, .pipeline = 1, .interleave = 1},
        {.tensor = 1, .pipeline = 1, .interleave = 1, .recompute = RECOMPUTE_FULL},
        {.tensor = 2, .pipeline = 1, .interleave = 1, .sequence = TRUE, .recompute = RECOMPUTE_SELECTIVE},
        {.tensor = 2, .pipeline = 3, .data = 2, .interleave = 1, .zero = 1},
        {.tensor = 1, .pipeline = 2, .data = 3, .interleave = 3, .zero = 1, .recompute = RECOMPUTE_SELECTIVE},
        {.tensor = 4, .pipeline = 3, .data = 2, .interleave = 2, .sequence = TRUE, .recompute = RECOMPUTE_FULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(layouts); i++)
        for (int tied = 0; tied < 2; tied++) {
            TrainConfig config = config_of("tiny", 517);
            config.model.layers = 7;
            config.model.tied = tied;
            config.sequences = 36;
            config.parallel = layouts[i];
            g_autoptr(Plan) plan = plan_of(&config, PLAN_F32);
            guint64 rows = 2 * 256 * (3 + 2) * 4; /* of the engine, not the model */
            for (gsize stage = 0; stage < plan->parallel.pipeline; stage++)
                g_assert_cmpuint(plan_memory_total(&plan->stages[stage].memory, layouts[i].recompute) - rows, ==, allocate_stage(plan, stage));
        }
}

/* One rank's whole engine, by the backend's own count. */
static void test_the_engine_of_one_rank_allocates_the_plan(void)
{
    TrainConfig config = config_of("tiny", 300);
    config.parallel.data = 1;
    g_autoptr(Plan) plan = plan_of(&config, PLAN_F32);
    Backend *backend = counting_backend();
    EngineSettings settings = {.shape = config.model, .parallel = plan->parallel, .sequences = config.sequences, .micro_batch = config.micro_batch};
    Engine *engine = engine_new(&settings, backend, NULL, NULL);
    g_assert_nonnull(engine);
    g_assert_cmpuint(allocated, ==, plan_memory_total(&plan->stages[0].memory, RECOMPUTE_NONE));
    engine_free(engine);
    backend->destroy(backend);
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
    g_test_add_func("/plan/memory is what the trainer allocates", test_memory_is_what_the_trainer_allocates);
    g_test_add_func("/plan/the engine of one rank allocates the plan", test_the_engine_of_one_rank_allocates_the_plan);
    g_test_add_func("/plan/ranks that do not fit are refused", test_ranks_that_do_not_fit_are_refused);
    return g_test_run();
}
