/* SPDX-License-Identifier: Apache-2.0
 * Memory, traffic and waiting of a run, on paper; see train/plan.h. */
#include "train/plan.h"

#include "base/error.h"
#include "train/activations.h"
#include "train/flops.h"

#define WIDE 4 /* bytes of gradients, masters, moments and the like */
#define PLAYED_LIMIT ((gsize)1 << 22) /* tasks of a pipeline that are still played */

static gsize real_bytes(const Plan *plan)
{
    return plan->precision == PLAN_BF16 ? 2 : WIDE;
}

static gsize rows_of(const Plan *plan)
{
    return plan->micro_batch * plan->shape.context;
}

/* Of hidden states on one rank, in a micro-batch. */
static guint64 message_bytes(const Plan *plan)
{
    gsize rows = plan->parallel.sequence ? rows_of(plan) / plan->parallel.tensor : rows_of(plan);
    return rows * plan->shape.hidden * real_bytes(plan);
}

static ModelPart part_of(const Plan *plan, gsize stage)
{
    const ParallelSettings *parallel = &plan->parallel;
    return (ModelPart){
        .tensor = (unsigned)parallel->tensor,
        .pipeline_rank = (unsigned)stage,
        .pipeline = (unsigned)parallel->pipeline,
        .chunks = (unsigned)parallel->interleave,
        .sequence = parallel->sequence && parallel->tensor > 1,
    };
}

static gsize count_layers(const Plan *plan, const ModelPart *part)
{
    gsize layers = 0;
    for (unsigned chunk = 0; chunk < part->chunks; chunk++)
        layers += model_part_layers(part, &plan->shape, chunk).count;
    return layers;
}

static guint64 count_parameters(const ParameterTable *table)
{
    guint64 parameters = 0;
    for (gsize t = 0; t < table->count; t++)
        parameters += parameter_tensor_elements(&table->tensors[t]);
    return parameters;
}

/* Rotations; ids, targets, positions, weights and losses of a micro-batch: what train/engine.c keeps beside the model. */
static guint64 small_buffers(const Plan *plan)
{
    return plan->shape.context * model_shape_head_size(&plan->shape) * WIDE + rows_of(plan) * (3 * sizeof(guint32) + 2 * WIDE);
}

static PlanMemory memory_of(const Plan *plan, gsize stage, const ModelPart *part, ParameterTable *table)
{
    gboolean sharded = plan->parallel.zero && plan->parallel.data > 1;
    guint64 state = sharded ? parameter_table_share_elements(table) : table->elements;
    ModelOptions options = {.use = MODEL_TRAIN, .max_rows = rows_of(plan), .slots = plan->pipeline->alive[stage]};
    PlanMemory memory = {
        .weights = table->elements * real_bytes(plan),
        .gradients = table->gradient_elements * WIDE,
        .master = plan->precision == PLAN_BF16 ? state * WIDE : 0,
        .moments = state * 2 * WIDE,
    };
    for (int r = 0; r < RECOMPUTE_COUNT; r++) {
        options.recompute = (Recompute)r;
        ActivationBytes bytes = activations_measure(&plan->shape, part, &options, table, real_bytes(plan));
        memory.activations[r] = bytes.kept;
        memory.logits = bytes.head;
        memory.buffers = bytes.scratch + small_buffers(plan);
    }
    return memory;
}

/* What one rank sends for `bytes` over a ring of n; an all-reduce is two of these. */
static double ring(double bytes, gsize n)
{
    return bytes * (double)(n - 1) / (double)n;
}

/* Each layer: two gathers and two scatters forward, or two sums, which are the same; two scatters and, with sequence
 * parallelism, four gathers backward. Where all is computed again a sum comes again, or a gather, a scatter and a gather.
 * The ends: embedding, the head's input, softmax. Sequence parallelism adds up the gradients of norms once a step. */
static guint64 tensor_traffic(const Plan *plan, gsize stage)
{
    gsize tensor = plan->parallel.tensor, layers = plan->stages[stage].layers, hidden = plan->shape.hidden;
    gboolean sequence = plan->parallel.sequence, last = stage + 1 == plan->parallel.pipeline;
    double message = ring((double)(rows_of(plan) * hidden * real_bytes(plan)), tensor);
    double softmax = 2 * ring((double)(3 * rows_of(plan) * WIDE), tensor);
    double norms = 2 * ring((double)((2 * layers + (last ? 1 : 0)) * hidden * WIDE), tensor);
    unsigned again = plan->parallel.recompute == RECOMPUTE_FULL ? (sequence ? 3 : 2) : 0;
    double sent = (double)layers * ((sequence ? 10 : 8) + again) * message;
    sent += stage == 0 ? 2 * message : 0;
    sent += last ? 2 * message + softmax : 0;
    return (guint64)(sent * (double)plan->micro_batches + (sequence ? norms : 0));
}

