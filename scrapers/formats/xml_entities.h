/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/xml_entities.h - the characters that entity names stand for (&alpha; &nbsp;), without a DTD.
 *
 * Papers use the names that their DTD declares, and the DTD is not at hand and must not be fetched. The table holds the
 * names of the W3C's "XML Entity Definitions for Characters", which unite the ISO 8879, ISO 9573-13 and HTML sets, the Greek
 * letters of ISO 8879's ISOgrk1, and the five names of XML itself.
 */
#ifndef SCRAPERS_FORMATS_XML_ENTITIES_H
#define SCRAPERS_FORMATS_XML_ENTITIES_H

#include <glib.h>

#define XML_ENTITY_SIZE 12 /* bytes of the longest: two characters */

/* Writes the UTF-8 of a name (without & and ;) and returns its length; 0: there is no such name. */
gsize xml_entity_named(const char *name, gsize length, char out[XML_ENTITY_SIZE]);

#endif
