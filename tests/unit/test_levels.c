/* SPDX-License-Identifier: Apache-2.0
 * train/cpu/level.h: what one level of processors computes is what the baseline computes, but for rounding; compiled in
 * both precisions. Sizes are odd, so that every loop has a remainder. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "train/cpu/exp.h"
#include "train/cpu/level.h"

#ifdef TRAIN_FLOAT64
#define EPSILON DBL_EPSILON
#else
#define EPSILON FLT_EPSILON
#endif
/* Of the largest element: sums of up to a few hundred products in another order. */
#define TOLERANCE (32 * EPSILON)

enum { ROWS = 75, WIDTH = 131, OUTPUTS = 77, HEADS = 4, KV_HEADS = 2, HEAD_SIZE = 18, CLASSES = 203 };
enum { QKV = (HEADS + 2 * KV_HEADS) * HEAD_SIZE, ATTENTION = HEADS * HEAD_SIZE };
enum { ROOM = ROWS * 2 * CLASSES }; /* more than any array below has */

static const guint32 starts[] = {0, 1, 70, ROWS};
static const AttentionShape attention = {starts, 3, HEADS, KV_HEADS, HEAD_SIZE};
static const ClassRange classes = {0, CLASSES, CLASSES + 5};

/* The arrays of one run of an operation: some numbers to begin with, and what it made of them. */
typedef struct Arrays {
    real *a, *b, *c, *d, *e;
    guint32 *ids;
} Arrays;

static real *random_array(const char *stream)
{
    real *values = g_new(real, ROOM);
    for (gsize i = 0; i < ROOM; i++)
        values[i] = (real)(4 * random_unit_at(7, stream, i) - 2);
    return values;
}

static Arrays *arrays_new(void)
{
    Arrays *arrays = g_new(Arrays, 1);
    *arrays = (Arrays){random_array("a"), random_array("b"), random_array("c"), random_array("d"), random_array("e"), g_new(guint32, ROOM)};
    for (gsize i = 0; i < ROOM; i++) {
        arrays->ids[i] = (guint32)(random_at(7, "ids", i) % ROWS);
        arrays->e[i] = (real)fabs((double)arrays->e[i]);
    }
    return arrays;
}

static void arrays_free(Arrays *arrays)
{
    g_free(arrays->a);
    g_free(arrays->b);
    g_free(arrays->c);
    g_free(arrays->d);
    g_free(arrays->e);
    g_free(arrays->ids);
    g_free(arrays);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Arrays, arrays_free)

typedef void (*Operation)(Backend *b, const Arrays *x);

static void run_rmsnorm(Backend *b, const Arrays *x)
{
    b->add_rmsnorm_forward(b, x->c, x->d, x->e, x->a, x->b, x->b + 7, 1e-5, ROWS, WIDTH);
    b->rmsnorm_backward(b, x->a, x->b, x->d, x->c, x->b + ROWS * WIDTH, x->e, ROWS, WIDTH);
}

static void run_rope(Backend *b, const Arrays *x)
{
    b->rope(b, x->a, x->b, x->ids, ROWS, QKV, HEADS + KV_HEADS, HEAD_SIZE, FALSE);
    b->rope(b, x->c, x->b, x->ids, ROWS, QKV, HEADS + KV_HEADS, HEAD_SIZE, TRUE);
}

static void run_attention(Backend *b, const Arrays *x)
{
    b->attention_forward(b, &attention, x->b, x->c, x->a);
    b->attention_backward(b, &attention, x->d, x->e, x->b, x->c, x->a);
}

static void run_swiglu(Backend *b, const Arrays *x)
{
    b->swiglu_forward(b, x->b, x->a, ROWS, WIDTH);
    b->swiglu_backward(b, x->c, x->d, x->a, ROWS, WIDTH);
}

static void run_linear(Backend *b, const Arrays *x)
{
    b->linear_forward(b, x->c, x->a, x->b, ROWS, WIDTH, OUTPUTS);
    b->linear_backward_input(b, x->d, x->c, x->b, ROWS, WIDTH, OUTPUTS);
    b->linear_backward_weight(b, x->e, x->c, x->a, ROWS, WIDTH, OUTPUTS);
}

