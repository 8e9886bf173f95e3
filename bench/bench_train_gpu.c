/* SPDX-License-Identifier: Apache-2.0
 * bench/bench_train_gpu.c - the trainer on one GPU: tokens a second, and where the time goes. bench/train_gpu starts it.
 *
 *   bench_train_gpu [--case NAME]... [--steps N] [--square N] [--measure SECONDS] [--peak TFLOPS] [--json FILE] [--plan]
 *
 * Of each case: a model of its sizes learns one batch of drawn tokens from drawn weights, twice, and both runs must have the same losses
 * and the same master weights to the last bit; then its steps are timed, with each attention that this GPU has; then a step is recorded,
 * operation by operation. Its matrix products are timed alone, as the trainer computes them and as fast as cublasLt can where the order
 * of a sum does not matter: the latter is the ceiling under which the model is, and what it loses to determinism in products.
 *
 * Products in eight bits (cuda.matrix: fp8) are timed where the GPU has them; their MFU is over the peak of bfloat16 too.
 *
 * MFU: the model's operations over what the GPU could do, by Megatron's count and by 6 N (train/flops.h), for the layers that ran.
 * --plan needs no GPU: it prints the cases, their operations and the memory that they take. Exit status: 0 good, 1 two runs differed, or
 * kinds of attention by more than rounding; 2 usage; 4 no GPU, or too little memory for any case.
 *
 * Weights and tokens are drawn by a rule that the twin of bench/train_gpu_twin repeats: number i of the tensor NAME is SplitMix64's
 * finaliser of FNV-1a(NAME) + (i + 1) * 0x9e3779b97f4a7c15, of which 24 bits count. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "bench/gpu_profile.h"
#include "train/cuda/backend.h"
#include "train/engine.h"
#include "train/flops.h"
#include "train/plan.h"
#include "train/presets.h"

#define LEARNED 4         /* steps whose losses are compared */
#define WARM 2            /* steps before those that are timed */
#define RATE 3e-4         /* of learning */
#define DEVIATION 0.02    /* of weights */
#define CHUNK ((gsize)64 << 20)
#define SPARE ((gsize)3 << 30) /* of libraries, scratch and the driver */
#define AGREE 0.02        /* nats by which kinds of attention may differ */
#define AGREE_FP8 0.2     /* ... and products in eight bits */

typedef struct Case {
    const char *name, *what, *preset;
    gsize layers, context, vocabulary, sequences, micro_batch;
    Recompute recompute;
    gboolean twice;
} Case;

static const Case cases[] = {
    {"1.1b", "all of a Llama of 1.1 billion parameters", "1b", 22, 4096, 32000, 4, 4, RECOMPUTE_NONE, TRUE},
    {"llama2-7b-8-layers", "8 of the 32 layers of Llama 2 7B, with its whole vocabulary", "llama2-7b", 8, 4096, 32000, 2, 2, RECOMPUTE_NONE, TRUE},
    {"llama2-7b", "all of Llama 2 7B", "llama2-7b", 32, 4096, 32000, 1, 1, RECOMPUTE_SELECTIVE, FALSE},
    {"tiny", "a model for tests of this program", "tiny", 2, 16, 256, 2, 1, RECOMPUTE_NONE, TRUE},
};
#define DEFAULT_CASES 3 /* the first ones */

typedef struct Options {
    char **names, *json;
    int steps, square;
    double peak, measure;
    gboolean plan;
} Options;

typedef struct Bench {
    const Options *options;
    Backend *backend;
    double peak; /* operations a second; 0: unknown */
    json_t *result;
    gboolean differs;
} Bench;

/* ---- Numbers by rule ----------------------------------------------------------------------------------------- */

static guint64 name_hash(const char *name)
{
    guint64 hash = 0xcbf29ce484222325u;
    for (; *name; name++)
        hash = (hash ^ (guint8)*name) * 0x100000001b3u;
    return hash;
}

