/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/http.h against a server on loopback: codings, their bombs, and several requests at once. */
#include "scrapers/fetch/http.h"

#include <curl/curl.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "tests/unit/crawl_fixture.h"

#define PAGE "<p>Give 5 mg twice a day; give 5 mg twice a day.</p>"
#define BOMB_BYTES ((gsize)64 << 20)
#define LIMIT ((gsize)1 << 30)

/* PAGE, and 64 MB of zeros, by brotli 1.0.9 at its best. */
static const char page_br[] = "\x1b\x33\x00\xf8\x2d\x0e\xcc\xd3\xe4\x1d\x89\x85\x41\xbd\xc8\xa2\x75\xbe\x04\xe1\xc9\xab"
                              "\xb0\xb3\x3e\x4a\x6b\x83\xd3\x35\x3e\x64\x76\x1a\xc4\x65\xa7\x4c\x2a\x32\xcf\x40\x69\x42"
                              "\x33\x21\x7d\x8b\x0f\xe5\x0d\x63\x4e\xcc\x00";
static const char bomb_br[] = "\xcf\xff\xff\x7f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x9f\xff\xff\xff\xf0\x4f\x00\xc4\x61"
                              "\x01\x80\xee\xfd\x3f\xff\xff\xff\xe1\x9f\x00\x88\xc3\x22\x00\xdd\xfb\x7f\xfe\xff\xff\xc3"
                              "\x3f\x01\x10\x87\x05\x00\xba\xf7\xff\x03";

static Loopback site;
static Bytef *bomb_gzip;
static gsize bomb_gzip_length;

static gsize pack(const void *data, gsize length, int window, Bytef *out, gsize size)
{
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)length, .next_out = out, .avail_out = (uInt)size};
    g_assert_cmpint(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    g_assert_cmpint(deflate(&stream, Z_FINISH), ==, Z_STREAM_END);
    gsize made = stream.total_out;
    deflateEnd(&stream);
    return made;
}

static gboolean reply_packed(int peer, const char *coding, const void *body, gsize length)
{
    g_autofree char *head = g_strdup_printf("200 OK\r\nContent-Type: text/html\r\nContent-Encoding: %s", coding);
    return loopback_reply(peer, head, body, length);
}

static gboolean answer_zstd(int peer, gsize bytes)
{
    gsize bound = ZSTD_compressBound(MAX(bytes, strlen(PAGE)));
    g_autofree char *zeros = bytes ? g_malloc0(bytes) : g_strdup(PAGE), *out = g_malloc(bound);
    gsize made = ZSTD_compress(out, bound, zeros, bytes ? bytes : strlen(PAGE), 3);
    return reply_packed(peer, "zstd", out, made);
}

static gboolean answer(const LoopbackRequest *request)
{
    Bytef out[1024];
    const char *target = request->target;
    if (!strcmp(target, "/gzip"))
        return reply_packed(request->peer, "gzip", out, pack(PAGE, strlen(PAGE), MAX_WBITS + 16, out, sizeof out));
    if (!strcmp(target, "/deflate"))
        return reply_packed(request->peer, "deflate", out, pack(PAGE, strlen(PAGE), MAX_WBITS, out, sizeof out));
    if (!strcmp(target, "/br"))
        return reply_packed(request->peer, "br", page_br, sizeof page_br - 1);
    if (!strcmp(target, "/zstd"))
        return answer_zstd(request->peer, 0);
    if (!strcmp(target, "/bomb/gzip"))
        return reply_packed(request->peer, "gzip", bomb_gzip, bomb_gzip_length);
    if (!strcmp(target, "/bomb/br"))
        return reply_packed(request->peer, "br", bomb_br, sizeof bomb_br - 1);
    if (!strcmp(target, "/bomb/zstd"))
        return answer_zstd(request->peer, BOMB_BYTES);
    if (!strcmp(target, "/slow"))
        g_usleep(60 * G_USEC_PER_SEC);
    return loopback_html(request->peer, request->target);
}

static HttpClient *client_new(void)
{
    g_autoptr(GError) error = NULL;
    HttpClient *client = http_client_new(&(HttpSettings){.user_agent = "test", .timeout = 30}, &error);
    g_assert_no_error(error);
    return client;
}

static void start(HttpClient *client, const char *target, const void *tag)
{
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%d%s", site.port, target);
    http_start(client, &(HttpRequest){.url = url, .limit = LIMIT}, (gpointer)tag);
}

static HttpExchange *next_answer(HttpClient *client, gpointer *tag)
{
    gint64 deadline = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
    HttpExchange *exchange;
    while (!(exchange = http_take(client, tag)) && g_get_monotonic_time() < deadline)
        http_wait(client, deadline);
    g_assert_nonnull(exchange);
    return exchange;
}