static void run_embedding(Backend *b, const Arrays *x)
{
    b->embedding_forward(b, x->b, x->a, x->ids, &classes, ROWS, WIDTH);
    b->embedding_backward(b, x->c, x->d, x->ids, &classes, ROWS, WIDTH);
}

static void run_cross_entropy(Backend *b, const Arrays *x)
{
    wide *largest = x->b, *sum = x->c, *target = x->d, *losses = x->b + ROWS, *lse = x->c + ROWS;
    b->cross_entropy_forward(b, largest, sum, target, x->a, x->ids, &classes, ROWS);
    b->cross_entropy_losses(b, losses, lse, largest, sum, target, ROWS);
    b->cross_entropy_backward(b, x->a, lse, x->ids, x->e, &classes, ROWS);
}

static void run_square_sums(Backend *b, const Arrays *x)
{
    const Piece pieces[] = {{3, 16384 + 21}, {5, 0}, {0, 13}};
    double sums[G_N_ELEMENTS(pieces)];
    b->square_sums(b, sums, x->a, pieces, G_N_ELEMENTS(pieces));
    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++)
        x->b[i] = (real)sums[i];
}

static void run_add(Backend *b, const Arrays *x)
{
    b->add(b, x->c, x->a, x->b, ROOM - 1);
    b->accumulate(b, x->a, x->d, ROOM - 3);
}

static void run_adamw(Backend *b, const Arrays *x)
{
    const AdamW step = {1e-2, 0.9, 0.95, 1e-5, 0.1, 0.19, 0.0975, 0.7};
    b->adamw(b, x->a, x->a, x->b, x->e, x->c, ROOM - 1, &step);
}

static void assert_close(const real *got, const real *expected, double tolerance)
{
    double scale = 0;
    for (gsize i = 0; i < ROOM; i++)
        scale = MAX(scale, fabs((double)expected[i]));
    g_assert_true(isfinite(scale));
    for (gsize i = 0; i < ROOM; i++)
        g_assert_cmpfloat(fabs((double)got[i] - (double)expected[i]), <=, tolerance * scale);
}

static void compare_with_baseline(const CpuLevel *level, Operation operation, double tolerance)
{
    gsize count;
    Backend *expected_at = cpu_backend_at(cpu_levels(&count), 1), *at = cpu_backend_at(level, 1);
    g_autoptr(Arrays) expected = arrays_new(), got = arrays_new();
    operation(expected_at, expected);
    operation(at, got);
    assert_close(got->a, expected->a, tolerance);
    assert_close(got->b, expected->b, tolerance);
    assert_close(got->c, expected->c, tolerance);
    assert_close(got->d, expected->d, tolerance);
    assert_close(got->e, expected->e, tolerance);
    at->destroy(at);
    expected_at->destroy(expected_at);
}

static void test_operations_differ_by_rounding_alone(gconstpointer level)
{
    static const Operation operations[] = {run_rmsnorm, run_rope, run_attention, run_swiglu, run_linear, run_embedding, run_cross_entropy, run_square_sums};
    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++)
        compare_with_baseline(level, operations[i], TOLERANCE);
}

/* Ranks on machines of different levels would otherwise drift apart. */
static void test_sums_of_arrays_and_adamw_are_the_same_bits(gconstpointer level)
{
    compare_with_baseline(level, run_add, 0);
    compare_with_baseline(level, run_adamw, 0);
}

