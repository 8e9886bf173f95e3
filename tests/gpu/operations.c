/* SPDX-License-Identifier: Apache-2.0
 * Each operation of train/ops.h: its arrays, and its call; see tests/gpu/side.h.
 *
 * Limits are relative L2 distances. Inputs are the same numbers on both sides, so an output in bfloat16 differs by its own
 * rounding (1.1e-3 on average over a binade) and a little of sums in float; a float output by the latter alone. Attention
 * rounds probabilities to bfloat16 inside, too. */
#include "tests/gpu/operations.h"

#include "base/error.h"
#include "tests/gpu/number.h"
#include "train/optimizer.h"
#ifdef TRAIN_BFLOAT16
#include "train/cuda/backend.h"
#endif

#define REAL_LIMIT 3e-3
#define WIDE_LIMIT 1e-5
/* Gradients have passed some ten roundings; 7e-3 was seen. */
#define MODEL_LIMIT 3e-2
#define FP8_MODEL_LIMIT 0.2
#define FP8_LOSS_LIMIT 2e-2

static void add(CaseArrays *arrays, const char *name, CaseNumber number, CaseUse use, gsize count, double low, double high)
{
    g_assert(arrays->count < CASE_ARRAYS);
    arrays->at[arrays->count++] = (CaseArray){.name = name, .number = number, .use = use, .count = count, .low = low, .high = high};
}

static void add_real(CaseArrays *arrays, const char *name, CaseUse use, gsize count)
{
    add(arrays, name, CASE_REAL, use, count, -1, 1);
}

static void add_wide(CaseArrays *arrays, const char *name, CaseUse use, gsize count)
{
    add(arrays, name, CASE_WIDE, use, count, -1, 1);
}

/* Ids on both sides of the range, too. */
static void add_ids(CaseArrays *arrays, const CaseSizes *s)
{
    add(arrays, "ids", CASE_U32, CASE_IN, s->rows, 0, (double)(s->outputs + 2 * s->first));
}

static ClassRange range_of(const CaseSizes *s)
{
    return (ClassRange){s->first, s->outputs, s->stride};
}

static void embedding_forward_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_real(a, "out", CASE_OUT, s->rows * s->width);
    add_real(a, "weight", CASE_IN, s->outputs * s->width);
    add_ids(a, s);
}

static void embedding_forward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    ClassRange range = range_of(s);
    b->embedding_forward(b, at[0], at[1], at[2], &range, s->rows, s->width);
}

static void embedding_backward_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_wide(a, "dweight", CASE_IN_OUT, s->outputs * s->width);
    add_real(a, "dout", CASE_IN, s->rows * s->width);
    add_ids(a, s);
}

static void embedding_backward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    ClassRange range = range_of(s);
    b->embedding_backward(b, at[0], at[1], at[2], &range, s->rows, s->width);
}

static void rmsnorm_forward_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_real(a, "out", CASE_OUT, s->rows * s->width);
    add_wide(a, "inverse", CASE_OUT, s->rows);
    add_real(a, "x", CASE_IN, s->rows * s->width);
    add_real(a, "weight", CASE_IN, s->width);
}

static void rmsnorm_forward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->rmsnorm_forward(b, at[0], at[1], at[2], at[3], 1e-5, s->rows, s->width);
}

static void add_rmsnorm_forward_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_real(a, "sum", CASE_OUT, s->rows * s->width);
    add_real(a, "out", CASE_OUT, s->rows * s->width);
    add_wide(a, "inverse", CASE_OUT, s->rows);
    add_real(a, "x", CASE_IN, s->rows * s->width);
    add_real(a, "y", CASE_IN, s->rows * s->width);
    add_real(a, "weight", CASE_IN, s->width);
}

static void add_rmsnorm_forward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->add_rmsnorm_forward(b, at[0], at[1], at[2], at[3], at[4], at[5], 1e-5, s->rows, s->width);
}

