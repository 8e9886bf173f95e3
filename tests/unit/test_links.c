/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/links.h, frontier.h: links in page order, and the queue they go into. */
#include "scrapers/fetch/links.h"

#include <string.h>

#include "scrapers/fetch/frontier.h"

static char *links_in(const char *html, const char *charset)
{
    g_autoptr(GPtrArray) links = links_find(html, strlen(html), "http://a.example/d/p.html", charset, "galen");
    GString *joined = g_string_new(NULL);
    for (guint i = 0; i < links->len; i++) {
        const char *link = links->pdata[i];
        g_assert_true(g_str_has_prefix(link, "http"));
        g_string_append_printf(joined, "%s%s", i ? " " : "", link + strlen("http://"));
    }
    return g_string_free(joined, FALSE);
}

#define assert_links(html, expected)                                                                                   \
    do {                                                                                                               \
        g_autofree char *got = links_in(html, NULL);                                                                   \
        g_assert_cmpstr(got, ==, expected);                                                                            \
    } while (0)

static void test_links_come_in_page_order_and_resolved(void)
{
    assert_links("<A HREF=b>1</A><area href='/c'><link rel=\"x next\" href=d><link rel=stylesheet href=s.css>"
                 "<iframe src='e'></iframe><img src=i.jpg><a name=x><a href='mailto:m@a.example'>",
                 "a.example/d/b a.example/c a.example/d/d a.example/d/e");
}

static void test_an_empty_page_has_no_links(void)
{
    g_autoptr(GPtrArray) links = links_find(NULL, 0, "http://a.example/", NULL, "galen");
    g_assert_cmpuint(links->len, ==, 0);
}

static void test_base_href_counts_once(void)
{
    assert_links("<base href='/x/'><base href='/y/'><a href=b>", "a.example/x/b");
}

static void test_nofollow_links_and_pages_are_left_out(void)
{
    assert_links("<a href=b rel='noopener NOFOLLOW'><a href=c rel=nofollowed>", "a.example/d/c");
    assert_links("<a href=b><meta name=ROBOTS content='noindex, nofollow'>", "");
    assert_links("<a href=b><meta name=galen content=none>", "");
    assert_links("<a href=b><meta name=googlebot content=nofollow>", "a.example/d/b");
}

static void test_comments_and_scripts_hold_no_links(void)
{
    assert_links("<!-- <a href=b> --><script>x = '<a href=c>';</script><style><a href=d></style><a href=e>",
                 "a.example/d/e");
    assert_links("<!--><a href=b><!-- x --!><a href=c> --><a href=d>", "a.example/d/b a.example/d/d");
    assert_links("<script><a href=b>", "");
    assert_links("<a href=b><!-- <a href=c>", "a.example/d/b");
}

static void test_broken_markup_is_read_as_browsers_do(void)
{
    assert_links("<a\nhref = \"b\"class=x><a / href=c/><a href=d", "a.example/d/b a.example/d/c/");
    assert_links("< a href=b><a href><a href=''><a =href=x href='c'>",
                 "a.example/d/p.html a.example/d/p.html a.example/d/c");
    assert_links("<a href=b href=c><a title='>' href=d>", "a.example/d/b a.example/d/d");
}

static void test_character_references_are_decoded(void)
{
    assert_links("<a href='?a=1&amp;b=2&c=3&copy=4&#x26;d=&eacute;'>",
                 "a.example/d/p.html?a=1&b=2&c=3&copy=4&d=%C3%A9");
}

static void test_meta_refresh_is_a_link(void)
{
    assert_links("<meta http-equiv=Refresh content=\"0; URL='next.html'\"><meta http-equiv=refresh content=5>",
                 "a.example/d/next.html");
}

