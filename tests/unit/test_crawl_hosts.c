/* SPDX-License-Identifier: Apache-2.0
 * A crawl of several hosts: none waits for another, and the file is that of a crawl that asks one after the other. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "scrapers/fetch/crawl_all.h"
#include "scrapers/fetch/spool.h"
#include "tests/unit/crawl_fixture.h"

#define HOSTS 8
#define PAGES 64
#define KILLS 12
#define LARGE_BYTES ((gsize)48 << 20)

#define LOG_LINES 8192
#define LINE_BYTES 48

static int port; /* as the server sees it: from the Host line */

/* What all threads of the server share, and the test. */
static struct Shared {
    gint busy[HOSTS + 1]; /* requests under way */
    gint overlaps;        /* times that a host was asked by two at once */
    gint answered;        /* pages */
    gint down;            /* connections are closed without an answer */
    gint down_after;      /* so many requests, the site goes down; 0: never */
    gint asked;           /* requests, each of which is in the log before it is answered: */
    char log[LOG_LINES][LINE_BYTES];
    gint64 when[LOG_LINES];
    int run[LOG_LINES];   /* the number that the crawl gave as its contact; else 0 */
} *shared;

static int host_of_page(int number)
{
    return number % HOSTS + 1;
}

static void append_link(GString *html, int host, const char *path, int number)
{
    g_string_append_printf(html, "<a href=\"http://127.0.0.%d:%d/%s/%d\">x</a>", host, port, path, number);
}

static gboolean answer_index(const LoopbackRequest *request)
{
    g_autoptr(GString) html = g_string_new("<p>index</p>");
    for (int i = 1; i < PAGES; i++)
        append_link(html, host_of_page(i), "p", i);
    return loopback_html(request->peer, html->str);
}

/* Some pages move to another host, which then knows the visitor by a cookie; each host counts its visits in one. */
static gboolean answer_page(const LoopbackRequest *request, int number)
{
    g_autoptr(GString) head = g_string_new(NULL);
    g_autofree char *cookie = strstr(request->head, "\r\nCookie: ")
                                  ? g_strndup(strstr(request->head, "\r\nCookie: ") + 10, 60) : g_strdup("none\r");
    cookie[strcspn(cookie, "\r")] = '\0';
    if (number % 11 == 5 && g_str_has_prefix(request->target, "/p/")) {
        g_string_append_printf(head, "302 Found\r\nLocation: http://127.0.0.%d:%d/q/%d", host_of_page(number + 3), port,
                               number);
        return loopback_reply(request->peer, head->str, "", 0);
    }
    g_autoptr(GString) html = g_string_new(NULL);
    g_string_append_printf(html, "<p>page %d, seen with %s</p>", number, cookie);
    if (number < 8)
        append_link(html, host_of_page(number + 1), "deep", number);
    g_string_append_printf(head, "200 OK\r\nContent-Type: text/html\r\nSet-Cookie: last=%d", number);
    return loopback_reply(request->peer, head->str, html->str, html->len);
}

static gboolean answer_robots(const LoopbackRequest *request)
{
    static const char closed[] = "User-agent: *\nDisallow: /secret\n";
    if (request->host % 2)
        return loopback_reply(request->peer, "404 Not Found", "", 0);
    if (request->host == 4 && !strcmp(request->target, "/robots.txt"))
        return loopback_reply(request->peer, "301 Moved\r\nLocation: /rules", "", 0);
    return loopback_reply(request->peer, "200 OK\r\nContent-Type: text/plain", closed, sizeof closed - 1);
}

/* Answers only when every other page has been answered; or after five seconds, with a failure. */
static gboolean answer_last(const LoopbackRequest *request)
{
    for (int i = 0; i < 500 && g_atomic_int_get(&shared->answered) < PAGES - 1; i++)
        g_usleep(10000);
    return g_atomic_int_get(&shared->answered) == PAGES - 1
               ? loopback_html(request->peer, "last")
               : loopback_reply(request->peer, "404 Nobody else was asked", "", 0);
}

