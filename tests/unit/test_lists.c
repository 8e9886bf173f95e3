/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/lists.h: answers that give URLs by rule, in whole crawls of a site on loopback. */
#include "scrapers/fetch/lists.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "scrapers/fetch/list_template.h"
#include "tests/unit/crawl_fixture.h"

#define STRINGS(...)                                                                                                   \
    {                                                                                                                  \
        .items = (char *[]){__VA_ARGS__}, .count = sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)                    \
    }

static Loopback site;

static const struct {
    const char *target, *type, *body;
} answers[] = {
    {"/robots.txt", "text/plain", "User-agent: *\nDisallow: /hidden\nSitemap: /map-index.xml\n"},
    {"/", "text/html", "<a href=/index?p=1>all</a><a href=/about>about</a>"},
    {"/about", "text/html", "<p>about us</p>"},
    {"/index?p=1", "text/html",
     "<nav><a href=/about>x</a></nav><ul class=hits><li><a href=/d/1>1</a><li><a href=//127.0.0.1:9/skipped>s</a>"
     "<li><a href=/d/2.pdf>2</a></ul><a rel=next href='?p=2'>next</a>"},
    {"/index?p=2", "text/html", "<base href=/d/><ul class=hits><li><a href=3>3</a></ul><a rel=next href=/index?p=1>"},
    {"/d/1", "text/html", "<a href=/d/unlisted>more</a>"},
    {"/d/2.pdf", "application/pdf", "%PDF-1.7"},
    {"/d/3", "text/html", "three"},
    {"/map-index.xml", "application/xml",
     "<?xml version='1.0'?><sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>\n /map-1.xml "
     "</loc></sitemap><sitemap><loc>/packed.gz</loc><lastmod>2024-01-01</lastmod></sitemap></sitemapindex>"},
    {"/map-1.xml", "text/xml",
     "<urlset xmlns:image='i'><url><loc>/d/1</loc><image:image><image:loc>/picture</image:loc></image:image></url>"
     "<url><loc><![CDATA[/search?a=1&b=2]]></loc></url><!-- <loc>/commented</loc> --><url><loc>/search?a=2&amp;b=3</loc>"
     "</url><url><loc>/hidden/x</loc></url></urlset>"},
    {"/search?a=1&b=2", "text/html", "s"},
    {"/search?a=2&b=3", "text/html", "s"},
    {"/api/list?page=1", "application/json",
     "{\"data\": {\"items\": [{\"slug\": \"a b/c\"}, {\"slug\": 7}, {\"slug\": null}, {\"name\": \"x\"}]}}"},
    {"/api/list?page=2", "application/json", "{\"data\": {\"items\": [{\"slug\": \"z\"}]}}"},
    {"/api/list?page=3", "application/json", "{\"data\": {\"items\": []}}"},
    {"/g/a%20b%2Fc", "text/html", "g"},
    {"/g/7", "text/html", "g"},
    {"/g/z", "text/html", "g"},
    {"/json/first", "application/json", "\xef\xbb\xbf[{\"url\": \"/g/7\", \"more\": \"/json/second\"}]"},
    {"/json/second", "text/plain", "[{\"url\": \"/g/z\", \"more\": null}]"},
    {"/w/api.php?action=query&list=allpages&format=json", "application/json",
     "{\"continue\": {\"apcontinue\": \"B c\", \"continue\": \"-||\"}, \"query\": {\"allpages\": [{\"pageid\": 1, "
     "\"title\": \"Acute & chronic/pain\"}]}}"},
    {"/w/api.php?action=query&list=allpages&format=json&apcontinue=B%20c&continue=-%7C%7C", "application/json",
     "{\"batchcomplete\": true, \"query\": {\"allpages\": [{\"pageid\": 2, \"title\": \"B c\"}]}}"},
    {"/wiki/Acute_%26_chronic/pain", "text/html", "w"},
    {"/wiki/B_c", "text/html", "w"},
    {"/book", "text/html", "<ul class=toc><li><a href=/book>0</a><li><a href=/book/1>1</a><li><a href=/book/notes>n</a></ul><a href=/about>x</a>"},
    {"/book/1", "text/html", "<ul class=toc><li><a href=/book/2>next</a></ul>"},
    {"/book/2", "text/html", "<ul class=toc><li><a href=/book/3>next</a><li><a href=/book/skipped>s</a></ul>"},
    {"/book/3", "text/html", "the end"},
    {"/book/notes", "text/html", "notes"},
    {"/moved-list", "text/html", "<a class=hit href=/moved>m</a>"},
    {"/elsewhere", "text/html", "e"},
    {"/bad.json", "application/json", "{\"url\": "},
    {"/broken.pdf", "application/pdf", "%PDF-1.7 nothing"},
    {"/links.pdf", "application/pdf",
     "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
     "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>"
     "/Annots[6 0 R 7 0 R]>>endobj\n"
     "4 0 obj<</Length 75>>stream\nBT /F 12 Tf 100 700 Td (Chest pain) Tj 0 -100 Td (Elsewhere and off) Tj ET     \n"
     "endstream endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
     "6 0 obj<</Type/Annot/Subtype/Link/Rect[95 695 300 715]/A<</S/URI/URI(http://127.0.0.1:@@@@@/g/z)>>>>endobj\n"
     "7 0 obj<</Type/Annot/Subtype/Link/Rect[95 595 300 615]/A<</S/URI/URI(http://127.0.0.1:9/skipped)>>>>endobj\n"
     "trailer<</Root 1 0 R>>\n%%EOF\n"},
};

