/* SPDX-License-Identifier: Apache-2.0
 * scrapers/source_crawls.h - the crawled sources of a recipe and the files that their crawls fill.
 */
#ifndef SCRAPERS_SOURCE_CRAWLS_H
#define SCRAPERS_SOURCE_CRAWLS_H

#include "scrapers/fetch/crawl_all.h"

/* An array of SourceCrawl, in the recipe's order, for crawl_all: those of `tags` (NULL or empty: all). Makes
 * STORE/captures if it is needed. GALEN_ERROR_INPUT: a tag is not there, or its source is no site. */
GArray *source_crawls(const Recipe *recipe, const char *store_directory, char *const *tags, GError **error);

/* For builds that must not touch the network. GALEN_ERROR_INPUT names the first source whose crawl is not finished. */
gboolean source_crawls_finished(const GArray *crawls, GError **error);

#endif