static gboolean answer_waiting_site(const LoopbackRequest *request)
{
    const char *target = request->target;
    if (!strcmp(target, "/waiting")) {
        g_autoptr(GString) html = g_string_new(NULL);
        append_link(html, 2, "last", 0);
        for (int i = 1; i < PAGES; i++)
            append_link(html, i % (HOSTS - 2) + 3, "quick", i);
        return loopback_html(request->peer, html->str);
    }
    if (g_str_has_prefix(target, "/last"))
        return answer_last(request);
    g_atomic_int_inc(&shared->answered);
    return loopback_html(request->peer, "quick");
}

/* Page n leads to the next. */
static gboolean answer_chain(const LoopbackRequest *request, int number)
{
    g_autofree char *html = g_strdup_printf("<a href=/n/%d>next</a>", MIN(number + 1, PAGES - 1));
    return loopback_html(request->peer, html);
}

static gboolean answer_secrets(const LoopbackRequest *request)
{
    g_autoptr(GString) html = g_string_new(NULL);
    for (int i = 1; i < PAGES; i++)
        append_link(html, host_of_page(i), i % 3 ? "p" : "secret", i);
    return loopback_html(request->peer, html->str);
}

static gboolean answer_fixed(const LoopbackRequest *request)
{
    static const char unchanged[] = "HTTP/1.1 304 Not Modified\r\nETag: \"fixed\"\r\n\r\n";
    if (strstr(request->head, "\r\nIf-None-Match: \"fixed\"\r\n")) {
        loopback_send(request->peer, unchanged, strlen(unchanged));
        return TRUE;
    }
    g_autoptr(GString) html = g_string_new(NULL);
    for (int i = 1; i < PAGES; i++)
        append_link(html, host_of_page(i), "fixed", i);
    return loopback_reply(request->peer, "200 OK\r\nContent-Type: text/html\r\nETag: \"fixed\"", html->str, html->len);
}

static gboolean was_asked(const char *line)
{
    for (gint i = 0; i < g_atomic_int_get(&shared->asked); i++)
        if (!strcmp(shared->log[i], line))
            return TRUE;
    return FALSE;
}

/* A page that moves to a host where another is asked for in the meantime, and gets a cookie there. */
static gboolean answer_visitor(const LoopbackRequest *request)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (!strcmp(request->target, "/visit/start")) {
        append_link(text, 2, "visit", 1);
        append_link(text, 3, "visit", 2);
        return loopback_html(request->peer, text->str);
    }
    if (!strcmp(request->target, "/visit/1")) {
        for (int i = 0; i < 500 && !was_asked("//127.0.0.3/visit/2"); i++)
            g_usleep(10000);
        g_usleep(20000); /* so that it is answered first, too */
        g_string_append_printf(text, "302 Found\r\nLocation: http://127.0.0.3:%d/visit/3", port);
        return loopback_reply(request->peer, text->str, "", 0);
    }
    if (!strcmp(request->target, "/visit/3"))
        return loopback_reply(request->peer, "200 OK\r\nContent-Type: text/html\r\nSet-Cookie: known=1; Path=/", "3", 1);
    gboolean known = strstr(request->head, "\r\nCookie: known=1\r\n") != NULL;
    return loopback_html(request->peer, known ? "an old friend" : "a stranger");
}

/* Large, from all hosts at once. */
static gboolean answer_large(const LoopbackRequest *request)
{
    g_autoptr(GString) html = g_string_new(NULL);
    if (!strcmp(request->target, "/large")) {
        for (int i = 1; i <= HOSTS; i++)
            append_link(html, host_of_page(i), "large", i);
        return loopback_html(request->peer, html->str);
    }
    g_autofree char *body = g_malloc(LARGE_BYTES);
    memset(body, 'x', LARGE_BYTES);
    return loopback_reply(request->peer, "200 OK\r\nContent-Type: text/plain", body, LARGE_BYTES);
}

