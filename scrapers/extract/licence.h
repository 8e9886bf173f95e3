/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/licence.h - the licence that a page names by a link, as an SPDX identifier.
 *
 * Creative Commons URLs become "CC-BY-4.0", "CC-BY-NC-ND-3.0", "CC0-1.0". Links with rel="license" and metadata count
 * first; other links to Creative Commons only where all of them agree. Newly allocated, or NULL.
 */
#ifndef SCRAPERS_EXTRACT_LICENCE_H
#define SCRAPERS_EXTRACT_LICENCE_H

#include "scrapers/extract/tree.h"

char *licence_of_url(const char *url);
char *licence_of_page(Page *page);

#endif
