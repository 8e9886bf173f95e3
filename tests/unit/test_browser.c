/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/browser.h in a real Chromium, and the proxy that it goes through. */
#include "scrapers/fetch/browser.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "scrapers/fetch/chromium.h"
#include "scrapers/fetch/socks_proxy.h"

#define LIMIT ((gsize)256 * 1024)
#define TIMEOUT 6.0
#define HTML "Content-Type: text/html; charset=iso-8859-1\r\n"

static int port;
static atomic_int secrets; /* times that /secret was asked for */

typedef struct Answer {
    const char *path, *status, *headers, *body;
} Answer;

static const Answer answers[] = {
    {"/made", "200 OK", HTML,
     "<title>x</title><main id=m></main><script>fetch('/numbers.json').then(r => r.json()).then(d => "
     "{ m.innerHTML = '<p>' + d.dose + ' \\u00b5g</p><a href=\"/next\">next</a>' })</script>"},
    {"/numbers.json", "200 OK", "Content-Type: application/json\r\n", "{\"dose\": 250}"},
    {"/moved", "302 Found", "Location: /made\r\n", ""},
    {"/missing", "404 Not Found", HTML, "<p>nothing here"},
    {"/away", "200 OK", HTML, "<p>stays</p><script>location.href = '/made'</script>"},
    {"/address", "200 OK", HTML, "<p>x</p><script>history.pushState(null, '', '/address/changed')</script>"},
    {"/spin", "200 OK", HTML, "<p>x</p><script>for (;;);</script>"},
    {"/restless", "200 OK", HTML,
     "<p>restless</p><script>setInterval(() => fetch('/numbers.json'), 100)</script>"},
    {"/long", "200 OK", HTML, "<p id=p></p><script>p.textContent = 'word '.repeat(200000)</script>"},
    {"/liar", "200 OK", HTML,
     "<p>true</p><script>Object.defineProperty(Element.prototype, 'outerHTML', {get: () => "
     "'false'})</script>"},
    {"/half", "200 OK", HTML, "<p id=p></p><script>p.textContent = 'before\\ud800after'</script>"},
    {"/secret", "200 OK", "Content-Type: text/plain\r\nAccess-Control-Allow-Origin: *\r\n", "secret"},
};

static void answer_request(int client)
{
    char request[8192] = "";
    ssize_t got = recv(client, request, sizeof request - 1, 0);
    g_auto(GStrv) words = g_strsplit(got > 0 ? request : "", " ", 3);
    const char *path = g_strv_length(words) > 1 ? words[1] : "";
    g_autofree char *body = NULL;
    const Answer *found = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
        if (!strcmp(path, answers[i].path))
            found = &answers[i];
    if (!strcmp(path, "/secret"))
        atomic_fetch_add(&secrets, 1);
    if (!strcmp(path, "/private")) /* a page that looks around in the network of its reader */
        body = g_strdup_printf(
            "<p id=p>asking</p><script>fetch('http://127.0.0.2:%d/secret').then(r => r.text())"
            ".then(t => p.textContent = t, e => p.textContent = 'no answer')</script>",
            port);
    else if (found)
        body = g_strdup(found->body);
    g_autofree char *answer =
        g_strdup_printf("HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                        found || body ? found ? found->status : "200 OK" : "404 Not Found",
                        found ? found->headers : HTML, body ? strlen(body) : 0, body ? body : "");
    g_assert_cmpint(send(client, answer, strlen(answer), MSG_NOSIGNAL), !=, 0);
    close(client);
}

static gpointer serve(gpointer data)
{
    int listener = GPOINTER_TO_INT(data);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client >= 0)
            answer_request(client);
    }
    return NULL;
}

static void start_server(void)
{
    if (port)
        return;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(listener, 64), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &length), ==, 0);
    port = ntohs(address.sin_port);
    g_thread_unref(g_thread_new("server", serve, GINT_TO_POINTER(listener)));
}

