/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/rule_links.h - the links that an XPath selects on a page.
 *
 * An element gives its own href or src, or else the hrefs of the elements in it; an attribute or a text is a link itself,
 * and so is an expression whose value is a string. References come as the page has them, in the order of the page.
 */
#ifndef SCRAPERS_EXTRACT_RULE_LINKS_H
#define SCRAPERS_EXTRACT_RULE_LINKS_H

#include <libxml/xpath.h>

#include "scrapers/extract/tree.h"

/* `node`: the element with the link, or the attribute's; NULL for a string. FALSE ends the walk. */
typedef gboolean (*RuleLinkVisit)(xmlNode *node, const char *reference, gpointer user);

/* FALSE: the expression does not work on this page, or takes too many steps (20 million), so that one which is quadratic
 * in a hostile page ends. */
gboolean rule_links_each(Page *page, xmlXPathCompExpr *expression, RuleLinkVisit visit, gpointer user);

/* What relative references on the page start from: its <base>, else `url` (normalised). g_free. */
char *page_base(Page *page, const char *url);

#endif
