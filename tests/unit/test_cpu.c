/* SPDX-License-Identifier: Apache-2.0
 * train/cpu/exp.h, memory.h and pool.h, in the precision of the program. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "train/cpu/exp.h"
#include "train/cpu/memory.h"
#include "train/cpu/pool.h"
#include "train/ops.h"

static void test_exp_stays_finite_outside_and_keeps_nan(void)
{
    g_assert_true(cpu_exp(-1e30f) > 0 && cpu_exp(-1e30f) < 1e-37f);
    g_assert_true(isfinite(cpu_exp(1e30f)) && cpu_exp(INFINITY) > 1e38f);
    g_assert_true(isnan(cpu_exp(NAN)));
    g_assert_cmpfloat(cpu_exp(0), ==, 1);
}

static void count_piece(gsize piece, gconstpointer user)
{
    atomic_fetch_add(&((atomic_int *)user)[piece], 1);
}

static void test_each_piece_of_many_loops_is_done_once(void)
{
    CpuPool *pool = cpu_pool_new(4);
    atomic_int counts[37] = {0};
    for (int loop = 1; loop <= 2000; loop++) {
        cpu_pool_run(pool, 1 << 30, G_N_ELEMENTS(counts), count_piece, counts);
        for (gsize i = 0; i < G_N_ELEMENTS(counts); i++)
            g_assert_cmpint(atomic_load(&counts[i]), ==, loop);
    }
    cpu_pool_run(pool, 1 << 30, 0, count_piece, counts);
    cpu_pool_free(pool);
}

static void test_memory_is_lent_to_one_piece_at_a_time(void)
{
    CpuPool *pool = cpu_pool_new(1);
    char *first = cpu_pool_borrow(pool, 100), *second = cpu_pool_borrow(pool, 100);
    memset(first, 1, 100);
    memset(second, 2, 100);
    g_assert_cmpint(first[99], ==, 1);
    g_assert_cmpuint((gsize)first % 64 + (gsize)second % 64, ==, 0);
    cpu_pool_give_back(pool, first);
    g_assert_true(cpu_pool_borrow(pool, 50) == first);
    cpu_pool_give_back(pool, first);
    first = cpu_pool_borrow(pool, 1 << 20);
    memset(first, 3, 1 << 20);
    g_assert_cmpint(second[99], ==, 2);
    cpu_pool_give_back(pool, second);
    cpu_pool_give_back(pool, first);
    cpu_pool_free(pool);
}

/* A wrong answer here would let a diverged run go on. */
static void test_a_loss_of_nan_logits_is_nan(void)
{
    static const guint32 target[] = {1};
    Backend *backend = backend_cpu_new(1);
    ClassRange classes = {0, 4, 4};
    real logits[] = {0, 1, NAN, 2};
    wide largest, sum, at, loss, lse;
    backend->cross_entropy_forward(backend, &largest, &sum, &at, logits, target, &classes, 1);
    backend->cross_entropy_losses(backend, &loss, &lse, &largest, &sum, &at, 1);
    g_assert_true(isnan(loss));
    backend->destroy(backend);
}

static void test_arrays_are_zeroed_and_begin_at_cache_lines(void)
{
    static const gsize sizes[] = {0, 1, 100000, (4 << 20) - 64, 4 << 20, (9 << 20) + 5};
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        for (int again = 0; again < 2; again++) { /* the second one perhaps in the memory of the first */
            char *array = cpu_memory_new(sizes[i]);
            gsize dirty = 0;
            g_assert_cmpuint((gsize)array % CPU_MEMORY_ALIGNMENT, ==, 0);
            for (gsize at = 0; at < sizes[i]; at++)
                dirty += array[at] != 0;
            g_assert_cmpuint(dirty, ==, 0);
            memset(array, 7, sizes[i]);
            cpu_memory_free(array);
        }
    }
}

static void test_an_array_larger_than_memory_is_refused(void)
{
    g_assert_null(cpu_memory_new(G_MAXSIZE));
    g_assert_null(cpu_memory_new((gsize)1 << 55));
    cpu_memory_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cpu/exp stays finite outside and keeps NaN", test_exp_stays_finite_outside_and_keeps_nan);
    g_test_add_func("/cpu/each piece of many loops is done once", test_each_piece_of_many_loops_is_done_once);
    g_test_add_func("/cpu/memory is lent to one piece at a time, and again", test_memory_is_lent_to_one_piece_at_a_time);
    g_test_add_func("/cpu/a loss of NaN logits is NaN", test_a_loss_of_nan_logits_is_nan);
    g_test_add_func("/cpu/arrays are zeroed and begin at cache lines", test_arrays_are_zeroed_and_begin_at_cache_lines);
    g_test_add_func("/cpu/an array larger than memory is refused", test_an_array_larger_than_memory_is_refused);
    return g_test_run();
}
