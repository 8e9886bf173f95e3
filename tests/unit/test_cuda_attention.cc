/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/attention*.cu on the host: the kernels themselves, thread by thread (tests/unit/gpu_emulator.h), against
 * the CPU's attention in double precision. */
#include "tests/unit/gpu_emulator.h"

extern "C" {
#include "base/hash.h"
#include "tests/gpu/effort.h"
#include "train/ops.h"
}

#include "train/cuda/attention_backward.cu"
#include "train/cuda/attention_forward.cu"
#include "train/cuda/attention_hopper_backward.cu"
#include "train/cuda/attention_hopper_forward.cu"

/* Of the norm of a row; a key too many or too few among the longest segments' shows as 5e-2. */
#define TOLERANCE 1e-2
#define LSE_TOLERANCE 1e-5
#define GUARD 64 /* numbers around every output that must stay as they are */

typedef struct Case {
    gsize heads, kv_heads, head_size;
    std::vector<guint32> starts;
} Case;

/* Long and short segments, of one row, of no row, whole blocks, and one that begins in the middle of a chunk of
 * eight. */
static const Case cases[] = {
    {1, 1, 64, {0, 1}},
    {1, 1, 128, {0, 32, 64}},
    {4, 2, 64, {0, 1, 1, 34, 163, 291}},
    {2, 1, 128, {3, 16, 279}},
    {3, 3, 64, {0, 128, 256, 320}},
    {4, 1, 128, {0, 65, 193}},
    {2, 1, 64, {0, 7, 427}},
};

/* One case in double precision, as the CPU computes it from numbers that bfloat16 can hold. */
struct Reference {
    const Case *c;
    AttentionShape shape;
    gsize rows, stride, width;
    std::vector<real> qkv, out, lse, dout, dqkv;
};

static real round_to_bfloat16(double value)
{
    return emulator_from_bfloat16(emulator_to_bfloat16((float)value));
}

static std::vector<real> random_values(const char *stream, gsize count, double scale)
{
    std::vector<real> values(count);
    for (gsize i = 0; i < count; i++)
        values[i] = round_to_bfloat16(scale * (2 * random_unit_at(5, stream, i) - 1));
    return values;
}

static Reference reference_make(const Case *c)
{
    Reference r;
    r.c = c;
    r.shape = {c->starts.data(), c->starts.size() - 1, c->heads, c->kv_heads, c->head_size};
    r.rows = c->starts.back();
    r.stride = (c->heads + 2 * c->kv_heads) * c->head_size;
    r.width = c->heads * c->head_size;
    r.qkv = random_values("qkv", r.rows * r.stride, 2);
    r.dout = random_values("dout", r.rows * r.width, 1);
    r.out.resize(r.rows * r.width);
    r.lse.resize(r.rows * c->heads);
    r.dqkv.resize(r.rows * r.stride);
    Backend *cpu = backend_cpu_new(1);
    cpu->attention_forward(cpu, &r.shape, r.out.data(), r.lse.data(), r.qkv.data());
    cpu->attention_backward(cpu, &r.shape, r.dqkv.data(), r.dout.data(), r.out.data(), r.lse.data(), r.qkv.data());
    cpu->destroy(cpu);
    return r;
}

/* Memory of the emulated GPU, as aligned as cudaMalloc's; what lies around it, and in it at first, is a pattern. */
template <typename Number>
struct Array {
    gsize count;
    std::vector<Number> memory;
    Number *at;
    explicit Array(gsize n) : count(n), memory(n + 3 * GUARD, pattern())
    {
        at = memory.data() + GUARD;
        at += (64 - (uintptr_t)at % 64) % 64 / sizeof(Number);
        emulator_allow(at, n * sizeof(Number));
    }
    static Number pattern(void)
    {
        Number number;
        memset(&number, 0xdb, sizeof number);
        return number;
    }
    bool untouched(gsize i) const
    {
        Number number = pattern();
        return memcmp(at + i, &number, sizeof number) == 0;
    }
    void check_guards(void) const
    {
        for (gsize i = 1; i <= GUARD; i++)
            g_assert_true(untouched((gsize)0 - i) && untouched(count + i - 1));
    }
};

typedef Array<guint16> Bfloats;

static void fill(Bfloats *to, const std::vector<real> &from)
{
    for (gsize i = 0; i < from.size(); i++)
        to->at[i] = emulator_to_bfloat16((float)from[i]);
}

