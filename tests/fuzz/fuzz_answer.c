/* SPDX-License-Identifier: Apache-2.0
 * What a server may write into the head of its answer: headers, cookies, redirects, Retry-After. */
#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "scrapers/fetch/cookies.h"
#include "scrapers/fetch/retry.h"
#include "scrapers/fetch/url.h"

#define DATE 1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *const fuzz_seeds[];

const char *const fuzz_seeds[] = {
    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=\"utf-8\"\r\nSet-Cookie: a=1; Path=/x; Max-Age=60; Secure\r\n"
    "Set-Cookie: b=2; Domain=.example.org; Expires=Sun, 06 Nov 2094 08:49:37 GMT\r\nContent-Length: 5\r\n\r\n",
    "HTTP/2 302 \r\nlocation: //b.example.org/%7euser/../x?y#z\r\nset-cookie: =; ;;domain=org\r\n\r\n",
    "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r2; Path=/\r\nSet-Cookie: b=\x7f\r\n\r\n",
    "HTTP/1.1 503 Busy\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 7\r\n\r\n",
    NULL,
};

static void follow(const HttpExchange *exchange)
{
    g_autofree char *location = http_exchange_header(exchange, "Location");
    g_autofree char *target = location ? url_resolve(exchange->url, location) : NULL;
    if (!target)
        return;
    /* What the crawler may go to is a URL in its one spelling, with a host. */
    g_autofree char *again = url_normalise(target), *host = url_host(target);
    g_assert_cmpstr(target, ==, again);
    g_assert_true(*host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const urls[] = {"https://a.example.org/x/y", "http://a.example.org/", "https://b.example.org/x"};
    g_autoptr(HttpExchange) exchange = http_exchange_new(urls[0], 0);
    g_autoptr(Cookies) cookies = cookies_new();
    g_autofree char *charset = NULL;
    double wait;
    exchange->date = DATE;
    exchange->status = size > 0 ? 200 + data[size - 1] * 2 : 0;
    http_exchange_store_headers(exchange, (const char *)data, size);
    http_exchange_is_html(exchange, &charset);
    retry_wanted(exchange, 1, 1.0, &wait);
    g_assert_true(wait >= 0 && wait <= RETRY_LONGEST);
    cookies_take(cookies, exchange);
    for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autofree char *line = cookies_for(cookies, urls[i], DATE);
        g_assert_true(!line || !strpbrk(line, "\r\n"));
    }
    follow(exchange);
    return 0;
}
