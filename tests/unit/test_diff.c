/* SPDX-License-Identifier: Apache-2.0
 * base/diff.h: hunks as diff -u writes them, and patches that give back the new text. */
#include "base/diff.h"

#include <stdio.h>
#include <string.h>

static char *diff(const char *before, const char *after, gboolean colour)
{
    GString *out = g_string_new(NULL);
    diff_unified(out, before, strlen(before), after, strlen(after), colour);
    return g_string_free(out, FALSE);
}

static void assert_diff(const char *before, const char *after, const char *expected)
{
    g_autofree char *came = diff(before, after, FALSE);
    g_assert_cmpstr(came, ==, expected);
}

static void test_hunks(void)
{
    assert_diff("a\nb\n", "a\nb\n", "");
    assert_diff("", "a\n", "@@ -0,0 +1,1 @@\n+a\n");
    assert_diff("a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
    assert_diff("a", "b", "@@ -1,1 +1,1 @@\n-a\n+b\n");
    assert_diff("a\n", "b", "@@ -1,1 +1,1 @@\n-a\n+b\n\\ No newline at end of file\n");
    assert_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n", "1\nx\n3\n4\n5\n6\n7\n8\n9\n10\n12\n",
                "@@ -1,5 +1,5 @@\n 1\n-2\n+x\n 3\n 4\n 5\n@@ -8,5 +8,4 @@\n 8\n 9\n 10\n-11\n 12\n");
}

static void test_colour_shows_what_differs_in_a_line(void)
{
    g_autofree char *came = diff("dose 5 mg\n", "dose \xce\xb1 mg\n", TRUE);
    g_assert_cmpstr(came, ==, "\033[36m@@ -1,1 +1,1 @@\033[m\n\033[31m-dose \033[7m5\033[27m mg\033[m\n\033[32m+dose \033[7m\xce\xb1\033[27m mg\033[m\n");
}

/* Applies a diff to `before`, line by line. */
static char *patch(const char *before, const char *hunks)
{
    g_autofree char *copy = g_strdup(hunks);
    GString *out = g_string_new(NULL);
    const char *at = before;
    guint line = 1;
    char *saved = NULL;
    for (char *row = strtok_r(copy, "\n", &saved); row; row = strtok_r(NULL, "\n", &saved)) {
        guint start, count;
        if (sscanf(row, "@@ -%u,%u", &start, &count) == 2) {
            for (start += count == 0; line < start; line++) {
                const char *end = strchr(at, '\n') + 1;
                g_string_append_len(out, at, end - at);
                at = end;
            }
            continue;
        }
        if (row[0] != '+') {
            at = strchr(at, '\n') + 1;
            line++;
        }
        if (row[0] != '-')
            g_string_append_printf(out, "%s\n", row + 1);
    }
    g_string_append(out, at);
    return g_string_free(out, FALSE);
}

static char *random_text(GRand *random, int lines)
{
    GString *text = g_string_new(NULL);
    while (lines-- > 0)
        g_string_append_printf(text, "line %d\n", g_rand_int_range(random, 0, 12));
    return g_string_free(text, FALSE);
}

static void test_a_diff_gives_back_the_new_text(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    for (int round = 0; round < 300; round++) {
        g_autofree char *before = random_text(random, g_rand_int_range(random, 0, 40)), *after = random_text(random, g_rand_int_range(random, 0, 40));
        g_autofree char *hunks = diff(before, after, FALSE), *patched = patch(before, hunks);
        g_assert_cmpstr(patched, ==, after);
    }
}

static void test_very_different_texts_take_little_time(void)
{
    GString *before = g_string_new(NULL), *after = g_string_new(NULL);
    for (int i = 0; i < 20000; i++) {
        g_string_append_printf(before, "a%d\n", i);
        g_string_append_printf(after, "b%d\n", i);
    }
    g_autofree char *hunks = diff(before->str, after->str, FALSE), *patched = patch(before->str, hunks);
    g_assert_true(strcmp(patched, after->str) == 0);
    g_string_free(before, TRUE);
    g_string_free(after, TRUE);
}

static void assert_columns(const char *before, const char *after, const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);
    diff_columns(out, before, strlen(before), after, strlen(after), 43, FALSE);
    g_assert_cmpstr(out->str, ==, expected);
}

static void test_columns(void)
{
    assert_columns("a\nb\n", "a\nb\n", "");
    assert_columns("a\nb\nc\n", "a\nx\nc\n", "a                      a\nb                    | x\nc                      c\n");
    assert_columns("b\n", "", "b                    <\n");
    assert_columns("", "b\n", "                     > b\n");
    assert_columns("one two three four five six\n", "x\n", "one two three four   | x\nfive six\n");
    assert_columns("aaaaaaaaaaaaaaaaaaaaaaaaa\n", "x\n", "aaaaaaaaaaaaaaaaaaaa | x\naaaaa\n");
    assert_columns("\xe4\xbd\xa0\xe5\xa5\xbd\033[m\n", "x\n", "\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbf\xbd[m              | x\n");
    assert_columns("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\n5\n6\n7\nx\n",
                   "... 4 equal lines ...\n5                      5\n6                      6\n7                      7\n8                    | x\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/diff/hunks are those of diff -u", test_hunks);
    g_test_add_func("/diff/colour shows what differs in a line", test_colour_shows_what_differs_in_a_line);
    g_test_add_func("/diff/a diff gives back the new text", test_a_diff_gives_back_the_new_text);
    g_test_add_func("/diff/very different texts take little time", test_very_different_texts_take_little_time);
    g_test_add_func("/diff/columns stand beside each other", test_columns);
    return g_test_run();
}
