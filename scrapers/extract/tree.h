/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/tree.h - a page as a libxml2 tree, each element with its facts.
 *
 * Sequence: page_parse(utf8, n, &failure), page->doc for XPath, facts_of(element), page_free.
 * Gumbo (HTML5) builds the tree; it is copied to libxml2's structures without namespaces, names in lower case. Comments,
 * style sheets, templates, drawings (svg) and scripts other than JSON-LD are left out. Depth is at most TREE_DEPTH, so
 * code that walks the tree may recurse. Fails with malformed-html or too-large.
 */
#ifndef SCRAPERS_EXTRACT_TREE_H
#define SCRAPERS_EXTRACT_TREE_H

#include <gumbo.h>
#include <libxml/tree.h>

#include "scrapers/formats/format.h"

#define TREE_DEPTH 1024u

/* How surely an element is no part of any page's content. */
typedef enum { NOISE_NONE, NOISE_WEAK, NOISE_STRONG, NOISE_CERTAIN } Noise;

typedef struct NodeFacts {
    GumboTag tag;
    Noise noise;
    guint32 words, link_words; /* of the element and all below, less what is noise */
    double score;              /* content.c */
} NodeFacts;

typedef struct Page {
    xmlDoc *doc;
    xmlNode *html, *head, *body; /* never NULL */
    GPtrArray *facts;            /* blocks of NodeFacts */
    guint facts_left;
} Page;

Page *page_parse(const char *html, gsize length, ParseFailure *failure);
void page_free(Page *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Page, page_free)

static inline NodeFacts *facts_of(const xmlNode *element)
{
    return element->_private;
}

static inline GumboTag tag_of(const xmlNode *node)
{
    return node->type == XML_ELEMENT_NODE ? facts_of(node)->tag : GUMBO_TAG_LAST;
}

/* The value of an attribute, borrowed; NULL if there is none. */
const char *page_attribute(const xmlNode *element, const char *name);
/* The next node in document order inside `root`; `into` FALSE skips what is below `node`. NULL at the end. */
xmlNode *page_next(xmlNode *node, const xmlNode *root, gboolean into);
/* All text below the element, white space collapsed, at most `limit` bytes; for g_free. */
char *page_text(xmlNode *element, gsize limit);
/* Soft hyphens, controls, marks of direction and other characters without a shape of their own. */
gboolean character_is_invisible(gunichar c);
/* Words of the text; of Chinese and Japanese characters two count as one. */
guint text_words(const char *text);
gboolean tag_is_block(GumboTag tag);
int heading_level(GumboTag tag); /* 1 to 6; 0: no heading */
/* A string with white space collapsed and control characters removed; NULL for NULL or nothing left; for g_free. */
char *text_tidy(const char *text);

#endif
