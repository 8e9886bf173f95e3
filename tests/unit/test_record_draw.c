/* SPDX-License-Identifier: Apache-2.0
 * scrapers/record_draw.h: which records of a sampled source enter. */
#include "scrapers/record_draw.h"

#include <string.h>

static gboolean is_drawn(double share, guint64 seed, const char *format, const char *bytes, const char *url, const char *rule)
{
    RecipeSource source = {.tag = (char *)"s", .sample = share, .sample_seed = seed};
    Record record = {.bytes = (char *)bytes, .length = strlen(bytes), .url = (char *)url, .rule = rule};
    return record_is_drawn(&source, format_find(format), &record);
}

static guint count_drawn(double share, guint64 seed, guint records)
{
    guint drawn = 0;
    for (guint i = 0; i < records; i++) {
        g_autofree char *bytes = g_strdup_printf("{\"text\": \"record %u\"}", i);
        drawn += is_drawn(share, seed, "jsonl", bytes, NULL, NULL);
    }
    return drawn;
}

/* Within five standard deviations of a binomial draw: sqrt(20000 * 0.1 * 0.9) = 42, and 14 for 0.01. */
static void test_a_share_is_drawn(void)
{
    g_assert_cmpuint(ABS((int)count_drawn(0.1, 1, 20000) - 2000), <, 212);
    g_assert_cmpuint(ABS((int)count_drawn(0.01, 2, 20000) - 200), <, 70);
    g_assert_cmpuint(count_drawn(1, 3, 100), ==, 100);
}

static void test_a_larger_share_holds_a_smaller_one(void)
{
    guint small = 0, other = 0, both = 0;
    for (guint i = 0; i < 2000; i++) {
        g_autofree char *bytes = g_strdup_printf("record %u", i);
        gboolean in = is_drawn(0.1, 5, "jsonl", bytes, NULL, NULL), in_other = is_drawn(0.1, 6, "jsonl", bytes, NULL, NULL);
        g_assert_true(!in || is_drawn(0.2, 5, "jsonl", bytes, NULL, NULL));
        small += in;
        other += in_other;
        both += in && in_other;
    }
    g_assert_cmpuint(small, >, 100);
    g_assert_cmpuint(other, >, 100);
    g_assert_cmpuint(both, <, 50); /* another seed draws others: 20 in common on average */
}

static void test_a_page_is_drawn_by_its_address(void)
{
    for (guint i = 0; i < 100; i++) {
        g_autofree char *url = g_strdup_printf("https://a.example/%u", i);
        g_assert_cmpint(is_drawn(0.5, 1, "html", "one text", url, NULL), ==, is_drawn(0.5, 1, "html", "another text", url, NULL));
    }
}

static void test_versions_of_a_citation_are_drawn_together(void)
{
    guint drawn = 0;
    for (guint i = 1; i <= 200; i++) {
        g_autofree char *first = g_strdup_printf("<PubmedArticle><MedlineCitation><PMID Version=\"1\">%u</PMID>one", i);
        g_autofree char *second = g_strdup_printf("<PubmedArticle>\n<MedlineCitation Status=\"x\"><PMID Version=\"2\">%u</PMID><PMID>7</PMID>", i);
        gboolean in = is_drawn(0.5, 1, "medline", first, NULL, NULL);
        g_assert_cmpint(in, ==, is_drawn(0.5, 1, "medline", second, NULL, NULL));
        drawn += in;
    }
    g_assert_cmpuint(drawn, >, 50);
    g_assert_cmpuint(drawn, <, 150);
    g_assert_true(is_drawn(0.000001, 1, "medline", "<DeleteCitation><PMID>1</PMID></DeleteCitation>", NULL, NULL));
    is_drawn(0.5, 1, "medline", "<PubmedArticle><PMID", NULL, NULL); /* cut off: no crash */
    is_drawn(0.5, 1, "medline", "", NULL, NULL);
}

static void test_damage_is_always_drawn(void)
{
    for (guint64 seed = 0; seed < 50; seed++)
        g_assert_true(is_drawn(0.000001, seed, "jsonl", "", NULL, RULE_TOO_LARGE));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/draw/a share of the records is drawn", test_a_share_is_drawn);
    g_test_add_func("/draw/a larger share holds a smaller one, and another seed draws others", test_a_larger_share_holds_a_smaller_one);
    g_test_add_func("/draw/a page is drawn by its address", test_a_page_is_drawn_by_its_address);
    g_test_add_func("/draw/versions of a citation are drawn together", test_versions_of_a_citation_are_drawn_together);
    g_test_add_func("/draw/damage is always drawn", test_damage_is_always_drawn);
    return g_test_run();
}
