/* SPDX-License-Identifier: Apache-2.0
 * Crawls that meet a site again: killed and resumed, asked only for what has changed, side by side, with its cookies. */
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "scrapers/fetch/crawl_all.h"
#include "tests/unit/crawl_fixture.h"

#define TREE_PAGES 31
#define KILLS 8

static char *log_path;

/* How often the log has the target so far. */
static unsigned times_asked(const char *log, const char *target)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(log, &text, NULL, NULL))
        return 0;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned count = 0;
    for (char **line = lines; *line; line++)
        count += !strcmp(*line, target);
    return count;
}

static gboolean answer_tree(int peer, int number)
{
    g_autoptr(GString) html = g_string_new(NULL);
    for (int child = 2 * number + 1; child <= 2 * number + 2 && child < TREE_PAGES; child++)
        g_string_append_printf(html, "<a href=/tree/%d>x</a>", child);
    g_string_append_printf(html, "<p>page %d</p>", number);
    g_usleep(2000);
    return loopback_html(peer, html->str);
}

/* Pages of which one changes after the first visit, one has no validator, and the rest are as they were. */
static gboolean answer_versioned(const LoopbackRequest *request)
{
    const char *name = request->target + strlen("/v/");
    gboolean again = times_asked(request->log_path, request->target) > 0;
    if (!strcmp(name, "changing"))
        return loopback_reply(request->peer, again ? "200 OK\r\nContent-Type: text/html\r\nETag: \"two\""
                                                   : "200 OK\r\nContent-Type: text/html\r\nETag: \"one\"",
                              again ? "new" : "old", 3);
    if (!strcmp(name, "plain"))
        return loopback_html(request->peer, again ? "again" : "first");
    if (strstr(request->head, "\r\nIf-None-Match: \"fixed\"\r\n") ||
        strstr(request->head, "\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n")) {
        static const char unchanged[] = "HTTP/1.1 304 Not Modified\r\nETag: \"fixed\"\r\n\r\n";
        loopback_send(request->peer, unchanged, strlen(unchanged));
        return TRUE;
    }
    if (!strcmp(name, "dated"))
        return loopback_reply(request->peer, "200 OK\r\nContent-Type: text/html\r\nLast-Modified: Sun, 06 Nov 1994 "
                              "08:49:37 GMT", "dated", 5);
    static const char index[] = "<a href=/v/changing>c</a><a href=/v/plain>p</a><a href=/v/dated>d</a>";
    return loopback_reply(request->peer, "200 OK\r\nContent-Type: text/html\r\nETag: \"fixed\"", index,
                          sizeof index - 1);
}

static gboolean answer(const LoopbackRequest *request)
{
    if (g_str_has_prefix(request->target, "/tree/"))
        return answer_tree(request->peer, atoi(request->target + 6));
    if (g_str_has_prefix(request->target, "/v/"))
        return answer_versioned(request);
    if (!strcmp(request->target, "/login"))
        return loopback_reply(request->peer, "302 Found\r\nLocation: /members\r\nSet-Cookie: s=1; Path=/; HttpOnly\r\n"
                              "Set-Cookie: only=deep; Path=/deep\r\nSet-Cookie: far=1; Domain=example.org", "", 0);
    if (!strcmp(request->target, "/members"))
        return strstr(request->head, "\r\nCookie: s=1\r\n")
                   ? loopback_html(request->peer, "<a href=/deep/x>")
                   : loopback_reply(request->peer, "403 Forbidden", "", 0);
    if (!strcmp(request->target, "/deep/x"))
        return strstr(request->head, "\r\nCookie: s=1; only=deep\r\n")
                   ? loopback_html(request->peer, "deep")
                   : loopback_reply(request->peer, "403 Forbidden", "", 0);
    return loopback_reply(request->peer, "404 Not Found", "", 0);
}

static Loopback start_site(const char *name)
{
    g_free(log_path);
    log_path = g_build_filename(fixture_directory, name, NULL);
    g_assert_true(g_file_set_contents(log_path, "", 0, NULL));
    return loopback_start(answer, log_path);
}

static goffset log_size(void)
{
    struct stat status;
    g_assert_cmpint(stat(log_path, &status), ==, 0);
    return status.st_size;
}

/* Kills the crawl some time after the site has answered once more, or lets it end. */
static void crawl_and_kill(CrawlFixture *fixture, unsigned microseconds)
{
    goffset before = log_size();
    fflush(NULL);
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        crawl_run(&fixture->source, fixture->path, NULL, NULL, NULL, NULL);
        _exit(0);
    }
    while (log_size() == before) {
        if (waitpid(child, NULL, WNOHANG) == child)
            return;
        g_usleep(200);
    }
    g_usleep(microseconds);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* The targets whose answers are whole in a file that may end anywhere. */
