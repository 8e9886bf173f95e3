/* SPDX-License-Identifier: Apache-2.0
 * Attention on the GPU for heads of any size up to 256; see train/ops.h.
 *
 * The tiles of flash attention are made for heads of 64 and 128, which is what models have; small ones for
 * tests and trials have others, and come here. A warp takes one query of one head, its lanes divide the
 * head's elements, and keys pass by one after the other: softmax over a running maximum forward,
 * probabilities again from lse backward. Every sum has one owner and one order: dq belongs to the warp of its
 * query; a second kernel gives each key of each head a warp, which takes the queries behind it. All reads
 * come from the cache: this is slower by an order of magnitude than tiles. */
#include <math_constants.h>

#include "train/cuda/attention.cuh"

#define WARPS 4
#define LANE_ELEMENTS (CUDA_PLAIN_HEAD_MAX / 32)

typedef struct Heads {
    const guint32 *starts; /* on the device */
    unsigned segments, rows, heads, kv_heads, size;
    float scale;
} Heads;

/* The last segment that begins at or before the row. */
static __device__ inline unsigned find_segment(const Heads &h, unsigned row)
{
    unsigned low = 0, high = h.segments;
    while (high - low > 1) {
        unsigned middle = (low + high) / 2;
        if (h.starts[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Elements lane, lane + 32, ... of a head. */
static __device__ inline void load_head(float (&x)[LANE_ELEMENTS], const bf16 *from, unsigned size)
{
#pragma unroll
    for (unsigned i = 0; i < LANE_ELEMENTS; i++)
        x[i] = i * 32 + threadIdx.x < size ? widen(from[i * 32 + threadIdx.x]) : 0;
}

static __device__ inline void store_head(bf16 *to, const float (&x)[LANE_ELEMENTS], unsigned size)
{
#pragma unroll
    for (unsigned i = 0; i < LANE_ELEMENTS; i++)
        if (i * 32 + threadIdx.x < size)
            narrow(x[i], to + i * 32 + threadIdx.x);
}

static __device__ inline float dot(const float (&a)[LANE_ELEMENTS], const float (&b)[LANE_ELEMENTS])
{
    float sum = 0;
#pragma unroll
    for (unsigned i = 0; i < LANE_ELEMENTS; i++)
        sum += a[i] * b[i];
    return warp_sum(sum);
}

static __device__ inline void add_scaled(float (&to)[LANE_ELEMENTS], float factor,
                                         const float (&x)[LANE_ELEMENTS])
{
#pragma unroll
    for (unsigned i = 0; i < LANE_ELEMENTS; i++)
        to[i] += factor * x[i];
}

/* Where head `head` of a row lies in qkv: query heads first, then keys, then values. */
static __device__ inline size_t place(const Heads &h, unsigned row, unsigned head)
{
    return ((size_t)row * (h.heads + 2 * h.kv_heads) + head) * h.size;
}

static __global__ void __launch_bounds__(32 * WARPS)
    forward(Heads h, bf16 *__restrict__ out, wide *__restrict__ lse, const bf16 *__restrict__ qkv)
{
    unsigned row = blockIdx.x * WARPS + threadIdx.y, head = blockIdx.y,
             group = h.heads + head / (h.heads / h.kv_heads);
    if (row >= h.rows)
        return;
    float q[LANE_ELEMENTS], x[LANE_ELEMENTS], sum[LANE_ELEMENTS] = {}, largest = -CUDART_INF_F, total = 0;
    load_head(q, qkv + place(h, row, head), h.size);
    for (unsigned j = h.starts[find_segment(h, row)]; j <= row; j++) {
        load_head(x, qkv + place(h, j, group), h.size);
        float score = dot(q, x) * h.scale, above = fmaxf(largest, score), kept = expf(largest - above),
              weight = expf(score - above);
        load_head(x, qkv + place(h, j, group + h.kv_heads), h.size);
#pragma unroll
        for (unsigned i = 0; i < LANE_ELEMENTS; i++)
            sum[i] = kept * sum[i] + weight * x[i];
        total = kept * total + weight;
        largest = above;
    }
#pragma unroll
    for (unsigned i = 0; i < LANE_ELEMENTS; i++)
        sum[i] /= total;
    store_head(out + ((size_t)row * h.heads + head) * h.size, sum, h.size);
    if (threadIdx.x == 0)
        lse[(size_t)row * h.heads + head] = largest + logf(total);
}

/* dq, and shared[row, head] = dout . out, which the keys need too. */
static __global__ void __launch_bounds__(32 * WARPS)
    backward_queries(Heads h, bf16 *__restrict__ dqkv, float *__restrict__ shared,
                     const bf16 *__restrict__ dout, const bf16 *__restrict__ out,
                     const wide *__restrict__ lse, const bf16 *__restrict__ qkv)
{
    unsigned row = blockIdx.x * WARPS + threadIdx.y, head = blockIdx.y,
             group = h.heads + head / (h.heads / h.kv_heads);
    if (row >= h.rows)
        return;
    size_t at = (size_t)row * h.heads + head;
    float q[LANE_ELEMENTS], d[LANE_ELEMENTS], x[LANE_ELEMENTS], sum[LANE_ELEMENTS] = {},
                                                                denominator = lse[at];
    load_head(q, qkv + place(h, row, head), h.size);
    load_head(d, dout + at * h.size, h.size);
    load_head(x, out + at * h.size, h.size);
    float own = dot(d, x);
    for (unsigned j = h.starts[find_segment(h, row)]; j <= row; j++) {
        load_head(x, qkv + place(h, j, group + h.kv_heads), h.size);
        float dp = dot(d, x);
        load_head(x, qkv + place(h, j, group), h.size);
        float p = expf(dot(q, x) * h.scale - denominator);
        add_scaled(sum, p * (dp - own) * h.scale, x);
    }
    store_head(dqkv + place(h, row, head), sum, h.size);
    if (threadIdx.x == 0)
        shared[at] = own;
}

static __global__ void __launch_bounds__(32 * WARPS, 1)
    backward_keys(Heads h, bf16 *__restrict__ dqkv, const float *__restrict__ shared,
                  const bf16 *__restrict__ dout, const wide *__restrict__ lse, const bf16 *__restrict__ qkv)
{
    unsigned row = blockIdx.x * WARPS + threadIdx.y, group = blockIdx.y, shares = h.heads / h.kv_heads;
    if (row >= h.rows)
        return;
    float k[LANE_ELEMENTS], v[LANE_ELEMENTS], x[LANE_ELEMENTS], dk[LANE_ELEMENTS] = {},
                                                                dv[LANE_ELEMENTS] = {};
    load_head(k, qkv + place(h, row, h.heads + group), h.size);
    load_head(v, qkv + place(h, row, h.heads + h.kv_heads + group), h.size);
    unsigned end = h.starts[find_segment(h, row) + 1];
    for (unsigned head = group * shares; head < (group + 1) * shares; head++)
#pragma unroll 1 /* two rounds at once would not fit into the registers */
        for (unsigned i = row; i < end; i++) {
            size_t at = (size_t)i * h.heads + head;
            load_head(x, qkv + place(h, i, head), h.size);
            float p = expf(dot(k, x) * h.scale - lse[at]), d[LANE_ELEMENTS];
            load_head(d, dout + at * h.size, h.size);
            add_scaled(dv, p, d);
            add_scaled(dk, p * (dot(d, v) - shared[at]) * h.scale, x);
        }
    store_head(dqkv + place(h, row, h.heads + group), dk, h.size);
    store_head(dqkv + place(h, row, h.heads + h.kv_heads + group), dv, h.size);
}

/* FALSE: there is nothing to do, or there was a failure. */
static bool describe(CudaState *state, const AttentionShape *shape, Heads *h)
{
    unsigned rows = shape->starts[shape->segments];
    const void *starts =
        rows ? cuda_stage(state, shape->starts, (shape->segments + 1) * sizeof *shape->starts) : NULL;
    if (shape->head_size > CUDA_PLAIN_HEAD_MAX)
        cuda_failed(state, "attention", "its heads have more than 256 elements");
    *h = {static_cast<const guint32 *>(starts),
          (unsigned)shape->segments,
          rows,
          (unsigned)shape->heads,
          (unsigned)shape->kv_heads,
          (unsigned)shape->head_size,
          1 / sqrtf((float)shape->head_size)};
    return starts && !state->failure;
}

void cuda_plain_attention_forward(CudaState *state, const AttentionShape *shape, bf16 *out, wide *lse,
                                  const bf16 *qkv)
{
    Heads h;
    if (!describe(state, shape, &h))
        return;
    cuda_launch(state, "plain attention forward", forward, dim3(ceil_div(h.rows, WARPS), h.heads),
                dim3(32, WARPS), h, out, lse, qkv);
}

void cuda_plain_attention_backward(CudaState *state, const AttentionShape *shape, bf16 *dqkv,
                                   const bf16 *dout, const bf16 *out, const wide *lse, const bf16 *qkv)
{
    Heads h;
    if (!describe(state, shape, &h))
        return;
    float *shared = static_cast<float *>(cuda_scratch(state, (size_t)h.rows * h.heads * sizeof(float)));
    if (!shared)
        return;
    unsigned blocks = ceil_div(h.rows, WARPS);
    cuda_launch(state, "plain attention backward of queries", backward_queries, dim3(blocks, h.heads),
                dim3(32, WARPS), h, dqkv, shared, dout, out, lse, qkv);
    cuda_launch(state, "plain attention backward of keys", backward_keys, dim3(blocks, h.kv_heads),
                dim3(32, WARPS), h, dqkv, shared, dout, lse, qkv);
}