/* 127.0.0.1 stands for the public network, 127.0.0.2 for a private one. */
static gboolean is_first(const struct sockaddr *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
    return address->sa_family == AF_INET && four->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

static Browser *browser; /* one for all tests, as for all pages of a crawl */

static gboolean have_browser(void)
{
    const HttpSettings settings = {
        .user_agent = "galen/test (+mailto:a@example.org)", .timeout = TIMEOUT, .may_connect = is_first};
    g_autoptr(GError) error = NULL;
    start_server();
    if (!browser)
        browser = browser_new(&settings, &error);
    if (!browser)
        g_test_skip(error->message);
    return browser != NULL;
}

static HttpExchange *get_from(const char *host, const char *path)
{
    g_autofree char *url = g_strdup_printf("http://%s:%d%s", host, port, path);
    return browser_get(browser, url, LIMIT);
}

static HttpExchange *get(const char *path)
{
    return get_from("127.0.0.1", path);
}

static void assert_shows(const HttpExchange *exchange, const char *text)
{
    g_assert_cmpstr(exchange->reason, ==, NULL);
    g_assert_cmpint(exchange->outcome, ==, EXCHANGE_RESPONSE);
    if (!strstr(exchange->body.data, text))
        g_error("no '%s' in: %s", text, exchange->body.data);
}

static void test_made(void)
{
    if (!have_browser())
        return;
    g_autoptr(HttpExchange) exchange = get("/made");
    assert_shows(exchange, "<p>250 \xc2\xb5g</p><a href=\"/next\">next</a>");
    g_assert_cmpint(exchange->status, ==, 200);
    g_assert_cmpstr(exchange->address, ==, "127.0.0.1");
    g_assert_true(g_str_has_prefix(exchange->body.data, "<!DOCTYPE html>\n<html>"));
    g_autofree char *rendered = http_exchange_header(exchange, "X-Crawl-Rendered");
    g_autofree char *type = http_exchange_header(exchange, "Content-Type");
    g_autofree char *theirs = http_exchange_header(exchange, "X-Crawl-Content-Type");
    g_assert_nonnull(strstr(rendered, "Chrom"));
    g_assert_cmpstr(type, ==, "text/html; charset=utf-8");
    g_assert_cmpstr(theirs, ==, "text/html; charset=iso-8859-1");
    g_autoptr(HttpExchange) again = get("/made");
    g_assert_cmpstr(again->body.data, ==, exchange->body.data);
}

static void test_redirect(void)
{
    if (!have_browser())
        return;
    g_autoptr(HttpExchange) exchange = get("/moved");
    g_autofree char *location = http_exchange_header(exchange, "Location");
    g_assert_true(http_exchange_is_redirect(exchange));
    g_assert_cmpstr(location, ==, "/made");
    g_assert_cmpuint(exchange->body.length, ==, 0);
}

static void test_status(void)
{
    if (!have_browser())
        return;
    g_autoptr(HttpExchange) exchange = get("/missing");
    assert_shows(exchange, "nothing here");
    g_assert_cmpint(exchange->status, ==, 404);
}

static void test_no_page(void)
{
    if (!have_browser())
        return;
    g_autoptr(HttpExchange) exchange = get("/numbers.json");
    g_autofree char *rendered = http_exchange_header(exchange, "X-Crawl-Rendered");
    g_assert_cmpstr(exchange->body.data, ==, "{\"dose\": 250}");
    g_assert_cmpstr(rendered, ==, NULL);
}

static void test_stays(void)
{
    if (!have_browser())
        return;
    g_autoptr(HttpExchange) exchange = get("/away");
    assert_shows(exchange, "<p>stays</p>");
}

static void test_changed_address(void)
{
    if (!have_browser())
        return;
    g_autoptr(HttpExchange) exchange = get("/address");
    g_autofree char *final = http_exchange_header(exchange, "X-Crawl-Final-URL");
    g_assert_nonnull(final);
    g_assert_true(g_str_has_suffix(final, "/address/changed"));
}

static void test_private(void)
{
    if (!have_browser())
        return;
    g_autoptr(HttpExchange) exchange = get("/private");
    assert_shows(exchange, "no answer");
    g_autoptr(HttpExchange) direct = get_from("127.0.0.2", "/secret");
    g_assert_cmpint(direct->outcome, ==, EXCHANGE_REFUSED);
    g_assert_nonnull(strstr(direct->reason, "private"));
    g_assert_cmpint(atomic_load(&secrets), ==, 0);
}

static void test_hang(void)
{
    if (!have_browser())
        return;
    g_autoptr(HttpExchange) exchange = get("/spin");
    g_assert_cmpint(exchange->outcome, ==, EXCHANGE_FAILED);
    g_assert_nonnull(exchange->reason);
    g_autoptr(HttpExchange) next = get("/made");
    assert_shows(next, "250");
}

static void test_restless(void)
{
    if (!have_browser())
        return;
    gint64 start = g_get_monotonic_time();
    g_autoptr(HttpExchange) exchange = get("/restless");
    assert_shows(exchange, "restless");
    g_assert_cmpint(g_get_monotonic_time() - start, <, (gint64)(TIMEOUT * G_USEC_PER_SEC));
}

static void test_long(void)
{
    if (!have_browser())
        return;
    g_autoptr(HttpExchange) exchange = get("/long");
    g_assert_true(exchange->truncated);
    g_assert_cmpuint(exchange->body.length, ==, LIMIT);
}

static void test_liar(void)
{
    if (!have_browser())
        return;
    g_autoptr(HttpExchange) exchange = get("/liar");
    assert_shows(exchange, "<p>true</p>");
    g_autoptr(HttpExchange) half = get("/half");
    assert_shows(half, "before\xef\xbf\xbd"
                       "after");
}

static void test_nobody_there(void)
{
    if (!have_browser())
        return;
    g_autoptr(HttpExchange) exchange = browser_get(browser, "http://127.0.0.1:1/", LIMIT);
    g_assert_cmpint(exchange->outcome, ==, EXCHANGE_FAILED);
    g_assert_nonnull(exchange->reason);
}

/* ---- The proxy alone
 * ----------------------------------------------------------------------------------------- */

/* The proxy's reply to a CONNECT for `host`; 255 when it hangs up. */
static guint8 ask_proxy(const SocksProxy *proxy, const char *host)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((guint16)socks_proxy_port(proxy))};
    guint8 request[300] = {5, 1, 0, 3, (guint8)strlen(host)}, reply[10] = {0, 255}, hello[2];
    gsize length = 5 + strlen(host);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    g_assert_cmpint(connect(client, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(send(client, "\5\1\0", 3, 0), ==, 3);
    g_assert_cmpint(recv(client, hello, 2, MSG_WAITALL), ==, 2);
    memcpy(request + 5, host, strlen(host));
    request[length++] = (guint8)(port >> 8);
    request[length++] = (guint8)(port & 255);
    g_assert_cmpint(send(client, request, length, 0), ==, (gssize)length);
    guint8 result = recv(client, reply, sizeof reply, MSG_WAITALL) == sizeof reply ? reply[1] : 255;
    close(client);
    return result;
}

static void test_proxy_rule(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SocksProxy) proxy = socks_proxy_new(is_first, &error);
    gboolean refused;
    start_server();
    g_assert_no_error(error);
    socks_proxy_begin_page(proxy, 1000);
    g_assert_cmpint(ask_proxy(proxy, "127.0.0.1"), ==, 0);
    g_assert_cmpint(ask_proxy(proxy, "127.0.0.2"), ==, 2);
    g_assert_cmpint(ask_proxy(proxy, "no such host.invalid"), ==, 4);
    g_autofree char *good = socks_proxy_address(proxy, "127.0.0.1", &refused);
    g_assert_cmpstr(good, ==, "127.0.0.1");
    g_assert_false(refused);
    g_assert_null(socks_proxy_address(proxy, "127.0.0.2", &refused));
    g_assert_true(refused);
    socks_proxy_begin_page(proxy, 1000);
    g_assert_null(socks_proxy_address(proxy, "127.0.0.1", &refused));
    g_assert_false(refused);
}

