/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/content.h - which elements of a page are its main content.
 *
 * content_by_rule follows the recipe's XPaths. content_by_density needs none: each block of text scores by its length
 * and share of links, the smallest element that holds nearly all of the page's score is the content, and what is
 * left of furniture inside it is marked. It looks again with less strictness when too little text comes out.
 * Both give elements in document order (borrowed from the page); what is not content below them has
 * facts->noise >= selection->least, for serialise.h.
 */
#ifndef SCRAPERS_EXTRACT_CONTENT_H
#define SCRAPERS_EXTRACT_CONTENT_H

#include "scrapers/extract/tree.h"

typedef struct Selection {
    GPtrArray *elements; /* xmlNode */
    Noise least;
} Selection;

void selection_clear(Selection *selection);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Selection, selection_clear)

/* Marks what the XPaths of `remove` match. */
void content_remove(Page *page, char *const *remove);
/* FALSE when no XPath of `content` matches an element with text. */
gboolean content_by_rule(Page *page, char *const *content, Selection *selection);
void content_by_density(Page *page, Selection *selection);
/* How many nodes the XPath matches; 1 for a string, number or boolean that is not empty, zero or false. */
guint content_count(Page *page, const char *xpath);
/* The text of the first match, tidied, for g_free; or NULL. */
char *content_text_by_rule(Page *page, const char *xpath);

#endif
