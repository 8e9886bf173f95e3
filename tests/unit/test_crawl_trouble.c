/* SPDX-License-Identifier: Apache-2.0
 * Crawls of hosts in trouble: what a busy host asks for is granted, what is broken is recorded, and a host that has had
 * enough is not taken for a site without pages. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "tests/unit/crawl_fixture.h"

#define PAGES 40
#define BROKEN 12 /* more than make a row */
#define LOG_LINES 1024

/* What all threads of the server share, and the test. */
static struct Shared {
    gint enough_after; /* so many requests, every answer is `enough`; 0: never */
    char enough[64];   /* the status line's rest */
    gint asked;
    char log[LOG_LINES][48];
} *shared;

static gboolean answer_pages(const LoopbackRequest *request)
{
    const char *number = request->target + strlen("/page/");
    if (!strcmp(request->target, "/page/0")) {
        g_autoptr(GString) html = g_string_new(NULL);
        for (int i = 1; i < PAGES; i++)
            g_string_append_printf(html, "<a href=/page/%d>x</a>", i);
        return loopback_html(request->peer, html->str);
    }
    return loopback_html(request->peer, number);
}

static gboolean answer_broken(const LoopbackRequest *request)
{
    const char *number = strrchr(request->target, '/') + 1;
    if (!strcmp(request->target, "/broken/start")) {
        g_autoptr(GString) html = g_string_new(NULL);
        for (int i = 0; i < BROKEN + 2; i++)
            g_string_append_printf(html, "<a href=/broken/%d>x</a>", i);
        return loopback_html(request->peer, html->str);
    }
    return atoi(number) < BROKEN ? loopback_reply(request->peer, "500 Broken", "", 0) : loopback_html(request->peer, "ok");
}

/* A page of the second host that is busy at first, and pages of two others. */
static gboolean answer_busy(const LoopbackRequest *request)
{
    if (!strcmp(request->target, "/busy/start")) {
        const char *host = strstr(request->head, "\r\nHost: 127.0.0.1:");
        g_autoptr(GString) html = g_string_new(NULL);
        for (int i = 0; i < PAGES; i++)
            g_string_append_printf(html, "<a href=http://127.0.0.%d:%d/busy/%d>x</a>", i ? 1 + 2 * (i % 2) : 2,
                                   atoi(host + strlen("\r\nHost: 127.0.0.1:")), i);
        return loopback_html(request->peer, html->str);
    }
    unsigned before = 0;
    for (gint i = 0; i < shared->asked - 1; i++)
        before += !strcmp(shared->log[i], request->target);
    if (!strcmp(request->target, "/busy/0") && before == 0)
        return loopback_reply(request->peer, "503 Busy\r\nRetry-After: 3", "", 0);
    return loopback_html(request->peer, "ok");
}

static gboolean answer(const LoopbackRequest *request)
{
    gint line = g_atomic_int_add(&shared->asked, 1);
    g_assert_cmpint(line, <, LOG_LINES);
    g_strlcpy(shared->log[line], request->target, sizeof shared->log[line]);
    if (shared->enough_after && line >= shared->enough_after)
        return loopback_reply(request->peer, shared->enough, "", 0);
    if (!strcmp(request->target, "/robots.txt"))
        return loopback_reply(request->peer, "404 Not Found", "", 0);
    if (g_str_has_prefix(request->target, "/page/"))
        return answer_pages(request);
    return g_str_has_prefix(request->target, "/busy/") ? answer_busy(request) : answer_broken(request);
}

static Loopback start_site(int hosts)
{
    memset(shared, 0, sizeof *shared);
    return loopback_start_hosts(answer, NULL, hosts);
}

static void check_that_nothing_is_lost(const char *enough, const char *message)
{
    Loopback site = start_site(1);
    g_auto(CrawlFixture) fixture = {0}, whole = {0};
    g_autofree char *name = g_strdup_printf("enough-%.3s.warc.gz", enough);
    fixture_init(&fixture, &site, "/page/0", name);
    g_strlcpy(shared->enough, enough, sizeof shared->enough);
    g_atomic_int_set(&shared->enough_after, 20);
    g_autoptr(GError) error = NULL;
    g_assert_false(crawl_run(&fixture.source, fixture.path, NULL, NULL, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, message));
    gint asked = shared->asked;
    g_atomic_int_set(&shared->enough_after, 0);
    fixture_crawl(&fixture, NULL);
    /* No page that had been answered well was asked for again. */
    g_assert_cmpint(shared->asked, ==, asked + PAGES + 1 - 20);
    g_autofree char *whole_name = g_strconcat("whole-", name, NULL);
    fixture_init(&whole, &site, "/page/0", whole_name);
    fixture_crawl(&whole, NULL);
    g_autofree char *one = fixture_outcomes(fixture.path), *other = fixture_outcomes(whole.path);
    g_assert_cmpstr(one, ==, other);
    loopback_stop(&site);
}

static void test_a_host_that_has_had_enough_ends_the_crawl_for_now_and_nothing_is_lost(void)
{
    check_that_nothing_is_lost("429 Too Many Requests", "127.0.0.1 answers with status 429, also for a page that it gave");
    check_that_nothing_is_lost("502 Bad Gateway", "127.0.0.1 answers with status 502");
}

static void test_pages_that_are_broken_are_recorded_while_others_are_well(void)
{
    Loopback site = start_site(1);
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/broken/start", "broken.warc.gz");
    CrawlSummary summary = fixture_crawl(&fixture, NULL);
    g_assert_cmpuint(summary.failed, ==, BROKEN);
    g_assert_cmpuint(summary.fetched, ==, 3);
    loopback_stop(&site);
}

static void test_a_busy_host_is_left_alone_while_the_others_go_on(void)
{
    Loopback site = start_site(3);
    g_auto(CrawlFixture) fixture = {0};
    char *everything[] = {(char *)"."};
    fixture_init(&fixture, &site, "/busy/start", "busy.warc.gz");
    fixture.crawl.follow = (RecipeStrings){.items = everything, .count = 1};
    CrawlSummary summary = fixture_crawl(&fixture, NULL);
    g_assert_cmpuint(summary.fetched, ==, PAGES + 1);
    /* It is asked again as the last of all. */
    g_assert_cmpstr(shared->log[shared->asked - 1], ==, "/busy/0");
    loopback_stop(&site);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(shared != MAP_FAILED);
    g_test_add_func("/trouble/a host that has had enough ends the crawl for now, and nothing is lost",
                    test_a_host_that_has_had_enough_ends_the_crawl_for_now_and_nothing_is_lost);
    g_test_add_func("/trouble/pages that are broken are recorded while others are well",
                    test_pages_that_are_broken_are_recorded_while_others_are_well);
    g_test_add_func("/trouble/a busy host is left alone while the others go on",
                    test_a_busy_host_is_left_alone_while_the_others_go_on);
    return fixture_run();
}
