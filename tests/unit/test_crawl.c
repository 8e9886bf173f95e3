/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/crawl.h against a site on loopback: what is captured, what is refused, and crawls that are killed. */
#include "scrapers/fetch/crawl.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/json.h"
#include "scrapers/fetch/crawl_guarded.h"
#include "tests/unit/test_site.h"

static char *directory;
static TestSite site;

typedef struct Fixture {
    RecipeCrawl crawl;
    RecipeSource source;
    char *start;
    char *path;
} Fixture;

static char *site_url(const char *path)
{
    return g_strdup_printf("http://127.0.0.1:%d%s", site.port, path);
}

/* A crawl from `start` of the running site into a file of its own. */
static void fixture_init(Fixture *fixture, const char *start, const char *name)
{
    fixture->start = site_url(start);
    fixture->path = g_build_filename(directory, name, NULL);
    fixture->crawl = (RecipeCrawl){
        .start = {.items = &fixture->start, .count = 1},
        .max_pages = 1000,
        .max_depth = 16,
        .max_bytes = 1 << 20,
        .timeout = 5.0,
        .allow_private = true,
        .contact = (char *)"https://example.org/about-the-crawl",
    };
    fixture->source = (RecipeSource){.tag = (char *)"test", .crawl = &fixture->crawl};
}

static void fixture_clear(Fixture *fixture)
{
    g_free(fixture->start);
    g_free(fixture->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

/* The file's records as one string; zero bytes of bodies become dots. */
static char *unpack(const char *path)
{
    GString *text = g_string_new(NULL);
    gzFile file = gzopen(path, "rb");
    g_assert_nonnull(file);
    char chunk[8192];
    int got;
    while ((got = gzread(file, chunk, sizeof chunk)) > 0)
        g_string_append_len(text, chunk, got);
    g_assert_cmpint(got, ==, 0);
    gzclose(file);
    for (gsize i = 0; i < text->len; i++)
        if (!text->str[i])
            text->str[i] = '.';
    return g_string_free(text, FALSE);
}

static char *line_value(const char *record, const char *name)
{
    g_autofree char *mark = g_strdup_printf("\r\n%s: ", name);
    const char *found = strstr(record, mark);
    return found ? g_strndup(found + strlen(mark), strcspn(found + strlen(mark), "\r")) : g_strdup("-");
}

/* One line for each outcome in the file: path, status or outcome, payload digest or reason. */
static char *outcomes(const char *path)
{
    g_autofree char *text = unpack(path);
    g_auto(GStrv) records = g_strsplit(text, "WARC/1.1\r\n", -1);
    GString *list = g_string_new(NULL);
    for (char **record = records; *record; record++) {
        if (!g_str_has_prefix(*record, "WARC-Type: response") && !g_str_has_prefix(*record, "WARC-Type: metadata"))
            continue;
        g_autofree char *url = line_value(*record, "WARC-Target-URI");
        g_autofree char *digest = line_value(*record, "WARC-Payload-Digest");
        g_autofree char *reason = line_value(*record, "fetchReason");
        const char *status = strstr(*record, "HTTP/1.1 ");
        const char *refused = strstr(*record, "fetchOutcome: refused");
        const char *target = strchr(strstr(url, "://") + 3, '/');
        g_string_append_printf(list, "%s %.3s %s\n", target, status ? status + 9 : refused ? "ref" : "bad",
                               status ? digest : reason);
    }
    return g_string_free(list, FALSE);
}

static void run_to_the_end(Fixture *fixture, CrawlSummary *summary, GString *notices)
{
    g_autoptr(GError) error = NULL;
    gboolean good = crawl_run(&fixture->source, fixture->path, NULL, notices, summary, &error);
    g_assert_no_error(error);
    g_assert_true(good);
}

/* The order of a list's lines by their first word and status. */
static char *order_of(const char *list)
{
    g_auto(GStrv) lines = g_strsplit(list, "\n", -1);
    GString *order = g_string_new(NULL);
    for (char **line = lines; *line && **line; line++) {
        const char *second = strchr(strchr(*line, ' ') + 1, ' ');
        g_string_append_printf(order, "%.*s\n", (int)(second - *line), *line);
    }
    return g_string_free(order, FALSE);
}

static void test_a_whole_site_is_captured_in_order(void)
{
    site = test_site_start("User-agent: galen\nDisallow: /forbidden\n");
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture, "/", "whole.warc.gz");
    CrawlSummary summary;
    g_autoptr(GString) notices = g_string_new(NULL);
    run_to_the_end(&fixture, &summary, notices);
    g_autofree char *list = outcomes(fixture.path);
    g_autofree char *order = order_of(list);
    g_assert_cmpstr(
        order, ==,
        "/robots.txt 200\n/ 200\n/a 200\n/gzip 200\n/bomb 200\n/redirect 302\n/target 200\n/loop1 301\n"
        "/loop2 301\n/missing 404\n/forbidden/x ref\n/hop1 302\n/hop2 302\n/hop3 302\n/hop4 302\n/hop5 302\n"
        "/hop6 302\n/hop7 bad\n/nolocation 302\n/leave 302\n/y ref\n/cut bad\n/broken 500\n/b 200\n"
        "/from-gzip 200\n/behind-target 200\n");
    g_assert_cmpuint(summary.fetched, ==, 7);
    g_assert_cmpuint(summary.failed, ==, 6);
    g_assert_cmpuint(summary.refused, ==, 2);
    g_assert_nonnull(strstr(notices->str, "test: 6 URLs failed"));
    g_assert_nonnull(strstr(notices->str, "status 404"));
    g_assert_nonnull(strstr(notices->str, "robots.txt forbids it"));
    test_site_stop(&site);
}

static void test_bodies_are_stored_decoded_and_cut_at_the_limit(void)
{
    site = test_site_start(NULL);
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture, "/gzip", "gzip.warc.gz");
    CrawlSummary summary;
    run_to_the_end(&fixture, &summary, NULL);
    g_autofree char *text = unpack(fixture.path);
    g_assert_nonnull(strstr(text, "\r\nX-Crawl-Content-Encoding: gzip\r\n"));
    g_assert_nonnull(strstr(text, "\r\nContent-Length: 37\r\n\r\n<p>packed</p><a href=/from-gzip>x</a>\r\n\r\n"));
    g_assert_null(strstr(text, "\r\nContent-Encoding"));
    g_assert_cmpuint(summary.fetched, ==, 2);

    g_auto(Fixture) bomb = {0};
    fixture_init(&bomb, "/bomb", "bomb.warc.gz");
    run_to_the_end(&bomb, &summary, NULL);
    g_assert_cmpuint(summary.failed, ==, 1);
    g_autofree char *record = unpack(bomb.path);
    g_assert_nonnull(strstr(record, "\r\nWARC-Truncated: length\r\n"));
    g_assert_nonnull(strstr(record, "\r\nContent-Length: 1048576\r\n\r\n"));
    test_site_stop(&site);
}

