/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/list_kinds.h - the kinds of lists (store/recipe.h, RecipeList): one reader for each.
 *
 * Only lists.c uses this. A reader adds normalised URLs to `found` or fails with a reason (*failure, g_free); what it
 * found before the failure counts. Memory is bounded by fixed counts, whatever the answer holds; nothing else is read
 * or fetched. Strangers' bytes are parsed in this process, so each reader keeps to parsers with linear work: HTML is
 * checked by extract/guard.h first, JSON by its number of values, XML is scanned for its tags alone.
 */
#ifndef SCRAPERS_FETCH_LIST_KINDS_H
#define SCRAPERS_FETCH_LIST_KINDS_H

#include "scrapers/fetch/exchange.h"
#include "store/recipe.h"

#define LISTED_MAX 100000 /* URLs of one answer; a sitemap may have 50,000 */

typedef struct ListedUrls {
    GPtrArray *links; /* owned strings */
    GPtrArray *next;  /* further pages of the same list, sitemaps of an index */
} ListedUrls;

void listed_urls_init(ListedUrls *found);
void listed_urls_clear(ListedUrls *found);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ListedUrls, listed_urls_clear)
/* Adds the URL that `reference` stands for on the page `base`, unless the array is full or it is none. A fragment that
 * names a page of a JavaScript application stays (url_resolve_route). */
void listed_urls_add(GPtrArray *urls, const char *base, const char *reference);

typedef struct CompiledList {
    const RecipeList *recipe;
    GRegex *match;     /* NULL: every answer of the kind */
    GPtrArray *links;  /* html: xmlXPathCompExpr; sitemap, pdf: GRegex; else NULL */
    GPtrArray *next;   /* html: xmlXPathCompExpr */
} CompiledList;

typedef gboolean (*ListReader)(const CompiledList *list, const HttpExchange *answer, ListedUrls *found,
                               char **failure);

gboolean list_html_read(const CompiledList *list, const HttpExchange *answer, ListedUrls *found, char **failure);
gboolean list_sitemap_read(const CompiledList *list, const HttpExchange *answer, ListedUrls *found, char **failure);
gboolean list_json_read(const CompiledList *list, const HttpExchange *answer, ListedUrls *found, char **failure);
gboolean list_mediawiki_read(const CompiledList *list, const HttpExchange *answer, ListedUrls *found, char **failure);
gboolean list_pdf_read(const CompiledList *list, const HttpExchange *answer, ListedUrls *found, char **failure);

/* Whether an answer is of the kind by its own looks, for lists without `match`. */
gboolean list_sitemap_is(const HttpExchange *answer);
gboolean list_json_is(const HttpExchange *answer);
gboolean list_mediawiki_is(const HttpExchange *answer);
gboolean list_pdf_is(const HttpExchange *answer);

GPtrArray *list_html_compile(const RecipeStrings *expressions, GError **error); /* of xmlXPathCompExpr */
gboolean list_json_path_is_good(const char *path);
/* Whether a URL passes the `links` of a list where these are regular expressions: none, or one that matches. */
gboolean list_takes(const CompiledList *list, const char *url);

#endif
