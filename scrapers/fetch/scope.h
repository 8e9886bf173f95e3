/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/scope.h - which URLs belong to a crawl, by the recipe's regular expressions.
 *
 * A URL is in scope when no `skip` expression matches it and
 *   - it is on the site of a start URL and a `pages` expression matches it, or
 *   - a `follow` expression matches it (without `follow` and without `lists`: it is on the site of a start URL) and its
 *     path does not end like a picture, a film, an archive or another file that is no page (.jpg, .mp4, .zip, .pdf, ...).
 * A crawl with `lists` and no `follow` thus follows what the lists name and nothing else. URLs that a list names need
 * only be allowed: no `skip` expression matches them.
 * Start URLs are always in scope. Two URLs are on the same site when host and port are equal but for a leading "www.".
 * Expressions are Perl-compatible, match anywhere in the normalised URL unless anchored, and are case-sensitive.
 */
#ifndef SCRAPERS_FETCH_SCOPE_H
#define SCRAPERS_FETCH_SCOPE_H

#include "store/recipe.h"

typedef struct CrawlScope CrawlScope;

/* GALEN_ERROR_INPUT names a start URL or an expression that cannot be used. */
CrawlScope *crawl_scope_new(const RecipeCrawl *crawl, GError **error);
const GPtrArray *crawl_scope_starts(const CrawlScope *scope); /* normalised, in the recipe's order; borrowed */
gboolean crawl_scope_holds(const CrawlScope *scope, const char *url);
gboolean crawl_scope_allows(const CrawlScope *scope, const char *url);  /* for URLs that a list names */
/* Where a redirect may lead: a page that a list named may leave the scope, if it is allowed. */
gboolean crawl_scope_admits(const CrawlScope *scope, const char *target, gboolean listed);
gboolean crawl_scope_on_site(const CrawlScope *scope, const char *url); /* of a start URL */
/* Whether the page at this URL is a document: `pages` matches it, or there is none. Others are read for their links. */
gboolean crawl_scope_is_document(const CrawlScope *scope, const char *url);
void crawl_scope_free(CrawlScope *scope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CrawlScope, crawl_scope_free)

#endif