/* The case on the emulated GPU. */
struct Gpu {
    Bfloats qkv, out, dout, dqkv;
    Array<float> lse, scratch;
    Array<AttentionBlock> by_queries, by_keys;
    AttentionPlan plan;
    explicit Gpu(const Reference *r)
        : qkv(r->qkv.size()), out(r->out.size()), dout(r->dout.size()), dqkv(r->dqkv.size()), lse(r->lse.size()),
          scratch(2 * r->lse.size()), by_queries(attention_blocks_count(r->shape.starts, r->shape.segments)),
          by_keys(by_queries.count)
    {
        fill(&qkv, r->qkv);
        fill(&dout, r->dout);
        attention_blocks_fill(by_queries.at, by_keys.at, r->shape.starts, r->shape.segments);
        plan = {by_queries.at,         by_keys.at,        by_queries.count, r->rows, (guint32)r->c->heads,
                (guint32)r->c->kv_heads, (guint32)r->c->head_size};
    }
    std::vector<guint16> results(void) const
    {
        std::vector<guint16> all(out.at, out.at + out.count);
        all.insert(all.end(), dqkv.at, dqkv.at + dqkv.count);
        return all;
    }
    void check_guards(void) const
    {
        out.check_guards();
        dqkv.check_guards();
        lse.check_guards();
        scratch.check_guards();
    }
};

/* Each run of `size` numbers of a row, which is one head's, agrees; rows before the first segment are as they were.
 * */
static void check_rows(const Bfloats *got, const std::vector<real> &expected, gsize size, gsize from)
{
    double mean = 0;
    for (real value : expected)
        mean += value * value;
    mean = sqrt(mean / (double)(expected.size() - from) * (double)size);
    for (gsize i = 0; i < from; i++)
        g_assert_true(got->untouched(i));
    for (gsize i = from; i < expected.size(); i += size) {
        double error = 0, norm = 0;
        for (gsize j = i; j < i + size; j++) {
            double difference = emulator_from_bfloat16(got->at[j]) - expected[j];
            error += difference * difference;
            norm += expected[j] * expected[j];
        }
        if (!(sqrt(error) <= TOLERANCE * MAX(sqrt(norm), mean)))
            g_error("the %zu numbers from %zu on: off by %g of %g (mean %g)", size, i, sqrt(error), sqrt(norm), mean);
    }
}

static void check_lse(const Array<float> *got, const std::vector<real> &expected, gsize from)
{
    for (gsize i = 0; i < from; i++)
        g_assert_true(got->untouched(i));
    for (gsize i = from; i < expected.size(); i++)
        g_assert_cmpfloat(fabs(got->at[i] - expected[i]), <=, LSE_TOLERANCE * MAX(1, fabs(expected[i])));
}

static void emulator_reset(void)
{
    emulator = Emulator();
}

/* Ways to compute the same. */
typedef struct Variant {
    decltype(&attention_forward_launch) forward;
    decltype(&attention_backward_launch) backward;
    bool group;
    size_t shared; /* at most; 0: what attention_shared_bytes says */
} Variant;

static const Variant warps = {attention_forward_launch, attention_backward_launch, false, 0};
static const Variant groups = {attention_group_forward_launch, attention_group_backward_launch, true, 0};
static const Variant hopper = {attention_hopper_forward_launch, attention_hopper_backward_launch, true, 227 << 10};

static void run(Gpu *gpu, const Variant *v)
{
    g_assert_cmpint(v->forward(&gpu->plan, gpu->out.at, gpu->lse.at, gpu->qkv.at, NULL), ==, 0);
    g_assert_cmpuint(attention_scratch_bytes(&gpu->plan), ==, gpu->scratch.count * sizeof(float));
    g_assert_cmpint(v->backward(&gpu->plan, gpu->dqkv.at, gpu->dout.at, gpu->out.at, gpu->lse.at, gpu->qkv.at,
                                gpu->scratch.at, NULL), ==, 0);
    g_assert_cmpuint(emulator.most_shared, <=, v->shared ? v->shared : attention_shared_bytes(gpu->plan.head_size));
    g_assert_true(v->group ? emulator.products == 0 : emulator.group_products == 0);
}

static void against_cpu(const Variant *v)
{
    for (const Case &c : cases) {
        emulator_reset();
        Reference r = reference_make(&c);
        Gpu gpu(&r);
        run(&gpu, v);
        check_rows(&gpu.out, r.out, c.head_size, c.starts[0] * r.width);
        check_lse(&gpu.lse, r.lse, c.starts[0] * c.heads);
        check_rows(&gpu.dqkv, r.dqkv, c.head_size, c.starts[0] * r.stride);
        gpu.check_guards();
    }
}

static void in_every_order_of(const Variant *v, const Case *c)
{
    std::vector<std::vector<guint16>> outs;
    Reference r = reference_make(c);
    for (WarpOrder order : {WARPS_UP, WARPS_DOWN, WARPS_MIXED})
        for (bool late : {false, true}) {
            emulator_reset();
            emulator.order = order;
            emulator.copies_late = late;
            Gpu gpu(&r);
            run(&gpu, v);
            outs.push_back(gpu.results());
            g_assert_cmpmem(outs[0].data(), outs[0].size() * 2, outs.back().data(), outs.back().size() * 2);
        }
}

