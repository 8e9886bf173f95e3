/* SPDX-License-Identifier: Apache-2.0
 * train/tensor.h: conversions to the last bit, runs of slices, sums that do not mind how they are cut. */
#include "train/tensor.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "train/tensor_writer.h"

static guint16 narrow(float number, TensorType type)
{
    guint16 bits;
    tensor_convert(&bits, type, &number, TENSOR_F32, 1);
    return bits;
}

static void test_float32_rounds_to_the_nearest_even_bfloat16(void)
{
    const struct {
        float number;
        guint16 bits;
    } cases[] = {
        {1, 0x3f80},
        {-2, 0xc000},
        {0x1.01p0f, 0x3f80}, /* half way between 1 and the next: the even one */
        {0x1.03p0f, 0x3f82}, /* half way again, upwards */
        {0x1.010002p0f, 0x3f81},
        {0x1.fffffep127f, 0x7f80}, /* the largest float32 is nearer to infinity */
        {INFINITY, 0x7f80},
        {-0.0f, 0x8000},
        {0x1p-149f, 0x0000},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmphex(narrow(cases[i].number, TENSOR_BF16), ==, cases[i].bits);
    g_assert_cmphex(narrow(NAN, TENSOR_BF16) & 0x7fff, >, 0x7f80);
}

static void test_float32_rounds_to_the_nearest_even_half(void)
{
    const struct {
        float number;
        guint16 bits;
    } cases[] = {
        {1, 0x3c00},
        {-2, 0xc000},
        {65504, 0x7bff},
        {65519, 0x7bff},
        {65520, 0x7c00},
        {0x1p-14f, 0x0400},
        {0x1p-24f, 0x0001},
        {0x1p-25f, 0x0000},  /* half of the smallest: the even one is zero */
        {0x1.8p-24f, 0x0002},
        {0x1.ff8p-15f, 0x03ff},
        {0x1.ffcp-15f, 0x0400}, /* the last subnormal and a half */
        {0x1.002p0f, 0x3c00},
        {0x1.006p0f, 0x3c02},
        {-INFINITY, 0xfc00},
        {-0.0f, 0x8000},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmphex(narrow(cases[i].number, TENSOR_F16), ==, cases[i].bits);
    g_assert_cmphex(narrow(NAN, TENSOR_F16) & 0x7fff, >, 0x7c00);
}

static void test_every_narrow_number_survives_float32(void)
{
    for (guint32 i = 0; i <= 0xffff; i++) {
        guint16 bits = (guint16)i;
        for (TensorType type = TENSOR_BF16; type <= TENSOR_F16; type++) {
            float wide;
            tensor_convert(&wide, TENSOR_F32, &bits, type, 1);
            if (!isnan(wide))
                g_assert_cmphex(narrow(wide, type), ==, bits);
        }
    }
}

static void test_the_runs_of_a_slice_are_its_elements_in_order(void)
{
    /* Rows 1 and 2, columns 1 to 3, of a tensor of 4 by 5; elements 2 to 4 of those six... */
    TensorSlice slice = {.name = "a", .rows = 4, .columns = 5, .row = 1, .row_count = 2, .column = 1, .column_count = 3, .begin = 2, .end = 5};
    gsize position = 0;
    TensorRun run;
    g_assert_true(tensor_slice_check(&slice, NULL));
    g_assert_true(tensor_slice_next(&slice, &position, &run));
    g_assert_true(run.at == 8 && run.from == 0 && run.count == 1);
    g_assert_true(tensor_slice_next(&slice, &position, &run));
    g_assert_true(run.at == 11 && run.from == 1 && run.count == 2);
    g_assert_false(tensor_slice_next(&slice, &position, &run));
    /* ... and whole rows are one run. */
    slice = tensor_slice_whole("a", TENSOR_F32, 4, 5, NULL);
    slice.row = 1;
    slice.row_count = 3;
    slice.begin = 4;
    slice.end = 15;
    position = 0;
    g_assert_true(tensor_slice_next(&slice, &position, &run));
    g_assert_true(run.at == 9 && run.count == 11);
    g_assert_false(tensor_slice_next(&slice, &position, &run));
}

static void test_a_slice_outside_its_tensor_is_refused(void)
{
    TensorSlice whole = tensor_slice_whole("a", TENSOR_F32, 4, 5, NULL), bad[5];
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        bad[i] = whole;
    bad[0].row = 1;
    bad[1].column_count = 6;
    bad[2].end = 21;
    bad[3].begin = 21;
    bad[4].column = G_MAXSIZE;
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(tensor_slice_check(&bad[i], &error));
        g_assert_error(error, GALEN_ERROR, GALEN_ERROR_USAGE);
    }
}

static void test_sums_of_parts_add_up_and_see_each_bit_and_place(void)
{
    guint16 numbers[100];
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
        numbers[i] = (guint16)random_at(3, "numbers", i);
    guint64 whole = tensor_sum(numbers, 2, 0, 100);
    for (gsize cut = 0; cut <= 100; cut++)
        g_assert_cmphex(tensor_sum(numbers, 2, 0, cut) + tensor_sum(numbers + cut, 2, cut, 100 - cut), ==, whole);
    for (gsize bit = 0; bit < 1600; bit++) {
        numbers[bit / 16] ^= (guint16)(1 << bit % 16);
        g_assert_cmphex(tensor_sum(numbers, 2, 0, 100), !=, whole);
        numbers[bit / 16] ^= (guint16)(1 << bit % 16);
    }
    guint16 first = numbers[0];
    numbers[0] = numbers[1];
    numbers[1] = first;
    g_assert_cmphex(tensor_sum(numbers, 2, 0, 100), !=, whole);
    guint64 zeros[8] = {0};
    g_assert_cmphex(tensor_sum(zeros, 1, 0, 64), !=, tensor_sum(zeros, 1, 0, 63));
}

static void test_names_are_ordered_by_their_numbers(void)
{
    static const char *const names[] = {"lm_head.weight", "model.embed_tokens.weight", "model.layers.2.a", "model.layers.2.a.m",
                                        "model.layers.2.b", "model.layers.10.a", "model.norm.weight"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        for (gsize j = 0; j < G_N_ELEMENTS(names); j++) {
            int order = tensor_compare_names(names[i], names[j]);
            g_assert_cmpint((order > 0) - (order < 0), ==, (i > j) - (i < j));
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tensor/float32 rounds to the nearest even bfloat16", test_float32_rounds_to_the_nearest_even_bfloat16);
    g_test_add_func("/tensor/float32 rounds to the nearest even half", test_float32_rounds_to_the_nearest_even_half);
    g_test_add_func("/tensor/every narrow number survives float32", test_every_narrow_number_survives_float32);
    g_test_add_func("/tensor/the runs of a slice are its elements in order", test_the_runs_of_a_slice_are_its_elements_in_order);
    g_test_add_func("/tensor/a slice outside its tensor is refused", test_a_slice_outside_its_tensor_is_refused);
    g_test_add_func("/tensor/sums of parts add up and see each bit and place", test_sums_of_parts_add_up_and_see_each_bit_and_place);
    g_test_add_func("/tensor/names are ordered by their numbers", test_names_are_ordered_by_their_numbers);
    return g_test_run();
}
