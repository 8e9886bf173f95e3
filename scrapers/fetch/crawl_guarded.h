/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/crawl_guarded.h - crawl_run with an address rule of the caller's choice.
 *
 * crawl_run chooses address_is_public, or no rule when the recipe allows private addresses. Tests, whose sites are all
 * on loopback, need a rule that tells one loopback address from another. `may_connect` NULL: any address.
 */
#ifndef SCRAPERS_FETCH_CRAWL_GUARDED_H
#define SCRAPERS_FETCH_CRAWL_GUARDED_H

#include "scrapers/fetch/address.h"
#include "scrapers/fetch/crawl.h"

gboolean crawl_run_guarded(const RecipeSource *source, const char *warc_path, AddressRule may_connect,
                           Progress *progress, GString *notices, CrawlSummary *summary, GError **error);

#endif
