/* SPDX-License-Identifier: Apache-2.0
 * Memory, traffic and waiting of a run, on paper; see train/plan.h. */
#include "train/plan.h"

#include "base/error.h"
#include "train/flops.h"

#define WIDE 4 /* bytes of gradients, masters, moments and the like */
#define PLAYED_LIMIT ((gsize)1 << 22) /* tasks of a pipeline that are still played */

/* What one rank computes with, for the formulas below. */
typedef struct Local {
    guint64 rows;   /* of a micro-batch */
    guint64 shared; /* of these, those on which norms and the residual stream are here */
    guint64 hidden, qkv, attention, inner, heads, vocabulary; /* widths, of which those that are split are shares */
    guint64 real;   /* bytes of a weight and an activation */
} Local;

static Local local_of(const Plan *plan)
{
    const ModelShape *shape = &plan->shape;
    guint64 tensor = plan->parallel.tensor, rows = plan->micro_batch * shape->context;
    return (Local){
        .rows = rows,
        .shared = plan->parallel.sequence ? rows / tensor : rows,
        .hidden = shape->hidden,
        .qkv = model_shape_qkv_width(shape) / tensor,
        .attention = shape->hidden / tensor,
        .inner = shape->intermediate / tensor,
        .heads = shape->heads / tensor,
        .vocabulary = shape->vocabulary / tensor,
        .real = plan->precision == PLAN_BF16 ? 2 : 4,
    };
}

static guint64 stage_parameters(const Plan *plan, const Local *local, gsize stage, gsize layers)
{
    guint64 hidden = local->hidden, table = local->vocabulary * hidden;
    guint64 layer = hidden * (local->qkv + local->attention + 3 * local->inner) + 2 * hidden;
    gboolean first = stage == 0, last = stage + 1 == plan->parallel.pipeline;
    guint64 tables = (first ? 1 : 0) + (last && !(first && plan->shape.tied) ? 1 : 0);
    return layers * layer + tables * table + (last ? hidden : 0);
}

/* Of one layer and one micro-batch: the inputs of norms, products and SwiGLU that backward wants to see again. */
static guint64 kept_by_layer(const Local *local, Recompute recompute)
{
    guint64 stream = local->shared * local->hidden * local->real;
    if (recompute == RECOMPUTE_FULL)
        return stream;
    guint64 kept = 2 * stream + local->rows * (local->qkv + local->attention + 2 * local->inner) * local->real +
                   (local->rows * local->heads + 2 * local->shared) * WIDE;
    return recompute == RECOMPUTE_SELECTIVE ? kept : kept + 2 * stream + local->rows * local->inner * local->real;
}

/* All layers of the micro-batches that are under way, what is computed again for one layer at a time, and at the end the
 * input and output of the last norm. */
static guint64 activations_of(const Plan *plan, const Local *local, gsize stage, gsize layers, Recompute recompute)
{
    guint64 alive = plan->pipeline->alive[stage] * (layers / plan->parallel.interleave);
    guint64 again = kept_by_layer(local, RECOMPUTE_NONE) - kept_by_layer(local, recompute);
    gboolean last = stage + 1 == plan->parallel.pipeline;
    return alive * kept_by_layer(local, recompute) + again +
           (last ? local->shared * (2 * local->hidden * local->real + WIDE) : 0);
}

/* dx and dhidden, two wide ones of backward; a gathered copy of the stream; two messages; rotations; losses and ids. */
static guint64 buffers_of(const Plan *plan, const Local *local)
{
    guint64 stream = local->shared * local->hidden * local->real, whole = local->rows * local->hidden * local->real;
    guint64 scratch = MAX(local->inner, local->attention) + MAX(2 * local->inner, local->qkv);
    guint64 gathered = plan->parallel.sequence && plan->parallel.tensor > 1 ? whole : 0;
    guint64 messages = plan->parallel.pipeline > 1 ? 2 * stream : 0;
    guint64 rotations = plan->shape.context * model_shape_head_size(&plan->shape) * WIDE;
    guint64 losses = plan->sequences * plan->shape.context * WIDE + 3 * local->rows * sizeof(guint32);
    return stream + whole + local->rows * scratch * local->real + gathered + messages + rotations + losses;
}