static void rmsnorm_backward_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_real(a, "dx", CASE_IN_OUT, s->rows * s->width);
    add_wide(a, "dweight", CASE_IN_OUT, s->width);
    add_real(a, "dout", CASE_IN, s->rows * s->width);
    add_real(a, "x", CASE_IN, s->rows * s->width);
    add_real(a, "weight", CASE_IN, s->width);
    add(a, "inverse", CASE_WIDE, CASE_IN, s->rows, 0.5, 2);
}

static void rmsnorm_backward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->rmsnorm_backward(b, at[0], at[1], at[2], at[3], at[4], at[5], s->rows, s->width);
}

#define ROPE_POSITIONS 100

static void rope_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_real(a, "x", CASE_IN_OUT, s->rows * s->stride);
    add_wide(a, "table", CASE_IN, ROPE_POSITIONS * s->head_size);
    add(a, "positions", CASE_U32, CASE_IN, s->rows, 0, ROPE_POSITIONS);
}

static void rope(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->rope(b, at[0], at[1], at[2], s->rows, s->stride, s->heads, s->head_size, FALSE);
}

static void rope_inverse(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->rope(b, at[0], at[1], at[2], s->rows, s->stride, s->heads, s->head_size, TRUE);
}

/* Segments: a single row, two of odd lengths, and the rest. */
static AttentionShape attention_shape(const CaseSizes *s, guint32 starts[5])
{
    guint32 rows = (guint32)s->rows;
    starts[0] = 0;
    starts[1] = 1;
    starts[2] = rows / 3;
    starts[3] = rows / 3 + 7;
    starts[4] = rows;
    return (AttentionShape){.starts = starts, .segments = 4, .heads = s->heads, .kv_heads = s->kv_heads, .head_size = s->head_size};
}

static void attention_forward_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_real(a, "out", CASE_OUT, s->rows * s->heads * s->head_size);
    add_wide(a, "lse", CASE_OUT, s->rows * s->heads);
    add_real(a, "qkv", CASE_IN, s->rows * (s->heads + 2 * s->kv_heads) * s->head_size);
}

static void attention_forward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    guint32 starts[5];
    AttentionShape shape = attention_shape(s, starts);
    b->attention_forward(b, &shape, at[0], at[1], at[2]);
}

static void attention_backward_arrays(const CaseSizes *s, CaseArrays *a)
{
    attention_forward_arrays(s, a);
    add_real(a, "dout", CASE_IN, s->rows * s->heads * s->head_size);
    add_real(a, "dqkv", CASE_OUT, s->rows * (s->heads + 2 * s->kv_heads) * s->head_size);
}

static void attention_backward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    guint32 starts[5];
    AttentionShape shape = attention_shape(s, starts);
    b->attention_forward(b, &shape, at[0], at[1], at[2]);
    b->attention_backward(b, &shape, at[4], at[3], at[0], at[1], at[2]);
}

/* The same in other ways of the device; the reference knows one. */
#ifdef TRAIN_BFLOAT16
#define USE_ATTENTION(backend, way) backend_cuda_use_attention(backend, CUDA_ATTENTION_##way)
#else
#define USE_ATTENTION(backend, way) (void)backend
#endif

static void attention_group_forward(void *backend, const CaseSizes *s, void **at)
{
    USE_ATTENTION(backend, GROUPS);
    attention_forward(backend, s, at);
    USE_ATTENTION(backend, WARPS);
}

static void attention_group_backward(void *backend, const CaseSizes *s, void **at)
{
    USE_ATTENTION(backend, GROUPS);
    attention_backward(backend, s, at);
    USE_ATTENTION(backend, WARPS);
}

static void attention_producer_forward(void *backend, const CaseSizes *s, void **at)
{
    USE_ATTENTION(backend, PRODUCERS);
    attention_forward(backend, s, at);
    USE_ATTENTION(backend, WARPS);
}

static void attention_producer_backward(void *backend, const CaseSizes *s, void **at)
{
    USE_ATTENTION(backend, PRODUCERS);
    attention_backward(backend, s, at);
    USE_ATTENTION(backend, WARPS);
}

