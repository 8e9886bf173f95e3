/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/crawl_settings.h - the settings that decide which URLs are captured and how much of each, as one hash.
 *
 * It is kept in the WARC file and beside it: a crawl is gone on with only under the settings that it was begun with.
 */
#ifndef SCRAPERS_FETCH_CRAWL_SETTINGS_H
#define SCRAPERS_FETCH_CRAWL_SETTINGS_H

#include "base/hash.h"
#include "store/recipe.h"

void crawl_settings_fingerprint(const RecipeCrawl *crawl, char hex[SHA256_HEX_SIZE]);

#endif
