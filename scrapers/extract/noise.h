/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/noise.h - which elements are no part of what a page has to say.
 *
 * noise_mark sets facts->noise of every element by its tag, role, visibility and the words in its class and id.
 * NOISE_CERTAIN is never text (scripts, forms' controls); NOISE_STRONG is page furniture (menus, shares, comments);
 * NOISE_WEAK often is. Marks are kept apart so that content.c can look again with less strictness.
 */
#ifndef SCRAPERS_EXTRACT_NOISE_H
#define SCRAPERS_EXTRACT_NOISE_H

#include "scrapers/extract/tree.h"

void noise_mark(Page *page);
/* Counts words and link words below every element, leaving out what is marked `least` or more. */
void noise_count_words(Page *page, Noise least);
/* After counting: whether the element is a link, and no <a> that was left open around the page. */
gboolean noise_is_link(const xmlNode *element);

#endif