/* Sequences of one length, by cuDNN where the device has it. */
static void use_cudnn(Backend *backend, gboolean use, gboolean deterministic)
{
#ifdef TRAIN_BFLOAT16
    backend_cuda_use_cudnn(backend, use, deterministic, NULL);
#endif
}

static AttentionShape even_shape(const CaseSizes *s, guint32 starts[3])
{
    gsize segments = s->rows % 2 ? 1 : 2;
    for (gsize i = 0; i <= segments; i++)
        starts[i] = (guint32)(i * s->rows / segments);
    return (AttentionShape){.starts = starts, .segments = segments, .heads = s->heads, .kv_heads = s->kv_heads, .head_size = s->head_size};
}

static void attention_cudnn_forward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    guint32 starts[3];
    AttentionShape shape = even_shape(s, starts);
    use_cudnn(b, TRUE, TRUE);
    b->attention_forward(b, &shape, at[0], at[1], at[2]);
    use_cudnn(b, FALSE, TRUE);
}

/* Forward by ours: each takes the other's statistics. */
static void attention_cudnn_backward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    guint32 starts[3];
    AttentionShape shape = even_shape(s, starts);
    b->attention_forward(b, &shape, at[0], at[1], at[2]);
    use_cudnn(b, TRUE, TRUE);
    b->attention_backward(b, &shape, at[4], at[3], at[0], at[1], at[2]);
    use_cudnn(b, FALSE, TRUE);
}

/* Gates up to 8 on both sides: into the flat ends of the sigmoid. */
static void swiglu_forward_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_real(a, "out", CASE_OUT, s->rows * s->width);
    add(a, "gate_up", CASE_REAL, CASE_IN, s->rows * 2 * s->width, -8, 8);
}

static void swiglu_forward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->swiglu_forward(b, at[0], at[1], s->rows, s->width);
}

static void swiglu_backward_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_real(a, "dgate_up", CASE_OUT, s->rows * 2 * s->width);
    add_real(a, "dout", CASE_IN, s->rows * s->width);
    add(a, "gate_up", CASE_REAL, CASE_IN, s->rows * 2 * s->width, -8, 8);
}

static void swiglu_backward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->swiglu_backward(b, at[0], at[1], at[2], s->rows, s->width);
}

static void linear_forward_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_real(a, "out", CASE_OUT, s->rows * s->outputs);
    add_real(a, "x", CASE_IN, s->rows * s->width);
    add_real(a, "weight", CASE_IN, s->outputs * s->width);
}

static void linear_forward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->linear_forward(b, at[0], at[1], at[2], s->rows, s->width, s->outputs);
}

static void linear_backward_input_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_real(a, "dx", CASE_OUT, s->rows * s->width);
    add_real(a, "dout", CASE_IN, s->rows * s->outputs);
    add_real(a, "weight", CASE_IN, s->outputs * s->width);
}

static void linear_backward_input(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->linear_backward_input(b, at[0], at[1], at[2], s->rows, s->width, s->outputs);
}

static void linear_backward_weight_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_wide(a, "dweight", CASE_IN_OUT, s->outputs * s->width);
    add_real(a, "dout", CASE_IN, s->rows * s->outputs);
    add_real(a, "x", CASE_IN, s->rows * s->width);
}

static void linear_backward_weight(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->linear_backward_weight(b, at[0], at[1], at[2], s->rows, s->width, s->outputs);
}

/* ---- Products in eight bits ---------------------------------------------------------------------------------------- */

/* Numbers of three bits are the same in eight bits, whatever power of two they are scaled by: products of them differ by the rounding
 * of their results alone, and a wrong scale, or an element in a wrong place, shows. Their sizes differ, and so do their scales. */
static void make_exact(CaseArrays *a, double first, double second)
{
    a->at[1].bits = a->at[2].bits = 3;
    a->at[1].low = -first;
    a->at[1].high = first;
    a->at[2].low = -second;
    a->at[2].high = second;
}