static void test_the_crawler_says_who_it_is(void)
{
    site = test_site_start(NULL);
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture, "/echo", "echo.warc.gz");
    CrawlSummary summary;
    run_to_the_end(&fixture, &summary, NULL);
    g_autofree char *text = unpack(fixture.path);
    const char *sent = strstr(text, "WARC-Type: request");
    const char *asked = sent ? strstr(sent, "GET /echo HTTP/1.1\r\n") : NULL;
    g_assert_nonnull(asked);
    const char *agent = strstr(asked, "\r\nUser-Agent: galen/");
    g_assert_nonnull(agent);
    g_assert_nonnull(strstr(agent, " (+https://example.org/about-the-crawl)\r\n"));
    g_assert_nonnull(strstr(asked, "\r\nAccept-Encoding: "));
    test_site_stop(&site);
}

static void test_a_busy_server_is_asked_again_when_it_says(void)
{
    site = test_site_start(NULL);
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture, "/busy", "busy.warc.gz");
    CrawlSummary summary;
    gint64 begun = g_get_monotonic_time();
    run_to_the_end(&fixture, &summary, NULL);
    g_assert_cmpuint(summary.fetched, ==, 1);
    g_assert_cmpint(g_get_monotonic_time() - begun, >=, G_USEC_PER_SEC);
    test_site_stop(&site);
}

