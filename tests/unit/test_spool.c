/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/spool.h: what came before its turn is found again, whole or not at all. */
#include "scrapers/fetch/spool.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scrapers/fetch/warc_reader.h"
#include "tests/unit/crawl_fixture.h"

#define BODY_LIMIT (8 << 20)

static HttpExchange *answer_new(const char *url, const char *head, const char *body)
{
    HttpExchange *answer = http_exchange_new(url, BODY_LIMIT);
    answer->date = 1700000000;
    answer->status = (int)g_ascii_strtoll(strchr(head, ' '), NULL, 10);
    buffer_append_string(&answer->request, "GET / HTTP/1.1\r\nCookie: a=1; b=2\r\nAccept: */*\r\n\r\n");
    buffer_append_string(&answer->body, body);
    http_exchange_store_headers(answer, head, strlen(head));
    return answer;
}

static void add(Spool *spool, const char *url, const char *head, const char *body)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HttpExchange) answer = answer_new(url, head, body);
    g_assert_true(spool_add(spool, answer, &error));
    g_assert_no_error(error);
}

static char *path_of(const char *name)
{
    return g_build_filename(fixture_directory, name, NULL);
}

static unsigned files_in(const char *warc_path)
{
    g_autofree char *folder = g_strconcat(warc_path, ".ahead", NULL);
    GDir *listing = g_dir_open(folder, 0, NULL);
    unsigned count = 0;
    while (listing && g_dir_read_name(listing))
        count++;
    if (listing)
        g_dir_close(listing);
    return count;
}

static void test_answers_wait_for_the_next_run_with_all_that_is_asked_of_them(void)
{
    g_autofree char *path = path_of("waits.warc.gz");
    Spool *spool = spool_open(path, FALSE, BODY_LIMIT);
    g_assert_true(spool_is_empty(spool));
    add(spool, "http://a.example/one", "HTTP/1.1 200 OK\r\nSet-Cookie: c=3\r\n", "first");
    add(spool, "http://b.example/two", "HTTP/1.1 302 Found\r\nLocation: /three\r\n", "");
    spool_free(spool);

    spool = spool_open(path, TRUE, BODY_LIMIT);
    const SpoolEntry *one = spool_find(spool, "http://a.example/one"), *two = spool_find(spool, "http://b.example/two");
    g_assert_nonnull(one);
    g_assert_nonnull(two);
    g_assert_cmpstr(one->cookies, ==, "a=1; b=2");
    g_assert_true(one->sets_cookies && !two->sets_cookies);
    g_assert_null(one->location);
    g_assert_cmpstr(two->location, ==, "/three");
    g_autoptr(GPtrArray) urls = spool_urls(spool);
    g_assert_cmpuint(urls->len, ==, 2);
    g_assert_cmpstr(urls->pdata[0], ==, "http://a.example/one");
    g_autoptr(HttpExchange) read = spool_read(spool, one, NULL);
    g_assert_cmpstr(read->body.data, ==, "first");
    g_assert_cmpint(read->date, ==, 1700000000);
    spool_remove(spool);
    g_assert_true(spool_is_empty(spool));
    spool_free(spool);
}

static void test_an_answer_moves_as_it_lies(void)
{
    g_autofree char *path = path_of("moves.warc.gz"), *target = path_of("target.warc.gz");
    g_autofree char *direct = path_of("direct.warc.gz");
    g_autoptr(GError) error = NULL;
    g_autoptr(Spool) spool = spool_open(path, FALSE, BODY_LIMIT);
    g_autoptr(WarcWriter) writer = warc_writer_open(target, 0, &error);
    g_autoptr(WarcWriter) other = warc_writer_open(direct, 0, &error);
    g_assert_no_error(error);
    add(spool, "http://a.example/before", "HTTP/1.1 200 OK\r\n", "before");
    add(spool, "http://a.example/it", "HTTP/1.1 200 OK\r\nX-Kept: yes\r\n", "the body");
    g_assert_true(spool_move(spool, "http://a.example/it", writer, &error));
    g_assert_no_error(error);
    g_assert_null(spool_find(spool, "http://a.example/it"));
    g_assert_nonnull(spool_find(spool, "http://a.example/before"));
    g_autoptr(HttpExchange) same = answer_new("http://a.example/it", "HTTP/1.1 200 OK\r\nX-Kept: yes\r\n", "the body");
    g_assert_true(warc_writer_capture(other, same, &error));
    g_autofree char *moved = fixture_records(target, TRUE), *written = fixture_records(direct, TRUE);
    g_assert_cmpstr(moved, ==, written);
    spool_remove(spool);
}

