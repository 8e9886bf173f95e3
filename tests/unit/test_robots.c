/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/robots.h: the rules of RFC 9309, one test for each. */
#include "scrapers/fetch/robots.h"

#include <string.h>

static gboolean allows(const char *text, const char *target)
{
    g_autoptr(Robots) robots = robots_parse(text, strlen(text), FALSE, "galen");
    return robots_allows(robots, target);
}

static void test_an_empty_file_allows_everything(void)
{
    g_assert_true(allows("", "/a"));
    g_assert_true(allows("User-agent: galen\nDisallow:\n", "/a"));
    g_assert_true(allows("Disallow: /\n", "/a"));
    g_assert_true(allows("<html>Disallow: /</html>\n", "/a"));
}

static void test_the_group_that_names_the_crawler_replaces_the_general_one(void)
{
    const char *text = "User-agent: *\nDisallow: /\n\nUser-agent: Galen\nDisallow: /b\n";
    g_assert_true(allows(text, "/a"));
    g_assert_false(allows(text, "/b"));
    g_assert_false(allows("User-agent: *\nDisallow: /\n\nUser-agent: other\nAllow: /\n", "/a"));
    g_assert_true(allows("User-agent: galen\n\nUser-agent: *\nAllow: /\nDisallow: /a$\n", "/b"));
}

static void test_the_product_token_is_matched_whole_and_in_any_case(void)
{
    g_assert_false(allows("USER-AGENT : gALEN/2.0 (x)\nDISALLOW : /a\n", "/a"));
    g_assert_true(allows("User-agent: galenbot\nDisallow: /a\n", "/a"));
    g_assert_true(allows("User-agent: gal\nDisallow: /a\n", "/a"));
    g_assert_true(allows("User-agent: galen-news\nDisallow: /a\n", "/a"));
}

static void test_groups_for_the_same_crawler_are_merged(void)
{
    const char *text = "User-agent: galen\nDisallow: /a\nUser-agent: other\nDisallow: /c\n"
                       "User-agent: galen\nDisallow: /b\n";
    g_assert_false(allows(text, "/a"));
    g_assert_false(allows(text, "/b"));
    g_assert_true(allows(text, "/c"));
}

static void test_several_user_agent_lines_share_their_rules(void)
{
    const char *text = "User-agent: other\n\nSitemap: http://a.example/s.xml\nUser-agent: galen\nDisallow: /a\n";
    g_assert_false(allows(text, "/a"));
}

static void test_the_longest_match_decides_and_allow_wins_ties(void)
{
    const char *text = "User-agent: *\nAllow: /folder/page\nDisallow: /folder\n";
    g_assert_true(allows(text, "/folder/page"));
    g_assert_false(allows(text, "/folder/other"));
    g_assert_true(allows("User-agent: *\nDisallow: /page\nAllow: /page\n", "/page"));
    g_assert_true(allows("User-agent: *\nAllow: /page\nDisallow: /page\n", "/page"));
    g_assert_false(allows("User-agent: *\nAllow: /page\nDisallow: /*.htm\n", "/page.htm"));
    g_assert_true(allows("User-agent: *\nAllow: /$\nDisallow: /\n", "/"));
    g_assert_false(allows("User-agent: *\nAllow: /$\nDisallow: /\n", "/page.htm"));
}

static void test_wildcards_and_the_end_anchor(void)
{
    g_assert_false(allows("User-agent: *\nDisallow: /fish\n", "/fishheads/yummy.html"));
    g_assert_true(allows("User-agent: *\nDisallow: /fish\n", "/Fish"));
    g_assert_true(allows("User-agent: *\nDisallow: /fish\n", "/catfish"));
    g_assert_false(allows("User-agent: *\nDisallow: /*.php$\n", "/folder/a.php"));
    g_assert_true(allows("User-agent: *\nDisallow: /*.php$\n", "/a.php?x"));
    g_assert_false(allows("User-agent: *\nDisallow: /*.php$\n", "/a.php.php"));
    g_assert_false(allows("User-agent: *\nDisallow: /a*b*c\n", "/aXbYbZc/rest"));
    g_assert_true(allows("User-agent: *\nDisallow: /a*b*c\n", "/aXcYb"));
    g_assert_true(allows("User-agent: *\nDisallow: /aa*aa$\n", "/aaa"));
    g_assert_false(allows("User-agent: *\nDisallow: /a**$\n", "/abc"));
    g_assert_false(allows("User-agent: *\nDisallow: *x\n", "/ax"));
    g_assert_true(allows("User-agent: *\nDisallow: /a$b\n", "/a"));
    g_assert_false(allows("User-agent: *\nDisallow: /a$b\n", "/a$b"));
}