static void test_a_slow_page_does_not_hold_up_the_crawl(void)
{
    site = test_site_start(NULL);
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture, "/slow", "slow.warc.gz");
    char *starts[] = {fixture.start, site_url("/b")};
    fixture.crawl.start = (RecipeStrings){.items = starts, .count = 2};
    fixture.crawl.timeout = 0.1;
    CrawlSummary summary;
    gint64 begun = g_get_monotonic_time();
    run_to_the_end(&fixture, &summary, NULL);
    g_assert_cmpint(g_get_monotonic_time() - begun, <, G_USEC_PER_SEC);
    g_assert_cmpuint(summary.failed, ==, 1);
    g_assert_cmpuint(summary.fetched, ==, 1);
    g_autofree char *list = outcomes(fixture.path);
    g_assert_nonnull(strstr(list, "/slow bad Timeout was reached\n"));
    g_free(starts[1]);
    test_site_stop(&site);
}

static void test_the_delay_lies_between_requests(void)
{
    site = test_site_start("User-agent: *\nCrawl-delay: 0.15\n");
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture, "/target", "delay.warc.gz");
    fixture.crawl.delay = 0.01;
    CrawlSummary summary;
    gint64 begun = g_get_monotonic_time();
    run_to_the_end(&fixture, &summary, NULL);
    g_assert_cmpuint(summary.fetched, ==, 2);
    g_assert_cmpint(g_get_monotonic_time() - begun, >=, 300000);
    test_site_stop(&site);
}

static void test_private_addresses_are_refused(void)
{
    site = test_site_start(NULL);
    static const char *const hosts[] = {"127.0.0.1", "localhost", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"};
    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_auto(Fixture) fixture = {0};
        g_autofree char *name = g_strdup_printf("private%" G_GSIZE_FORMAT ".warc.gz", i);
        fixture_init(&fixture, "/", name);
        g_free(fixture.start);
        fixture.start = g_strdup_printf("http://%s:%d/a", hosts[i], site.port);
        fixture.crawl.allow_private = false;
        fixture.crawl.ignore_robots = i % 2;
        CrawlSummary summary;
        g_autoptr(GString) notices = g_string_new(NULL);
        run_to_the_end(&fixture, &summary, notices);
        g_assert_cmpuint(summary.refused, ==, 1);
        g_assert_cmpuint(summary.fetched, ==, 0);
        g_assert_nonnull(strstr(notices->str, "its address is private"));
    }
    test_site_stop(&site);
}