static gboolean answer_by_path(const LoopbackRequest *request)
{
    const char *target = request->target, *number = strrchr(target, '/') + 1;
    const char *host = strstr(request->head, "\r\nHost: 127.0.0.");
    port = host ? atoi(strchr(host + 8, ':') + 1) : 0;
    if (!strcmp(target, "/robots.txt") || !strcmp(target, "/rules"))
        return answer_robots(request);
    if (!strcmp(target, "/waiting") || g_str_has_prefix(target, "/quick") || g_str_has_prefix(target, "/last"))
        return answer_waiting_site(request);
    if (!strcmp(target, "/secrets"))
        return answer_secrets(request);
    if (g_str_has_prefix(target, "/n/"))
        return answer_chain(request, atoi(number));
    if (g_str_has_prefix(target, "/visit/"))
        return answer_visitor(request);
    if (g_str_has_prefix(target, "/large"))
        return answer_large(request);
    if (g_str_has_prefix(target, "/fixed"))
        return answer_fixed(request);
    return !strcmp(target, "/index") ? answer_index(request) : answer_page(request, atoi(number));
}

static gboolean answer(const LoopbackRequest *request)
{
    gint *busy = &shared->busy[request->host], line = g_atomic_int_add(&shared->asked, 1);
    const char *contact = strstr(request->head, "(+");
    g_assert_cmpint(line, <, LOG_LINES);
    g_snprintf(shared->log[line], LINE_BYTES, "//127.0.0.%d%s", request->host, request->target);
    shared->when[line] = g_get_monotonic_time();
    shared->run[line] = contact ? atoi(contact + 2) : 0;
    if (g_atomic_int_get(&shared->down) || (shared->down_after && line >= shared->down_after)) {
        g_atomic_int_set(&shared->down, 1);
        g_atomic_int_add(busy, -1);
        return FALSE;
    }
    if (g_atomic_int_add(busy, 1) > 0)
        g_atomic_int_inc(&shared->overlaps);
    if (!g_str_has_prefix(request->target, "/last"))
        g_usleep(1000 + 700 * (gulong)(request->host * 7 % 5)); /* so that they come out of order */
    g_atomic_int_add(busy, -1); /* before the answer, after which the next one may come */
    return answer_by_path(request);
}

static Loopback start_site(void)
{
    memset(shared, 0, sizeof *shared);
    return loopback_start_hosts(answer, NULL, HOSTS);
}

static char *everything[] = {(char *)"."};

static void prepare(CrawlFixture *fixture, const Loopback *site, const char *start, const char *name)
{
    fixture_init(fixture, site, start, name);
    fixture->crawl.follow = (RecipeStrings){.items = everything, .count = 1};
}

static void crawl(const CrawlFixture *fixture, gboolean in_turn)
{
    g_autoptr(GError) error = NULL;
    CrawlPlan plan = crawl_plan(&fixture->source, fixture->path, NULL, NULL);
    plan.may_connect = NULL;
    plan.in_turn = in_turn;
    gboolean good = crawl_run_plan(&plan, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(good);
}

static void assert_no_spool(const CrawlFixture *fixture)
{
    g_autofree char *folder = g_strconcat(fixture->path, ".ahead", NULL);
    g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
}

/* Two files with the same records but for dates and ids, or a message that shows the first difference. */
static void assert_same_records(const char *one, const char *two)
{
    g_autofree char *a = fixture_records(one, TRUE), *b = fixture_records(two, TRUE);
    gsize same = 0;
    while (a[same] && a[same] == b[same])
        same++;
    if (a[same] || b[same])
        g_test_message("they differ at %" G_GSIZE_FORMAT ":\n%.300s\n---\n%.300s", same, a + same, b + same);
    g_assert_true(!a[same] && !b[same]);
}

static void test_the_file_is_that_of_a_crawl_that_asks_one_after_the_other(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) many = {0}, one = {0};
    prepare(&many, &site, "/index", "many.warc.gz");
    prepare(&one, &site, "/index", "one.warc.gz");
    crawl(&many, FALSE);
    crawl(&one, TRUE);
    assert_same_records(many.path, one.path);
    g_autofree char *pages = fixture_pages(many.path);
    g_assert_true(g_str_has_prefix(pages, "/index /p/1 /p/2 /rules /p/3 /p/4 /q/5 /p/6"));
    g_assert_cmpint(shared->overlaps, ==, 0);
    assert_no_spool(&many);
    loopback_stop(&site);
}