/* A share of ZeRO-1 may begin anywhere; what a vector does and what a remainder does must be the same. */
static void test_adamw_rounds_alike_wherever_a_piece_begins(gconstpointer level)
{
    enum { COUNT = 1000, FIRST = 413 };
    const AdamW step = {1e-2, 0.9, 0.95, 1e-5, 0.1, 0.19, 0.0975, 0.7};
    g_autoptr(Arrays) whole = arrays_new(), cut = arrays_new();
    Backend *b = cpu_backend_at(level, 1);
    b->adamw(b, whole->a, whole->a, whole->b, whole->e, whole->c, COUNT, &step);
    b->adamw(b, cut->a, cut->a, cut->b, cut->e, cut->c, FIRST, &step);
    b->adamw(b, cut->a + FIRST, cut->a + FIRST, cut->b + FIRST, cut->e + FIRST, cut->c + FIRST, COUNT - FIRST, &step);
    g_assert_cmpmem(whole->a, COUNT * sizeof(real), cut->a, COUNT * sizeof(real));
    g_assert_cmpmem(whole->b, COUNT * sizeof(real), cut->b, COUNT * sizeof(real));
    b->destroy(b);
}

#ifndef TRAIN_FLOAT64
/* Numbers from `bits` on whose patterns lie `stride` apart, as long as they are below `end` in magnitude; returns their number. */
static gsize spread_floats(real *x, gsize room, guint32 bits, guint32 stride, float end)
{
    gsize count = 0;
    for (; count < room; count++, bits += stride) {
        memcpy(&x[count], &bits, sizeof bits);
        if (!(fabsf(x[count]) < end))
            break;
    }
    return count;
}

/* The gradient of cross-entropy is e^x where the denominator is 1 and the target another row's. */
static double worst_exp(Backend *b, guint32 first, float end)
{
    enum { STRIDE = 1021 };
    static const guint32 target[] = {G_MAXUINT32};
    static const wide lse[] = {0}, weight[] = {1};
    g_autofree real *x = g_new(real, ROOM), *got = g_new(real, ROOM);
    double worst = 0;
    for (guint32 bits = first;; bits += STRIDE * ROOM) {
        gsize count = spread_floats(x, ROOM, bits, STRIDE, end);
        ClassRange range = {0, count, count};
        memcpy(got, x, count * sizeof *x);
        b->cross_entropy_backward(b, got, lse, target, weight, &range, 1);
        for (gsize i = 0; i < count; i++) {
            double expected = exp((double)x[i]), unit = (double)nextafterf((float)expected, INFINITY) - (double)(float)expected;
            worst = fmax(worst, fabs((double)got[i] - expected) / unit);
        }
        if (count < ROOM)
            return worst;
    }
}

static void test_exponentials_are_as_near_as_stated(gconstpointer level)
{
    Backend *b = cpu_backend_at(level, 1);
    double positive = worst_exp(b, 0, 88), negative = worst_exp(b, 0x80000000u, 87);
    g_assert_cmpfloat(positive, <, CPU_EXP_ULPS);
    g_assert_cmpfloat(negative, <, CPU_EXP_ULPS);
    g_assert_cmpfloat(negative, >, 0.5); /* they were looked at */
    b->destroy(b);
}
#endif

static void add(const CpuLevel *level, const char *name, void (*test)(gconstpointer))
{
    g_autofree char *path = g_strdup_printf("/levels/%s/%s", level->name, name);
    g_test_add_data_func(path, level, test);
}

static void test_the_baseline_runs_everywhere(void)
{
    gsize count;
    const CpuLevel *levels = cpu_levels(&count);
    g_assert_cmpstr(levels[0].name, ==, "baseline");
    g_assert_true(levels[0].runs());
}

int main(int argc, char **argv)
{
    gsize count;
    const CpuLevel *levels = cpu_levels(&count);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/levels/the baseline runs everywhere", test_the_baseline_runs_everywhere);
    for (gsize i = 0; i < count; i++) {
        if (!levels[i].runs())
            continue;
        add(&levels[i], "operations differ by rounding alone", test_operations_differ_by_rounding_alone);
        add(&levels[i], "sums of arrays and AdamW are the same bits", test_sums_of_arrays_and_adamw_are_the_same_bits);
#ifndef TRAIN_FLOAT64
        add(&levels[i], "exponentials are as near as stated", test_exponentials_are_as_near_as_stated);
#endif
        add(&levels[i], "AdamW rounds alike wherever a piece begins", test_adamw_rounds_alike_wherever_a_piece_begins);
    }
    return g_test_run();
}
