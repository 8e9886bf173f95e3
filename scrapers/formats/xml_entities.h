/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/xml_entities.h - named character references (&alpha; &nbsp;) to numeric ones, without a DTD.
 *
 * Papers use the names that their DTD declares; the DTD is not at hand and must not be fetched, and libxml2 drops what
 * it does not know in silence. xml_entities_expand rewrites the names before parsing. Comments, CDATA sections,
 * instructions and entity declarations are left alone; the five names of XML itself stay.
 */
#ifndef SCRAPERS_FORMATS_XML_ENTITIES_H
#define SCRAPERS_FORMATS_XML_ENTITIES_H

#include "base/buffer.h"

typedef enum {
    XML_UNCHANGED,      /* nothing to rewrite; `out` is untouched */
    XML_EXPANDED,       /* `out` has the new text (check out->overflowed) */
    XML_UNKNOWN_ENTITY, /* *unknown is the first name that is in no table; g_free */
} XmlExpansion;

XmlExpansion xml_entities_expand(const char *text, gsize length, Buffer *out, char **unknown);

#endif
