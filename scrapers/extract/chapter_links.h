/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/chapter_links.h - the pages that a page names as chapters of the same document (RecipeChapters).
 *
 * Runs where pages are parsed, in the sandbox. The answer is the array that travels in document->meta as "chapters":
 * [{"url": the link, resolved and normalised as the crawler does it, "heading": its text}], each URL once, in the order of
 * the selectors and of the page; a link to the page itself is one of them, for it says where the page's own text stands,
 * and so does the selector "self".
 * Links into the page itself ("#part") are none. At most CHAPTERS_LIMIT (store/chapters.h).
 */
#ifndef SCRAPERS_EXTRACT_CHAPTER_LINKS_H
#define SCRAPERS_EXTRACT_CHAPTER_LINKS_H

#include "base/json.h"
#include "scrapers/extract/tree.h"

#define CHAPTERS_SELF "self" /* as a selector: the page itself, where no link of it leads to it */

/* Whether pages at this normalised URL may have chapters. */
gboolean chapter_links_wanted(const char *url, const ParseOptions *options);

/* `url`: where the page was captured; NULL: its own word for it (`canonical`, which may be NULL too) counts. NULL when the
 * page has no chapters: no link but to itself, or no expression of options->chapter_pages matches its URL. */
json_t *chapter_links_find(Page *page, const char *url, const char *canonical, const ParseOptions *options);

#endif
