/* SPDX-License-Identifier: Apache-2.0
 * Each operation of train/ops.h: its arrays, and its call; see tests/gpu/side.h.
 *
 * Limits are relative L2 distances. Inputs are the same numbers on both sides, so an output in bfloat16 differs by its own
 * rounding (1.1e-3 on average over a binade) and a little of sums in float; a float output by the latter alone. Attention
 * rounds probabilities to bfloat16 inside, too. */
#include "tests/gpu/operations.h"

#include "train/ops.h"

#define REAL_LIMIT 3e-3
#define WIDE_LIMIT 1e-5

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

static const CaseOperation operations[] = {
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
    {"swiglu_forward", swiglu_forward_arrays, swiglu_forward, REAL_LIMIT, WIDE_LIMIT},
    {"swiglu_backward", swiglu_backward_arrays, swiglu_backward, REAL_LIMIT, WIDE_LIMIT},
    {"linear_forward", linear_forward_arrays, linear_forward, REAL_LIMIT, WIDE_LIMIT},
    {"linear_backward_input", linear_backward_input_arrays, linear_backward_input, REAL_LIMIT, WIDE_LIMIT},
    {"linear_backward_weight", linear_backward_weight_arrays, linear_backward_weight, REAL_LIMIT, WIDE_LIMIT},
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
