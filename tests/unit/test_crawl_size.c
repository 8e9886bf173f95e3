/* SPDX-License-Identifier: Apache-2.0
 * A large site: memory stays flat, and nothing but the site's own speed holds the crawl up.
 *
 * GALEN_TEST_PAGES sets the number of pages (2,000; `make check-long` takes 10,000). */
#include <stdlib.h>

#include "tests/unit/crawl_fixture.h"

#define LINKS_PER_PAGE 20
#define PARAGRAPHS 40
#define MEMORY_MAX ((guint64)200 << 20)

static int pages;

/* Page n leads to twenty more, so that the frontier grows long, and holds about 10 KB of text. */
static gboolean answer(const LoopbackRequest *request)
{
    int number = atoi(request->target + 1);
    if (g_str_has_prefix(request->target, "/robots"))
        return loopback_reply(request->peer, "404 Not Found", "", 0);
    g_autoptr(GString) html = g_string_new("<html><body>");
    for (int i = 1; i <= LINKS_PER_PAGE; i++)
        g_string_append_printf(html, "<a href=/%d>page</a>", MIN(number * LINKS_PER_PAGE + i, pages - 1));
    for (int i = 0; i < PARAGRAPHS; i++)
        g_string_append_printf(html, "<p>Give %d mg every %d hours, and look again at the blood pressure and the "
                               "kidneys after %d days; write down what you saw, heard, and were told, in the notes. "
                               "Patients who are worse are seen at once.</p>", number * 7 % 900, i % 12 + 1, i);
    return loopback_html(request->peer, html->str);
}

static void test_memory_stays_flat_over_many_pages(void)
{
    Loopback site = loopback_start(answer, NULL);
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/0", "large.warc.gz");
    fixture.crawl.max_pages = 100000;
    gint64 begun = g_get_monotonic_time();
    CrawlSummary summary = fixture_crawl(&fixture, NULL);
    double seconds = (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
    g_assert_cmpuint(summary.fetched, ==, (guint64)pages);
    g_test_message("%d pages in %.2f s, %.0f pages a second, peak memory %.1f MB", pages, seconds, pages / seconds,
                   (double)fixture_peak_memory() / 1e6);
    if (!fixture_is_sanitised())
        g_assert_cmpuint(fixture_peak_memory(), <, MEMORY_MAX);
    loopback_stop(&site);
}

int main(int argc, char **argv)
{
    const char *wanted = g_getenv("GALEN_TEST_PAGES");
    pages = wanted ? atoi(wanted) : 2000;
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/size/memory stays flat over many pages", test_memory_stays_flat_over_many_pages);
    return fixture_run();
}
