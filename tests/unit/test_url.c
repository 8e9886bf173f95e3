/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/url.h, scope.h, address.h, retry.h: what the crawler may ask for, and how a URL is spelt. */
#include "scrapers/fetch/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/error.h"
#include "scrapers/fetch/address.h"
#include "scrapers/fetch/retry.h"
#include "scrapers/fetch/scope.h"

static void test_one_page_has_one_spelling(void)
{
    static const char *const cases[][2] = {
        {"HTTP://Example.ORG", "http://example.org/"},
        {"http://example.org:80/a", "http://example.org/a"},
        {"https://example.org:443/", "https://example.org/"},
        {"http://example.org:8080/", "http://example.org:8080/"},
        {"http://example.org./a", "http://example.org/a"},
        {"http://example.org/a/./b/../c", "http://example.org/a/c"},
        {"http://example.org/a/%2e%2e/c", "http://example.org/c"},
        {"http://example.org/%7euser/%c3%a9", "http://example.org/~user/%C3%A9"},
        {"http://example.org/%2F", "http://example.org/%2F"},
        {"http://example.org/%5%33/%%41/%%41%42", "http://example.org/%5%33/%%41/%%41B"}, /* a stray percent makes no escape */
        {"http://example.org/a b\xc3\xa9", "http://example.org/a%20b%C3%A9"},
        {"http://example.org/a#part", "http://example.org/a"},
        {"http://example.org/a?#part", "http://example.org/a"},
        {"http://example.org?x=1", "http://example.org/?x=1"},
        {"http:///example.org/a", "http://example.org/a"},
        {"  http://exam\nple.org/a\tb \r\n", "http://example.org/ab"},
        {"http:\\\\example.org\\a\\b?c\\d", "http://example.org/a/b?c%5Cd"},
        {"http://b\xc3\xbc" "cher.example/", "http://xn--bcher-kva.example/"},
        {"http://2130706433./", "http://127.0.0.1/"},
        {"http://\xef\xbc\x91\xef\xbc\x92/", "http://0.0.0.12/"},
        {"http://[2001:DB8::1]:80/x", "http://[2001:db8::1]/x"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = url_normalise(cases[i][0]);
        g_assert_cmpstr(got, ==, cases[i][1]);
        g_autofree char *again = url_normalise(got);
        g_assert_cmpstr(again, ==, got);
    }
}

static void test_what_is_no_web_address_is_refused(void)
{
    static const char *const cases[] = {
        "",
        "example.org/a",
        "/a",
        "ftp://example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "mailto:a@example.org",
        "http://user:secret@example.org/",
        "http://",
        "http://exa mple.org/",
        "http://example.org:99999/",
        "http://example.org../",
        "http://.example.org/",
        "http://a..example/",
        "http://exam\xffple.org/",
        "http://exa%00mple.org/",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = url_normalise(cases[i]);
        g_assert_cmpstr(got, ==, NULL);
    }
}

static void test_a_url_may_have_2083_bytes_and_no_more(void)
{
    g_autoptr(GString) url = g_string_new("http://example.org/");
    while (url->len < URL_MAX)
        g_string_append_c(url, 'a');
    g_autofree char *longest = url_normalise(url->str);
    g_assert_cmpstr(longest, ==, url->str);
    g_string_append_c(url, 'a');
    g_autofree char *longer = url_normalise(url->str);
    g_assert_null(longer);
}

static void test_references_resolve_as_rfc_3986_says(void)
{
    const char *base = "http://a.example/b/c/d;p?q";
    static const char *const cases[][2] = {
        {"g", "http://a.example/b/c/g"},
        {"./g", "http://a.example/b/c/g"},
        {"g/", "http://a.example/b/c/g/"},
        {"/g", "http://a.example/g"},
        {"//g.example", "http://g.example/"},
        {"?y", "http://a.example/b/c/d;p?y"},
        {"g?y", "http://a.example/b/c/g?y"},
        {"#s", "http://a.example/b/c/d;p?q"},
        {"", "http://a.example/b/c/d;p?q"},
        {";x", "http://a.example/b/c/;x"},
        {".", "http://a.example/b/c/"},
        {"..", "http://a.example/b/"},
        {"../g", "http://a.example/b/g"},
        {"../..", "http://a.example/"},
        {"../../g", "http://a.example/g"},
        {"../../../g", "http://a.example/g"},
        {"/../g", "http://a.example/g"},
        {"g;x=1/../y", "http://a.example/b/c/y"},
        {"g?y/../x", "http://a.example/b/c/g?y/../x"},
        {"https://other.example/x", "https://other.example/x"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = url_resolve(base, cases[i][0]);
        g_assert_cmpstr(got, ==, cases[i][1]);
    }
    g_autofree char *script = url_resolve(base, "javascript:void(0)");
    g_assert_null(script);
}

static void test_the_parts_of_a_url(void)
{
    const char *url = "https://www.example.org:8443/a/b?c=/d";
    g_autofree char *origin = url_origin(url), *host = url_host(url), *site = url_site(url);
    g_autofree char *six = url_host("http://[2001:db8::1]:81/");
    g_assert_cmpstr(origin, ==, "https://www.example.org:8443");
    g_assert_cmpstr(host, ==, "www.example.org");
    g_assert_cmpstr(site, ==, "example.org:8443");
    g_assert_cmpstr(six, ==, "[2001:db8::1]");
    g_assert_cmpstr(url_target(url), ==, "/a/b?c=/d");
}

static gboolean address_allowed(const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return address_is_public((const struct sockaddr *)&four);
    g_assert_cmpint(inet_pton(AF_INET6, text, &six.sin6_addr), ==, 1);
    return address_is_public((const struct sockaddr *)&six);
}

static void test_addresses_of_closed_networks_are_refused(void)
{
    static const char *const closed[] = {
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "fec0::1",
        "ff02::1",
        "2002:7f00:1::1",
        "2001::1",
        "2001:db8::1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::808:808",
        "100::1",
    };
    static const char *const open[] = {
        "8.8.8.8",     "100.63.255.255", "100.128.0.1",          "172.15.0.1",         "172.32.0.1",
        "223.255.0.1", "128.0.0.1",      "2606:4700:4700::1111", "2a00:1450:4001::64", "64:ff9b::808:808",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(closed); i++)
        if (address_allowed(closed[i]))
            g_error("%s was allowed", closed[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(open); i++)
        if (!address_allowed(open[i]))
            g_error("%s was refused", open[i]);
    struct sockaddr local = {.sa_family = AF_UNIX};
    g_assert_false(address_is_public(&local));
}

static RecipeStrings strings(char **items, unsigned count)
{
    return (RecipeStrings){.items = items, .count = count};
}

static void test_scope_follow_skip_and_pages(void)
{
    char *start[] = {(char *)"http://www.example.org/start"};
    char *skip[] = {(char *)"/private/"};
    RecipeCrawl crawl = {.start = strings(start, 1), .skip = strings(skip, 1)};
    g_autoptr(GError) error = NULL;
    g_autoptr(CrawlScope) scope = crawl_scope_new(&crawl, &error);
    g_assert_no_error(error);
    g_assert_true(crawl_scope_holds(scope, "http://example.org/a"));
    g_assert_true(crawl_scope_holds(scope, "https://www.example.org/a.html?x=b.jpg"));
    g_assert_false(crawl_scope_holds(scope, "http://other.example/a"));
    g_assert_false(crawl_scope_holds(scope, "http://example.org:81/a"));
    g_assert_false(crawl_scope_holds(scope, "http://example.org/private/a"));
    g_assert_false(crawl_scope_holds(scope, "http://example.org/robots.txt"));
    g_assert_false(crawl_scope_holds(scope, "http://example.org/a.JPG?size=1"));

    char *follow[] = {(char *)"^https?://other\\.example/list"};
    char *pages[] = {(char *)"/guide/[0-9]+", (char *)"\\.pdf$"};
    crawl.follow = strings(follow, 1);
    crawl.pages = strings(pages, 2);
    g_autoptr(CrawlScope) narrow = crawl_scope_new(&crawl, &error);
    g_assert_no_error(error);
    g_assert_true(crawl_scope_holds(narrow, "http://www.example.org/start"));
    g_assert_true(crawl_scope_holds(narrow, "http://other.example/list/2"));
    g_assert_true(crawl_scope_holds(narrow, "http://example.org/guide/12"));
    g_assert_true(crawl_scope_holds(narrow, "http://example.org/x.pdf"));
    g_assert_false(crawl_scope_holds(narrow, "http://other.example/guide/12"));
    g_assert_false(crawl_scope_holds(narrow, "http://example.org/about"));
}

static void test_settings_that_cannot_work_are_named(void)
{
    g_autoptr(GError) error = NULL;
    char *start[] = {(char *)"www.example.org"};
    RecipeCrawl crawl = {.start = strings(start, 1)};
    g_assert_null(crawl_scope_new(&crawl, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "\"www.example.org\""));
    g_clear_error(&error);
    start[0] = (char *)"http://example.org/";
    char *follow[] = {(char *)"a(b"};
    crawl.follow = strings(follow, 1);
    g_assert_null(crawl_scope_new(&crawl, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "\"a(b\""));
}

static void store_head(HttpExchange *exchange, const char *head)
{
    buffer_reset(&exchange->headers);
    http_exchange_store_headers(exchange, head, strlen(head));
}

static void test_retry_after_is_read_in_both_forms(void)
{
    g_assert_cmpfloat(retry_after_seconds("120", 0), ==, 120.0);
    g_assert_cmpfloat(retry_after_seconds("Sun, 06 Nov 1994 08:49:37 GMT", 784111777 - 30), ==, 30.0);
    g_assert_cmpfloat(retry_after_seconds("Sun, 06 Nov 1994 08:49:37 GMT", 784111777 + 30), ==, 0.0);
    g_assert_cmpfloat(retry_after_seconds("soon", 0), ==, -1.0);

    g_autoptr(HttpExchange) exchange = http_exchange_new("http://example.org/", 0);
    double wait;
    exchange->status = 503;
    store_head(exchange, "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n");
    g_assert_true(retry_wanted(exchange, 1, 1.0, &wait));
    g_assert_cmpfloat(wait, ==, 7.0);
    g_assert_true(retry_wanted(exchange, 2, 1.0, &wait));
    g_assert_cmpfloat(wait, >=, 8.0);
    g_assert_cmpfloat(wait, <, 12.0);
    double same;
    g_assert_true(retry_wanted(exchange, 2, 1.0, &same));
    g_assert_cmpfloat(wait, ==, same);
    g_assert_false(retry_wanted(exchange, RETRY_ATTEMPTS, 1.0, &wait));
    exchange->status = 404;
    g_assert_false(retry_wanted(exchange, 1, 1.0, &wait));
    exchange->status = 429;
    store_head(exchange, "HTTP/1.1 429 No\r\nretry-after: 86400\r\n\r\n");
    g_assert_false(retry_wanted(exchange, 1, 1.0, &wait));
}

static void test_route(void)
{
    g_autofree char *route = url_resolve_route("https://api.example.org/v1/", "https://app.example.org/#/guideline/7");
    g_assert_cmpstr(route, ==, "https://app.example.org/#/guideline/7");
    g_autofree char *relative = url_resolve_route("https://app.example.org/a?b", "#!about us");
    g_assert_cmpstr(relative, ==, "https://app.example.org/a?b#!about%20us");
    g_autofree char *anchor = url_resolve_route("https://example.org/a", "b.html#dose");
    g_assert_cmpstr(anchor, ==, "https://example.org/b.html");
    g_assert_null(url_resolve_route("https://example.org/a", "mailto:a@example.org#/b"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/url/a fragment that names a page of an application stays", test_route);
    g_test_add_func("/url/one page has one spelling", test_one_page_has_one_spelling);
    g_test_add_func("/url/what is no web address is refused", test_what_is_no_web_address_is_refused);
    g_test_add_func("/url/a URL may have 2083 bytes and no more", test_a_url_may_have_2083_bytes_and_no_more);
    g_test_add_func("/url/references resolve as RFC 3986 says", test_references_resolve_as_rfc_3986_says);
    g_test_add_func("/url/the parts of a URL", test_the_parts_of_a_url);
    g_test_add_func("/address/addresses of closed networks are refused", test_addresses_of_closed_networks_are_refused);
    g_test_add_func("/scope/follow, skip and pages", test_scope_follow_skip_and_pages);
    g_test_add_func("/scope/settings that cannot work are named", test_settings_that_cannot_work_are_named);
    g_test_add_func("/retry/Retry-After is read in both forms", test_retry_after_is_read_in_both_forms);
    return g_test_run();
}