static GHashTable *captured(const char *path)
{
    GHashTable *targets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GString *text = g_string_new(NULL);
    char chunk[4096];
    int got;
    gzFile file = gzopen(path, "rb");
    while (file && (got = gzread(file, chunk, sizeof chunk)) > 0)
        g_string_append_len(text, chunk, got);
    if (file)
        gzclose(file);
    g_auto(GStrv) records = g_strsplit(text->str, "WARC/1.1\r\n", -1);
    for (char **record = records; *record; record++) {
        const char *url = strstr(*record, "\r\nWARC-Target-URI: http://127.0.0.1:");
        const char *target = url ? strchr(url + strlen("\r\nWARC-Target-URI: http://"), '/') : NULL;
        if (target && g_str_has_prefix(*record, "WARC-Type: response") && g_str_has_suffix(*record, "\r\n\r\n"))
            g_hash_table_add(targets, g_strndup(target, strcspn(target, "\r")));
    }
    g_string_free(text, TRUE);
    return targets;
}

static void test_a_killed_crawl_repeats_no_request_that_had_succeeded(void)
{
    Loopback site = start_site("killed.log");
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/tree/0", "killed.warc.gz");
    unsigned repeated = 0, kept = 0;
    for (unsigned i = 0; i < KILLS; i++) {
        crawl_and_kill(&fixture, 700 * i);
        g_autoptr(GHashTable) before = captured(fixture.path);
        g_autofree char *log = NULL;
        gsize length = 0;
        g_file_get_contents(log_path, &log, &length, NULL);
        crawl_and_kill(&fixture, 500 * i);
        g_usleep(20000);
        g_autofree char *after = NULL;
        g_assert_true(g_file_get_contents(log_path, &after, NULL, NULL));
        g_auto(GStrv) lines = g_strsplit(after + length, "\n", -1);
        /* The server may log the request that was under way at the kill only now. */
        for (char **line = lines; *line && **line; line++)
            repeated += line != lines && g_hash_table_contains(before, *line);
        kept += g_hash_table_size(before);
    }
    fixture_crawl(&fixture, NULL);
    g_assert_cmpuint(repeated, ==, 0);
    g_assert_cmpuint(kept, >, 0);
    g_auto(CrawlFixture) whole = {0};
    fixture_init(&whole, &site, "/tree/0", "whole.warc.gz");
    fixture_crawl(&whole, NULL);
    g_autofree char *a = fixture_outcomes(fixture.path), *b = fixture_outcomes(whole.path);
    g_assert_cmpstr(a, ==, b);
    loopback_stop(&site);
}

static CrawlSummary refetch(CrawlFixture *fixture)
{
    CrawlSummary summary;
    g_autoptr(GError) error = NULL;
    gboolean good = crawl_refetch(&fixture->source, fixture->path, NULL, NULL, &summary, &error);
    g_assert_no_error(error);
    g_assert_true(good);
    return summary;
}

static char *unpack(const char *path)
{
    GString *text = g_string_new(NULL);
    char chunk[4096];
    int got;
    gzFile file = gzopen(path, "rb");
    while ((got = gzread(file, chunk, sizeof chunk)) > 0)
        g_string_append_len(text, chunk, got);
    gzclose(file);
    return g_string_free(text, FALSE);
}

static void test_a_second_crawl_asks_only_for_what_has_changed(void)
{
    Loopback site = start_site("versions.log");
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/v/index", "versions.warc.gz");
    CrawlSummary first = fixture_crawl(&fixture, NULL);
    g_assert_cmpuint(first.fetched, ==, 4);
    g_assert_cmpuint(first.unchanged, ==, 0);
    CrawlSummary second = refetch(&fixture);
    g_assert_cmpuint(second.fetched, ==, 4);
    g_assert_cmpuint(second.unchanged, ==, 2);
    g_autofree char *pages = fixture_pages(fixture.path);
    g_assert_cmpstr(pages, ==, "/v/index /v/changing /v/plain /v/dated");
    g_autofree char *text = unpack(fixture.path);
    g_assert_nonnull(strstr(text, "\r\n\r\nnew\r\n\r\n"));
    g_assert_null(strstr(text, "\r\n\r\nold\r\n\r\n"));
    g_assert_nonnull(strstr(text, "\r\n\r\nagain\r\n\r\n"));
    g_assert_nonnull(strstr(text, "\r\n\r\ndated\r\n\r\n"));
    g_assert_nonnull(strstr(text, "WARC-Type: revisit\r\n"));
    g_assert_nonnull(strstr(text, "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/server-not-modified\r\n"));
    g_assert_nonnull(strstr(text, "\r\n\r\nHTTP/1.1 304 Not Modified\r\n"));
    /* What was taken over is good for a third time, and a crawl that is finished asks for nothing. */
    CrawlSummary third = refetch(&fixture);
    g_assert_cmpuint(third.unchanged, ==, 2);
    loopback_stop(&site);
    CrawlSummary offline = fixture_crawl(&fixture, NULL);
    g_assert_cmpmem(&third, sizeof third, &offline, sizeof offline);
    gboolean finished = FALSE;
    g_assert_true(crawl_is_finished(&fixture.source, fixture.path, &finished, NULL));
    g_assert_true(finished);
}