/* The two ends of what a GPU may do, and something between: the emulator fails where they are not kept apart. Many short
 * segments, and few long ones for heads of both sizes. */
static void in_every_order(const Variant *v)
{
    for (gsize i : {2, 3, 6})
        in_every_order_of(v, &cases[i]);
}

static void moved(const Variant *v)
{
    Case c = cases[2];
    for (guint32 &start : c.starts)
        start += 5;
    Reference r = reference_make(&cases[2]), m = reference_make(&c);
    std::copy(r.qkv.begin(), r.qkv.end(), m.qkv.begin() + 5 * (gssize)r.stride);
    std::copy(r.dout.begin(), r.dout.end(), m.dout.begin() + 5 * (gssize)r.width);
    emulator_reset();
    Gpu gpu(&r), moved_gpu(&m);
    run(&gpu, v);
    run(&moved_gpu, v);
    g_assert_cmpmem(gpu.out.at, gpu.out.count * 2, moved_gpu.out.at + 5 * r.width, gpu.out.count * 2);
    g_assert_cmpmem(gpu.dqkv.at, gpu.dqkv.count * 2, moved_gpu.dqkv.at + 5 * r.stride, gpu.dqkv.count * 2);
    g_assert_cmpmem(gpu.lse.at, gpu.lse.count * 4, moved_gpu.lse.at + 5 * r.c->heads, gpu.lse.count * 4);
}

static void test_banks(void)
{
    for (gsize i : {2, 3}) {
        emulator_reset();
        Reference r = reference_make(&cases[i]);
        Gpu gpu(&r);
        run(&gpu, &warps);
        g_assert_cmpuint(emulator.loads, >, 1000);
        g_assert_cmpuint(emulator.bank_conflicts, ==, 0);
    }
}

static void test_warps(void)
{
    against_cpu(&warps);
}

static void test_warps_in_every_order(void)
{
    in_every_order(&warps);
}

static void test_warps_moved(void)
{
    moved(&warps);
}

static void test_groups(void)
{
    against_cpu(&groups);
}

static void test_groups_in_every_order(void)
{
    in_every_order(&groups);
}

static void test_groups_moved(void)
{
    moved(&groups);
}

static void test_hopper(void)
{
    against_cpu(&hopper);
}

static void test_hopper_in_every_order(void)
{
    in_every_order(&hopper);
}

static void test_hopper_moved(void)
{
    moved(&hopper);
}

static void test_blocks(void)
{
    const guint32 starts[] = {3, 3, 4, 300, 428};
    AttentionBlock by_queries[5], by_keys[5];
    g_assert_cmpuint(attention_blocks_count(starts, 4), ==, 5);
    attention_blocks_fill(by_queries, by_keys, starts, 4);
    const AttentionBlock queries[] = {{260, 4, 300}, {132, 4, 300}, {3, 3, 4}, {4, 4, 300}, {300, 300, 428}};
    const AttentionBlock keys[] = {{4, 4, 300}, {132, 4, 300}, {300, 300, 428}, {260, 4, 300}, {3, 3, 4}};
    g_assert_cmpmem(by_queries, sizeof by_queries, queries, sizeof queries);
    g_assert_cmpmem(by_keys, sizeof by_keys, keys, sizeof keys);
}

static void add_orders(void)
{
    g_test_add_func("/cuda attention/warps/every order of warps and copies gives the same bits without a race",
                    test_warps_in_every_order);
    g_test_add_func("/cuda attention/warp groups/every order of warps and copies gives the same bits without a race",
                    test_groups_in_every_order);
    g_test_add_func("/cuda attention/producers and consumers/every order of warps, copies and products gives the same bits without a race",
                    test_hopper_in_every_order);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cuda attention/warps/forward and backward equal the CPU's, row by row", test_warps);
    g_test_add_func("/cuda attention/warps/a document has the same bits wherever it lies", test_warps_moved);
    g_test_add_func("/cuda attention/warp groups/forward and backward equal the CPU's, row by row", test_groups);
    g_test_add_func("/cuda attention/warp groups/a document has the same bits wherever it lies", test_groups_moved);
    g_test_add_func("/cuda attention/producers and consumers/forward and backward equal the CPU's, row by row", test_hopper);
    g_test_add_func("/cuda attention/producers and consumers/a document has the same bits wherever it lies", test_hopper_moved);
    g_test_add_func("/cuda attention/no load of fragments has a bank conflict", test_banks);
    g_test_add_func("/cuda attention/the tables hold every block once and the longest first", test_blocks);
    if (emulator_does_all())
        add_orders();
    return g_test_run();
}