static gboolean only_127_0_0_1(const struct sockaddr *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
    return address->sa_family == AF_INET && four->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

static void test_a_redirect_to_a_private_address_is_refused(void)
{
    site = test_site_start(NULL);
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture, "/away", "away.warc.gz");
    char *everything[] = {(char *)"."};
    fixture.crawl.follow = (RecipeStrings){.items = everything, .count = 1};
    g_autoptr(GError) error = NULL;
    CrawlSummary summary;
    g_assert_true(crawl_run_guarded(&fixture.source, fixture.path, only_127_0_0_1, NULL, NULL, &summary, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(summary.refused, ==, 1);
    g_autofree char *list = outcomes(fixture.path);
    g_assert_nonnull(strstr(list, "/private ref its address is private"));
    test_site_stop(&site);
}

static void test_a_robots_file_that_fails_forbids_everything_for_now(void)
{
    site = test_site_start("500");
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture, "/b", "robots500.warc.gz");
    g_autoptr(GError) error = NULL;
    CrawlSummary summary;
    g_assert_false(crawl_run(&fixture.source, fixture.path, NULL, NULL, &summary, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, "robots.txt answered with status 500, which forbids everything"));
    g_assert_cmpuint(summary.fetched, ==, 0);
    g_assert_cmpuint(summary.refused, ==, 1);

    /* It is asked for again when the crawl goes on. */
    int port = site.port;
    test_site_stop(&site);
    site = test_site_start_at(port, NULL);
    run_to_the_end(&fixture, &summary, NULL);
    g_autofree char *resumed = outcomes(fixture.path);
    g_assert_true(g_str_has_prefix(resumed, "/robots.txt 404 "));
    g_assert_cmpuint(summary.fetched, ==, 1);

    g_auto(Fixture) bold = {0};
    fixture_init(&bold, "/b", "robots-ignored.warc.gz");
    bold.crawl.ignore_robots = true;
    run_to_the_end(&bold, &summary, NULL);
    g_autofree char *list = outcomes(bold.path);
    g_assert_cmpuint(summary.fetched, ==, 1);
    g_assert_null(strstr(list, "robots.txt"));
    test_site_stop(&site);
}

static void test_a_site_that_is_down_is_an_error_and_not_an_empty_crawl(void)
{
    site = test_site_start(NULL);
    test_site_stop(&site);
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture, "/", "down.warc.gz");
    g_autoptr(GError) error = NULL;
    g_assert_false(crawl_run(&fixture.source, fixture.path, NULL, NULL, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
    g_autofree char *done = g_strconcat(fixture.path, ".done", NULL);
    g_assert_false(g_file_test(done, G_FILE_TEST_EXISTS));
}

static void test_max_pages_and_max_depth_bound_the_crawl(void)
{
    site = test_site_start(NULL);
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture, "/n/0", "few.warc.gz");
    fixture.crawl.max_pages = 4;
    CrawlSummary summary;
    g_autoptr(GString) notices = g_string_new(NULL);
    run_to_the_end(&fixture, &summary, notices);
    g_assert_cmpuint(summary.fetched, ==, 4);
    g_assert_nonnull(strstr(notices->str, "stopped at max_pages (4); 5 known URLs"));

    g_auto(Fixture) shallow = {0};
    fixture_init(&shallow, "/n/0", "shallow.warc.gz");
    shallow.crawl.max_depth = 1;
    run_to_the_end(&shallow, &summary, NULL);
    g_assert_cmpuint(summary.fetched, ==, 3);
    test_site_stop(&site);
}

static void test_a_finished_crawl_is_not_repeated(void)
{
    site = test_site_start(NULL);
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture, "/n/3", "finished.warc.gz");
    CrawlSummary first, second;
    run_to_the_end(&fixture, &first, NULL);
    test_site_stop(&site);
    run_to_the_end(&fixture, &second, NULL);
    g_assert_cmpuint(first.fetched, ==, 3);
    g_assert_cmpuint(second.fetched, ==, 3);

    g_autofree char *done_path = g_strconcat(fixture.path, ".done", NULL);
    g_autofree char *done = NULL, *raw = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(done_path, &done, NULL, NULL));
    g_assert_true(g_file_get_contents(fixture.path, &raw, &length, NULL));
    g_autoptr(json_t) object = json_parse(done, strlen(done), "done", NULL);
    g_autofree char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)raw, length);
    g_assert_cmpstr(json_get_string(object, "sha256"), ==, digest);

    g_autoptr(GError) error = NULL;
    fixture.crawl.max_depth = 3;
    g_assert_false(crawl_run(&fixture.source, fixture.path, NULL, NULL, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "other settings"));
}

/* Starts the crawl in a child and kills it once the file has passed `size` bytes; FALSE when it ended before. */
static gboolean crawl_and_kill(Fixture *fixture, goffset size)
{
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        crawl_run(&fixture->source, fixture->path, NULL, NULL, NULL, NULL);
        _exit(0);
    }
    for (;;) {
        struct stat status;
        int ended;
        if (waitpid(child, &ended, WNOHANG) == child)
            return FALSE;
        if (stat(fixture->path, &status) == 0 && status.st_size >= size)
            break;
        g_usleep(200);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return TRUE;
}

static goffset file_size(const char *path)
{
    struct stat status;
    g_assert_cmpint(stat(path, &status), ==, 0);
    return status.st_size;
}

static void test_a_crawl_killed_again_and_again_ends_like_one_that_was_not(void)
{
    site = test_site_start("User-agent: *\nDisallow: /n/5\n");
    g_auto(Fixture) whole = {0}, killed = {0};
    fixture_init(&whole, "/n/0", "uninterrupted.warc.gz");
    fixture_init(&killed, "/n/0", "killed.warc.gz");
    CrawlSummary expected, got;
    run_to_the_end(&whole, &expected, NULL);
    goffset size = file_size(whole.path);
    unsigned kills = 0;
    killed.crawl.delay = 0.005;
    for (int i = 0; i < 6; i++)
        kills += crawl_and_kill(&killed, size * i / 6);
    g_assert_cmpuint(kills, >=, 3);
    run_to_the_end(&killed, &got, NULL);
    g_autofree char *a = outcomes(whole.path), *b = outcomes(killed.path);
    g_assert_cmpstr(a, ==, b);
    g_assert_cmpmem(&expected, sizeof expected, &got, sizeof got);
    test_site_stop(&site);
}