static guint32 draw(guint64 stream, guint64 i)
{
    guint64 x = stream + (i + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (guint32)((x ^ x >> 31) >> 40);
}

/* Uniform, with a mean of 0. */
static float draw_weight(guint64 stream, guint64 i)
{
    const float unit = (float)(DEVIATION * 1.7320508075688772 / (1 << 23));
    return (float)((gint32)draw(stream, i) - (1 << 23)) * unit;
}

static wide *draw_weights(const ParameterTable *table)
{
    wide *values = g_new0(wide, table->elements);
    for (gsize t = 0; t < table->count; t++) {
        const ParameterTensor *tensor = &table->tensors[t];
        guint64 stream = name_hash(tensor->name);
        for (gsize i = 0; i < parameter_tensor_elements(tensor); i++)
            values[tensor->offset + i] = tensor->columns ? draw_weight(stream, i) : 1;
    }
    return values;
}

static void begin_again(Engine *engine, const wide *weights)
{
    Optimizer *optimizer = engine_optimizer(engine);
    Backend *b = engine_model(engine)->backend;
    optimizer_set_weights(optimizer, weights);
    b->clear(b, optimizer->m, optimizer->state_elements * sizeof(wide));
    b->clear(b, optimizer->v, optimizer->state_elements * sizeof(wide));
}

/* ---- Cases --------------------------------------------------------------------------------------------------- */

static ModelShape shape_of(const Case *c)
{
    GError *error = NULL;
    const TrainPreset *preset = train_preset_find(c->preset, &error);
    g_assert_no_error(error);
    ModelShape shape = preset->shape;
    shape.layers = c->layers;
    shape.context = c->context;
    shape.vocabulary = c->vocabulary;
    return shape;
}

static ParallelSettings alone(const Case *c)
{
    return (ParallelSettings){.tensor = 1, .pipeline = 1, .data = 1, .interleave = 1, .recompute = c->recompute};
}

static guint64 planned_bytes(const Case *c)
{
    GError *error = NULL;
    TrainConfig config = {.model = shape_of(c), .parallel = alone(c), .sequences = c->sequences, .micro_batch = c->micro_batch};
    g_autoptr(Plan) plan = plan_new(&config, 1, PLAN_BF16, &error);
    g_assert_no_error(error);
    return plan_memory_total(&plan->stages[0].memory, c->recompute);
}

static json_t *case_to_json(const Case *c)
{
    ModelShape shape = shape_of(c);
    json_t *model = model_shape_to_json(&shape);
    return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:s, s:I, s:f, s:f, s:I}", "case", c->name, "what", c->what, "model", model,
                     "sequences", (json_int_t)c->sequences, "micro_batch", (json_int_t)c->micro_batch, "parameters",
                     (json_int_t)model_shape_parameters(&shape), "recompute", recompute_name(c->recompute), "tokens_per_step",
                     (json_int_t)(c->sequences * c->context), "flops_per_token", flops_per_token(&shape), "flops_per_token_6n",
                     flops_6n(&shape), "planned_bytes", (json_int_t)planned_bytes(c));
}

static void print_case(const Case *c)
{
    ModelShape shape = shape_of(c);
    printf("%s: %s\n  %.2f billion parameters, %" G_GSIZE_FORMAT " x %" G_GSIZE_FORMAT
           " tokens a step, recompute %s; %.2f GFLOP a token (6 N: %.2f); %.1f GB by plan\n",
           c->name, c->what, (double)model_shape_parameters(&shape) / 1e9, c->sequences, c->context, recompute_name(c->recompute),
           flops_per_token(&shape) / 1e9, flops_6n(&shape) / 1e9, (double)planned_bytes(c) / 1e9);
    fflush(stdout);
}

/* ---- Products alone ------------------------------------------------------------------------------------------ */

typedef enum { FORWARD, BACKWARD_INPUT, BACKWARD_WEIGHT, PRODUCTS } Product;
static const char *const product_names[] = {"linear_forward", "linear_backward_input", "linear_backward_weight"};

typedef struct Operands {
    Product product;
    gsize rows, inputs, outputs;
    real *x, *weight, *out;
    wide *dweight;
} Operands;