static void test_escapes_are_compared_decoded_where_that_is_safe(void)
{
    g_assert_false(allows("User-agent: *\nDisallow: /foo/bar/\xe3\x83\x84\n", "/foo/bar/%E3%83%84"));
    g_assert_false(allows("User-agent: *\nDisallow: /foo/bar/%e3%83%84\n", "/foo/bar/%E3%83%84"));
    g_assert_false(allows("User-agent: *\nDisallow: /foo/bar/%62%61%7A\n", "/foo/bar/baz"));
    g_assert_false(allows("User-agent: *\nDisallow: /foo/bar/baz\n", "/foo/bar/%62%61%7A"));
    g_assert_true(allows("User-agent: *\nDisallow: /a%2Fb\n", "/a/b"));
    g_assert_false(allows("User-agent: *\nDisallow: /a%2Ab\n", "/a*b"));
    g_assert_true(allows("User-agent: *\nDisallow: /a%2Ab\n", "/aXb"));
    g_assert_false(allows("User-agent: *\nDisallow: /a%24\n", "/a$"));
}

static void test_every_kind_of_line_end_and_comments(void)
{
    g_assert_false(allows("\xef\xbb\xbfUser-agent: *\rDisallow: /a # all of it\r", "/a"));
    g_assert_false(allows("User-agent: *\r\n\r\n# note\r\nDisallow: /a\r\n", "/a"));
    g_assert_false(allows("User-agent: *\nDisallow: /a", "/a"));
    g_assert_true(allows("User-agent: *\n#Disallow: /a\n", "/a"));
}

static void test_robots_txt_itself_is_always_allowed(void)
{
    g_assert_true(allows("User-agent: *\nDisallow: /\n", "/robots.txt"));
}

static double delay_of(const char *text)
{
    g_autoptr(Robots) robots = robots_parse(text, strlen(text), FALSE, "galen");
    return robots_delay(robots);
}

static void test_crawl_delay_is_read_for_the_group_that_applies(void)
{
    g_assert_cmpfloat(delay_of("User-agent: *\nCrawl-delay: 2.5\n"), ==, 2.5);
    g_assert_cmpfloat(
        delay_of("User-agent: *\nCrawl-delay: 9\nUser-agent: galen\nDisallow: /a\nCrawl-delay: 3\n"), ==,
        3.0);
    g_assert_cmpfloat(
        delay_of("User-agent: *\nDisallow: /a\nCrawl-delay: 9\n\nUser-agent: galen\nDisallow: /a\n"), ==,
        0.0);
    g_assert_cmpfloat(delay_of("User-agent: *\nCrawl-delay: 7"), ==, 7.0);
    g_assert_cmpfloat(delay_of("User-agent: *\nCrawl-delay: -1\nCrawl-delay: nan\nCrawl-delay: soon\n"), ==, 0.0);
}

static void test_a_file_cut_short_loses_its_last_line_only(void)
{
    const char *text = "User-agent: *\nDisallow: /a\nDisallow: /";
    g_autoptr(Robots) robots = robots_parse(text, strlen(text), TRUE, "galen");
    g_assert_false(robots_allows(robots, "/a"));
    g_assert_true(robots_allows(robots, "/b"));
}

static void test_rules_at_the_end_of_500_kib_count(void)
{
    g_autoptr(GString) text = g_string_new("User-agent: *\n");
    while (text->len < 500 * 1024)
        g_string_append(text, "Disallow: /x*y*z*0123456789*abcdef\n");
    g_string_append(text, "Disallow: /last\n");
    g_assert_false(allows(text->str, "/last"));
    g_assert_true(allows(text->str, "/other"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/robots/an empty file allows everything", test_an_empty_file_allows_everything);
    g_test_add_func("/robots/the group that names the crawler replaces the general one",
                    test_the_group_that_names_the_crawler_replaces_the_general_one);
    g_test_add_func("/robots/the product token is matched whole and in any case",
                    test_the_product_token_is_matched_whole_and_in_any_case);
    g_test_add_func("/robots/groups for the same crawler are merged", test_groups_for_the_same_crawler_are_merged);
    g_test_add_func("/robots/several user-agent lines share their rules",
                    test_several_user_agent_lines_share_their_rules);
    g_test_add_func("/robots/the longest match decides and allow wins ties",
                    test_the_longest_match_decides_and_allow_wins_ties);
    g_test_add_func("/robots/wildcards and the end anchor", test_wildcards_and_the_end_anchor);
    g_test_add_func("/robots/escapes are compared decoded where that is safe",
                    test_escapes_are_compared_decoded_where_that_is_safe);
    g_test_add_func("/robots/every kind of line end and comments", test_every_kind_of_line_end_and_comments);
    g_test_add_func("/robots/robots.txt itself is always allowed", test_robots_txt_itself_is_always_allowed);
    g_test_add_func("/robots/Crawl-delay is read for the group that applies",
                    test_crawl_delay_is_read_for_the_group_that_applies);
    g_test_add_func("/robots/a file cut short loses its last line only",
                    test_a_file_cut_short_loses_its_last_line_only);
    g_test_add_func("/robots/rules at the end of 500 KiB count", test_rules_at_the_end_of_500_kib_count);
    return g_test_run();
}