static void fp8_forward_arrays(const CaseSizes *s, CaseArrays *a)
{
    linear_forward_arrays(s, a);
    make_exact(a, 30, 0.01);
}

static void fp8_backward_input_arrays(const CaseSizes *s, CaseArrays *a)
{
    linear_backward_input_arrays(s, a);
    make_exact(a, 1e-6, 0.3);
}

static void fp8_backward_weight_arrays(const CaseSizes *s, CaseArrays *a)
{
    linear_backward_weight_arrays(s, a);
    make_exact(a, 0.7, 5);
}

static void use_fp8(Backend *backend, gboolean use)
{
    if (backend->use_fp8)
        backend->use_fp8(backend, use, NULL);
    if (backend->narrow_products)
        backend->narrow_products(backend, use);
}

static void fp8_forward(void *backend, const CaseSizes *s, void **at)
{
    use_fp8(backend, TRUE);
    linear_forward(backend, s, at);
    use_fp8(backend, FALSE);
}

static void fp8_backward_input(void *backend, const CaseSizes *s, void **at)
{
    use_fp8(backend, TRUE);
    linear_backward_input(backend, s, at);
    use_fp8(backend, FALSE);
}

static void fp8_backward_weight(void *backend, const CaseSizes *s, void **at)
{
    use_fp8(backend, TRUE);
    linear_backward_weight(backend, s, at);
    use_fp8(backend, FALSE);
}

/* Logits up to 60: exponentials between 1e-26 and 1e26. */
static void add_logits(CaseArrays *a, const CaseSizes *s, CaseUse use)
{
    add(a, "logits", CASE_REAL, use, s->rows * s->stride, -60, 60);
}

static void cross_entropy_forward_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_wide(a, "largest", CASE_OUT, s->rows);
    add_wide(a, "sum", CASE_OUT, s->rows);
    add_wide(a, "target", CASE_OUT, s->rows);
    add_logits(a, s, CASE_IN);
    add_ids(a, s);
}

static void cross_entropy_forward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    ClassRange range = range_of(s);
    b->cross_entropy_forward(b, at[0], at[1], at[2], at[3], at[4], &range, s->rows);
}

static void cross_entropy_rescale_arrays(const CaseSizes *s, CaseArrays *a)
{
    add(a, "sum", CASE_WIDE, CASE_IN_OUT, s->rows, 1, 100);
    add(a, "own", CASE_WIDE, CASE_IN, s->rows, -20, 0);
    add(a, "largest", CASE_WIDE, CASE_IN, s->rows, 0, 5);
}

static void cross_entropy_rescale(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->cross_entropy_rescale(b, at[0], at[1], at[2], s->rows);
}

static void cross_entropy_losses_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_wide(a, "losses", CASE_OUT, s->rows);
    add_wide(a, "lse", CASE_OUT, s->rows);
    add(a, "largest", CASE_WIDE, CASE_IN, s->rows, -5, 60);
    add(a, "sum", CASE_WIDE, CASE_IN, s->rows, 1, 1e5);
    add(a, "target", CASE_WIDE, CASE_IN, s->rows, -60, -5);
}

static void cross_entropy_losses(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->cross_entropy_losses(b, at[0], at[1], at[2], at[3], at[4], s->rows);
}

static void cross_entropy_backward_arrays(const CaseSizes *s, CaseArrays *a)
{
    add(a, "logits", CASE_REAL, CASE_IN_OUT, s->rows * s->stride, -4, 4);
    add(a, "lse", CASE_WIDE, CASE_IN, s->rows, 4, 9);
    add_ids(a, s);
    add(a, "weights", CASE_WIDE, CASE_IN, s->rows, 0, 1e-3);
}

static void cross_entropy_backward(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    ClassRange range = range_of(s);
    b->cross_entropy_backward(b, at[0], at[1], at[2], at[3], &range, s->rows);
}