static void multiply(Backend *b, gpointer user)
{
    const Operands *o = user;
    if (o->product == FORWARD)
        b->linear_forward(b, o->out, o->x, o->weight, o->rows, o->inputs, o->outputs);
    else if (o->product == BACKWARD_INPUT)
        b->linear_backward_input(b, o->x, o->out, o->weight, o->rows, o->inputs, o->outputs);
    else
        b->linear_backward_weight(b, o->dweight, o->out, o->x, o->rows, o->inputs, o->outputs);
}

/* Drawn numbers: a GPU multiplies zeros with less power, and faster. */
static real *drawn_matrix(Backend *b, gsize count, const char *name)
{
    g_autofree wide *values = g_new(wide, count);
    guint64 stream = name_hash(name);
    for (gsize i = 0; i < count; i++)
        values[i] = draw_weight(stream, i);
    wide *wides = b->allocate(b, count * sizeof(wide));
    real *matrix = b->allocate(b, count * sizeof(real));
    if (wides && matrix) {
        b->upload(b, wides, values, count * sizeof(wide));
        b->narrow(b, matrix, wides, count);
    }
    b->release(b, wides);
    return matrix;
}

static double product_flops(const Operands *o)
{
    return 2 * (double)o->rows * (double)o->inputs * (double)o->outputs;
}

/* Operations a second, timed for long enough that the clock counts. */
static double product_rate(Backend *b, Operands *o, double measured)
{
    double once = gpu_seconds(b, multiply, o, 1);
    guint times = (guint)CLAMP(measured / MAX(once, 1e-7), 1, 2000);
    double seconds = gpu_seconds(b, multiply, o, times);
    return seconds > 0 ? product_flops(o) / seconds : 0;
}

/* `rate`: as the trainer computes it. `best`: the fastest of cublasLt's candidates, whatever their sums. */
static void time_product(const Bench *bench, Operands *o, double *rate, double *best)
{
    Backend *b = bench->backend;
    double measured = bench->options->measure;
    backend_cuda_try_product(b, 0, FALSE);
    *rate = product_rate(b, o, measured);
    *best = *rate;
    for (unsigned candidate = 0; candidate < CUDA_PRODUCT_CANDIDATES; candidate++) {
        backend_cuda_try_product(b, candidate, TRUE);
        double other = product_rate(b, o, measured);
        *best = MAX(*best, other);
    }
    backend_cuda_try_product(b, 0, FALSE);
}

static gboolean open_operands(Backend *b, Operands *o)
{
    o->x = drawn_matrix(b, o->rows * o->inputs, "x");
    o->weight = drawn_matrix(b, o->outputs * o->inputs, "weight");
    o->out = drawn_matrix(b, o->rows * o->outputs, "out");
    o->dweight = b->allocate(b, o->outputs * o->inputs * sizeof(wide));
    return o->x && o->weight && o->out && o->dweight;
}

static void close_operands(Backend *b, Operands *o)
{
    b->release(b, o->x);
    b->release(b, o->weight);
    b->release(b, o->out);
    b->release(b, o->dweight);
}

static void time_square(Bench *bench)
{
    gsize n = (gsize)bench->options->square;
    Operands o = {.rows = n, .inputs = n, .outputs = n};
    double rate = 0, best = 0;
    if (open_operands(bench->backend, &o))
        time_product(bench, &o, &rate, &best);
    close_operands(bench->backend, &o);
    printf("a product of %zu x %zu matrices in bf16: %.0f TFLOP/s as the trainer computes it, %.0f at best\n", n, n, rate / 1e12, best / 1e12);
    json_object_set_new(bench->result, "square", json_pack("{s:I, s:f, s:f}", "n", (json_int_t)n, "tflops", rate / 1e12, "best_tflops", best / 1e12));
}

/* The products of a step: four of each layer and the head, whose rows come in parts. */
typedef struct StepProduct {
    gsize rows, inputs, outputs;
    double per_step;
} StepProduct;

