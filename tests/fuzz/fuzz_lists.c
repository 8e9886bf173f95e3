/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target: answers read as lists of each kind. Every URL found must be a fixed point of url_normalise. */
#include <stdint.h>

#include "scrapers/fetch/lists.h"
#include "scrapers/fetch/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *const fuzz_seeds[];

const char *const fuzz_seeds[] = {
    "<html><base href=/b/><ul class=hits><li><a href=x>1</a><li><a href='http://[::1]/y'>2</a></ul><a rel=next href=?p=2>",
    "<?xml version='1.0'?><urlset><url><loc> http://a.example/d?x=1&amp;y=2 </loc><lastmod>2024-01-01</lastmod></url>"
    "<url><loc><![CDATA[/e]]></loc></url></urlset>",
    "<sitemapindex><sitemap><loc>/s1.xml.gz</loc></sitemap><!-- <loc>/no</loc> --></sitemapindex>",
    "http://a.example/one\nhttps://b.example/two\n",
    "{\"items\": [{\"url\": \"/d/1\"}, {\"url\": 7}, {\"url\": null}], \"next\": \"/l?p=2\"}",
    "{\"continue\": {\"apcontinue\": \"B c\", \"continue\": \"-||\"}, \"query\": {\"allpages\": [{\"title\": \"A & b\"}]}}",
    NULL,
};

static char *links[] = {(char *)"//ul[@class='hits']//a", (char *)"//loc/text()"};
static char *paths[] = {(char *)"items[].url", (char *)"[0].next"};
static char *next[] = {(char *)"//a[@rel='next']/@href"};
static char *next_paths[] = {(char *)"next"};

static RecipeList lists[] = {
    {.kind = (char *)"html", .match = (char *)".", .links = {links, 2}, .next = {next, 1}},
    {.kind = (char *)"sitemap", .match = (char *)"."},
    {.kind = (char *)"json", .match = (char *)".", .links = {paths, 2}, .next = {next_paths, 1}},
    {.kind = (char *)"json", .match = (char *)".", .links = {paths, 2}, .link = (char *)"/g/{}",
     .next_link = (char *)"/l?p={+20}"},
    {.kind = (char *)"mediawiki", .match = (char *)"."},
};

static void check(const GPtrArray *urls)
{
    for (guint i = 0; i < urls->len; i++) {
        g_autofree char *again = url_normalise(urls->pdata[i]);
        g_assert_cmpstr(again, ==, urls->pdata[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RecipeCrawl crawl = {.lists = lists, .lists_count = G_N_ELEMENTS(lists)};
    g_autoptr(CrawlLists) compiled = crawl_lists_new(&crawl, NULL);
    g_autoptr(HttpExchange) exchange = http_exchange_new("http://a.example/l?p=20", size + 1);
    g_auto(ListedUrls) found = {0};
    g_autofree char *failure = NULL;
    buffer_append_string(&exchange->headers, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
    buffer_append(&exchange->body, data, size);
    listed_urls_init(&found);
    crawl_lists_read(compiled, exchange, &found, &failure);
    check(found.links);
    check(found.next);
    return 0;
}
