/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/http_body.h - a captured HTTP/1.x response (RFC 9112) to the bytes of its page.
 *
 * Undoes chunked transfer coding and gzip or deflate content coding. Many captures keep the headers of a coding that
 * the capturing program had undone already; so a body that does not look coded is taken as it is.
 */
#ifndef SCRAPERS_FORMATS_HTTP_BODY_H
#define SCRAPERS_FORMATS_HTTP_BODY_H

#include "scrapers/formats/format.h"

/* Fills bytes, length and content_type of `record` (which must be empty of them), or rule and detail. */
void http_response_decode(const char *message, gsize length, Record *record);

/* The same for a page that was captured without HTTP, as WARC's `resource` records have it. */
void http_resource_take(const char *body, gsize length, const char *content_type, Record *record);

/* The value of a header field in a block of "Name: value" lines, trimmed; NULL if absent. g_free. */
char *header_field(const char *block, gsize length, const char *name);

#endif