static gsize step_products(const Case *c, StepProduct products[5])
{
    ModelShape s = shape_of(c);
    gsize rows = c->micro_batch * c->context, head_rows = MIN(rows, 1024);
    double batches = (double)c->sequences / (double)c->micro_batch, layers = batches * (double)s.layers;
    products[0] = (StepProduct){rows, s.hidden, model_shape_qkv_width(&s), layers};
    products[1] = (StepProduct){rows, s.hidden, s.hidden, layers};
    products[2] = (StepProduct){rows, s.hidden, 2 * s.intermediate, layers};
    products[3] = (StepProduct){rows, s.intermediate, s.hidden, layers};
    products[4] = (StepProduct){head_rows, s.hidden, s.vocabulary, batches * (double)rows / (double)head_rows};
    return 5;
}

/* Seconds of a step's products, both ways. */
static json_t *time_products(Bench *bench, const Case *c, double *own, double *best)
{
    StepProduct products[5];
    gsize count = step_products(c, products);
    json_t *list = json_array();
    *own = *best = 0;
    for (gsize i = 0; i < count; i++) {
        const StepProduct *p = &products[i];
        Operands o = {.rows = p->rows, .inputs = p->inputs, .outputs = p->outputs};
        gboolean open = open_operands(bench->backend, &o);
        for (int product = 0; open && product < PRODUCTS; product++) {
            double rate, fastest;
            o.product = (Product)product;
            time_product(bench, &o, &rate, &fastest);
            *own += p->per_step * product_flops(&o) / MAX(rate, 1);
            *best += p->per_step * product_flops(&o) / MAX(fastest, 1);
            json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:f, s:f, s:f}", "operation", product_names[product], "rows", (json_int_t)p->rows,
                                                  "inputs", (json_int_t)p->inputs, "outputs", (json_int_t)p->outputs, "per_step", p->per_step,
                                                  "tflops", rate / 1e12, "best_tflops", fastest / 1e12));
        }
        close_operands(bench->backend, &o);
    }
    return list;
}

/* ---- Steps --------------------------------------------------------------------------------------------------- */

typedef struct Work {
    Bench *bench;
    const Case *c;
    Backend *profile;
    Engine *engine;
    Batch batch;
    wide *weights; /* the first ones */
    double *losses;
    json_t *json;
    double best_seconds; /* of a step's products */
} Work;

static void draw_batch(Work *work)
{
    const Case *c = work->c;
    gsize count = c->sequences * (c->context + 1);
    guint64 stream = name_hash("ids");
    work->batch = (Batch){.context = c->context, .sequences = c->sequences, .ids = g_new(guint32, count), .windows = g_new0(guint64, c->sequences)};
    for (gsize i = 0; i < count; i++)
        work->batch.ids[i] = draw(stream, i) % (guint32)c->vocabulary;
    work->losses = g_new(double, c->sequences * c->context);
}

static gboolean run_step(Work *work, guint64 step, double *loss, double *seconds, GError **error)
{
    Backend *b = work->bench->backend;
    gsize targets = work->c->sequences * work->c->context;
    double norm, sum = 0;
    gint64 begun = g_get_monotonic_time();
    if (!engine_compute(work->engine, &work->batch, TRUE, work->losses, error) || !engine_gradient_norm(work->engine, &norm, error) ||
        !engine_update(work->engine, step, RATE, norm, error) || !b->check(b, error))
        return FALSE;
    *seconds = (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
    for (gsize i = 0; i < targets; i++)
        sum += work->losses[i];
    *loss = sum / (double)targets;
    return TRUE;
}

static gboolean learn(Work *work, double losses[LEARNED], GError **error)
{
    double seconds;
    begin_again(work->engine, work->weights);
    for (guint64 step = 0; step < LEARNED; step++)
        if (!run_step(work, step, &losses[step], &seconds, error))
            return FALSE;
    return TRUE;
}

/* Of the master weights, in chunks. */
static guint64 digest(const Work *work)
{
    const Optimizer *optimizer = engine_optimizer(work->engine);
    Backend *b = work->bench->backend;
    gsize bytes = optimizer->state_elements * sizeof(wide);
    g_autofree char *chunk = g_malloc(CHUNK);
    guint64 hash = 0;
    for (gsize at = 0; at < bytes; at += CHUNK) {
        gsize part = MIN(CHUNK, bytes - at);
        b->download(b, chunk, (const char *)optimizer->master + at, part);
        hash = hash64(chunk, part, hash);
    }
    return hash;
}

static json_t *numbers(const double *values, gsize count)
{
    json_t *list = json_array();
    for (gsize i = 0; i < count; i++)
        json_array_append_new(list, json_real(values[i]));
    return list;
}

/* Both runs begin with the same weights and see the same tokens. */
static gboolean compare_runs(Work *work, double first[LEARNED], GError **error)
{
    double again[LEARNED];
    if (!learn(work, first, error))
        return FALSE;
    printf("  loss %.4f, then", first[0]);
    for (gsize i = 1; i < LEARNED; i++)
        printf(" %.4f", first[i]);
    json_object_set_new(work->json, "losses", numbers(first, LEARNED));
    if (work->c->twice) {
        guint64 weights = digest(work);
        if (!learn(work, again, error))
            return FALSE;
        gboolean same = memcmp(first, again, sizeof again) == 0 && digest(work) == weights;
        printf("; a second run has %s", same ? "the same bits" : "OTHER BITS");
        json_object_set_new(work->json, "repeats", json_boolean(same));
        work->bench->differs |= !same;
    }
    puts("");
    return TRUE;
}

/* ---- Kinds of attention -------------------------------------------------------------------------------------- */

static gboolean use_own(Backend *backend, CudaAttention attention, GError **error)
{
    if (backend_cuda_use_attention(backend, attention))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "this GPU has no warp groups");
    return FALSE;
}