static PlanMemory memory_of(const Plan *plan, const Local *local, gsize stage)
{
    const PlanStage *at = &plan->stages[stage];
    guint64 shares = plan->parallel.zero ? plan->parallel.data : 1;
    guint64 owned = (at->parameters + shares - 1) / shares;
    PlanMemory memory = {
        .weights = at->parameters * local->real,
        .gradients = at->parameters * WIDE,
        .master = plan->precision == PLAN_BF16 ? owned * WIDE : 0,
        .moments = owned * 2 * WIDE,
        .buffers = buffers_of(plan, local),
    };
    for (int r = 0; r < RECOMPUTE_COUNT; r++)
        memory.activations[r] = activations_of(plan, local, stage, at->layers, (Recompute)r);
    if (stage + 1 == plan->parallel.pipeline)
        memory.logits = local->rows * (local->vocabulary * local->real + WIDE);
    return memory;
}

/* What one rank sends for `bytes` over a ring of n; an all-reduce is two of these. */
static double ring(double bytes, gsize n)
{
    return bytes * (double)(n - 1) / (double)n;
}

/* Each layer: two gathers and two scatters forward, the same backward; with sequence parallelism two gathers more, for it
 * keeps the shares only; forward again where all is recomputed. The ends: embedding, logits, softmax. */
static guint64 tensor_traffic(const Plan *plan, const Local *local, gsize stage)
{
    double message = ring((double)(local->rows * local->hidden * local->real), plan->parallel.tensor);
    double softmax = 2 * ring((double)(3 * local->rows * WIDE), plan->parallel.tensor);
    unsigned passes = 8 + (plan->parallel.sequence ? 2 : 0) + (plan->parallel.recompute == RECOMPUTE_FULL ? 4 : 0);
    double sent = (double)plan->stages[stage].layers * passes * message;
    sent += stage == 0 ? 2 * message : 0;
    sent += stage + 1 == plan->parallel.pipeline ? (plan->parallel.sequence ? 3 : 2) * message + softmax : 0;
    return (guint64)(sent * (double)plan->micro_batches);
}

static guint64 pipeline_traffic(const Plan *plan, const Local *local, gsize stage)
{
    gsize ends = (stage == 0 ? 1 : 0) + (stage + 1 == plan->parallel.pipeline ? 1 : 0);
    guint64 messages = plan->micro_batches * (2 * plan->parallel.interleave - ends);
    return plan->parallel.pipeline > 1 ? messages * local->shared * local->hidden * local->real : 0;
}

/* Gradients are reduced once a step; with ZeRO-1 the new weights come back instead of the gradients. */
static guint64 data_traffic(const Plan *plan, const Local *local, gsize stage)
{
    guint64 back = plan->parallel.zero ? local->real : WIDE;
    return (guint64)ring((double)(plan->stages[stage].parameters * (WIDE + back)), plan->parallel.data);
}

static void fill_stages(Plan *plan)
{
    Local local = local_of(plan);
    plan->stages = g_new0(PlanStage, plan->parallel.pipeline);
    for (gsize s = 0; s < plan->parallel.pipeline; s++) {
        PlanStage *stage = &plan->stages[s];
        stage->layers = plan->shape.layers / plan->parallel.pipeline;
        stage->parameters = stage_parameters(plan, &local, s, stage->layers);
        stage->memory = memory_of(plan, &local, s);
        stage->traffic = (PlanTraffic){
            .tensor = tensor_traffic(plan, &local, s),
            .pipeline = pipeline_traffic(plan, &local, s),
            .data = data_traffic(plan, &local, s),
        };
    }
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
    fill_stages(plan);
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