static void test_a_file_cut_at_any_byte_is_continued(void)
{
    site = test_site_start("User-agent: *\nDisallow: /n/5\nDisallow: /n/1$\n");
    g_auto(Fixture) whole = {0};
    fixture_init(&whole, "/n/0", "to-be-cut.warc.gz");
    CrawlSummary summary;
    run_to_the_end(&whole, &summary, NULL);
    g_autofree char *expected = outcomes(whole.path);
    g_autofree char *bytes = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(whole.path, &bytes, &length, NULL));
    for (int i = 0; i <= 12; i++) {
        g_auto(Fixture) cut = {0};
        g_autofree char *name = g_strdup_printf("cut%d.warc.gz", i);
        fixture_init(&cut, "/n/0", name);
        g_assert_true(g_file_set_contents(cut.path, bytes, (gssize)(length * (gsize)i / 12), NULL));
        run_to_the_end(&cut, &summary, NULL);
        g_autofree char *got = outcomes(cut.path);
        g_assert_cmpstr(got, ==, expected);
    }
    test_site_stop(&site);
}

static void test_an_unfinished_crawl_of_other_settings_is_not_mixed(void)
{
    site = test_site_start(NULL);
    g_auto(Fixture) fixture = {0};
    fixture_init(&fixture, "/n/3", "mixed.warc.gz");
    CrawlSummary summary;
    run_to_the_end(&fixture, &summary, NULL);
    g_autofree char *done = g_strconcat(fixture.path, ".done", NULL);
    g_unlink(done);
    goffset size = file_size(fixture.path);
    fixture.crawl.max_bytes = 100;
    g_autoptr(GError) error = NULL;
    g_assert_false(crawl_run(&fixture.source, fixture.path, NULL, NULL, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_cmpint(file_size(fixture.path), ==, size);
    test_site_stop(&site);
}

static void add_tests(void)
{
    g_test_add_func("/crawl/a whole site is captured in order", test_a_whole_site_is_captured_in_order);
    g_test_add_func("/crawl/bodies are stored decoded and cut at the limit",
                    test_bodies_are_stored_decoded_and_cut_at_the_limit);
    g_test_add_func("/crawl/the crawler says who it is", test_the_crawler_says_who_it_is);
    g_test_add_func("/crawl/a busy server is asked again when it says", test_a_busy_server_is_asked_again_when_it_says);
    g_test_add_func("/crawl/a slow page does not hold up the crawl", test_a_slow_page_does_not_hold_up_the_crawl);
    g_test_add_func("/crawl/the delay lies between requests", test_the_delay_lies_between_requests);
    g_test_add_func("/crawl/private addresses are refused", test_private_addresses_are_refused);
    g_test_add_func("/crawl/a redirect to a private address is refused",
                    test_a_redirect_to_a_private_address_is_refused);
    g_test_add_func("/crawl/a robots file that fails forbids everything for now",
                    test_a_robots_file_that_fails_forbids_everything_for_now);
    g_test_add_func("/crawl/a site that is down is an error and not an empty crawl",
                    test_a_site_that_is_down_is_an_error_and_not_an_empty_crawl);
    g_test_add_func("/crawl/max_pages and max_depth bound the crawl", test_max_pages_and_max_depth_bound_the_crawl);
    g_test_add_func("/crawl/a finished crawl is not repeated", test_a_finished_crawl_is_not_repeated);
    g_test_add_func("/crawl/a crawl killed again and again ends like one that was not",
                    test_a_crawl_killed_again_and_again_ends_like_one_that_was_not);
    g_test_add_func("/crawl/a file cut at any byte is continued", test_a_file_cut_at_any_byte_is_continued);
    g_test_add_func("/crawl/an unfinished crawl of other settings is not mixed",
                    test_an_unfinished_crawl_of_other_settings_is_not_mixed);
}

static void remove_directory(void)
{
    GDir *listing = g_dir_open(directory, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(listing))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_unlink(path);
    }
    g_dir_close(listing);
    g_rmdir(directory);
    g_free(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-crawl-XXXXXX", NULL);
    add_tests();
    int status = g_test_run();
    remove_directory();
    return status;
}
