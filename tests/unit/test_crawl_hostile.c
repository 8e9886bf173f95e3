/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/crawl.h against servers that mean harm: bounded memory and time, each failure on record, and the crawl
 * goes on. */
#include <string.h>
#include <sys/socket.h>
#include <zlib.h>

#include "base/error.h"
#include "tests/unit/crawl_fixture.h"

#define MEGABYTE 1000000
#define BODY_BYTES (100 * MEGABYTE)
#define MEMORY_MAX ((guint64)200 << 20)

static void send_text(int peer, const char *text)
{
    loopback_send(peer, text, strlen(text));
}

static gboolean drip(int peer)
{
    send_text(peer, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
    for (int i = 0; i < 600; i++) {
        send_text(peer, "a");
        g_usleep(50000);
    }
    return FALSE;
}

static gboolean send_huge_page(int peer)
{
    g_autofree char *chunk = g_malloc(MEGABYTE);
    memset(chunk, 'x', MEGABYTE);
    send_text(peer, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
    for (int i = 0; i < BODY_BYTES / MEGABYTE; i++)
        loopback_send(peer, chunk, MEGABYTE);
    return FALSE;
}

static Bytef *bomb;
static gsize bomb_length;

/* Beforehand, since it takes longer than the crawl waits. */
static void make_gzip_bomb(void)
{
    g_autofree Bytef *zeros = g_malloc0(MEGABYTE);
    bomb = g_malloc(MEGABYTE);
    z_stream stream = {.next_out = bomb, .avail_out = MEGABYTE};
    deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    for (int i = 0; i < BODY_BYTES / MEGABYTE; i++) {
        stream.next_in = zeros;
        stream.avail_in = MEGABYTE;
        deflate(&stream, Z_NO_FLUSH);
    }
    deflate(&stream, Z_FINISH);
    bomb_length = stream.total_out;
    deflateEnd(&stream);
}

static gboolean send_gzip_bomb(int peer)
{
    return loopback_reply(peer, "200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip", bomb, bomb_length);
}

static gboolean reset(int peer)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return FALSE;
}

static gboolean send_long_headers(int peer)
{
    send_text(peer, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 20000; i++)
        send_text(peer, "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
    send_text(peer, "\r\n<p>never read</p>");
    return FALSE;
}

static gboolean send_long_robots(int peer)
{
    g_autoptr(GString) text = g_string_new("User-agent: *\nDisallow: /early\n");
    while (text->len < 10 * MEGABYTE)
        g_string_append(text, "# a line that says nothing at all, and says it again and again and again\n");
    g_string_append(text, "Disallow: /late\n");
    return loopback_reply(peer, "200 OK\r\nContent-Type: text/plain", text->str, text->len);
}

static gboolean send_index(int peer)
{
    return loopback_html(peer,
                         "<a href=/loop><a href=/drip><a href=/short><a href=/long><a href=/bomb><a href=/huge>"
                         "<a href=/reset><a href=/headers><a href=/nul><a href=/nul-header><a href=/garbage>"
                         "<a href=/chunks><a href=/nothing><a href=/early><a href=/late><a href=/fine>");
}

static gboolean send_and_close(int peer, const char *text)
{
    send_text(peer, text);
    return FALSE;
}

static gboolean answer(const LoopbackRequest *request)
{
    static const struct {
        const char *target;
        gboolean (*send)(int peer);
    } makers[] = {
        {"/", send_index},       {"/drip", drip},  {"/huge", send_huge_page},       {"/bomb", send_gzip_bomb},
        {"/reset", reset},       {"/headers", send_long_headers}, {"/robots.txt", send_long_robots},
    };
    static const struct {
        const char *target, *text;
    } texts[] = {
        {"/loop", "HTTP/1.1 302 Found\r\nLocation: /loop?again\r\nContent-Length: 0\r\n\r\n"},
        {"/loop?again", "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n"},
        {"/short", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and much more than that"},
        {"/long", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello"},
        {"/garbage", "this is no HTTP at all\r\n\r\n"},
        {"/chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx"},
        {"/nothing", ""},
        {"/late", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate"},
        {"/fine", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(makers); i++)
        if (!strcmp(makers[i].target, request->target))
            return makers[i].send(request->peer);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        if (!strcmp(texts[i].target, request->target))
            return send_and_close(request->peer, texts[i].text);
    if (!strcmp(request->target, "/nul"))
        return loopback_reply(request->peer, "200 OK\r\nContent-Type: text/html", "<p>\0<a href=/fine>\0", 19);
    static const char nul_header[] = "HTTP/1.1 200 OK\r\nX-Nul: a\0b\r\nContent-Length: 2\r\n\r\nok";
    loopback_send(request->peer, nul_header, sizeof nul_header - 1);
    return FALSE;
}

static void test_a_crawl_survives_every_bad_server(void)
{
    make_gzip_bomb();
    Loopback site = loopback_start(answer, NULL);
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/", "hostile.warc.gz");
    fixture.crawl.timeout = 0.5;
    fixture.crawl.max_bytes = 8 * MEGABYTE;
    gint64 begun = g_get_monotonic_time();
    CrawlSummary summary = fixture_crawl(&fixture, NULL);
    g_assert_cmpint(g_get_monotonic_time() - begun, <, 30 * G_USEC_PER_SEC);
    g_autofree char *list = fixture_outcomes(fixture.path);
    static const char *const expected[] = {
        "/robots.txt 200 cut\n", "/ 200\n",        "/loop 302\n",       "/loop?again 302\n", "/drip failed: ",
        "/short 200\n",          "/long failed: ", "/bomb 200 cut\n",   "/huge 200 cut\n",   "/reset failed: ",
        "/headers failed: ",     "/nul 200\n",     "/nul-header failed: ", "/garbage failed: ", "/chunks failed: ",
        "/nothing failed: ",     "/early refused: robots.txt forbids it\n",    "/late 200\n",     "/fine 200\n",
    };
    const char *place = list;
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        const char *found = strstr(place, expected[i]);
        if (!found)
            g_test_message("%s", list);
        g_assert_cmpstr(found ? expected[i] : list, ==, expected[i]);
        place = found;
    }
    g_assert_cmpuint(summary.fetched, ==, 5);
    g_assert_cmpuint(summary.refused, ==, 1);
    if (!fixture_is_sanitised())
        g_assert_cmpuint(fixture_peak_memory(), <, MEMORY_MAX);
    g_test_message("peak memory %.1f MB, %.2f s", (double)fixture_peak_memory() / 1e6,
                   (double)(g_get_monotonic_time() - begun) / 1e6);
    loopback_stop(&site);
    g_clear_pointer(&bomb, g_free);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostile/a crawl survives every bad server", test_a_crawl_survives_every_bad_server);
    return fixture_run();
}