static void test_a_file_that_a_crash_has_cut_is_good_up_to_there(void)
{
    g_autofree char *path = path_of("cut.warc.gz"), *file = path_of("cut.warc.gz.ahead/00000001.warc.gz");
    struct stat status;
    Spool *spool = spool_open(path, FALSE, BODY_LIMIT);
    add(spool, "http://a.example/whole", "HTTP/1.1 200 OK\r\n", "whole");
    add(spool, "http://a.example/torn", "HTTP/1.1 200 OK\r\n", "torn");
    spool_free(spool);
    g_assert_cmpint(stat(file, &status), ==, 0);
    g_assert_cmpint(truncate(file, status.st_size - 5), ==, 0);

    spool = spool_open(path, TRUE, BODY_LIMIT);
    g_assert_nonnull(spool_find(spool, "http://a.example/whole"));
    g_assert_null(spool_find(spool, "http://a.example/torn"));
    /* New answers go to another file, and an answer that comes again takes the old one's place. */
    add(spool, "http://a.example/whole", "HTTP/1.1 200 OK\r\n", "newer");
    g_assert_cmpuint(files_in(path), ==, 1);
    g_autoptr(HttpExchange) read = spool_read(spool, spool_find(spool, "http://a.example/whole"), NULL);
    g_assert_cmpstr(read->body.data, ==, "newer");
    spool_remove(spool);
    spool_free(spool);
}

static void test_failures_and_answers_of_a_server_in_trouble_do_not_outlive_the_process(void)
{
    g_autofree char *path = path_of("failures.warc.gz");
    Spool *spool = spool_open(path, FALSE, BODY_LIMIT);
    g_autoptr(HttpExchange) failure = http_exchange_new("http://a.example/failed", 0);
    failure->outcome = EXCHANGE_FAILED;
    failure->reason = g_strdup("Timeout was reached");
    g_assert_true(spool_add(spool, failure, NULL));
    add(spool, "http://a.example/busy", "HTTP/1.1 503 Busy\r\n", "");
    g_autoptr(HttpExchange) read = spool_read(spool, spool_find(spool, "http://a.example/failed"), NULL);
    g_assert_cmpint(read->outcome, ==, EXCHANGE_FAILED);
    g_assert_cmpstr(read->reason, ==, "Timeout was reached");
    spool_free(spool);
    spool = spool_open(path, TRUE, BODY_LIMIT);
    g_assert_true(spool_is_empty(spool));
    g_assert_cmpuint(files_in(path), ==, 0);
    spool_remove(spool);
    spool_free(spool);
}

static void test_files_go_when_nothing_of_theirs_waits_any_more(void)
{
    g_autofree char *path = path_of("rolls.warc.gz"), *folder = path_of("rolls.warc.gz.ahead");
    g_autofree char *body = g_malloc(1 << 20);
    guint32 state = 1;
    for (gsize i = 0; i < 1 << 20; i++) { /* what does not compress */
        state = state * 1664525u + 1013904223u;
        body[i] = (char)(1 + (state >> 24) % 255);
    }
    body[(1 << 20) - 1] = '\0';
    g_autoptr(Spool) spool = spool_open(path, FALSE, BODY_LIMIT);
    for (int i = 0; i < 12; i++) {
        g_autofree char *url = g_strdup_printf("http://a.example/%d", i);
        add(spool, url, "HTTP/1.1 200 OK\r\n", body);
    }
    unsigned files = files_in(path);
    g_assert_cmpuint(files, >=, 2);
    for (int i = 0; i < 11; i++) {
        g_autofree char *url = g_strdup_printf("http://a.example/%d", i);
        spool_drop(spool, url);
    }
    g_assert_cmpuint(files_in(path), <, files);
    g_assert_nonnull(spool_find(spool, "http://a.example/11"));
    spool_remove(spool);
    g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spool/answers wait for the next run with all that is asked of them",
                    test_answers_wait_for_the_next_run_with_all_that_is_asked_of_them);
    g_test_add_func("/spool/an answer moves as it lies", test_an_answer_moves_as_it_lies);
    g_test_add_func("/spool/a file that a crash has cut is good up to there",
                    test_a_file_that_a_crash_has_cut_is_good_up_to_there);
    g_test_add_func("/spool/failures and answers of a server in trouble do not outlive the process",
                    test_failures_and_answers_of_a_server_in_trouble_do_not_outlive_the_process);
    g_test_add_func("/spool/files go when nothing of theirs waits any more",
                    test_files_go_when_nothing_of_theirs_waits_any_more);
    return fixture_run();
}