static HttpExchange *get(const char *target)
{
    g_autoptr(HttpClient) client = client_new();
    gpointer tag;
    start(client, target, NULL);
    return next_answer(client, &tag);
}

/* What libcurl was built with is the platform's choice. */
static gboolean knows(const char *coding)
{
    int features = curl_version_info(CURLVERSION_NOW)->features;
    if (g_str_has_suffix(coding, "br"))
        return features & CURL_VERSION_BROTLI;
    if (g_str_has_suffix(coding, "zstd"))
        return features & CURL_VERSION_ZSTD;
    return features & CURL_VERSION_LIBZ;
}

static void test_bodies_are_unpacked_from_every_coding_that_libcurl_has(void)
{
    static const char *const targets[] = {"/gzip", "/deflate", "/br", "/zstd"};
    for (gsize i = 0; i < G_N_ELEMENTS(targets); i++) {
        if (!knows(targets[i]))
            continue;
        g_autoptr(HttpExchange) exchange = get(targets[i]);
        g_assert_cmpint(exchange->outcome, ==, EXCHANGE_RESPONSE);
        g_assert_cmpstr(exchange->body.data, ==, PAGE);
        g_autofree char *asked = g_strdup_printf("%s", strstr(exchange->request.data, "Accept-Encoding: "));
        g_assert_nonnull(strstr(asked, targets[i] + 1));
    }
}

static void test_a_body_that_unpacks_to_far_more_than_was_sent_is_a_failure(void)
{
    static const char *const targets[] = {"/bomb/gzip", "/bomb/br", "/bomb/zstd"};
    for (gsize i = 0; i < G_N_ELEMENTS(targets); i++) {
        if (!knows(targets[i]))
            continue;
        g_autoptr(HttpExchange) exchange = get(targets[i]);
        g_assert_cmpint(exchange->outcome, ==, EXCHANGE_FAILED);
        g_assert_cmpstr(exchange->reason, ==, "its body unpacks to more than 500 times what was sent");
        g_assert_false(exchange->transient);
    }
    if (!fixture_is_sanitised())
        g_assert_cmpuint(fixture_peak_memory(), <, (guint64)100 << 20);
}

static void test_several_requests_are_under_way_at_once(void)
{
    g_autoptr(HttpClient) client = client_new();
    static const char *const targets[] = {"/slow", "/a", "/b", "/c"};
    for (gsize i = 0; i < G_N_ELEMENTS(targets); i++)
        start(client, targets[i], targets[i]);
    for (gsize i = 1; i < G_N_ELEMENTS(targets); i++) {
        gpointer tag;
        g_autoptr(HttpExchange) exchange = next_answer(client, &tag);
        g_assert_true(tag != targets[0]);
        g_assert_cmpstr(exchange->body.data, ==, tag);
    }
    http_cancel(client, (gpointer)targets[0]);
    gpointer tag;
    http_wait(client, 0);
    g_assert_null(http_take(client, &tag));
    g_assert_cmpuint(http_held(client), ==, 0);
}

static gpointer wake_soon(gpointer client)
{
    g_usleep(50000);
    http_wake(client);
    return NULL;
}

static void test_a_wait_can_be_ended_by_another_thread(void)
{
    g_autoptr(HttpClient) client = client_new();
    GThread *thread = g_thread_new("wake", wake_soon, client);
    gint64 begun = g_get_monotonic_time();
    http_wait(client, begun + 20 * G_USEC_PER_SEC);
    g_assert_cmpint(g_get_monotonic_time() - begun, <, 15 * G_USEC_PER_SEC);
    g_thread_join(thread);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *zeros = g_malloc0(BOMB_BYTES);
    bomb_gzip = g_malloc(1 << 20);
    bomb_gzip_length = pack(zeros, BOMB_BYTES, MAX_WBITS + 16, bomb_gzip, 1 << 20);
    g_clear_pointer(&zeros, g_free);
    site = loopback_start(answer, NULL);
    g_test_add_func("/http/bodies are unpacked from every coding that libcurl has",
                    test_bodies_are_unpacked_from_every_coding_that_libcurl_has);
    g_test_add_func("/http/a body that unpacks to far more than was sent is a failure",
                    test_a_body_that_unpacks_to_far_more_than_was_sent_is_a_failure);
    g_test_add_func("/http/several requests are under way at once", test_several_requests_are_under_way_at_once);
    g_test_add_func("/http/a wait can be ended by another thread", test_a_wait_can_be_ended_by_another_thread);
    int status = g_test_run();
    loopback_stop(&site);
    g_free(bomb_gzip);
    return status;
}
