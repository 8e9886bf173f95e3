/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/charset.h - the bytes of a page to UTF-8.
 *
 * charset_decode finds the encoding as the WHATWG HTML standard does (byte order mark, the server's charset, a <meta>
 * near the start), and deviates from it in two places where pages are known to lie: bytes that are well-formed
 * UTF-8 overrule a label that says windows-1252, and a page that says UTF-8 without one well-formed sequence beyond
 * ASCII is windows-1252. A page that says nothing is UTF-8 if it is well-formed, else windows-1252.
 * What cannot be decoded becomes U+FFFD; NUL becomes a space. The result has at most `limit` bytes.
 */
#ifndef SCRAPERS_EXTRACT_CHARSET_H
#define SCRAPERS_EXTRACT_CHARSET_H

#include <glib.h>

/* The WHATWG name ("UTF-8", "windows-1252", "gb18030", "Shift_JIS" ...) of the page's encoding; static. */
const char *charset_sniff(const char *bytes, gsize length, const char *content_type);

/* The WHATWG name for a label, or NULL if there is no such encoding. */
const char *charset_from_label(const char *label, gsize length);

/* UTF-8, NUL-terminated, for g_free; NULL when it would pass `limit` bytes. */
char *charset_decode(const char *bytes, gsize length, const char *content_type, gsize limit, gsize *decoded_length);

#endif
