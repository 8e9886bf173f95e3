/* SPDX-License-Identifier: Apache-2.0
 * Causal grouped-query attention on the CPU; see train/ops.h.
 *
 * Queries go through in blocks, each against all keys up to its last row: about half of the full square, as matrix
 * products, with memory for one block of scores. Forward keeps the log of each softmax's denominator alone; backward
 * computes the probabilities again from it. */
#include <string.h>
#include <tgmath.h>

#include "train/cpu/cpu.h"
#include "train/cpu/exp.h"

#define BLOCK 64

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

/* scores[rows, keys] of the block of queries that begins at `first`, before the softmax and the causal mask. */
static void score_block(const HeadView *view, real *scores, gsize first, gsize rows, gsize keys)
{
    cpu_gemm(CblasNoTrans, CblasTrans, rows, keys, view->size, view->scale, view->q + first * view->stride,
             view->stride, view->k, view->stride, 0, scores, keys);
}

/* The softmax of the first `seen` scores in place, zero behind them; returns the log of its denominator. */
static real softmax_row(real *scores, gsize seen, gsize keys)
{
    real largest = scores[0], sum = 0;
    SIMD_MAX(largest)
    for (gsize j = 1; j < seen; j++)
        largest = MAX(largest, scores[j]);
    SIMD_SUM(sum)
    for (gsize j = 0; j < seen; j++) {
        scores[j] = cpu_exp(scores[j] - largest);
        sum += scores[j];
    }
    real inverse = 1 / sum;
    SIMD
    for (gsize j = 0; j < seen; j++)
        scores[j] *= inverse;
    memset(scores + seen, 0, (keys - seen) * sizeof(real));
    return largest + log(sum);
}

static void forward_head(const HeadView *view, real *out, wide *lse)
{
    g_autofree real *scores = g_new(real, BLOCK * view->length);
    for (gsize first = 0; first < view->length; first += BLOCK) {
        gsize rows = MIN(BLOCK, view->length - first), keys = first + rows;
        score_block(view, scores, first, rows, keys);
        for (gsize r = 0; r < rows; r++)
            lse[(first + r) * view->lse_stride] = softmax_row(scores + r * keys, first + r + 1, keys);
        cpu_gemm(CblasNoTrans, CblasNoTrans, rows, view->size, keys, 1, scores, keys, view->v, view->stride, 0,
                 out + first * view->out_stride, view->out_stride);
    }
}

typedef struct Attention {
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
        forward_head(&view, a->out + view.at, a->lse + shape->starts[segment] * shape->heads + head);
}

static void cpu_attention_forward(Backend *backend, const AttentionShape *shape, real *out, wide *lse, const real *qkv)
{
    Attention a = {.shape = shape, .out = out, .lse = lse, .qkv = qkv};
    cpu_run(backend, attention_work(shape), shape->segments * shape->heads, forward_item, &a);
}

/* Turns a row of scores and of dout . v into the probabilities and the derivatives by the scores. */
static void backward_row(real *scores, real *dscores, real lse, real shared, real scale, gsize seen, gsize keys)
{
    SIMD
    for (gsize j = 0; j < seen; j++) {
        scores[j] = cpu_exp(scores[j] - lse);
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

/* Writes dq of this head, adds to dk and dv, which the heads of a group share. */
static void backward_head(const HeadView *view, real *dq, real *dk, real *dv, const real *dout, const real *out,
                          const wide *lse)
{
    gsize stride = view->stride, size = view->size, out_stride = view->out_stride;
    g_autofree real *scores = g_new(real, BLOCK * view->length);
    g_autofree real *dscores = g_new(real, BLOCK * view->length);
    for (gsize first = 0; first < view->length; first += BLOCK) {
        gsize rows = MIN(BLOCK, view->length - first), keys = first + rows;
        const real *dblock = dout + first * out_stride;
        score_block(view, scores, first, rows, keys);
        cpu_gemm(CblasNoTrans, CblasTrans, rows, keys, size, 1, dblock, out_stride, view->v, stride, 0, dscores, keys);
        for (gsize r = 0; r < rows; r++)
            backward_row(scores + r * keys, dscores + r * keys, lse[(first + r) * view->lse_stride],
                         dot(dblock + r * out_stride, out + (first + r) * out_stride, size), view->scale, first + r + 1, keys);
        cpu_gemm(CblasTrans, CblasNoTrans, keys, size, rows, 1, scores, keys, dblock, out_stride, 1, dv, stride);
        cpu_gemm(CblasTrans, CblasNoTrans, keys, size, rows, 1, dscores, keys, view->q + first * stride, stride, 1, dk,
                 stride);
        cpu_gemm(CblasNoTrans, CblasNoTrans, rows, size, keys, 1, dscores, keys, view->k, stride, 0,
                 dq + first * stride, stride);
    }
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
        if (view.length)
            backward_head(&view, dq, dk, dv, a->dout + view.at, a->saved_out + view.at,
                          a->saved_lse + shape->starts[segment] * shape->heads + head);
    }
}

static void cpu_attention_backward(Backend *backend, const AttentionShape *shape, real *dqkv, const real *dout,
                                   const real *out, const wide *lse, const real *qkv)
{
    Attention a = {.shape = shape, .dqkv = dqkv, .dout = dout, .saved_out = out, .saved_lse = lse, .qkv = qkv};
    cpu_run(backend, attention_work(shape), shape->segments * shape->kv_heads, backward_group, &a);
}

void CPU_AT_LEVEL(cpu_attention)(Backend *backend)
{
    backend->attention_forward = cpu_attention_forward;
    backend->attention_backward = cpu_attention_backward;
}
