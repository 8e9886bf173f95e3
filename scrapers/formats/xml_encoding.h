/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/xml_encoding.h - the encoding of an XML document, and its bytes as UTF-8.
 *
 * A byte order mark decides, then two bytes of which one is NUL (UTF-16), then the declaration (<?xml ... encoding="..."?>),
 * else it is UTF-8 (XML 1.0, appendix F). The labels and converters are those of web pages (scrapers/extract/charset.h):
 * ISO-8859-1 is read as windows-1252, and a document that is well-formed UTF-8 is UTF-8 whatever it says.
 */
#ifndef SCRAPERS_FORMATS_XML_ENCODING_H
#define SCRAPERS_FORMATS_XML_ENCODING_H

#include "scrapers/formats/format.h"

/* Finds the UTF-8 of a document: *text is in `bytes`, behind a byte order mark, or in *converted (g_free) if they had to be
 * converted. FALSE with the failure set: an unknown encoding, or bytes that are not of their encoding. */
gboolean xml_encoding_decode(const char *bytes, gsize length, const char **text, gsize *text_length, char **converted,
                             ParseFailure *failure);

/* Whether the bytes are UTF-8; *bad is the offset of the first that are not. Quick where they are ASCII. NUL is a character. */
gboolean utf8_check(const char *bytes, gsize length, gsize *bad);

#endif
