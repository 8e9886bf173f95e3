/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target: robots.txt files, and URLs asked against them. */
#include <stdint.h>
#include <string.h>

#include "scrapers/fetch/robots.h"
#include "scrapers/fetch/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *const fuzz_seeds[];

const char *const fuzz_seeds[] = {
    "User-agent: *\nDisallow: /private/\nAllow: /private/open$\n",
    "User-agent: galen\nUser-agent: other\nCrawl-delay: 2.5\nDisallow: /*.php$\nDisallow: /a*b**c\n",
    "\xef\xbb\xbfUser-Agent: Galen/1.0 # us\r\nDisallow: /%7euser/%e3%83%84\r\nSitemap: http://a.example/s.xml\r\n",
    "Disallow: /\nUser-agent:\nDisallow\n:\nAllow: *\n",
    "http://www.example.org:80/a/../b%2f?c=%zz#d",
    NULL,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const targets[] = {"/", "/private/open", "/a.php?x=1", "/aXbYc*$", "/~user/%E3%83%84"};
    const char *text = (const char *)data;
    g_autoptr(Robots) robots = robots_parse(text, size, size % 2, "galen");
    for (gsize i = 0; i < G_N_ELEMENTS(targets); i++)
        robots_allows(robots, targets[i]);
    g_assert_cmpfloat(robots_delay(robots), >=, 0.0);
    g_assert_true(robots_allows(robots, "/robots.txt"));
    g_autofree char *copy = g_strndup(text, size);
    g_autofree char *url = url_normalise(copy);
    if (url) {
        robots_allows(robots, url_target(url));
        g_assert_cmpuint(strlen(url), <=, URL_MAX);
        g_autofree char *again = url_normalise(url);
        g_assert_cmpstr(again, ==, url);
    }
    return 0;
}
