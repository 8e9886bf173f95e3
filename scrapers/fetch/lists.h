/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/lists.h - the lists of a recipe (`crawl.lists`): answers that give URLs by rule. What the pages
 * of a source name as chapters (`extract.chapters`) is one list more.
 *
 * crawl_lists_read gives every answer to the lists that it belongs to: those whose `match` is found in its URL, or that
 * have no `match` and whose kind it looks like, and the list that named it as a further page of its own. What comes
 * back is URLs, normalised, in the order of the answer; the caller follows `links` as documents and `next`, which holds
 * chapters too, as pages of the list. A page whose links are, one by one, those of a page read before has no next: that ends pagination
 * without end; so does max_pages. Results depend on the sequence of answers alone.
 *
 * Failures of single answers are sentences for the crawl's report, never errors.
 */
#ifndef SCRAPERS_FETCH_LISTS_H
#define SCRAPERS_FETCH_LISTS_H

#include "scrapers/fetch/list_kinds.h"

typedef struct CrawlLists CrawlLists;

/* GALEN_ERROR_INPUT names the list and the setting that cannot be used. `crawl` is borrowed. */
CrawlLists *crawl_lists_new(const RecipeCrawl *crawl, GError **error);
/* *failure: NULL, or why a list could not be read (g_free). FALSE: the answer belongs to no list. */
gboolean crawl_lists_read(CrawlLists *lists, const HttpExchange *answer, ListedUrls *found, char **failure);
/* A page of a list has moved: its target belongs to the list as well. */
void crawl_lists_moved(CrawlLists *lists, const char *from, const char *to);
/* Whether the Sitemap lines of robots.txt are wanted; then they are pages of that list. */
gboolean crawl_lists_claim_sitemap(CrawlLists *lists, const char *url);
/* Appends a line for each list that gave no URL in the whole crawl: that is how a redesign shows. */
void crawl_lists_report(const CrawlLists *lists, const char *tag, GString *notices);
void crawl_lists_free(CrawlLists *lists);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CrawlLists, crawl_lists_free)

#endif