static gboolean use_mma(Backend *backend, GError **error)
{
    return use_own(backend, CUDA_ATTENTION_WARPS, error);
}

static gboolean use_warp_groups(Backend *backend, GError **error)
{
    return use_own(backend, CUDA_ATTENTION_GROUPS, error);
}

static gboolean use_producers(Backend *backend, GError **error)
{
    return use_own(backend, CUDA_ATTENTION_PRODUCERS, error);
}

static gboolean use_cudnn(Backend *backend, GError **error)
{
    return backend_cuda_use_cudnn(backend, TRUE, TRUE, error);
}

static gboolean use_any_cudnn(Backend *backend, GError **error)
{
    return backend_cuda_use_cudnn(backend, TRUE, FALSE, error);
}

typedef struct Attention {
    const char *name;
    gboolean (*use)(Backend *backend, GError **error); /* FALSE: it is not here */
    gboolean fp8;                                      /* products of layers in eight bits */
} Attention;

/* cuDNN, where it is asked for, goes before our kernels. */
static gboolean use(Backend *backend, const Attention *attention, GError **error)
{
    backend_cuda_use_cudnn(backend, FALSE, TRUE, NULL);
    return attention->use(backend, error) && backend->use_fp8(backend, attention->fp8, error);
}

static const Attention attentions[] = {
    {"mma.sync", use_mma, FALSE},
    {"wgmma", use_warp_groups, FALSE},
    {"producers", use_producers, FALSE},
    {"cuDNN", use_cudnn, FALSE},
    {"cuDNN, any bits", use_any_cudnn, FALSE}, /* what determinism costs it */
    {"mma.sync, fp8", use_mma, TRUE},
    {"producers, fp8", use_producers, TRUE},
};

/* ---- Timed steps --------------------------------------------------------------------------------------------- */

