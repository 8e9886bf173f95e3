/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/xml_text.h - the inline content of an XML element as plain text.
 *
 * Serves MEDLINE and JATS, whose inline mark-up is alike: emphasis vanishes, superscripts and subscripts become ^ and _
 * where they would otherwise be read as part of a number or word (10^3, H_2O, but 19th and p*), MathML is written on a
 * line, text nodes are kept letter for letter. Footnote marks and index terms are left out.
 */
#ifndef SCRAPERS_FORMATS_XML_TEXT_H
#define SCRAPERS_FORMATS_XML_TEXT_H

#include "scrapers/formats/xml_tree.h"

#include "scrapers/formats/text_form.h"

/* A caller's own treatment of some elements: TRUE if it has dealt with `node`, children included. */
typedef gboolean (*XmlInline)(TextForm *form, const XmlNode *node, gpointer user);

/* Appends what is in `parent` to the open block. `special` may be NULL. */
void xml_text_append(TextForm *form, const XmlNode *parent, XmlInline special, gpointer user);
/* The same for one text node or element. */
void xml_text_append_node(TextForm *form, const XmlNode *node, XmlInline special, gpointer user);

/* The same as a string of its own, at most `limit` bytes (a longer one is NULL); NULL for a NULL node or no text. */
char *xml_text_string(const XmlNode *parent, gsize limit);

/* MathML (a math element or a part of one) on one line: x^2, (a+b)/c, sqrt(x). */
void mathml_append(TextForm *form, const XmlNode *node);

#endif
