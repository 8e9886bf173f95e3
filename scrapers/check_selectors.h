/* SPDX-License-Identifier: Apache-2.0
 * scrapers/check_selectors.h - how many pages each selector of a source matches, from the answers of extract/probe.h.
 *
 * Counts are an array of {"setting", "selector", "pages", "hits"}, as check.h describes them.
 */
#ifndef SCRAPERS_CHECK_SELECTORS_H
#define SCRAPERS_CHECK_SELECTORS_H

#include "base/json.h"
#include "scrapers/fetch/scope.h"

/* One entry for each selector, in the order that selectors_count goes through. */
json_t *selectors_uncounted(const RecipeExtract *extract);
void selectors_count(json_t *entries, const json_t *probe); /* one page */

/* Appends the selectors of html lists ("lists[0].links", ...), counted on the pages (Record) that each list matches. */
gboolean selectors_count_lists(const RecipeSource *source, const CrawlScope *scope, const GPtrArray *pages, const char *program,
                               json_t *entries, GError **error);

#endif
