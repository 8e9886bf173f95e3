/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/http.h over TLS: certificates are checked, and HTTP/2 is spoken with servers that offer it. */
#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/crawl_fixture.h"

static gboolean answer(const LoopbackRequest *request)
{
    return loopback_html(request->peer, "fine");
}

static gboolean run_quietly(const char *const *arguments)
{
    int status = 1;
    gboolean started = g_spawn_sync(fixture_directory, (char **)arguments, NULL,
                                    G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                                    NULL, NULL, NULL, NULL, &status, NULL);
    return started && g_spawn_check_wait_status(status, NULL);
}

/* A port that was free a moment ago. */
static int free_port(void)
{
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    g_assert_cmpint(bind(descriptor, (struct sockaddr *)&address, size), ==, 0);
    g_assert_cmpint(getsockname(descriptor, (struct sockaddr *)&address, &size), ==, 0);
    close(descriptor);
    return ntohs(address.sin_port);
}

static void wait_for(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((guint16)port)};
    for (int i = 0; i < 100; i++) {
        int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        gboolean open = connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0;
        close(descriptor);
        if (open)
            return;
        g_usleep(50000);
    }
}

/* The server goes with the test, however that ends. */
static void die_with_parent(gpointer unused)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static GPid start(const char *const *arguments, int port)
{
    GPid server = 0;
    g_autoptr(GError) error = NULL;
    g_spawn_async(fixture_directory, (char **)arguments, NULL,
                  G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
                      G_SPAWN_STDERR_TO_DEV_NULL, die_with_parent, NULL, &server, &error);
    g_assert_no_error(error);
    wait_for(port);
    return server;
}

static void stop(GPid server)
{
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

/* cert.pem and key.pem in the fixture's folder. FALSE: there is no openssl. */
static gboolean make_certificate(void)
{
    const char *make[] = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out",
                          "cert.pem", "-days", "2", "-subj", "/CN=loopback", "-addext",
                          "subjectAltName=IP:127.0.0.1", NULL};
    if (run_quietly(make))
        return TRUE;
    g_test_skip("there is no openssl program to make a certificate with");
    return FALSE;
}

static void test_a_certificate_that_cannot_be_trusted_fails_the_page_and_no_more(void)
{
    if (!make_certificate())
        return;
    int port = free_port();
    g_autofree char *where = g_strdup_printf("127.0.0.1:%d", port);
    const char *arguments[] = {"openssl", "s_server", "-accept", where, "-cert", "cert.pem", "-key", "key.pem",
                               "-www", "-quiet", NULL};
    GPid server = start(arguments, port);
    Loopback site = loopback_start(answer, NULL);
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/fine", "tls.warc.gz");
    char *starts[] = {fixture.start, g_strdup_printf("https://127.0.0.1:%d/page", port)};
    fixture.crawl.start = (RecipeStrings){.items = starts, .count = 2};
    fixture.crawl.ignore_robots = true;
    fixture_crawl(&fixture, NULL);
    g_autofree char *list = fixture_outcomes(fixture.path);
    g_assert_true(g_str_has_prefix(list, "/fine 200\n/page failed: SSL "));

    /* The same page with the certificate among the trusted ones. */
    g_autofree char *authorities = g_build_filename(fixture_directory, "cert.pem", NULL);
    g_autofree char *trusted = g_build_filename(fixture_directory, "trusted.warc.gz", NULL);
    CrawlPlan plan = crawl_plan(&fixture.source, trusted, NULL, NULL);
    plan.authorities = authorities;
    g_autoptr(GError) error = NULL;
    g_assert_true(crawl_run_plan(&plan, NULL, &error));
    g_autofree char *good = fixture_outcomes(trusted);
    g_assert_cmpstr(good, ==, "/fine 200\n/page 200\n");
    g_free(starts[1]);
    stop(server);
    loopback_stop(&site);
}

static void write_page(const char *name, const char *html)
{
    g_autofree char *path = g_build_filename(fixture_directory, name, NULL);
    g_assert_true(g_file_set_contents(path, html, -1, NULL));
}

static void test_http_2_is_spoken_where_the_server_offers_it_over_tls(void)
{
    g_autofree char *found = g_find_program_in_path("nghttpd");
    g_autofree char *program = found ? g_strdup(found) : g_strdup("/usr/sbin/nghttpd");
    if (!g_file_test(program, G_FILE_TEST_IS_EXECUTABLE)) {
        g_test_skip("there is no nghttpd (package nghttp2-server) to speak HTTP/2 with");
        return;
    }
    if (!make_certificate())
        return;
    int port = free_port();
    g_autofree char *number = g_strdup_printf("%d", port);
    const char *arguments[] = {program, "-a", "127.0.0.1", "-d", ".", number, "key.pem", "cert.pem", NULL};
    write_page("index.html", "<a href=one.html>1</a><a href=two.html>2</a><a href=gone.html>3</a>");
    write_page("one.html", "<p>one</p>");
    write_page("two.html", "<p>two</p>");
    GPid server = start(arguments, port);
    g_autofree char *authorities = g_build_filename(fixture_directory, "cert.pem", NULL);
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &(Loopback){.port = port}, "/index.html", "http2.warc.gz");
    g_free(fixture.start);
    fixture.start = g_strdup_printf("https://127.0.0.1:%d/index.html", port);
    CrawlPlan plan = crawl_plan(&fixture.source, fixture.path, NULL, NULL);
    plan.authorities = authorities;
    g_autoptr(GError) error = NULL;
    g_assert_true(crawl_run_plan(&plan, NULL, &error));
    g_autofree char *list = fixture_outcomes(fixture.path), *records = fixture_records(fixture.path, FALSE);
    g_assert_cmpstr(list, ==, "/robots.txt 404\n/index.html 200\n/one.html 200\n/two.html 200\n/gone.html 404\n");
    g_assert_nonnull(strstr(records, "GET /one.html HTTP/2\r\n")); /* as it was sent */
    g_assert_nonnull(strstr(records, "\r\n\r\nHTTP/1.1 200 "));    /* as WARC files have it */
    stop(server);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tls/a certificate that cannot be trusted fails the page and no more",
                    test_a_certificate_that_cannot_be_trusted_fails_the_page_and_no_more);
    g_test_add_func("/tls/HTTP 2 is spoken where the server offers it over TLS",
                    test_http_2_is_spoken_where_the_server_offers_it_over_tls);
    return fixture_run();
}