static int compare_doubles(gconstpointer a, gconstpointer b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(const double *values, gsize count)
{
    g_autofree double *sorted = g_memdup2(values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare_doubles);
    return sorted[count / 2];
}

static json_t *rate_or_null(double part, double whole)
{
    return whole > 0 ? json_real(part / whole) : json_null();
}

static json_t *speed_to_json(const Work *work, const Attention *attention, const double *seconds, gsize count)
{
    ModelShape shape = shape_of(work->c);
    double step = median(seconds, count), tokens = (double)(work->c->sequences * work->c->context), peak = work->bench->peak;
    double done = flops_per_token(&shape) * tokens / step, done_6n = flops_6n(&shape) * tokens / step;
    printf("  %-15s %8.0f tokens/s", attention->name, tokens / step);
    if (peak > 0)
        printf("  MFU %4.1f %%  by 6 N %4.1f %%", 100 * done / peak, 100 * done_6n / peak);
    printf("  %5.0f TFLOP/s  products at their best would be %4.1f %% of the step\n", done / 1e12, 100 * work->best_seconds / step);
    return json_pack("{s:s, s:o, s:f, s:f, s:f, s:o, s:o, s:f}", "attention", attention->name, "seconds", numbers(seconds, count), "step_seconds", step,
                     "tokens_per_second", tokens / step, "tflops", done / 1e12, "mfu", rate_or_null(done, peak), "mfu_6n",
                     rate_or_null(done_6n, peak), "ceiling_share", work->best_seconds / step);
}

static json_t *line_to_json(const ProfileLine *line)
{
    json_t *json = json_pack("{s:s, s:i, s:f}", "operation", line->operation, "calls", (int)line->calls, "milliseconds", line->seconds * 1e3);
    if (line->rows) {
        json_object_set_new(json, "rows", json_integer((json_int_t)line->rows));
        json_object_set_new(json, "inputs", json_integer((json_int_t)line->inputs));
        json_object_set_new(json, "outputs", json_integer((json_int_t)line->outputs));
    }
    if (line->flops > 0 && line->seconds > 0)
        json_object_set_new(json, "tflops", json_real(line->flops / line->seconds / 1e12));
    return json;
}

static void print_line(const ProfileLine *line, double step)
{
    g_autofree char *sizes = line->rows ? g_strdup_printf("%zu x %zu x %zu", line->rows, line->inputs, line->outputs) : g_strdup("");
    printf("    %-23s %-20s %5u x %9.3f ms  %5.1f %%", line->operation, sizes, line->calls, line->seconds * 1e3 / MAX(line->calls, 1), 100 * line->seconds / step);
    if (line->flops > 0 && line->seconds > 0)
        printf("  %5.0f TFLOP/s", line->flops / line->seconds / 1e12);
    puts("");
}

/* One step with events around each operation, which makes it a little slower: shares are of that step. */
static gboolean record_step(Work *work, guint64 step, json_t *json, GError **error)
{
    double loss, seconds, busy = 0;
    profile_record(work->profile, TRUE);
    gboolean good = run_step(work, step, &loss, &seconds, error);
    profile_record(work->profile, FALSE);
    if (!good)
        return FALSE;
    g_autoptr(GArray) lines = profile_lines(work->profile);
    json_t *list = json_array();
    for (guint i = 0; i < lines->len; i++) {
        const ProfileLine *line = &g_array_index(lines, ProfileLine, i);
        print_line(line, seconds);
        json_array_append_new(list, line_to_json(line));
        busy += line->seconds;
    }
    printf("    %-68s %5.1f %%\n", "between operations, and the host", 100 * (1 - busy / seconds));
    json_object_set_new(json, "recorded_seconds", json_real(seconds));
    json_object_set_new(json, "profile", list);
    return TRUE;
}

/* FALSE with an error when a step failed. A kind that is not here is left out. */
static gboolean time_attention(Work *work, const Attention *attention, const double first[LEARNED], json_t *list, GError **error)
{
    g_autoptr(GError) absent = NULL;
    gsize count = (gsize)work->bench->options->steps;
    g_autofree double *seconds = g_new(double, count);
    double losses[LEARNED], loss;
    if (!use(work->bench->backend, attention, &absent)) {
        printf("  %-14s left out: %s\n", attention->name, absent->message);
        return TRUE;
    }
    /* The runs before were the first kind's. */
    if (attention != attentions && !learn(work, losses, error))
        return FALSE;
    for (gsize i = 0; attention != attentions && i < LEARNED; i++)
        if (!(fabs(losses[i] - first[i]) <= (attention->fp8 ? AGREE_FP8 : AGREE))) {
            printf("  %-14s LEARNS OTHERWISE: the loss of step %zu is %.4f, not %.4f\n", attention->name, i + 1, losses[i], first[i]);
            work->bench->differs = TRUE;
        }
    for (gsize i = 0; i < WARM + count; i++)
        if (!run_step(work, LEARNED + i, &loss, &seconds[i < WARM ? 0 : i - WARM], error))
            return FALSE;
    json_t *json = speed_to_json(work, attention, seconds, count);
    json_array_append_new(list, json);
    return record_step(work, LEARNED + WARM + count, json, error);
}

/* ---- A case -------------------------------------------------------------------------------------------------- */

static gboolean open_work(Work *work, GError **error)
{
    ModelShape shape = shape_of(work->c);
    EngineSettings settings = {
        .shape = shape,
        .optimizer = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .decay = 0.1, .clip = 1},
        .parallel = alone(work->c),
        .sequences = work->c->sequences,
        .micro_batch = work->c->micro_batch,
    };
    work->profile = profile_new(work->bench->backend);
    work->engine = engine_new(&settings, work->profile, NULL, error);
    if (!work->engine)
        return FALSE;
    work->weights = draw_weights(engine_model(work->engine)->table);
    return TRUE;
}