static void add_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_real(a, "out", CASE_OUT, s->rows * s->width);
    add_real(a, "x", CASE_IN, s->rows * s->width);
    add_real(a, "y", CASE_IN, s->rows * s->width);
}

static void add_two(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->add(b, at[0], at[1], at[2], s->rows * s->width);
}

static void accumulate_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_wide(a, "to", CASE_IN_OUT, s->rows * s->width);
    add_wide(a, "from", CASE_IN, s->rows * s->width);
}

static void accumulate(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->accumulate(b, at[0], at[1], s->rows * s->width);
}

static void narrow_arrays(const CaseSizes *s, CaseArrays *a)
{
    add_real(a, "to", CASE_OUT, s->rows * s->width);
    add_wide(a, "from", CASE_IN, s->rows * s->width);
}

static void narrow(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    b->narrow(b, at[0], at[1], s->rows * s->width);
}

/* Three pieces: one element, none, and the rest. */
#define SQUARE_PIECES 3

static void square_sums_arrays(const CaseSizes *s, CaseArrays *a)
{
    add(a, "sums", CASE_DOUBLE, CASE_OUT, SQUARE_PIECES, 0, 0);
    add_wide(a, "x", CASE_IN, s->rows * s->width);
}

static void square_sums(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    const Piece pieces[SQUARE_PIECES] = {{s->rows * s->width - 1, 1}, {5, 0}, {0, s->rows * s->width - 1}};
    b->square_sums(b, at[0], at[1], pieces, SQUARE_PIECES);
}

static void adamw_arrays(const CaseSizes *s, CaseArrays *a)
{
    gsize count = s->rows * s->width;
    add_real(a, "parameters", CASE_OUT, count);
    add_wide(a, "master", CASE_IN_OUT, count);
    add_wide(a, "m", CASE_IN_OUT, count);
    add(a, "v", CASE_WIDE, CASE_IN_OUT, count, 0, 1);
    add_wide(a, "gradients", CASE_IN, count);
}

static void adamw(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    const AdamW step = {.rate = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-3, .decay = 0.1, .correction1 = 0.271, .correction2 = 0.142625, .scale = 0.5};
    b->adamw(b, at[0], at[1], at[2], at[3], at[4], s->rows * s->width, &step);
}

/* ---- A whole model: two layers, forward, backward and the norm of the gradient ------------------------------------ */

static ModelShape model_shape(const CaseSizes *s)
{
    return (ModelShape){.vocabulary = s->outputs,
                        .hidden = s->heads * s->head_size,
                        .layers = 2,
                        .heads = s->heads,
                        .kv_heads = s->kv_heads,
                        .intermediate = s->width,
                        .context = s->rows,
                        .rope_theta = 10000,
                        .norm_epsilon = 1e-5};
}

static gsize model_elements(const CaseSizes *s)
{
    ModelShape shape = model_shape(s);
    g_autoptr(ParameterTable) table = parameter_table_new(&shape, &model_part_whole, 1);
    return table->elements;
}

static void model_arrays(const CaseSizes *s, CaseArrays *a)
{
    gsize elements = model_elements(s);
    add_wide(a, "losses", CASE_OUT, s->rows);
    add_wide(a, "gradients", CASE_OUT, elements);
    add_wide(a, "gradients of norms", CASE_OUT, 5 * s->heads * s->head_size);
    add(a, "norm of the gradient", CASE_DOUBLE, CASE_OUT, 1, 0, 0);
    add(a, "weights", CASE_REAL, CASE_IN, elements, -0.08, 0.08);
    add(a, "ids", CASE_U32, CASE_IN, s->rows, 0, (double)s->outputs);
    add(a, "targets", CASE_U32, CASE_IN, s->rows, 0, (double)s->outputs);
    add(a, "positions", CASE_U32, CASE_IN, s->rows, 0, (double)s->rows);
    add(a, "target weights", CASE_WIDE, CASE_IN, s->rows, 0, 2 / (double)s->rows);
    a->at[0].limit = a->at[3].limit = REAL_LIMIT;
}

