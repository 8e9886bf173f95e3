/* SPDX-License-Identifier: Apache-2.0
 * store/export/thrift.h, store/export/parquet_file.h: what is written is what a reader made from the specification finds. */
#include <glib/gstdio.h>
#include <string.h>

#include "store/export/parquet_file.h"

static const ParquetColumn columns[] = {
    {"number", PARQUET_INT64, TRUE, TRUE},
    {"short", PARQUET_TEXT, FALSE, TRUE},
    {"long", PARQUET_TEXT, TRUE, FALSE},
};

typedef struct Case {
    guint rows;
    gsize length;   /* of the long text */
    guint null_run; /* so many short texts are there, then so many are null; 0: all are null */
    guint64 row_group_bytes;
    gsize first; /* bytes of the first short text; 0: as the others */
} Case;

static char *short_text(const Case *test, guint row)
{
    if (!test->null_run || row / test->null_run % 2)
        return NULL;
    return test->first && row == 0 ? g_strnfill(test->first, 'x') : g_strdup_printf("s%u", row % 100);
}

static char *long_text(const Case *test, guint row)
{
    char *text = g_strnfill(test->length, (char)('a' + row % 26));
    return row % 3 == 1 ? (g_free(text), g_strdup("")) : text;
}

/* Writes the file, and returns what its rows are as the reader prints them. */
static GString *write_case(const Case *test, const char *path)
{
    GString *want = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Output) output = output_open(path, OUTPUT_PLAIN, &error);
    g_assert_no_error(error);
    g_autoptr(ParquetFile) file = parquet_file_new(output, columns, G_N_ELEMENTS(columns), test->row_group_bytes);
    parquet_file_note(file, "key", "value");
    for (guint row = 0; row < test->rows; row++) {
        g_autofree char *brief = short_text(test, row), *text = long_text(test, row);
        gint64 number = (gint64)row * 1000003 - 5000;
        g_assert_true(parquet_file_integer(file, 0, number, &error) && parquet_file_text(file, 1, brief, brief ? strlen(brief) : 0, &error) &&
                      parquet_file_text(file, 2, text, strlen(text), &error) && parquet_file_end_row(file, &error));
        g_string_append_printf(want, "[%" G_GINT64_FORMAT ",%s%s%s,\"%s\"]\n", number, brief ? "\"" : "", brief ? brief : "null", brief ? "\"" : "", text);
    }
    g_assert_true(parquet_file_finish(file, &error) && output_finish(output, &error));
    g_assert_cmpuint(parquet_file_bytes(file), ==, output_bytes(output));
    return want;
}