static gboolean answer_gzip(int peer)
{
    static const char text[] = "http://127.0.0.1:0/no\n<urlset><url><loc>/g/7</loc></url></urlset>";
    char packed[512];
    z_stream stream = {.next_in = (Bytef *)text, .avail_in = sizeof text - 1, .next_out = (Bytef *)packed,
                       .avail_out = sizeof packed};
    deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    deflate(&stream, Z_FINISH);
    gsize length = stream.total_out;
    deflateEnd(&stream);
    return loopback_reply(peer, "200 OK\r\nContent-Type: application/gzip", packed, length);
}

/* A PDF's links are absolute: the port, in five digits, goes where "@@@@@" stands. */
static char *with_port(const char *body, const char *head)
{
    const char *host = strstr(head, "\r\nHost: 127.0.0.1:");
    char *copy = g_strdup(body), *mark = strstr(copy, "@@@@@");
    if (mark && host) {
        g_autofree char *port = g_strdup_printf("%05d", atoi(host + strlen("\r\nHost: 127.0.0.1:")));
        memcpy(mark, port, 5);
    }
    return copy;
}

static gboolean answer(const LoopbackRequest *request)
{
    const char *target = request->target;
    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
        if (strcmp(answers[i].target, target) != 0)
            continue;
        g_autofree char *head = g_strdup_printf("200 OK\r\nContent-Type: %s", answers[i].type);
        g_autofree char *body = with_port(answers[i].body, request->head);
        return loopback_reply(request->peer, head, body, strlen(body));
    }
    if (!strcmp(target, "/packed.gz"))
        return answer_gzip(request->peer);
    if (!strcmp(target, "/moved"))
        return loopback_reply(request->peer, "301 Moved\r\nLocation: /elsewhere", "", 0);
    if (g_str_has_prefix(target, "/same/")) { /* pages without end that repeat themselves */
        g_autofree char *page = g_strdup_printf("<a class=hit href=/d/%d>x</a><a rel=next href=/same/%d>n</a>",
                                                MIN(atoi(target + 6), 3), atoi(target + 6) + 1);
        return loopback_html(request->peer, page);
    }
    if (g_str_has_prefix(target, "/new/")) { /* and some that do not */
        g_autofree char *page = g_strdup_printf("<a class=hit href=/gone/%d>x</a><a rel=next href=/new/%d>n</a>",
                                                atoi(target + 5), atoi(target + 5) + 1);
        return loopback_html(request->peer, page);
    }
    return loopback_reply(request->peer, "404 Not Found", "", 0);
}

static char *crawl_with(const char *start, RecipeList *list, const char *name, GString *notices)
{
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, start, name);
    fixture.crawl.lists = list;
    fixture.crawl.lists_count = 1;
    fixture.crawl.skip = (RecipeStrings)STRINGS((char *)"skipped");
    fixture.crawl.max_pages = 30;
    fixture_crawl(&fixture, notices);
    return fixture_pages(fixture.path);
}

static void test_html_lists_are_followed_by_xpath_from_page_to_page(void)
{
    RecipeList list = {.kind = (char *)"html", .match = (char *)"/index", .links = STRINGS((char *)"//ul[@class='hits']//a"),
                       .next = STRINGS((char *)"//a[@rel='next']/@href")};
    g_autofree char *pages = crawl_with("/index?p=1", &list, "html.warc.gz", NULL);
    g_assert_cmpstr(pages, ==, "/index?p=1 /index?p=2 /d/1 /d/2.pdf /d/3");
}

