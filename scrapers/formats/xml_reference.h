/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/xml_reference.h - the two kinds of reference that stand behind an '&' (XML 1.0, 4.1).
 */
#ifndef SCRAPERS_FORMATS_XML_REFERENCE_H
#define SCRAPERS_FORMATS_XML_REFERENCE_H

#include <glib.h>

/* "&#945;" or "&#x3b1;" at `text`: writes the character as UTF-8, which is never longer than the reference, and returns
 * the bytes read. 0: it is no such reference, or of no character that may stand in a text. */
gsize xml_reference_number(const char *text, gsize length, char *out, gsize *size);

/* The bytes of the name at `text`; 0: none begins there, or it has more than 64. */
gsize xml_reference_name(const char *text, gsize length);

#endif