static void test_missing(void)
{
    g_autofree char *path = g_strdup(g_getenv("PATH")), *program = NULL;
    g_autoptr(GError) error = NULL;
    g_setenv("PATH", "/nonexistent", TRUE);
    g_assert_false(chromium_find(&program, &error));
    g_setenv("PATH", path, TRUE);
    g_assert_nonnull(strstr(error->message, "install the package chromium"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/browser/without Chromium the error names the package", test_missing);
    g_test_add_func("/browser/the proxy shows every address to the rule", test_proxy_rule);
    g_test_add_func("/browser/a page made by a script is taken as it shows, the same each time", test_made);
    g_test_add_func("/browser/a redirect is an answer and is not followed", test_redirect);
    g_test_add_func("/browser/the status is the document's", test_status);
    g_test_add_func("/browser/bytes that are no page come as they are", test_no_page);
    g_test_add_func("/browser/a page can not put another in its place", test_stays);
    g_test_add_func("/browser/an address changed by a script is recorded", test_changed_address);
    g_test_add_func("/browser/scripts can not reach a private address", test_private);
    g_test_add_func("/browser/a page that hangs is a failure and the next one is fetched", test_hang);
    g_test_add_func("/browser/a page that is never still is taken in time", test_restless);
    g_test_add_func("/browser/a page over the limit is cut", test_long);
    g_test_add_func("/browser/the page's scripts can not change what is read", test_liar);
    g_test_add_func("/browser/a site that is not there is a failure", test_nobody_there);
    int status = g_test_run();
    g_clear_pointer(&browser, browser_free);
    return status;
}