static void test_a_second_crawl_that_fails_leaves_the_first_whole(void)
{
    Loopback site = start_site("fails.log");
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/v/index", "fails.warc.gz");
    CrawlSummary first = fixture_crawl(&fixture, NULL);
    loopback_stop(&site);
    g_autoptr(GError) error = NULL;
    g_assert_false(crawl_refetch(&fixture.source, fixture.path, NULL, NULL, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
    CrawlSummary still = fixture_crawl(&fixture, NULL);
    g_assert_cmpmem(&first, sizeof first, &still, sizeof still);
}

static void test_a_change_of_files_that_was_cut_short_is_completed(void)
{
    Loopback site = start_site("settle.log");
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/v/index", "settle.warc.gz");
    fixture_crawl(&fixture, NULL);
    g_autofree char *old = unpack(fixture.path);
    g_autofree char *fresh = g_strconcat(fixture.path, ".fresh", NULL);
    CrawlPlan plan = crawl_plan(&fixture.source, fresh, NULL, NULL);
    plan.previous = fixture.path;
    CrawlSummary second, settled;
    g_assert_true(crawl_run_plan(&plan, &second, NULL));
    g_assert_cmpint(g_rename(fresh, fixture.path), ==, 0); /* and then the power went */
    settled = fixture_crawl(&fixture, NULL);
    g_assert_cmpmem(&second, sizeof second, &settled, sizeof settled);
    g_autofree char *new = unpack(fixture.path);
    g_assert_cmpstr(old, !=, new);
    loopback_stop(&site);
}

static void test_cookies_are_given_back_where_they_belong_also_after_a_resume(void)
{
    Loopback site = start_site("cookies.log");
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/login", "cookies.warc.gz");
    fixture_crawl(&fixture, NULL);
    g_autofree char *list = fixture_outcomes(fixture.path);
    g_assert_cmpstr(list, ==, "/robots.txt 404\n/login 302\n/members 200\n/deep/x 200\n");

    /* The same file without its last record and without the mark that it is finished. */
    struct stat status;
    g_autofree char *done = g_strconcat(fixture.path, ".done", NULL);
    g_unlink(done);
    g_assert_cmpint(stat(fixture.path, &status), ==, 0);
    g_assert_cmpint(truncate(fixture.path, status.st_size - 20), ==, 0);
    fixture_crawl(&fixture, NULL);
    g_autofree char *resumed = fixture_outcomes(fixture.path);
    g_assert_cmpstr(resumed, ==, list);
    loopback_stop(&site);
}

static void test_sources_are_crawled_side_by_side_and_a_shared_host_no_faster(void)
{
    Loopback site = start_site("side.log");
    CrawlFixture fixtures[3] = {0};
    SourceCrawl crawls[3] = {0};
    for (int i = 0; i < 3; i++) {
        g_autofree char *name = g_strdup_printf("side%d.warc.gz", i);
        fixture_init(&fixtures[i], &site, "/tree/15", name);
        fixtures[i].crawl.delay = 0.1;
        fixtures[i].crawl.ignore_robots = true;
        crawls[i] = (SourceCrawl){.source = &fixtures[i].source, .warc_path = g_strdup(fixtures[i].path)};
    }
    /* The same host under two names: 127.0.0.1 twice, localhost once. */
    g_free(fixtures[2].start);
    fixtures[2].start = g_strdup_printf("http://localhost:%d/tree/15", site.port);
    g_autoptr(GError) error = NULL;
    gint64 begun = g_get_monotonic_time();
    g_assert_true(crawl_all(crawls, 3, FALSE, NULL, &error));
    g_assert_no_error(error);
    gint64 taken = g_get_monotonic_time() - begun;
    g_assert_cmpint(taken, >=, 100000);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpuint(crawls[i].summary.fetched, ==, 1);
        source_crawl_clear(&crawls[i]);
        fixture_clear(&fixtures[i]);
    }
    loopback_stop(&site);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/again/a killed crawl repeats no request that had succeeded",
                    test_a_killed_crawl_repeats_no_request_that_had_succeeded);
    g_test_add_func("/again/a second crawl asks only for what has changed",
                    test_a_second_crawl_asks_only_for_what_has_changed);
    g_test_add_func("/again/a second crawl that fails leaves the first whole",
                    test_a_second_crawl_that_fails_leaves_the_first_whole);
    g_test_add_func("/again/a change of files that was cut short is completed",
                    test_a_change_of_files_that_was_cut_short_is_completed);
    g_test_add_func("/again/cookies are given back where they belong, also after a resume",
                    test_cookies_are_given_back_where_they_belong_also_after_a_resume);
    g_test_add_func("/again/sources are crawled side by side, and a shared host no faster",
                    test_sources_are_crawled_side_by_side_and_a_shared_host_no_faster);
    int status = fixture_run();
    g_free(log_path);
    return status;
}