static void test_ordinary_links_are_followed_beside_a_list_only_where_follow_says_so(void)
{
    RecipeList list = {.kind = (char *)"html", .match = (char *)"/index", .links = STRINGS((char *)"//ul")};
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/", "follow.warc.gz");
    fixture.crawl.lists = &list;
    fixture.crawl.lists_count = 1;
    fixture.crawl.skip = (RecipeStrings)STRINGS((char *)"skipped");
    fixture.crawl.follow = (RecipeStrings)STRINGS((char *)"/index");
    fixture_crawl(&fixture, NULL);
    g_autofree char *pages = fixture_pages(fixture.path);
    g_assert_cmpstr(pages, ==, "/ /index?p=1 /d/1 /d/2.pdf /index?p=2 /d/3");
}

static void test_sitemaps_of_robots_txt_are_read_with_their_index_and_gzip(void)
{
    RecipeList list = {.kind = (char *)"sitemap"};
    g_autofree char *pages = crawl_with("/about", &list, "sitemap.warc.gz", NULL);
    g_assert_cmpstr(pages, ==, "/about /map-index.xml /map-1.xml /packed.gz /d/1 /search?a=1&b=2 /search?a=2&b=3 /g/7");
    RecipeList some = {.kind = (char *)"sitemap", .links = STRINGS((char *)"/d/", (char *)"b=2$")};
    g_autofree char *chosen = crawl_with("/about", &some, "sitemap-some.warc.gz", NULL);
    g_assert_cmpstr(chosen, ==, "/about /map-index.xml /map-1.xml /packed.gz /d/1 /search?a=1&b=2");
}

static void test_without_a_sitemap_list_robots_txt_names_nothing_to_fetch(void)
{
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/about", "plain.warc.gz");
    fixture_crawl(&fixture, NULL);
    g_autofree char *pages = fixture_pages(fixture.path);
    g_assert_cmpstr(pages, ==, "/about");
}

static void test_json_values_become_urls_and_a_counter_turns_the_pages(void)
{
    RecipeList list = {.kind = (char *)"json", .match = (char *)"/api/list", .links = STRINGS((char *)"data.items[].slug"),
                       .link = (char *)"/g/{}", .next_link = (char *)"/api/list?page={}"};
    g_autofree char *pages = crawl_with("/api/list?page=1", &list, "json.warc.gz", NULL);
    g_assert_cmpstr(pages, ==,
                    "/api/list?page=1 /api/list?page=2 /g/a%20b%2Fc /g/7 /api/list?page=3 /g/z");
}

static void test_json_names_its_next_page_and_that_page_belongs_to_the_list(void)
{
    RecipeList list = {.kind = (char *)"json", .match = (char *)"first", .links = STRINGS((char *)"[].url"),
                       .next = STRINGS((char *)"[0].more")};
    g_autofree char *pages = crawl_with("/json/first", &list, "json-next.warc.gz", NULL);
    g_assert_cmpstr(pages, ==, "/json/first /json/second /g/7 /g/z");
}

static void test_a_wiki_is_listed_by_its_api(void)
{
    RecipeList list = {.kind = (char *)"mediawiki", .link = (char *)"/wiki/{}"};
    g_autofree char *pages = crawl_with("/w/api.php?action=query&list=allpages&format=json", &list, "wiki.warc.gz", NULL);
    g_assert_cmpstr(pages, ==,
                    "/w/api.php?action=query&list=allpages&format=json "
                    "/w/api.php?action=query&list=allpages&format=json&apcontinue=B%20c&continue=-%7C%7C "
                    "/wiki/Acute_%26_chronic/pain /wiki/B_c");
}

static void test_pagination_without_end_is_cut(void)
{
    RecipeList list = {.kind = (char *)"html", .match = (char *)"/(same|new)/", .links = STRINGS((char *)"//a[@class='hit']"),
                       .next = STRINGS((char *)"//a[@rel='next']")};
    g_autofree char *pages = crawl_with("/same/1", &list, "same.warc.gz", NULL);
    g_assert_cmpstr(pages, ==, "/same/1 /same/2 /d/1 /same/3 /same/4 /d/3");
    g_autoptr(GString) notices = g_string_new(NULL);
    g_autofree char *more = crawl_with("/new/1", &list, "new.warc.gz", notices);
    g_assert_true(g_str_has_prefix(more, "/new/1 /new/2 "));
    g_assert_nonnull(strstr(notices->str, "stopped at max_pages (30)"));
}