static void test_hosts_do_not_wait_for_one_that_hangs(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) fixture = {0};
    prepare(&fixture, &site, "/waiting", "hangs.warc.gz");
    fixture.crawl.timeout = 20;
    crawl(&fixture, FALSE);
    g_autofree char *list = fixture_outcomes(fixture.path);
    g_assert_nonnull(strstr(list, "/last/0 200\n"));
    g_assert_cmpint(shared->answered, ==, PAGES - 1);
    g_assert_cmpint(shared->overlaps, ==, 0);
    loopback_stop(&site);
}

static gboolean is_about(const char *line, int host)
{
    g_autofree char *prefix = g_strdup_printf("//127.0.0.%d/", host);
    return g_str_has_prefix(line, prefix);
}

static void test_what_robots_txt_forbids_is_not_asked_ahead_and_robots_txt_comes_first(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) fixture = {0};
    prepare(&fixture, &site, "/secrets", "robots.warc.gz");
    crawl(&fixture, FALSE);
    for (int host = 1; host <= HOSTS; host++) {
        gint line = 0;
        while (line < shared->asked && !is_about(shared->log[line], host))
            line++;
        g_assert_true(g_str_has_suffix(shared->log[line], "/robots.txt"));
        for (; line < shared->asked; line++)
            if (is_about(shared->log[line], host) && strstr(shared->log[line], "/secret/"))
                g_assert_cmpint(host % 2, ==, 1); /* these have no robots.txt */
    }
    g_autofree char *list = fixture_outcomes(fixture.path);
    g_assert_nonnull(strstr(list, "/secret/3 refused: robots.txt forbids it\n"));
    loopback_stop(&site);
}

static void test_no_more_pages_are_asked_than_max_pages(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) fixture = {0};
    prepare(&fixture, &site, "/index", "max.warc.gz");
    fixture.crawl.max_pages = 20;
    crawl(&fixture, FALSE);
    unsigned asked = 0;
    for (gint line = 0; line < shared->asked; line++) {
        const char *asked_for = strchr(shared->log[line] + 2, '/');
        asked += strcmp(asked_for, "/robots.txt") && strcmp(asked_for, "/rules") && !g_str_has_prefix(asked_for, "/q/");
    }
    g_assert_cmpuint(asked, ==, 20);
    loopback_stop(&site);
}

static void test_each_request_is_made_once_in_an_undisturbed_crawl(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) fixture = {0};
    prepare(&fixture, &site, "/fixed", "once.warc.gz");
    crawl(&fixture, FALSE);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (gint line = 0; line < shared->asked; line++)
        g_assert_true(g_hash_table_add(seen, shared->log[line]));
    g_assert_cmpuint(g_hash_table_size(seen), ==, PAGES + HOSTS + 1); /* one robots.txt has moved */
    loopback_stop(&site);
}