/* Norms get eight times the drawn numbers, which is exact: scales as small as the matrices' numbers would hide the layers. */
static void set_weights(Optimizer *optimizer, const real *weights)
{
    const ParameterTable *table = optimizer->model->table;
    Backend *b = optimizer->model->backend;
    g_autofree real *drawn = g_new(real, table->elements);
    g_autofree wide *values = g_new0(wide, table->elements);
    b->download(b, drawn, weights, table->elements * sizeof *drawn);
    for (gsize t = 0; t < table->count; t++) {
        const ParameterTensor *tensor = &table->tensors[t];
        for (gsize i = 0; i < parameter_tensor_elements(tensor); i++)
            values[tensor->offset + i] = (wide)((tensor->columns ? 1 : 8) * real_to_double(drawn[tensor->offset + i]));
    }
    optimizer_set_weights(optimizer, values);
}

static void copy_norm_gradients(const Model *model, wide *to)
{
    Backend *b = model->backend;
    for (gsize t = 0; t < model->table->count; t++) {
        const ParameterTensor *tensor = &model->table->tensors[t];
        gsize count = parameter_tensor_elements(tensor);
        if (tensor->columns)
            continue;
        b->copy(b, to, model->gradients + tensor->offset, count * sizeof *to);
        to += count;
    }
}

static void model_pass(void *backend, const CaseSizes *s, void **at)
{
    Backend *b = backend;
    g_autoptr(GError) error = NULL;
    ModelShape shape = model_shape(s);
    ModelOptions options = {.use = MODEL_TRAIN, .max_rows = s->rows};
    OptimizerSettings settings = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .clip = 1};
    OptimizerRanks alone = {0};
    guint32 starts[5];
    AttentionShape segments = attention_shape(s, starts);
    ModelInput input = {.rows = s->rows, .ids = at[5], .targets = at[6], .positions = at[7], .weights = at[8], .starts = starts, .segments = segments.segments, .last = TRUE};
    g_autoptr(Model) model = model_new(&shape, &model_part_whole, b, &options, &error);
    g_assert_no_error(error);
    g_autoptr(Optimizer) optimizer = optimizer_new(&settings, model, &alone, FALSE, &error);
    g_assert_no_error(error);
    set_weights(optimizer, at[4]);
    model_forward(model, 0, 0, &input);
    model_losses(model, 0, &input, at[0]);
    model_backward(model, 0, 0, &input);
    b->copy(b, at[1], model->gradients, model->table->elements * sizeof(wide));
    copy_norm_gradients(model, at[2]);
    optimizer_gradient_norm(optimizer, at[3], &error);
    g_assert_no_error(error);
}

static void fp8_model_arrays(const CaseSizes *s, CaseArrays *a)
{
    model_arrays(s, a);
    a->at[0].limit = a->at[3].limit = FP8_LOSS_LIMIT;
}

static void fp8_model_pass(void *backend, const CaseSizes *s, void **at)
{
    use_fp8(backend, TRUE);
    model_pass(backend, s, at);
    use_fp8(backend, FALSE);
}