static guint64 pipeline_traffic(const Plan *plan, gsize stage)
{
    gsize ends = (stage == 0 ? 1 : 0) + (stage + 1 == plan->parallel.pipeline ? 1 : 0);
    guint64 messages = plan->micro_batches * (2 * plan->parallel.interleave - ends);
    return plan->parallel.pipeline > 1 ? messages * message_bytes(plan) : 0;
}

/* Gradients are reduced once a step; with ZeRO-1 the new weights come back instead of the gradients. */
static guint64 data_traffic(const Plan *plan, gsize stage)
{
    guint64 back = plan->parallel.zero ? real_bytes(plan) : WIDE;
    return (guint64)ring((double)(plan->stages[stage].elements * (WIDE + back)), plan->parallel.data);
}

static void fill_stage(Plan *plan, gsize number)
{
    PlanStage *stage = &plan->stages[number];
    ModelPart part = part_of(plan, number);
    g_autoptr(ParameterTable) table = parameter_table_new(&plan->shape, &part, (unsigned)plan->parallel.data);
    stage->layers = count_layers(plan, &part);
    stage->parameters = count_parameters(table);
    stage->elements = table->elements;
    stage->memory = memory_of(plan, number, &part, table);
    stage->traffic = (PlanTraffic){
        .tensor = tensor_traffic(plan, number),
        .pipeline = pipeline_traffic(plan, number),
        .data = data_traffic(plan, number),
    };
}

static gboolean check_playable(const Plan *plan, GError **error)
{
    if (plan->micro_batches * plan->parallel.interleave * plan->parallel.pipeline <= PLAYED_LIMIT)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "%" G_GSIZE_FORMAT " micro-batches in a step of %" G_GSIZE_FORMAT
                " pipeline ranks are too many to plan; make batch.micro_batch larger",
                plan->micro_batches, plan->parallel.pipeline);
    return FALSE;
}

Plan *plan_new(const TrainConfig *config, gsize ranks, PlanPrecision precision, GError **error)
{
    g_autoptr(Plan) plan = g_new0(Plan, 1);
    *plan = (Plan){
        .shape = config->model,
        .parallel = config->parallel,
        .precision = precision,
        .sequences = config->sequences,
        .micro_batch = config->micro_batch,
        .tokens_per_step = config->sequences * config->model.context,
    };
    plan->ranks = ranks ? ranks : plan->parallel.tensor * plan->parallel.pipeline * MAX(plan->parallel.data, 1);
    if (!model_shape_check(&plan->shape, error) ||
        !parallel_resolve(&plan->parallel, &plan->shape, plan->sequences, plan->micro_batch, plan->ranks, error))
        return NULL;
    plan->parameters = model_shape_parameters(&plan->shape);
    plan->flops_per_step = flops_per_token(&plan->shape) * (double)plan->tokens_per_step;
    plan->micro_batches = parallel_micro_batches(&plan->parallel, plan->sequences, plan->micro_batch);
    if (!check_playable(plan, error))
        return NULL;
    plan->pipeline = pipeline_plan_new(plan->parallel.pipeline, plan->micro_batches, plan->parallel.interleave,
                                       plan->parallel.recompute == RECOMPUTE_FULL ? 3 : 2);
    plan->stages = g_new0(PlanStage, plan->parallel.pipeline);
    for (gsize stage = 0; stage < plan->parallel.pipeline; stage++)
        fill_stage(plan, stage);
    return g_steal_pointer(&plan);
}

void plan_free(Plan *plan)
{
    if (!plan)
        return;
    pipeline_plan_free(plan->pipeline);
    g_free(plan->stages);
    g_free(plan);
}

guint64 plan_memory_total(const PlanMemory *memory, Recompute recompute)
{
    return memory->weights + memory->gradients + memory->master + memory->moments + memory->activations[recompute] +
           memory->logits + memory->buffers;
}