static void test_a_second_crawl_asks_several_hosts_for_what_has_changed(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) fixture = {0};
    prepare(&fixture, &site, "/fixed", "refetch.warc.gz");
    crawl(&fixture, FALSE);
    CrawlSummary summary;
    g_autoptr(GError) error = NULL;
    g_assert_true(crawl_refetch(&fixture.source, fixture.path, NULL, NULL, &summary, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(summary.unchanged, ==, PAGES);
    g_autofree char *records = fixture_records(fixture.path, FALSE);
    g_assert_nonnull(strstr(records, "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/server-not-modified\r\n"));
    loopback_stop(&site);
}

/* Adds what the records of a file say was answered, as the server's log has it. */
static void add_answered(GHashTable *answered, const char *path)
{
    g_autofree char *text = fixture_records(path, FALSE);
    g_auto(GStrv) records = g_strsplit(text, "WARC/1.1\r\n", -1);
    for (char **record = records; *record; record++) {
        const char *url = strstr(*record, "\r\nWARC-Target-URI: http:");
        if (!url || !g_str_has_prefix(*record, "WARC-Type: response") || !g_str_has_suffix(*record, "\r\n\r\n"))
            continue;
        url += strlen("\r\nWARC-Target-URI: http:");
        gsize host = strcspn(url + 2, ":") + 2, port_number = strcspn(url + host, "/");
        const char *target = url + host + port_number;
        g_hash_table_add(answered, g_strdup_printf("%.*s%.*s", (int)host, url, (int)strcspn(target, "\r"), target));
    }
}

/* All that is on disk of a crawl that was killed: its file, and what waits for its turn. */
static GHashTable *answered_on_disk(const CrawlFixture *fixture, unsigned *waiting)
{
    GHashTable *answered = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *folder = g_strconcat(fixture->path, ".ahead", NULL);
    add_answered(answered, fixture->path);
    guint before = g_hash_table_size(answered);
    GDir *listing = g_dir_open(folder, 0, NULL);
    const char *name;
    while (listing && (name = g_dir_read_name(listing))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        add_answered(answered, path);
    }
    if (listing)
        g_dir_close(listing);
    *waiting += g_hash_table_size(answered) - before;
    return answered;
}

/* Kills the crawl when it has made so many requests more, or lets it end. */
static void crawl_and_kill(const CrawlFixture *fixture, gint requests)
{
    gint begun = g_atomic_int_get(&shared->asked);
    fflush(NULL);
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        crawl_run(&fixture->source, fixture->path, NULL, NULL, NULL, NULL);
        _exit(0);
    }
    while (g_atomic_int_get(&shared->asked) < begun + requests && waitpid(child, NULL, WNOHANG) != child)
        g_usleep(100);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void test_a_killed_crawl_asks_no_host_again_for_what_it_has(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) fixture = {0}, whole = {0};
    prepare(&fixture, &site, "/fixed", "killed.warc.gz");
    prepare(&whole, &site, "/fixed", "whole.warc.gz");
    unsigned waiting = 0;
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    GHashTable *before[KILLS + 1];
    for (unsigned i = 0; i <= KILLS; i++) {
        g_autofree char *contact = g_strdup_printf("%u", i);
        fixture.crawl.contact = contact;
        before[i] = answered_on_disk(&fixture, &waiting);
        if (i == KILLS)
            crawl(&fixture, FALSE);
        else
            crawl_and_kill(&fixture, g_rand_int_range(random, 1, 2 * PAGES / KILLS));
    }
    for (gint line = 0; line < g_atomic_int_get(&shared->asked); line++)
        if (g_hash_table_contains(before[shared->run[line]], shared->log[line]))
            g_error("%s was asked for again in run %d", shared->log[line], shared->run[line]);
    for (unsigned i = 0; i <= KILLS; i++)
        g_hash_table_unref(before[i]);
    crawl(&whole, TRUE);
    g_autofree char *one = fixture_outcomes(fixture.path), *other = fixture_outcomes(whole.path);
    g_assert_cmpstr(one, ==, other);
    g_assert_cmpuint(waiting, >, 0); /* else this test has tested nothing */
    g_test_message("%u answers were waiting for their turn at the kills", waiting);
    assert_no_spool(&fixture);
    loopback_stop(&site);
}

static void test_what_waited_for_another_crawl_is_not_used(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) fixture = {0};
    prepare(&fixture, &site, "/fixed", "other.warc.gz");
    Spool *spool = spool_open(fixture.path, FALSE, 1 << 20);
    g_autofree char *url = g_strdup_printf("http://127.0.0.2:%d/fixed/1", site.port);
    g_autoptr(HttpExchange) stale = http_exchange_new(url, 100);
    stale->status = 200;
    buffer_append_string(&stale->body, "stale");
    http_exchange_store_headers(stale, "HTTP/1.1 200 OK\r\n", 17);
    g_assert_true(spool_add(spool, stale, NULL));
    spool_free(spool);
    crawl(&fixture, FALSE);
    g_autofree char *records = fixture_records(fixture.path, FALSE);
    g_assert_null(strstr(records, "stale"));
    assert_no_spool(&fixture);
    loopback_stop(&site);
}

static void test_an_answer_to_a_visitor_with_other_cookies_is_asked_for_again(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) many = {0}, one = {0};
    prepare(&many, &site, "/visit/start", "visitor.warc.gz");
    prepare(&one, &site, "/visit/start", "visitor-in-turn.warc.gz");
    crawl(&many, FALSE);
    unsigned asked = 0;
    for (gint line = 0; line < shared->asked; line++)
        asked += !strcmp(shared->log[line], "//127.0.0.3/visit/2");
    g_assert_cmpuint(asked, ==, 2);
    g_autofree char *records = fixture_records(many.path, FALSE);
    g_assert_nonnull(strstr(records, "an old friend"));
    g_assert_null(strstr(records, "a stranger"));
    crawl(&one, TRUE);
    assert_same_records(many.path, one.path);
    loopback_stop(&site);
}