static gboolean run_steps(Work *work, GError **error)
{
    double first[LEARNED];
    gsize before, after, total;
    use(work->bench->backend, &attentions[0], NULL);
    gpu_memory(work->bench->backend, &before, &total);
    if (!open_work(work, error) || !compare_runs(work, first, error))
        return FALSE;
    gpu_memory(work->bench->backend, &after, &total);
    printf("  %.1f GB of the GPU's %.1f GB taken\n", ((double)before - (double)after) / 1e9, (double)total / 1e9);
    json_object_set_new(work->json, "taken_bytes", json_integer((json_int_t)before - (json_int_t)after));
    json_t *runs = json_array();
    json_object_set_new(work->json, "runs", runs);
    for (gsize i = 0; i < G_N_ELEMENTS(attentions); i++)
        if (!time_attention(work, &attentions[i], first, runs, error))
            return FALSE;
    return TRUE;
}

static void close_work(Work *work)
{
    engine_free(work->engine);
    if (work->profile)
        work->profile->destroy(work->profile);
    g_free(work->batch.ids);
    g_free(work->batch.windows);
    g_free(work->weights);
    g_free(work->losses);
}

static gboolean run_case(Bench *bench, const Case *c, GError **error)
{
    Work work = {.bench = bench, .c = c, .json = case_to_json(c)};
    double own;
    json_array_append_new(json_object_get(bench->result, "cases"), work.json);
    draw_batch(&work);
    json_object_set_new(work.json, "products", time_products(bench, c, &own, &work.best_seconds));
    printf("  products of a step alone: %.1f ms, %.1f ms at best: determinism in products costs %.1f %% of them\n", own * 1e3, work.best_seconds * 1e3,
           100 * (own / work.best_seconds - 1));
    json_object_set_new(work.json, "product_seconds", json_pack("{s:f, s:f}", "own", own, "best", work.best_seconds));
    gboolean good = run_steps(&work, error);
    close_work(&work);
    return good;
}

/* ---- The program --------------------------------------------------------------------------------------------- */

static gboolean is_wanted(const Options *options, gsize i)
{
    return options->names ? g_strv_contains((const char *const *)options->names, cases[i].name) : i < DEFAULT_CASES;
}

/* Dense bf16 with sums in float, as the makers' data sheets have it. */
static double peak_of(const char *device)
{
    static const struct {
        const char *part;
        double tflops;
    } peaks[] = {{"H100 PCIe", 756}, {"H100", 989}, {"H200", 989}, {"GH200", 989}, {"A100", 312}, {"A800", 312}, {"L40S", 362}, {"B200", 2250}};
    for (gsize i = 0; i < G_N_ELEMENTS(peaks); i++)
        if (strstr(device, peaks[i].part))
            return peaks[i].tflops * 1e12;
    return 0;
}