guint64 plan_traffic_total(const PlanTraffic *traffic)
{
    return traffic->tensor + traffic->pipeline + traffic->data;
}

const PlanStage *plan_largest_stage(const Plan *plan)
{
    const PlanStage *largest = &plan->stages[0];
    for (gsize s = 1; s < plan->parallel.pipeline; s++)
        if (plan_memory_total(&plan->stages[s].memory, plan->parallel.recompute) >
            plan_memory_total(&largest->memory, plan->parallel.recompute))
            largest = &plan->stages[s];
    return largest;
}

char *plan_draw(const Plan *plan, gsize width, gsize *micro_batches)
{
    gsize unit = plan->parallel.interleave > 1 ? plan->parallel.pipeline : 1;
    for (gsize count = MIN(plan->micro_batches, 26) / unit * unit; count; count -= unit) {
        g_autoptr(PipelinePlan) small = pipeline_plan_new(plan->parallel.pipeline, count, plan->parallel.interleave,
                                                          plan->parallel.recompute == RECOMPUTE_FULL ? 3 : 2);
        *micro_batches = count;
        if (small->units <= width)
            return pipeline_plan_draw(small);
    }
    return NULL;
}

static const char *const precision_names[] = {"f32", "bf16"};

const char *plan_precision_name(PlanPrecision precision)
{
    return precision_names[precision];
}

gboolean plan_precision_find(const char *name, PlanPrecision *precision, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(precision_names); i++)
        if (g_str_equal(name, precision_names[i])) {
            *precision = (PlanPrecision)i;
            return TRUE;
        }
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "there is no precision \"%s\"; use f32 or bf16", name);
    return FALSE;
}

static json_t *memory_to_json(const PlanMemory *memory, Recompute recompute)
{
    json_t *activations = json_object();
    for (int r = 0; r < RECOMPUTE_COUNT; r++)
        json_object_set_new(activations, recompute_name((Recompute)r), json_integer((json_int_t)memory->activations[r]));
    return json_pack("{s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I}", "weights", (json_int_t)memory->weights, "gradients",
                     (json_int_t)memory->gradients, "master", (json_int_t)memory->master, "moments",
                     (json_int_t)memory->moments, "activations", activations, "logits", (json_int_t)memory->logits,
                     "buffers", (json_int_t)memory->buffers, "total", (json_int_t)plan_memory_total(memory, recompute));
}

static json_t *stages_to_json(const Plan *plan)
{
    json_t *stages = json_array();
    for (gsize s = 0; s < plan->parallel.pipeline; s++) {
        const PlanStage *stage = &plan->stages[s];
        json_array_append_new(
            stages, json_pack("{s:I, s:I, s:o, s:{s:I, s:I, s:I}}", "layers", (json_int_t)stage->layers, "parameters",
                              (json_int_t)stage->parameters, "memory_bytes",
                              memory_to_json(&stage->memory, plan->parallel.recompute), "sent_bytes", "tensor",
                              (json_int_t)stage->traffic.tensor, "pipeline", (json_int_t)stage->traffic.pipeline, "data",
                              (json_int_t)stage->traffic.data));
    }
    return stages;
}

json_t *plan_to_json(const Plan *plan)
{
    const ParallelSettings *parallel = &plan->parallel;
    return json_pack("{s:I, s:I, s:s, s:I, s:{s:I, s:I, s:I, s:b, s:I, s:i, s:s}, s:I, s:I, s:I, s:f, s:f, s:o}",
                     "parameters", (json_int_t)plan->parameters, "vocabulary", (json_int_t)plan->shape.vocabulary,
                     "precision", plan_precision_name(plan->precision), "ranks", (json_int_t)plan->ranks, "parallel",
                     "tensor", (json_int_t)parallel->tensor, "pipeline", (json_int_t)parallel->pipeline, "data",
                     (json_int_t)parallel->data, "sequence", (int)parallel->sequence, "interleave",
                     (json_int_t)parallel->interleave, "zero", (int)parallel->zero, "recompute",
                     recompute_name(parallel->recompute), "tokens_per_step", (json_int_t)plan->tokens_per_step,
                     "micro_batch", (json_int_t)plan->micro_batch, "micro_batches", (json_int_t)plan->micro_batches,
                     "flops_per_step", plan->flops_per_step, "bubble", plan->pipeline->bubble, "stages",
                     stages_to_json(plan));
}