static void test_a_network_that_goes_down_is_not_taken_for_missing_pages(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) fixture = {0}, whole = {0};
    prepare(&fixture, &site, "/fixed", "down.warc.gz");
    prepare(&whole, &site, "/fixed", "never-down.warc.gz");
    g_atomic_int_set(&shared->down_after, 40);
    g_autoptr(GError) error = NULL;
    g_assert_false(crawl_run(&fixture.source, fixture.path, NULL, NULL, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, "the network or the site is down"));
    g_atomic_int_set(&shared->down_after, 0);
    g_atomic_int_set(&shared->down, 0);
    crawl(&fixture, FALSE);
    crawl(&whole, TRUE);
    assert_same_records(fixture.path, whole.path);
    loopback_stop(&site);
}

static gboolean not_127_0_0_5(const struct sockaddr *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
    return address->sa_family == AF_INET && four->sin_addr.s_addr != htonl(INADDR_LOOPBACK + 4);
}

static void test_the_address_rule_holds_for_what_is_asked_ahead(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) many = {0}, one = {0};
    prepare(&many, &site, "/index", "addresses.warc.gz");
    prepare(&one, &site, "/index", "addresses-in-turn.warc.gz");
    many.crawl.ignore_robots = one.crawl.ignore_robots = true;
    CrawlPlan plan = crawl_plan(&many.source, many.path, NULL, NULL);
    plan.may_connect = not_127_0_0_5;
    CrawlSummary first, second;
    g_assert_true(crawl_run_plan(&plan, &first, NULL));
    for (gint line = 0; line < shared->asked; line++)
        g_assert_false(g_str_has_prefix(shared->log[line], "//127.0.0.5/"));
    plan.source = &one.source;
    plan.warc_path = one.path;
    plan.in_turn = TRUE;
    g_assert_true(crawl_run_plan(&plan, &second, NULL));
    assert_same_records(many.path, one.path);
    g_assert_cmpmem(&first, sizeof first, &second, sizeof second);
    g_assert_cmpuint(first.refused, >=, PAGES / HOSTS - 1);
    loopback_stop(&site);
}

static void test_large_answers_of_many_hosts_fit_in_bounded_memory(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) fixture = {0};
    prepare(&fixture, &site, "/large", "large.warc.gz");
    fixture.crawl.max_bytes = 2 * LARGE_BYTES;
    crawl(&fixture, FALSE);
    g_autofree char *list = fixture_outcomes(fixture.path);
    for (int i = 1; i <= HOSTS; i++) {
        g_autofree char *line = g_strdup_printf("/large/%d 200\n", i);
        g_assert_nonnull(strstr(list, line));
    }
    g_test_message("peak memory %.1f MB for %d pages of %.0f MB", (double)fixture_peak_memory() / 1e6, HOSTS,
                   (double)LARGE_BYTES / 1e6);
    if (!fixture_is_sanitised())
        g_assert_cmpuint(fixture_peak_memory(), <, (guint64)230 << 20);
    loopback_stop(&site);
}