static const CaseOperation operations[] = {
    {"model", model_arrays, model_pass, MODEL_LIMIT, MODEL_LIMIT},
    {"fp8_model", fp8_model_arrays, fp8_model_pass, FP8_MODEL_LIMIT, FP8_MODEL_LIMIT},
    {"embedding_forward", embedding_forward_arrays, embedding_forward, 0, 0},
    {"embedding_backward", embedding_backward_arrays, embedding_backward, REAL_LIMIT, WIDE_LIMIT},
    {"rmsnorm_forward", rmsnorm_forward_arrays, rmsnorm_forward, REAL_LIMIT, WIDE_LIMIT},
    /* The sum is rounded before it is normed, and `inverse` with it. */
    {"add_rmsnorm_forward", add_rmsnorm_forward_arrays, add_rmsnorm_forward, REAL_LIMIT, REAL_LIMIT},
    {"rmsnorm_backward", rmsnorm_backward_arrays, rmsnorm_backward, REAL_LIMIT, WIDE_LIMIT},
    {"rope", rope_arrays, rope, REAL_LIMIT, WIDE_LIMIT},
    {"rope_inverse", rope_arrays, rope_inverse, REAL_LIMIT, WIDE_LIMIT},
    {"attention_forward", attention_forward_arrays, attention_forward, 1e-2, 1e-4},
    {"attention_backward", attention_backward_arrays, attention_backward, 1e-2, 1e-4},
    {"attention_group_forward", attention_forward_arrays, attention_group_forward, 1e-2, 1e-4},
    {"attention_group_backward", attention_backward_arrays, attention_group_backward, 1e-2, 1e-4},
    {"attention_producer_forward", attention_forward_arrays, attention_producer_forward, 1e-2, 1e-4},
    {"attention_producer_backward", attention_backward_arrays, attention_producer_backward, 1e-2, 1e-4},
    {"attention_cudnn_forward", attention_forward_arrays, attention_cudnn_forward, 1e-2, 1e-4},
    {"attention_cudnn_backward", attention_backward_arrays, attention_cudnn_backward, 1e-2, 1e-4},
    {"swiglu_forward", swiglu_forward_arrays, swiglu_forward, REAL_LIMIT, WIDE_LIMIT},
    {"swiglu_backward", swiglu_backward_arrays, swiglu_backward, REAL_LIMIT, WIDE_LIMIT},
    {"linear_forward", linear_forward_arrays, linear_forward, REAL_LIMIT, WIDE_LIMIT},
    {"linear_backward_input", linear_backward_input_arrays, linear_backward_input, REAL_LIMIT, WIDE_LIMIT},
    {"linear_backward_weight", linear_backward_weight_arrays, linear_backward_weight, REAL_LIMIT, WIDE_LIMIT},
    /* Hopper's tensor cores add eight bits with some 14 bits between handing sums over. */
    {"fp8_forward", fp8_forward_arrays, fp8_forward, 2 * REAL_LIMIT, 0},
    {"fp8_backward_input", fp8_backward_input_arrays, fp8_backward_input, REAL_LIMIT, 0},
    {"fp8_backward_weight", fp8_backward_weight_arrays, fp8_backward_weight, 0, 1e-3},
    /* Of any numbers: three bits of a factor are 3.6 % and two 7 % of rounding at most, and half of it in the mean. */
    {"fp8_rounded_forward", linear_forward_arrays, fp8_forward, 6e-2, 6e-2},
    {"fp8_rounded_backward_input", linear_backward_input_arrays, fp8_backward_input, 9e-2, 9e-2},
    {"fp8_rounded_backward_weight", linear_backward_weight_arrays, fp8_backward_weight, 9e-2, 9e-2},
    {"cross_entropy_forward", cross_entropy_forward_arrays, cross_entropy_forward, REAL_LIMIT, WIDE_LIMIT},
    {"cross_entropy_rescale", cross_entropy_rescale_arrays, cross_entropy_rescale, REAL_LIMIT, WIDE_LIMIT},
    {"cross_entropy_losses", cross_entropy_losses_arrays, cross_entropy_losses, REAL_LIMIT, WIDE_LIMIT},
    {"cross_entropy_backward", cross_entropy_backward_arrays, cross_entropy_backward, REAL_LIMIT, WIDE_LIMIT},
    {"add", add_arrays, add_two, REAL_LIMIT, WIDE_LIMIT},
    {"accumulate", accumulate_arrays, accumulate, REAL_LIMIT, WIDE_LIMIT},
    {"narrow", narrow_arrays, narrow, REAL_LIMIT, WIDE_LIMIT},
    {"square_sums", square_sums_arrays, square_sums, REAL_LIMIT, WIDE_LIMIT},
    {"adamw", adamw_arrays, adamw, REAL_LIMIT, WIDE_LIMIT},
};

const CaseOperation *case_operations(gsize *count)
{
    *count = G_N_ELEMENTS(operations);
    return operations;
}
