/* SPDX-License-Identifier: Apache-2.0
 * cuDNN's attention on the processor, for tests of what surrounds it: arrays in cuDNN's order, plain loops. The workspace is
 * written to its last byte, as cuDNN may do. */
#include "train/cuda/cudnn_attention.h"

#include <math.h>
#include <string.h>

#include <vector>

#include "base/error.h"
#include "cuda_bf16.h"
#include "cuda_runtime.h"

typedef __nv_bfloat16 bf16;

#define WORKSPACE ((gsize)1000)
#define POISON 0xff

struct CudnnPlan {
    CudnnShape shape;
};

struct CudnnAttention {
    CudnnPlan plan;
};

gboolean cudnn_is_built(void)
{
    return TRUE;
}

CudnnAttention *cudnn_attention_new(const char *, gboolean, GError **)
{
    return g_new0(CudnnAttention, 1);
}

void cudnn_attention_free(CudnnAttention *attention)
{
    g_free(attention);
}

const CudnnPlan *cudnn_attention_plan(CudnnAttention *attention, const CudnnShape *shape, CudnnDirection, GError **)
{
    attention->plan.shape = *shape;
    return &attention->plan;
}

gsize cudnn_plan_workspace(const CudnnPlan *)
{
    return WORKSPACE;
}

char *cudnn_plan_describe(const CudnnPlan *)
{
    return g_strdup("emulated");
}

/* Head `head` of a row of `heads` heads. */
template <typename T> static T *at(const CudnnShape &s, T *x, gint64 sequence, gint64 row, gint64 head, gint64 heads)
{
    return x + ((sequence * s.length + row) * heads + head) * s.head_size;
}

static double dot(const CudnnShape &s, const bf16 *a, const bf16 *b)
{
    double sum = 0;
    for (gint64 i = 0; i < s.head_size; i++)
        sum += (double)__bfloat162float(a[i]) * (double)__bfloat162float(b[i]);
    return sum;
}

/* Of each query row and head: work(sequence, row, head, key head). */
template <typename Work> static void for_rows(const CudnnShape &s, Work work)
{
    for (gint64 b = 0; b < s.sequences; b++)
        for (gint64 row = 0; row < s.length; row++)
            for (gint64 head = 0; head < s.heads; head++)
                work(b, row, head, head / (s.heads / s.kv_heads));
}

static void forward(CudnnShape s, void *out, float *statistics, const void *qkv, void *workspace)
{
    const bf16 *x = static_cast<const bf16 *>(qkv);
    gint64 all = s.heads + 2 * s.kv_heads;
    memset(workspace, POISON, WORKSPACE);
    for_rows(s, [&](gint64 b, gint64 row, gint64 head, gint64 group) {
        std::vector<double> sum((size_t)s.head_size), p((size_t)row + 1);
        double total = 0;
        for (gint64 key = 0; key <= row; key++) {
            const bf16 *q = at(s, x, b, row, head, all), *k = at(s, x, b, key, s.heads + group, all);
            total += p[(size_t)key] = exp(dot(s, q, k) / sqrt((double)s.head_size));
        }
        for (gint64 key = 0; key <= row; key++)
            for (gint64 i = 0; i < s.head_size; i++)
                sum[(size_t)i] += p[(size_t)key] / total * (double)__bfloat162float(at(s, x, b, key, s.heads + s.kv_heads + group, all)[i]);
        for (gint64 i = 0; i < s.head_size; i++)
            at(s, static_cast<bf16 *>(out), b, row, head, s.heads)[i] = __float2bfloat16_rn((float)sum[(size_t)i]);
        statistics[(b * s.heads + head) * s.length + row] = (float)log(total);
    });
}

static void add(std::vector<double> &to, gint64 first, double factor, const bf16 *x, gint64 count)
{
    for (gint64 i = 0; i < count; i++)
        to[(size_t)(first + i)] += factor * (double)__bfloat162float(x[i]);
}

static void backward(CudnnShape s, void *dqkv, const void *dout, const void *out, const float *statistics, const void *qkv,
                     void *workspace)
{
    const bf16 *x = static_cast<const bf16 *>(qkv), *o = static_cast<const bf16 *>(out), *d = static_cast<const bf16 *>(dout);
    gint64 all = s.heads + 2 * s.kv_heads, count = s.sequences * s.length * all * s.head_size;
    std::vector<double> sums((size_t)count);
    double scale = 1 / sqrt((double)s.head_size);
    memset(workspace, POISON, WORKSPACE);
    for_rows(s, [&](gint64 b, gint64 row, gint64 head, gint64 group) {
        const bf16 *q = at(s, x, b, row, head, all), *dy = at(s, d, b, row, head, s.heads);
        double lse = (double)statistics[(b * s.heads + head) * s.length + row], inner = dot(s, dy, at(s, o, b, row, head, s.heads));
        for (gint64 key = 0; key <= row; key++) {
            const bf16 *k = at(s, x, b, key, s.heads + group, all), *v = at(s, x, b, key, s.heads + s.kv_heads + group, all);
            double p = exp(dot(s, q, k) * scale - lse), ds = p * (dot(s, dy, v) - inner) * scale;
            add(sums, at(s, x, b, row, head, all) - x, ds, k, s.head_size);
            add(sums, k - x, ds, q, s.head_size);
            add(sums, v - x, p, dy, s.head_size);
        }
    });
    for (gint64 i = 0; i < count; i++)
        static_cast<bf16 *>(dqkv)[i] = __float2bfloat16_rn((float)sums[(size_t)i]);
}

gboolean cudnn_plan_forward(const CudnnPlan *plan, void *out, float *statistics, const void *qkv, void *workspace, void *, GError **)
{
    CudnnShape s = plan->shape;
    emulator_perform([=]() { forward(s, out, statistics, qkv, workspace); });
    return TRUE;
}

gboolean cudnn_plan_backward(const CudnnPlan *plan, void *dqkv, const void *dout, const void *out, const float *statistics,
                             const void *qkv, void *workspace, void *, GError **)
{
    CudnnShape s = plan->shape;
    emulator_perform([=]() { backward(s, dqkv, dout, out, statistics, qkv, workspace); });
    return TRUE;
}
