/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/xml_tree.h - strangers' XML to a libxml2 tree, safely.
 *
 * No network, no DTD, no external entity, no entity substitution, libxml2's own limits on (depth 256, text 10 MB). The
 * tree holds no entity reference nodes with content: names are resolved from a built-in table first (xml_entities.h)
 * and an unknown one is a failure. UTF-8, US-ASCII and ISO-8859-1 are read; anything else is refused, since iconv would
 * have to open files. Recursion over a tree is bounded by libxml2's depth limit.
 *
 * `prune` (may be NULL) names elements that are parsed and checked but get no node, with all that is in them.
 */
#ifndef SCRAPERS_FORMATS_XML_TREE_H
#define SCRAPERS_FORMATS_XML_TREE_H

#include <libxml/tree.h>

#include "scrapers/formats/format.h"

typedef gboolean (*XmlPrune)(const char *name);

xmlDoc *xml_tree_parse(const char *bytes, gsize length, XmlPrune prune, ParseFailure *failure);

typedef xmlDoc XmlTree;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XmlTree, xmlFreeDoc)

gboolean xml_is(const xmlNode *node, const char *name);                     /* an element with this local name */
const xmlNode *xml_child(const xmlNode *parent, const char *name);          /* the first such child, or NULL */
const xmlNode *xml_next(const xmlNode *node, const char *name);             /* the next such sibling, or NULL */
const xmlNode *xml_path(const xmlNode *parent, const char *path);           /* xml_child along "a/b/c" */
const char *xml_attribute(const xmlNode *node, const char *name);           /* borrowed; NULL if absent or empty */
const char *xml_attribute_or(const xmlNode *node, const char *name, const char *absent); /* "" if empty */

#define XML_EACH_ELEMENT(child, parent)                                                                                \
    for (const xmlNode *child = (parent) ? (parent)->children : NULL; child; child = child->next)                      \
        if (child->type == XML_ELEMENT_NODE)

#endif
