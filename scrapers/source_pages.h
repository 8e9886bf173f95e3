/* SPDX-License-Identifier: Apache-2.0
 * scrapers/source_pages.h - pages for the curator's bench: saved ones, captured ones, and a few fetched for the purpose.
 *
 * A page is a Record (formats/format.h) with its URL. Arrays own their records.
 */
#ifndef SCRAPERS_SOURCE_PAGES_H
#define SCRAPERS_SOURCE_PAGES_H

#include "base/progress.h"
#include "scrapers/fetch/exchange.h"
#include "scrapers/parse_worker.h"

/* The saved page of a URL below `folder`. Scheme, host and fragment count for nothing; the path is the file's, a query
 * stays behind "?" in its name. A path that ends in "/" is its index.html, and one without a file may have one that ends
 * in .html. Also looked for below folder/site and folder/HOST. A file `routes` in the folder may name the files of other
 * addresses, a line "/PATH?QUERY FILE" each. The error lists the names that were tried. */
gboolean saved_page_read(const char *folder, const char *url, Record *page, GError **error);

/* Writes the page to where saved_page_read looks first. */
gboolean saved_page_write(const char *folder, const char *url, const Record *page, GError **error);

/* The good pages of a WARC file, in its order; with `wanted` (a set of normalised URLs) only these. */
GPtrArray *captured_pages_read(const char *path, GHashTable *wanted, GError **error);

typedef struct FewPages {
    GPtrArray *answers; /* HttpExchange: the whole answers, in the order of the crawl; no robots.txt, no redirects */
    GPtrArray *pages;   /* Record: the same as pages */
    guint64 left;       /* URLs known and not asked for */
} FewPages;

void few_pages_clear(FewPages *few);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FewPages, few_pages_clear)

/* Fetches at most `limit` pages by the source's crawl rules (robots.txt and delays too) into memory. `starts`: where to
 * begin instead of the source's own start, NULL-terminated; or NULL. `depth`: links to follow from there. */
gboolean few_pages_fetch(const RecipeSource *source, const char *const *starts, guint64 limit, guint64 depth, Progress *progress,
                         GString *notices, FewPages *few, GError **error);

/* A parser of the source's pages by the rules of its file, in a sandboxed child; `probe`: see extract/probe.h. */
typedef struct PageParser {
    ParseOptions *options;
    Parser *parser;
} PageParser;

gboolean page_parser_open(PageParser *parser, const RecipeSource *source, const char *program, gboolean probe, GError **error);
void page_parser_close(PageParser *parser);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PageParser, page_parser_close)

#endif
