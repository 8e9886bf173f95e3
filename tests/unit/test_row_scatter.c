/* SPDX-License-Identifier: Apache-2.0
 * base/row_scatter.h and base/permutation.h: rows come back by place, whatever the order in which they were put. */
#include "base/row_scatter.h"

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/permutation.h"

typedef struct Row {
    guint64 place;
    guint64 square;
} Row;

static char *folder;

static RowScatter *shuffled(guint64 count, guint64 seed)
{
    g_autoptr(GError) error = NULL;
    Permutation permutation;
    permutation_init(&permutation, count, seed);
    RowScatter *scatter = row_scatter_new(folder, sizeof(Row), count, &error);
    g_assert_no_error(error);
    for (guint64 i = 0; i < count; i++) {
        guint64 place = permutation_at(&permutation, i);
        Row row = {place, place * place};
        g_assert_true(row_scatter_put(scatter, place, &row, &error));
    }
    g_assert_true(row_scatter_finish(scatter, &error));
    g_assert_no_error(error);
    return scatter;
}

static void test_rows_come_back_by_place(void)
{
    static const guint64 counts[] = {1, 2, 511, 512, 513, 100000, ((guint64)1 << 19) - 1, (guint64)1 << 19, ((guint64)1 << 20) + 77};
    for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RowScatter) scatter = shuffled(counts[i], i);
        for (guint64 place = 0; place < counts[i]; place++) {
            const Row *row = row_scatter_at(scatter, place, &error);
            g_assert_nonnull(row);
            g_assert_cmpuint(row->place, ==, place);
            g_assert_cmpuint(row->square, ==, place * place);
        }
    }
}

static void test_an_earlier_region_can_be_read_again(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RowScatter) scatter = shuffled(1200000, 3);
    static const guint64 places[] = {0, 1199999, 3, 600000, 524288, 524287, 0};
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++)
        g_assert_cmpuint(((const Row *)row_scatter_at(scatter, places[i], &error))->place, ==, places[i]);
}

static void test_a_list_without_rows_is_none(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RowScatter) scatter = row_scatter_new(folder, sizeof(Row), 0, &error);
    g_assert_true(row_scatter_finish(scatter, &error));
    g_assert_no_error(error);
}

static void test_a_place_left_out_or_given_twice_is_an_error(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RowScatter) scatter = row_scatter_new(folder, sizeof(Row), 3, &error);
    Row row = {0, 0};
    g_assert_true(row_scatter_put(scatter, 0, &row, &error));
    g_assert_true(row_scatter_put(scatter, 0, &row, &error));
    g_assert_true(row_scatter_put(scatter, 2, &row, &error));
    g_assert_false(row_scatter_put(scatter, 2, &row, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_true(row_scatter_finish(scatter, &error));
    g_assert_nonnull(row_scatter_at(scatter, 2, &error));
    g_assert_null(row_scatter_at(scatter, 1, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "place 1 "));
}

static void test_a_permutation_can_be_gone_back(void)
{
    static const guint64 sizes[] = {1, 2, 3, 5, 64, 65, 1000, 70000};
    for (unsigned s = 0; s < G_N_ELEMENTS(sizes); s++) {
        Permutation permutation;
        permutation_init(&permutation, sizes[s], 77 + s);
        for (guint64 i = 0; i < sizes[s]; i++) {
            g_assert_cmpuint(permutation_at(&permutation, i), <, sizes[s]);
            g_assert_cmpuint(permutation_find(&permutation, permutation_at(&permutation, i)), ==, i);
        }
    }
    Permutation large;
    permutation_init(&large, G_GUINT64_CONSTANT(5000000000001), 9);
    for (guint64 i = 0; i < large.size; i += large.size / 1000)
        g_assert_cmpuint(permutation_find(&large, permutation_at(&large, i)), ==, i);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("galen-rows-XXXXXX", NULL);
    g_test_add_func("/row_scatter/rows come back by place", test_rows_come_back_by_place);
    g_test_add_func("/row_scatter/an earlier region can be read again", test_an_earlier_region_can_be_read_again);
    g_test_add_func("/row_scatter/a list without rows is none", test_a_list_without_rows_is_none);
    g_test_add_func("/row_scatter/a place left out or given twice is an error", test_a_place_left_out_or_given_twice_is_an_error);
    g_test_add_func("/permutation/a permutation can be gone back", test_a_permutation_can_be_gone_back);
    int result = g_test_run();
    g_rmdir(folder); /* files had no names */
    g_free(folder);
    return result;
}
