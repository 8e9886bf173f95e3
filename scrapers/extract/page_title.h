/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/page_title.h - the title of a page, without the name of its site.
 *
 * The <h1> that <title> or og:title repeats, else og:title, else a lone <h1>, else <title>. Newly allocated, or NULL.
 */
#ifndef SCRAPERS_EXTRACT_PAGE_TITLE_H
#define SCRAPERS_EXTRACT_PAGE_TITLE_H

#include "scrapers/extract/tree.h"

char *page_title(Page *page, const char *social_title, const char *site_name);

#endif
