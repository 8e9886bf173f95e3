/* SPDX-License-Identifier: Apache-2.0
 * Causal grouped-query attention on the CPU; see train/ops.h.
 *
 * Queries go through in blocks, each against all keys up to its last row: about half of the full square, as matrix
 * products with keys and values that are packed once a head, and with memory for one block of scores. Forward keeps the log of each softmax's denominator alone; backward
 * computes the probabilities again from it. */
#include <string.h>
#include <tgmath.h>

#include "train/cpu/exp.h"
#include "train/cpu/matrix.h"

#define BLOCK 56

/* One query head of one segment; rows counted from the segment's first. */
typedef struct HeadView {
    const real *q, *k, *v;
    gsize stride; /* between rows of q, k and v */
    gsize out_stride;
    gsize length, size;
    gsize at, lse_stride; /* the head's column in out; distance between rows of lse */
    real scale;
} HeadView;

static HeadView view_head(const AttentionShape *shape, const real *qkv, gsize segment, gsize head)
{
    gsize first = shape->starts[segment], size = shape->head_size;
    gsize stride = (shape->heads + 2 * shape->kv_heads) * size;
    gsize group = head / (shape->heads / shape->kv_heads);
    const real *row = qkv + first * stride;
    return (HeadView){
        .q = row + head * size,
        .k = row + (shape->heads + group) * size,
        .v = row + (shape->heads + shape->kv_heads + group) * size,
        .stride = stride,
        .out_stride = shape->heads * size,
        .length = shape->starts[segment + 1] - first,
        .size = size,
        .at = first * shape->heads * size + head * size,
        .lse_stride = shape->heads,
        .scale = 1 / sqrt((real)size),
    };
}

/* The distance between rows of scores: whole cache lines, in either precision. */
static gsize score_stride(gsize keys)
{
    return cpu_pieces(keys, 16) * 16;
}

/* Keys and values of the head as right factors; the memory is a piece's. */
static CpuFactor pack_transposed(real **memory, const HeadView *view, const real *rows)
{
    real *to = *memory;
    *memory += cpu_matrix_packed_size(view->size, view->length);
    return cpu_matrix_pack(to, (Matrix){rows, view->stride, TRUE}, view->size, view->length);
}

static CpuFactor pack_by_rows(real **memory, const HeadView *view, const real *rows)
{
    real *to = *memory;
    *memory += cpu_matrix_packed_size(view->length, view->size);
    return cpu_matrix_pack(to, (Matrix){rows, view->stride, FALSE}, view->length, view->size);
}

/* The softmax of the first `seen` scores, which wait for their scale, in place but for its denominator, and zero behind them. */
static real softmax_row(real *scores, real scale, gsize seen, gsize keys, real *largest)
{
    real most = scores[0], sum = 0;
    SIMD_MAX(most)
    for (gsize j = 1; j < seen; j++)
        most = MAX(most, scores[j]);
    SIMD_SUM(sum)
    for (gsize j = 0; j < seen; j++) {
        scores[j] = cpu_exp(scale * (scores[j] - most));
        sum += scores[j];
    }
    memset(scores + seen, 0, (keys - seen) * sizeof(real));
    *largest = most;
    return sum;
}

static void multiply_row(real *row, real by, gsize count)
{
    SIMD
    for (gsize i = 0; i < count; i++)
        row[i] *= by;
}

