/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/xml_tree.h - strangers' XML as a tree that is quick to build, quick to walk, and safe.
 *
 * Sequence: tree = xml_tree_parse(bytes, length, failure); walk tree->root; xml_tree_free(tree). The tree borrows the
 * bytes, which must outlive it.
 *
 * The reader (xml_reader.c) follows XML 1.0, fifth edition, without validation, and with these choices. Nothing outside of
 * the bytes is ever read: no DTD, no external entity. Character references become characters, of all the names that the
 * DTDs of JATS and NLM, ISO 8879 and HTML know (xml_entities.h), with or without a DOCTYPE. Entities that the document
 * declares itself are expanded (xml_doctype.h), to XML_EXPANSION_LIMIT bytes altogether. Any other reference is a failure:
 * nothing is dropped in silence. Comments and instructions leave no trace, text around them is one node, as it is around
 * CDATA. Namespaces are not resolved: a name is its local part. Of an attribute given twice the first counts. Control
 * characters are taken as they come. Line ends are not normalised.
 *
 * UTF-8 is read as it lies; UTF-16 and what a declaration names is converted first (xml_encoding.h).
 *
 * What a hostile document can make grow is capped: elements nest XML_DEPTH_LIMIT deep, so that a walk may recurse; the
 * tree takes XML_TREE_LIMIT bytes. Failures name the line.
 */
#ifndef SCRAPERS_FORMATS_XML_TREE_H
#define SCRAPERS_FORMATS_XML_TREE_H

#include <string.h>

#include "base/arena.h"
#include "scrapers/formats/format.h"
#include "scrapers/formats/xml_names.h"

#define XML_DEPTH_LIMIT 256u
#define XML_TREE_LIMIT ((gsize)768 << 20)
#define XML_EXPANSION_LIMIT ((gsize)4 << 20)
#define XML_ATTRIBUTE_LIMIT 64u /* listed attributes of one element; further ones are left off */

typedef struct XmlAttribute {
    XmlName name;
    const char *value; /* NUL-terminated UTF-8 */
} XmlAttribute;

typedef struct XmlNode XmlNode;
struct XmlNode {
    guint16 name;       /* an XmlName; XML_TEXT: characters */
    guint16 attributes; /* how many; those of unlisted names are not kept */
    guint32 length;
    const char *text;   /* `length` bytes, not NUL-terminated: the characters, or an element's name as it is written */
    XmlNode *parent, *previous, *next, *children;
    XmlAttribute attribute[];
};

typedef struct XmlTree {
    Arena arena;
    char *converted; /* the bytes as UTF-8, where they were not */
    XmlNode *root;
} XmlTree;

XmlTree *xml_tree_parse(const char *bytes, gsize length, ParseFailure *failure); /* NULL with the failure set */
void xml_tree_free(XmlTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XmlTree, xml_tree_free)

static inline gboolean xml_is(const XmlNode *node, XmlName name)
{
    return node && node->name == name;
}

static inline gboolean xml_is_element(const XmlNode *node)
{
    return node->name != XML_TEXT;
}

const XmlNode *xml_child(const XmlNode *parent, XmlName name); /* the first such child, or NULL; parent may be NULL */
const XmlNode *xml_next(const XmlNode *node, XmlName name);    /* the next such sibling, or NULL */
const XmlNode *xml_below(const XmlNode *node, XmlName name);   /* the first such descendant in document order, or NULL */

/* xml_path(node, XML_A, XML_B): the first b in the first a in the node, or NULL. */
const XmlNode *xml_walk_path(const XmlNode *parent, const XmlName *names);
#define xml_path(parent, ...) xml_walk_path(parent, (const XmlName[]){__VA_ARGS__, XML_UNKNOWN})

const char *xml_attribute(const XmlNode *node, XmlName name); /* borrowed; NULL if absent or empty */
const char *xml_attribute_or(const XmlNode *node, XmlName name, const char *absent); /* "" if empty */
gboolean xml_attribute_is(const XmlNode *node, XmlName name, const char *value);

/* The local name of an element, for people; g_free. */
char *xml_local_name(const XmlNode *node);

/* Whether a text node is white space alone. */
gboolean xml_is_blank(const XmlNode *text);

#define XML_EACH_ELEMENT(child, from)                                                                                  \
    for (const XmlNode *child = (from) ? (from)->children : NULL; child; child = child->next)                          \
        if (child->name != XML_TEXT)

#define XML_EACH(child, from, wanted)                                                                                  \
    for (const XmlNode *child = xml_child(from, wanted); child; child = xml_next(child, wanted))

#endif