/* Whatever follow says, and as deep as the page that names them: /book/3 is three links away. */
static void test_chapters_of_a_document_are_fetched(void)
{
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/book", "chapters.warc.gz");
    fixture.crawl.skip = (RecipeStrings)STRINGS((char *)"skipped");
    fixture.crawl.follow = (RecipeStrings)STRINGS((char *)"/nothing");
    fixture.crawl.max_depth = 0;
    fixture.crawl.chapters.links = (RecipeStrings)STRINGS((char *)"css:ul.toc a");
    fixture.crawl.chapters.skip = (RecipeStrings)STRINGS((char *)"/notes$");
    fixture_crawl(&fixture, NULL);
    g_autofree char *pages = fixture_pages(fixture.path);
    g_assert_cmpstr(pages, ==, "/book /book/1 /book/2 /book/3");
}

static void test_only_pages_that_may_have_chapters_are_asked_for_them(void)
{
    g_autoptr(GString) notices = g_string_new(NULL);
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/book", "chapters-pages.warc.gz");
    fixture.crawl.follow = (RecipeStrings)STRINGS((char *)"/nothing");
    fixture.crawl.chapters.links = (RecipeStrings)STRINGS((char *)"css:ul.toc a");
    fixture.crawl.chapters.pages = (RecipeStrings)STRINGS((char *)"/else$", (char *)"/book$");
    fixture_crawl(&fixture, notices);
    g_autofree char *pages = fixture_pages(fixture.path);
    g_assert_cmpstr(pages, ==, "/book /book/1 /book/notes");
    g_assert_null(strstr(notices->str, "extract.chapters"));
}

static void test_chapters_that_no_page_names_are_reported(void)
{
    g_autoptr(GString) notices = g_string_new(NULL);
    g_auto(CrawlFixture) fixture = {0};
    fixture_init(&fixture, &site, "/book", "chapters-none.warc.gz");
    fixture.crawl.follow = (RecipeStrings)STRINGS((char *)"/nothing");
    fixture.crawl.chapters.links = (RecipeStrings)STRINGS((char *)"css:ol.toc a");
    fixture_crawl(&fixture, notices);
    g_assert_nonnull(strstr(notices->str, "extract.chapters found no link in the 1 answers"));
}

static void test_a_listed_page_may_move_outside_the_scope(void)
{
    RecipeList list = {.kind = (char *)"html", .match = (char *)"moved-list", .links = STRINGS((char *)"//a[@class='hit']")};
    g_autofree char *pages = crawl_with("/moved-list", &list, "moved.warc.gz", NULL);
    g_assert_cmpstr(pages, ==, "/moved-list /elsewhere");
}

static void test_lists_that_cannot_be_read_are_counted_and_named(void)
{
    RecipeList json = {.kind = (char *)"json", .links = STRINGS((char *)"url")};
    g_autoptr(GString) notices = g_string_new(NULL);
    g_autofree char *pages = crawl_with("/bad.json", &json, "bad.warc.gz", notices);
    g_assert_cmpstr(pages, ==, "/bad.json");
    g_assert_nonnull(strstr(notices->str, "/bad.json: list 1 (kind json): the answer is no JSON: line 1"));
    g_assert_nonnull(strstr(notices->str, "list 1 (kind json) found no link in the 1 answers"));
}

static void test_the_links_of_a_pdf_are_followed(void)
{
    g_autofree char *program = g_find_program_in_path("pdftohtml");
    if (!program) {
        g_test_skip("pdftohtml is not installed");
        return;
    }
    RecipeList list = {.kind = (char *)"pdf"};
    g_autofree char *pages = crawl_with("/links.pdf", &list, "pdf.warc.gz", NULL);
    g_assert_cmpstr(pages, ==, "/links.pdf /g/z");
    g_autoptr(GString) notices = g_string_new(NULL);
    g_autofree char *none = crawl_with("/broken.pdf", &list, "broken.warc.gz", notices);
    g_assert_cmpstr(none, ==, "/broken.pdf");
    g_assert_nonnull(strstr(notices->str, "/broken.pdf: list 1 (kind pdf): "));
}