static void forward_head(const HeadView *view, CpuPool *pool, real *out, wide *lse)
{
    gsize stride = score_stride(view->length), size = view->size;
    gsize packed = cpu_matrix_packed_size(size, view->length) + cpu_matrix_packed_size(view->length, size);
    real *memory = cpu_pool_borrow(pool, (packed + BLOCK * stride) * sizeof(real)), *scores = memory, sums[BLOCK], largest;
    CpuFactor keys_across = pack_transposed(&scores, view, view->k), values = pack_by_rows(&scores, view, view->v);
    for (gsize first = 0; first < view->length; first += BLOCK) {
        gsize rows = MIN(BLOCK, view->length - first), keys = first + rows;
        Matrix q = {view->q + first * view->stride, view->stride, FALSE};
        cpu_matrix_multiply(scores, stride, q, &keys_across, rows, keys, size, FALSE);
        for (gsize r = 0; r < rows; r++) {
            sums[r] = softmax_row(scores + r * stride, view->scale, first + r + 1, keys, &largest);
            lse[(first + r) * view->lse_stride] = view->scale * largest + log(sums[r]);
        }
        real *to = out + first * view->out_stride;
        cpu_matrix_multiply(to, view->out_stride, (Matrix){scores, stride, FALSE}, &values, rows, size, keys, FALSE);
        for (gsize r = 0; r < rows; r++)
            multiply_row(to + r * view->out_stride, 1 / sums[r], size);
    }
    cpu_pool_give_back(pool, memory);
}

typedef struct Attention {
    CpuPool *pool;
    const AttentionShape *shape;
    real *out; /* forward */
    wide *lse;
    real *dqkv;      /* backward */
    const real *dout, *saved_out, *qkv;
    const wide *saved_lse;
} Attention;

static gsize attention_work(const AttentionShape *shape)
{
    return shape->starts[shape->segments] * shape->heads * shape->head_size * 64;
}

static void forward_item(gsize item, gconstpointer user)
{
    const Attention *a = user;
    const AttentionShape *shape = a->shape;
    gsize segment = item / shape->heads, head = item % shape->heads;
    HeadView view = view_head(shape, a->qkv, segment, head);
    if (view.length)
        forward_head(&view, a->pool, a->out + view.at, a->lse + shape->starts[segment] * shape->heads + head);
}

static void cpu_attention_forward(Backend *backend, const AttentionShape *shape, real *out, wide *lse, const real *qkv)
{
    Attention a = {.pool = backend->state, .shape = shape, .out = out, .lse = lse, .qkv = qkv};
    cpu_run(backend, attention_work(shape), shape->segments * shape->heads, forward_item, &a);
}

/* Turns a row of scores and of dout . v into the probabilities and the derivatives by the scores. */
static void backward_row(real *scores, real *dscores, real lse, real shared, real scale, gsize seen, gsize keys)
{
    SIMD
    for (gsize j = 0; j < seen; j++) {
        scores[j] = cpu_exp(scale * scores[j] - lse);
        dscores[j] = scale * scores[j] * (dscores[j] - shared);
    }
    memset(scores + seen, 0, (keys - seen) * sizeof(real));
    memset(dscores + seen, 0, (keys - seen) * sizeof(real));
}

