/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/xml_doctype.h - what a DOCTYPE declares: general entities of the internal subset.
 *
 * Of <!DOCTYPE article PUBLIC "..." "..." [ ... ]> nothing is fetched. Of the internal subset, <!ENTITY name "text"> is
 * kept; an entity with SYSTEM or PUBLIC is known as external, so that a use of it can be refused by name. Parameter
 * entities and all other declarations are passed over, as a reader that does not validate may do.
 */
#ifndef SCRAPERS_FORMATS_XML_DOCTYPE_H
#define SCRAPERS_FORMATS_XML_DOCTYPE_H

#include <glib.h>

typedef struct XmlEntity {
    char *text; /* the replacement, character references in it resolved; NULL: external */
    gsize length;
} XmlEntity;

typedef struct XmlDoctype {
    GHashTable *entities; /* name -> XmlEntity; NULL: none declared */
} XmlDoctype;

/* Reads the declaration at `at` ("<!DOCTYPE"). Returns what follows it, or NULL with the reason in *problem (static). The
 * first declaration of a name counts. */
const char *xml_doctype_read(XmlDoctype *doctype, const char *at, const char *end, const char **problem);
const XmlEntity *xml_doctype_entity(const XmlDoctype *doctype, const char *name, gsize length);
void xml_doctype_clear(XmlDoctype *doctype);

#endif