/* Two sources of one host: neither has to wait until the other has done. */
static void test_two_sources_on_one_host_take_turns(void)
{
    Loopback site = start_site();
    CrawlFixture fixtures[2] = {0};
    SourceCrawl crawls[2] = {0};
    char *contacts[2] = {(char *)"1", (char *)"2"}, *follow[] = {(char *)"//127[.]0[.]0[.]1:"};
    for (int i = 0; i < 2; i++) {
        prepare(&fixtures[i], &site, "/n/0", i ? "second.warc.gz" : "first.warc.gz");
        fixtures[i].crawl.contact = contacts[i];
        fixtures[i].crawl.ignore_robots = true;
        fixtures[i].crawl.follow.items = follow;
        fixtures[i].crawl.max_depth = PAGES;
        crawls[i] = (SourceCrawl){.source = &fixtures[i].source, .warc_path = g_strdup(fixtures[i].path)};
    }
    g_autoptr(GError) error = NULL;
    g_assert_true(crawl_all(crawls, 2, FALSE, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpint(shared->overlaps, ==, 0);
    g_assert_cmpint(shared->asked, ==, 2 * PAGES);
    int of_first = 0;
    for (gint line = 0; line < shared->asked / 2; line++)
        of_first += shared->run[line] == 1;
    g_assert_cmpint(of_first, >, shared->asked / 8);
    g_assert_cmpint(of_first, <, shared->asked * 3 / 8);
    for (int i = 0; i < 2; i++) {
        source_crawl_clear(&crawls[i]);
        fixture_clear(&fixtures[i]);
    }
    loopback_stop(&site);
}

static void test_each_host_is_paced_by_itself(void)
{
    Loopback site = start_site();
    g_auto(CrawlFixture) fixture = {0};
    prepare(&fixture, &site, "/fixed", "paced.warc.gz");
    fixture.crawl.delay = 0.05;
    gint64 begun = g_get_monotonic_time();
    crawl(&fixture, FALSE);
    double seconds = (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
    g_test_message("%d pages of %d hosts, %.2f s apart: %.2f s; one after the other %.2f s at least", PAGES, HOSTS,
                   fixture.crawl.delay, seconds, (PAGES + HOSTS) * fixture.crawl.delay);
    for (int host = 1; host <= HOSTS; host++) {
        gint64 last = 0;
        for (gint line = 0; line < shared->asked; line++) {
            if (!is_about(shared->log[line], host))
                continue;
            /* The server's clock is read some time after the request has come. */
            g_assert_cmpint(shared->when[line] - last, >=, (gint64)(fixture.crawl.delay * G_USEC_PER_SEC / 2));
            last = shared->when[line];
        }
    }
    g_assert_cmpint(shared->overlaps, ==, 0);
    loopback_stop(&site);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(shared != MAP_FAILED);
    g_test_add_func("/hosts/the file is that of a crawl that asks one after the other",
                    test_the_file_is_that_of_a_crawl_that_asks_one_after_the_other);
    g_test_add_func("/hosts/hosts do not wait for one that hangs", test_hosts_do_not_wait_for_one_that_hangs);
    g_test_add_func("/hosts/what robots.txt forbids is not asked ahead, and robots.txt comes first",
                    test_what_robots_txt_forbids_is_not_asked_ahead_and_robots_txt_comes_first);
    g_test_add_func("/hosts/no more pages are asked than max_pages", test_no_more_pages_are_asked_than_max_pages);
    g_test_add_func("/hosts/each request is made once in an undisturbed crawl",
                    test_each_request_is_made_once_in_an_undisturbed_crawl);
    g_test_add_func("/hosts/a second crawl asks several hosts for what has changed",
                    test_a_second_crawl_asks_several_hosts_for_what_has_changed);
    g_test_add_func("/hosts/a killed crawl asks no host again for what it has",
                    test_a_killed_crawl_asks_no_host_again_for_what_it_has);
    g_test_add_func("/hosts/what waited for another crawl is not used",
                    test_what_waited_for_another_crawl_is_not_used);
    g_test_add_func("/hosts/an answer to a visitor with other cookies is asked for again",
                    test_an_answer_to_a_visitor_with_other_cookies_is_asked_for_again);
    g_test_add_func("/hosts/a network that goes down is not taken for missing pages",
                    test_a_network_that_goes_down_is_not_taken_for_missing_pages);
    g_test_add_func("/hosts/the address rule holds for what is asked ahead",
                    test_the_address_rule_holds_for_what_is_asked_ahead);
    g_test_add_func("/hosts/large answers of many hosts fit in bounded memory",
                    test_large_answers_of_many_hosts_fit_in_bounded_memory);
    g_test_add_func("/hosts/two sources on one host take turns", test_two_sources_on_one_host_take_turns);
    g_test_add_func("/hosts/each host is paced by itself", test_each_host_is_paced_by_itself);
    return fixture_run();
}