static real dot(const real *a, const real *b, gsize count)
{
    real sum = 0;
    SIMD_SUM(sum)
    for (gsize i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

/* What the backward pass of one head works with; the memory is a piece's. */
typedef struct BackwardHead {
    const HeadView *view;
    real *dq, *dk, *dv;
    const real *dout, *out;
    const wide *lse;
    CpuFactor keys_across, values_across, keys;
    real *scores, *dscores, *block; /* `block`: for a block of rows as a right factor */
    gsize stride;
} BackwardHead;

static void backward_block(const BackwardHead *h, gsize first)
{
    const HeadView *view = h->view;
    gsize rows = MIN(BLOCK, view->length - first), keys = first + rows, size = view->size;
    Matrix q = {view->q + first * view->stride, view->stride, FALSE}, dout = {h->dout + first * view->out_stride, view->out_stride, FALSE};
    Matrix across = {h->scores, h->stride, TRUE}, dacross = {h->dscores, h->stride, TRUE};
    cpu_matrix_multiply(h->scores, h->stride, q, &h->keys_across, rows, keys, size, FALSE);
    cpu_matrix_multiply(h->dscores, h->stride, dout, &h->values_across, rows, keys, size, FALSE);
    for (gsize r = 0; r < rows; r++) {
        gsize at = (first + r) * view->out_stride;
        backward_row(h->scores + r * h->stride, h->dscores + r * h->stride, h->lse[(first + r) * view->lse_stride],
                     dot(h->dout + at, h->out + at, size), view->scale, first + r + 1, keys);
    }
    CpuFactor factor = cpu_matrix_pack(h->block, dout, rows, size);
    cpu_matrix_multiply(h->dv, view->stride, across, &factor, keys, size, rows, TRUE);
    factor = cpu_matrix_pack(h->block, q, rows, size);
    cpu_matrix_multiply(h->dk, view->stride, dacross, &factor, keys, size, rows, TRUE);
    cpu_matrix_multiply(h->dq + first * view->stride, view->stride, (Matrix){h->dscores, h->stride, FALSE}, &h->keys, rows, size, keys, FALSE);
}

/* Writes dq of this head, adds to dk and dv, which the heads of a group share. */
static void backward_head(BackwardHead *h, CpuPool *pool)
{
    const HeadView *view = h->view;
    gsize across = cpu_matrix_packed_size(view->size, view->length), by_rows = cpu_matrix_packed_size(view->length, view->size);
    h->stride = score_stride(view->length);
    gsize numbers = 2 * across + by_rows + 2 * BLOCK * h->stride + cpu_matrix_packed_size(BLOCK, view->size);
    real *memory = cpu_pool_borrow(pool, numbers * sizeof(real)), *rest = memory;
    h->keys_across = pack_transposed(&rest, view, view->k);
    h->values_across = pack_transposed(&rest, view, view->v);
    h->keys = pack_by_rows(&rest, view, view->k);
    h->scores = rest;
    h->dscores = h->scores + BLOCK * h->stride;
    h->block = h->dscores + BLOCK * h->stride;
    for (gsize first = 0; first < view->length; first += BLOCK)
        backward_block(h, first);
    cpu_pool_give_back(pool, memory);
}

/* One thread takes all query heads of a group, in order, because they add to the same keys and values. */
static void backward_group(gsize item, gconstpointer user)
{
    const Attention *a = user;
    const AttentionShape *shape = a->shape;
    gsize segment = item / shape->kv_heads, group = item % shape->kv_heads, shared = shape->heads / shape->kv_heads;
    for (gsize head = group * shared; head < (group + 1) * shared; head++) {
        HeadView view = view_head(shape, a->qkv, segment, head);
        real *dq = a->dqkv + (view.q - a->qkv), *dk = a->dqkv + (view.k - a->qkv), *dv = a->dqkv + (view.v - a->qkv);
        for (gsize r = 0; head == group * shared && r < view.length; r++) {
            memset(dk + r * view.stride, 0, view.size * sizeof(real));
            memset(dv + r * view.stride, 0, view.size * sizeof(real));
        }
        BackwardHead h = {.view = &view, .dq = dq, .dk = dk, .dv = dv, .dout = a->dout + view.at, .out = a->saved_out + view.at,
                          .lse = a->saved_lse + shape->starts[segment] * shape->heads + head};
        if (view.length)
            backward_head(&h, a->pool);
    }
}

static void cpu_attention_backward(Backend *backend, const AttentionShape *shape, real *dqkv, const real *dout,
                                   const real *out, const wide *lse, const real *qkv)
{
    Attention a = {.pool = backend->state, .shape = shape, .dqkv = dqkv, .dout = dout, .saved_out = out, .saved_lse = lse, .qkv = qkv};
    cpu_run(backend, attention_work(shape), shape->segments * shape->kv_heads, backward_group, &a);
}

void CPU_AT_LEVEL(cpu_attention)(Backend *backend)
{
    backend->attention_forward = cpu_attention_forward;
    backend->attention_backward = cpu_attention_backward;
}