static void test_other_charsets_give_utf8_paths_and_raw_queries(void)
{
    g_autofree char *latin = links_in("<a href='caf\xe9?q=\xe9'>", "iso-8859-1");
    g_assert_cmpstr(latin, ==, "a.example/d/caf%C3%A9?q=%E9");
    g_autofree char *cyrillic = links_in("<meta charset=koi8-r><a href='\xc1'>", NULL);
    g_assert_cmpstr(cyrillic, ==, "a.example/d/%D0%B0");
}

static void test_a_page_of_links_is_capped(void)
{
    g_autoptr(GString) page = g_string_new(NULL);
    for (int i = 0; i < LINKS_MAX + 5; i++)
        g_string_append(page, "<a href=b>");
    g_autoptr(GPtrArray) links = links_find(page->str, page->len, "http://a.example/", NULL, "galen");
    g_assert_cmpuint(links->len, ==, LINKS_MAX);
}

static void assert_next(Frontier *frontier, const char *url, unsigned depth, unsigned hops)
{
    FrontierItem item;
    g_assert_true(frontier_next(frontier, &item));
    g_assert_cmpstr(item.url, ==, url);
    g_assert_cmpuint(item.depth, ==, depth);
    g_assert_cmpuint(item.hops, ==, hops);
}

static void test_the_frontier_is_breadth_first_and_hands_out_each_url_once(void)
{
    g_autoptr(Frontier) frontier = frontier_new(100);
    FrontierItem item;
    frontier_add(frontier, "a", 0, FALSE);
    frontier_add(frontier, "b", 0, FALSE);
    assert_next(frontier, "a", 0, 0);
    frontier_add(frontier, "c", 1, FALSE);
    frontier_add(frontier, "a", 1, FALSE);
    frontier_add(frontier, "b", 1, FALSE);
    g_assert_cmpuint(frontier_waiting(frontier), ==, 2);
    g_assert_true(frontier_put_first(frontier, "c", 0, 1, FALSE));
    assert_next(frontier, "c", 0, 1);
    g_assert_false(frontier_put_first(frontier, "a", 0, 1, FALSE));
    assert_next(frontier, "b", 0, 0);
    g_assert_false(frontier_next(frontier, &item));
    g_assert_cmpuint(frontier_waiting(frontier), ==, 0);
}

static void test_the_frontier_has_a_limit(void)
{
    g_autoptr(Frontier) frontier = frontier_new(2);
    frontier_add(frontier, "a", 0, FALSE);
    frontier_add(frontier, "b", 0, FALSE);
    g_assert_false(frontier_is_full(frontier));
    frontier_add(frontier, "b", 0, FALSE);
    g_assert_false(frontier_is_full(frontier));
    frontier_add(frontier, "c", 0, FALSE);
    g_assert_true(frontier_is_full(frontier));
    g_assert_false(frontier_put_first(frontier, "d", 0, 1, FALSE));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/links/an empty page has no links", test_an_empty_page_has_no_links);
    g_test_add_func("/links/links come in page order and resolved", test_links_come_in_page_order_and_resolved);
    g_test_add_func("/links/base href counts once", test_base_href_counts_once);
    g_test_add_func("/links/nofollow links and pages are left out", test_nofollow_links_and_pages_are_left_out);
    g_test_add_func("/links/comments and scripts hold no links", test_comments_and_scripts_hold_no_links);
    g_test_add_func("/links/broken markup is read as browsers do", test_broken_markup_is_read_as_browsers_do);
    g_test_add_func("/links/character references are decoded", test_character_references_are_decoded);
    g_test_add_func("/links/meta refresh is a link", test_meta_refresh_is_a_link);
    g_test_add_func("/links/other charsets give UTF-8 paths and raw queries",
                    test_other_charsets_give_utf8_paths_and_raw_queries);
    g_test_add_func("/links/a page of links is capped", test_a_page_of_links_is_capped);
    g_test_add_func("/frontier/it is breadth-first and hands out each URL once",
                    test_the_frontier_is_breadth_first_and_hands_out_each_url_once);
    g_test_add_func("/frontier/it has a limit", test_the_frontier_has_a_limit);
    return g_test_run();
}
