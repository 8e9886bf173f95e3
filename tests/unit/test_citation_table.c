/* SPDX-License-Identifier: Apache-2.0
 * scrapers/citation_table.h: tables of several kinds give the same rows, and bad rows are counted by their lines. */
#include "scrapers/citation_table.h"

#include <glib/gstdio.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"

static char *directory;

static char *path_of(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

static void write_file(const char *name, const char *text, gsize length)
{
    g_autofree char *path = path_of(name);
    g_assert_true(g_file_set_contents(path, text, (gssize)length, NULL));
}

static void append_id(GString *rows, const char *text)
{
    if (text)
        g_string_append_printf(rows, "%s ", text);
}

/* All rows, "LINE: IDS = COUNT" each, then the lines, bad lines and the first fault. */
static char *read_table(const char *name, GError **error)
{
    g_autofree char *path = path_of(name);
    g_autoptr(CitationTable) table = citation_table_open(path, error);
    g_autoptr(GString) rows = g_string_new(NULL);
    int more = -1;
    while (table) {
        g_auto(CitationRow) row = {0};
        more = citation_table_next(table, &row, error);
        if (more <= 0)
            break;
        g_string_append_printf(rows, "%" G_GUINT64_FORMAT ": ", row.line);
        for (unsigned i = 0; i < CITATION_IDS; i++)
            append_id(rows, row.ids[i]);
        if (row.counted)
            g_string_append_printf(rows, "= %" G_GUINT64_FORMAT "\n", row.citations);
        else
            g_string_append(rows, "\n");
    }
    if (table)
        g_string_append_printf(rows, "%" G_GUINT64_FORMAT " lines, %" G_GUINT64_FORMAT " bad%s%s\n", citation_table_lines(table),
                               citation_table_bad_lines(table), citation_table_fault(table) ? ": " : "",
                               citation_table_fault(table) ? citation_table_fault(table) : "");
    return g_string_free(g_steal_pointer(&rows), FALSE);
}

static void check(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    write_file("table", text, strlen(text));
    g_autofree char *rows = read_table("table", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(rows, ==, expected);
}

static const char icite[] = "pmid,doi,title,authors,year,citation_count,cited_by\n"
                            "31452104,10.1000/AB.1,\"A title, with \"\"quotes\"\"\",\"Ash, J\",2019,17,1 2 3\n"
                            "5,,Plain,,2001,0,\n"
                            "6,none,No DOI,,2001,,\n";

static void test_icite_rows_have_their_identifiers_and_count(void)
{
    check(icite, "2: PMID 31452104 DOI 10.1000/ab.1 = 17\n3: PMID 5 = 0\n4: PMID 6 \n3 lines, 0 bad\n");
}

static void test_compressed_tables_and_byte_order_marks_are_read(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = path_of("table.csv.gz");
    gzFile file = gzopen(path, "wb");
    g_assert_cmpint(gzwrite(file, "\xef\xbb\xbf", 3), ==, 3);
    g_assert_cmpint(gzwrite(file, icite, strlen(icite)), ==, (int)strlen(icite));
    gzclose(file);
    g_autofree char *rows = read_table("table.csv.gz", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(rows, ==, "2: PMID 31452104 DOI 10.1000/ab.1 = 17\n3: PMID 5 = 0\n4: PMID 6 \n3 lines, 0 bad\n");
}

static void test_tabs_decimals_and_other_names_of_columns_will_do(void)
{
    check("PMCID\tTitle\tPMID\tCitationCount\r\nPMC7.1\t\"x\ty\"\t8.0\t12.0\r\n", "2: PMID 8 PMCID 7 = 12\n1 lines, 0 bad\n");
}

static void test_semantic_scholars_lines_are_read_in_both_spellings(void)
{
    check("{\"corpusid\":9,\"externalids\":{\"PubMed\":\"3\",\"PubMedCentral\":\"44\",\"DOI\":\"10.1/X\",\"MAG\":null},\"title\":\"T\",\"citationcount\":5}\n"
          "\n"
          "{\"paperId\":\"abc\",\"externalIds\":{\"CorpusId\":10,\"PubMed\":4},\"citationCount\":6}\n"
          "{\"corpusid\":11,\"externalids\":null,\"citationcount\":null}\n"
          "{\"externalids\":{\"MAG\":\"1\"},\"citationcount\":1}\n",
          "1: PMID 3 PMCID 44 DOI 10.1/x CorpusID 9 = 5\n3: PMID 4 CorpusID 10 = 6\n4: CorpusID 11 \n5 lines, 0 bad\n");
}

static void test_bad_rows_are_counted_and_the_first_is_told(void)
{
    check("pmid,citation_count\n1,2\nx,2\n2,many\n3,-1\n4\n5,6,7\n6,7\n",
          "2: PMID 1 = 2\n8: PMID 6 = 7\n7 lines, 5 bad: line 3: 'x' is no PMID\n");
    check("{\"corpusid\":1,\"citationcount\":2}\n{\"corpusid\":\n[1]\n{\"corpusid\":2,\"citationcount\":\"x\"}\n{\"corpusid\":3,\"citationcount\":4}\n",
          "1: CorpusID 1 = 2\n5: CorpusID 3 = 4\n5 lines, 3 bad: line 2: "
          "The JSON document has an improper structure: missing or superfluous commas, braces, missing keys, etc.\n");
}

static void test_a_row_may_go_over_lines_but_a_stray_quote_costs_one(void)
{
    g_autoptr(GString) text = g_string_new("pmid,title,citation_count\n1,\"two\nlines\",2\n3,\"stray,4\n");
    for (unsigned i = 10; i < 40; i++)
        g_string_append_printf(text, "%u,plain,%u\n", i, i);
    g_autoptr(GError) error = NULL;
    write_file("table", text->str, text->len);
    g_autofree char *rows = read_table("table", &error);
    g_assert_no_error(error);
    g_assert_true(g_str_has_prefix(rows, "2: PMID 1 = 2\n5: PMID 10 = 10\n6: PMID 11 = 11\n"));
    g_assert_nonnull(strstr(rows, "34: PMID 39 = 39\n33 lines, 1 bad: line 4: a quote is not closed\n"));
}

static void test_what_is_no_table_is_an_error_that_says_what_is_read(void)
{
    static const char *const texts[] = {"title,year\na,1\n", "pmid,year\n1,2\n", "[1, 2]\n", "\x89PNG\r\n"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        write_file("table", texts[i], strlen(texts[i]));
        g_free(read_table("table", &error));
        g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, "citation_count"));
    }
    check("", "0 lines, 0 bad\n");
}

static void test_a_truncated_file_gives_its_rows_before_the_error(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = path_of("cut.csv.gz"), *bytes = NULL;
    gsize length;
    gzFile file = gzopen(path, "wb0"); /* stored, so that the cut is behind whole rows */
    for (unsigned i = 0; i < 20000; i++)
        gzprintf(file, i ? "%u,%u\n" : "pmid,citation_count\n", i, i);
    gzclose(file);
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    write_file("cut.csv.gz", bytes, length / 2);
    g_autofree char *rows = read_table("cut.csv.gz", &error);
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_true(g_str_has_prefix(rows, "2: PMID 1 = 1\n"));
}

static void test_an_overlong_row_is_passed_over(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new("pmid,citation_count,cited_by\n1,2,");
    gsize start = text->len;
    g_string_set_size(text, start + CITATION_ROW_LIMIT);
    memset(text->str + start, '7', CITATION_ROW_LIMIT);
    g_string_append(text, "\n3,4,\n");
    write_file("long", text->str, text->len);
    g_autofree char *rows = read_table("long", &error);
    g_assert_no_error(error);
    g_assert_true(g_str_has_prefix(rows, "3: PMID 3 = 4\n2 lines, 1 bad: line 2: it has "));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-citations-XXXXXX", NULL);
    g_test_add_func("/citations/iCite's rows have their identifiers and count", test_icite_rows_have_their_identifiers_and_count);
    g_test_add_func("/citations/compressed tables and byte order marks are read", test_compressed_tables_and_byte_order_marks_are_read);
    g_test_add_func("/citations/tabs, decimals and other names of columns will do", test_tabs_decimals_and_other_names_of_columns_will_do);
    g_test_add_func("/citations/Semantic Scholar's lines are read in both spellings", test_semantic_scholars_lines_are_read_in_both_spellings);
    g_test_add_func("/citations/bad rows are counted and the first is told", test_bad_rows_are_counted_and_the_first_is_told);
    g_test_add_func("/citations/a row may go over lines, but a stray quote costs one", test_a_row_may_go_over_lines_but_a_stray_quote_costs_one);
    g_test_add_func("/citations/what is no table is an error that says what is read", test_what_is_no_table_is_an_error_that_says_what_is_read);
    g_test_add_func("/citations/a truncated file gives its rows before the error", test_a_truncated_file_gives_its_rows_before_the_error);
    g_test_add_func("/citations/an overlong row is passed over", test_an_overlong_row_is_passed_over);
    int status = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    g_assert_cmpint(system(command), ==, 0);
    g_free(directory);
    return status;
}