static void expect_bad(RecipeList list, const char *message)
{
    RecipeCrawl crawl = {.lists = &list, .lists_count = 1};
    g_autoptr(GError) error = NULL;
    g_assert_null(crawl_lists_new(&crawl, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_settings_that_cannot_work_are_named(void)
{
    expect_bad((RecipeList){.kind = (char *)"html", .links = STRINGS((char *)"//a[")},
               "list 1 (kind html): it is no XPath, at character 5 of the XPath\n  //a[\n      ^");
    expect_bad((RecipeList){.kind = (char *)"html"}, "list 1 (kind html): `links` must say where the links are");
    expect_bad((RecipeList){.kind = (char *)"json", .links = STRINGS((char *)"a..b")},
               "list 1 (kind json): \"a..b\" is no path; write names between dots, and [] for all elements: "
               "results[].url");
    expect_bad((RecipeList){.kind = (char *)"json", .links = STRINGS((char *)"a"), .link = (char *)"/x"},
               "list 1 (kind json): link \"/x\": put {} once where the value goes");
}

static void expect_count(const char *template, const char *url, const char *next)
{
    g_autofree char *found = list_template_count(template, url);
    g_assert_cmpstr(found, ==, next);
}

static void test_running_numbers_are_found_in_the_url_and_counted_on(void)
{
    expect_count("/l?p={}", "http://a.example/l?p=9", "http://a.example/l?p=10");
    expect_count("/l?p={}", "http://a.example/l", "http://a.example/l?p=2");
    expect_count("/l?from={+20}&n=20", "http://a.example/l?from=40&n=20", "http://a.example/l?from=60&n=20");
    expect_count("/l?from={+20}", "http://a.example/l", "http://a.example/l?from=20");
    g_assert_true(list_template_is_good("/{}", FALSE));
    g_assert_false(list_template_is_good("/{+5}", FALSE));
    g_assert_false(list_template_is_good("/{}/{}", TRUE));
    g_assert_false(list_template_is_good("/{+0}", TRUE));
}

static void test_json_of_very_many_values_is_refused_before_it_is_parsed(void)
{
    RecipeList list = {.kind = (char *)"json", .links = STRINGS((char *)"[].u")};
    RecipeCrawl crawl = {.lists = &list, .lists_count = 1};
    g_autoptr(CrawlLists) lists = crawl_lists_new(&crawl, NULL);
    g_autoptr(HttpExchange) exchange = http_exchange_new("http://a.example/l", 1 << 23);
    g_auto(ListedUrls) found = {0};
    g_autofree char *failure = NULL;
    buffer_append_string(&exchange->headers, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
    buffer_append_byte(&exchange->body, '[');
    for (int i = 0; i < 1000001; i++)
        buffer_append_string(&exchange->body, "0,");
    buffer_append_string(&exchange->body, "0]");
    listed_urls_init(&found);
    g_assert_true(crawl_lists_read(lists, exchange, &found, &failure));
    g_assert_cmpstr(failure, ==, "list 1 (kind json): the answer holds more than 1000000 values");
}

static void add_tests(void)
{
    g_test_add_func("/lists/html lists are followed by XPath from page to page",
                    test_html_lists_are_followed_by_xpath_from_page_to_page);
    g_test_add_func("/lists/ordinary links are followed beside a list only where follow says so",
                    test_ordinary_links_are_followed_beside_a_list_only_where_follow_says_so);
    g_test_add_func("/lists/sitemaps of robots.txt are read with their index and gzip",
                    test_sitemaps_of_robots_txt_are_read_with_their_index_and_gzip);
    g_test_add_func("/lists/without a sitemap list robots.txt names nothing to fetch",
                    test_without_a_sitemap_list_robots_txt_names_nothing_to_fetch);
    g_test_add_func("/lists/JSON values become URLs and a counter turns the pages",
                    test_json_values_become_urls_and_a_counter_turns_the_pages);
    g_test_add_func("/lists/JSON names its next page and that page belongs to the list",
                    test_json_names_its_next_page_and_that_page_belongs_to_the_list);
    g_test_add_func("/lists/a wiki is listed by its API", test_a_wiki_is_listed_by_its_api);
    g_test_add_func("/lists/pagination without end is cut", test_pagination_without_end_is_cut);
    g_test_add_func("/lists/chapters of a document are fetched", test_chapters_of_a_document_are_fetched);
    g_test_add_func("/lists/only pages that may have chapters are asked for them", test_only_pages_that_may_have_chapters_are_asked_for_them);
    g_test_add_func("/lists/chapters that no page names are reported", test_chapters_that_no_page_names_are_reported);
    g_test_add_func("/lists/a listed page may move outside the scope", test_a_listed_page_may_move_outside_the_scope);
    g_test_add_func("/lists/lists that cannot be read are counted and named",
                    test_lists_that_cannot_be_read_are_counted_and_named);
    g_test_add_func("/lists/the links of a PDF are followed", test_the_links_of_a_pdf_are_followed);
    g_test_add_func("/lists/settings that cannot work are named", test_settings_that_cannot_work_are_named);
    g_test_add_func("/lists/running numbers are found in the URL and counted on",
                    test_running_numbers_are_found_in_the_url_and_counted_on);
    g_test_add_func("/lists/JSON of very many values is refused before it is parsed",
                    test_json_of_very_many_values_is_refused_before_it_is_parsed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_tests();
    site = loopback_start(answer, NULL);
    int status = fixture_run();
    loopback_stop(&site);
    return status;
}