static gboolean check_names(char **names, GError **error)
{
    for (char **name = names; name && *name; name++) {
        gboolean known = FALSE;
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
            known |= g_str_equal(*name, cases[i].name);
        if (!known) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "there is no case '%s'; there are 1.1b, llama2-7b-8-layers, llama2-7b and tiny", *name);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean parse(int argc, char **argv, Options *o, GError **error)
{
    GOptionEntry entries[] = {
        {"case", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->names, "run this case alone; may be repeated", "NAME"},
        {"steps", 0, 0, G_OPTION_ARG_INT, &o->steps, "timed steps (6)", "N"},
        {"square", 0, 0, G_OPTION_ARG_INT, &o->square, "size of the large product (8192)", "N"},
        {"peak", 0, 0, G_OPTION_ARG_DOUBLE, &o->peak, "what this GPU can do in bf16 (by its name)", "TFLOPS"},
        {"measure", 0, 0, G_OPTION_ARG_DOUBLE, &o->measure, "for how long each product is timed (0.05)", "SECONDS"},
        {"json", 0, 0, G_OPTION_ARG_FILENAME, &o->json, "where all numbers go", "FILE"},
        {"plan", 0, 0, G_OPTION_ARG_NONE, &o->plan, "print the cases; needs no GPU", NULL},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) cause = NULL;
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &cause)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "%s", cause->message);
        return FALSE;
    }
    if (argc > 1 || o->steps < 1 || o->square < 1 || !(o->peak >= 0) || !(o->measure > 0)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "%s; --help tells what there is",
                    argc > 1 ? "it takes options alone" : "numbers must be positive");
        return FALSE;
    }
    return check_names(o->names, error);
}

static gboolean open_bench(Bench *bench, GError **error)
{
    bench->backend = backend_cuda_new(CUDA_ANY_DEVICE, error);
    if (!bench->backend)
        return FALSE;
    g_autofree char *device = backend_cuda_describe(bench->backend);
    bench->peak = bench->options->peak > 0 ? bench->options->peak * 1e12 : peak_of(device);
    json_object_set_new(bench->result, "device", json_string(device));
    json_object_set_new(bench->result, "peak_tflops", bench->peak > 0 ? json_real(bench->peak / 1e12) : json_null());
    printf("%s; peak of bf16: ", device);
    if (bench->peak > 0)
        printf("%.0f TFLOP/s\n", bench->peak / 1e12);
    else
        puts("not known, so there is no MFU; --peak tells it");
    return TRUE;
}

static gboolean run_cases(Bench *bench, GError **error)
{
    guint ran = 0;
    time_square(bench);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize free_bytes = 0, total;
        if (!is_wanted(bench->options, i))
            continue;
        print_case(&cases[i]);
        gpu_memory(bench->backend, &free_bytes, &total);
        if (planned_bytes(&cases[i]) + (cases[i].context > 16 ? SPARE : 0) > free_bytes) {
            printf("  left out: it does not fit into the %.1f GB that are free\n", (double)free_bytes / 1e9);
            continue;
        }
        if (!run_case(bench, &cases[i], error))
            return FALSE;
        ran++;
    }
    if (ran)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "no case fits into this GPU");
    return FALSE;
}

static void print_plan(Bench *bench)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (!is_wanted(bench->options, i))
            continue;
        print_case(&cases[i]);
        json_array_append_new(json_object_get(bench->result, "cases"), case_to_json(&cases[i]));
    }
}

static gboolean run(Bench *bench, GError **error)
{
    gboolean good = TRUE;
    if (bench->options->plan)
        print_plan(bench);
    else
        good = open_bench(bench, error) && run_cases(bench, error);
    if (bench->options->json) {
        /* What was measured before a failure is kept. */
        g_autofree char *text = json_pretty(bench->result);
        good = file_replace(bench->options->json, text, strlen(text), good ? error : NULL) && good;
    }
    return good;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Options options = {.steps = 6, .square = 8192, .measure = 0.05};
    g_autoptr(json_t) result = json_pack("{s:i, s:[]}", "version", 1, "cases");
    Bench bench = {.options = &options, .result = result};
    gboolean good = parse(argc, argv, &options, &error) && run(&bench, &error);
    if (bench.backend)
        bench.backend->destroy(bench.backend);
    g_strfreev(options.names);
    g_free(options.json);
    if (good)
        return bench.differs ? 1 : 0;
    fprintf(stderr, "bench_train_gpu: %s\n", error->message);
    return galen_error_status(error);
}