/* Whether the reader finds the rows; `cut`: its last line, which tells how the file is cut. */
static void check(const Case *test, const char *cut)
{
    g_autofree char *folder = g_dir_make_tmp("galen-parquet-XXXXXX", NULL), *path = g_build_filename(folder, "x.parquet", NULL);
    g_autofree char *reader = g_test_build_filename(G_TEST_DIST, "fixtures", "read_parquet.py", NULL), *out = NULL, *err = NULL;
    g_autofree char *python = g_find_program_in_path("python3");
    g_autoptr(GString) want = write_case(test, path);
    if (python) {
        int status;
        g_autoptr(GError) error = NULL;
        g_spawn_sync(NULL, (char *[]){python, reader, path, NULL}, NULL, 0, NULL, NULL, &out, &err, &status, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(err, ==, "");
        g_string_append_printf(want, "%s\n", cut);
        g_assert_true(strcmp(out, want->str) == 0 || (g_test_message("the end: %s", out + strlen(out) - MIN(strlen(out), 200)), FALSE));
    } else
        g_test_skip("there is no python3");
    g_unlink(path);
    g_rmdir(folder);
}

static void test_a_file_without_rows_is_one(void)
{
    check(&(Case){.row_group_bytes = 1}, "[] [0, 0, 0] []");
}

static void test_a_row_group_ends_with_the_row_that_fills_it(void)
{
    check(&(Case){.rows = 5, .length = 20, .row_group_bytes = 30}, "[2,2,1] [3, 3, 3] [[True, False, False], [True, False, False], [True, False, False]]");
}

static void test_a_page_ends_at_its_size_or_its_rows(void)
{
    check(&(Case){.rows = 45000, .length = 100, .null_run = 1, .row_group_bytes = G_MAXUINT64}, "[45000] [3, 3, 4] [[True, True, False]]");
}

static void test_runs_of_nulls_of_any_length_come_back(void)
{
    static const guint runs[] = {2, 7, 8, 63, 64, 1000};
    for (gsize i = 0; i < G_N_ELEMENTS(runs); i++)
        check(&(Case){.rows = 2500, .length = 1, .null_run = runs[i], .row_group_bytes = G_MAXUINT64}, "[2500] [1, 1, 1] [[True, True, False]]");
}

static void test_a_value_too_long_for_the_footer_takes_the_bounds_of_its_row_group_away(void)
{
    check(&(Case){.rows = 4, .length = 200, .null_run = 9, .row_group_bytes = 300, .first = PARQUET_BOUND_LIMIT + 1},
          "[3,1] [2, 2, 2] [[True, False, False], [True, True, False]]");
    check(&(Case){.rows = 4, .length = 200, .null_run = 9, .row_group_bytes = 300, .first = PARQUET_BOUND_LIMIT},
          "[3,1] [2, 2, 2] [[True, True, False], [True, True, False]]");
}

static void test_a_text_longer_than_a_page_has_one_of_its_own(void)
{
    check(&(Case){.rows = 3, .length = 3 << 20, .null_run = 9, .row_group_bytes = G_MAXUINT64}, "[3] [1, 1, 2] [[True, True, False]]");
}

static void test_numbers_are_written_as_the_protocol_says(void)
{
    static const guint8 want[] = {0x15, 0x01, 0x26, 0xac, 0x02, 0x11, 0x12, 0x18, 0x01, 'x', 0x19, 0x25, 0x00, 0x02, 0x4c, 0x15, 0x02, 0x00, 0x00};
    g_auto(Buffer) out = {0};
    ThriftWriter writer;
    buffer_init(&out, G_MAXUINT32);
    thrift_begin(&writer, &out);
    thrift_i32(&writer, 1, -1);
    thrift_i64(&writer, 3, 150);
    thrift_boolean(&writer, 4, TRUE);
    thrift_boolean(&writer, 5, FALSE);
    thrift_text(&writer, 6, "x");
    thrift_list(&writer, 7, THRIFT_I32, 2);
    thrift_element_i32(&writer, 0);
    thrift_element_i32(&writer, 1);
    thrift_struct(&writer, 11);
    thrift_i32(&writer, 1, 1);
    thrift_end(&writer);
    thrift_end(&writer);
    g_assert_cmpmem(out.data, out.length, want, sizeof want);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/parquet/a file without rows is one", test_a_file_without_rows_is_one);
    g_test_add_func("/parquet/a row group ends with the row that fills it", test_a_row_group_ends_with_the_row_that_fills_it);
    g_test_add_func("/parquet/a page ends at its size or its rows", test_a_page_ends_at_its_size_or_its_rows);
    g_test_add_func("/parquet/runs of nulls of any length come back", test_runs_of_nulls_of_any_length_come_back);
    g_test_add_func("/parquet/a value too long for the footer takes the bounds of its row group away",
                    test_a_value_too_long_for_the_footer_takes_the_bounds_of_its_row_group_away);
    g_test_add_func("/parquet/a text longer than a page has one of its own", test_a_text_longer_than_a_page_has_one_of_its_own);
    g_test_add_func("/parquet/numbers are written as the protocol says", test_numbers_are_written_as_the_protocol_says);
    return g_test_run();
}
