/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/previous.h - the answers of the crawl before this one, for asking only for what has changed.
 *
 * previous_open reads a finished WARC file once and remembers, for each whole answer of status 200 with an ETag or a
 * Last-Modified line, these and its place; previous_load reads the answer itself when the server says 304.
 * Errors: GALEN_ERROR_INPUT for a damaged file, GALEN_ERROR_SYSTEM.
 */
#ifndef SCRAPERS_FETCH_PREVIOUS_H
#define SCRAPERS_FETCH_PREVIOUS_H

#include "scrapers/fetch/exchange.h"

typedef struct PreviousAnswer {
    char *etag, *last_modified; /* either may be NULL */
    guint64 offset;
    gsize length; /* of the body */
} PreviousAnswer;

typedef struct Previous Previous;

Previous *previous_open(const char *path, GError **error);
const PreviousAnswer *previous_find(const Previous *previous, const char *url); /* NULL: none */
HttpExchange *previous_load(Previous *previous, const PreviousAnswer *answer, GError **error);
void previous_free(Previous *previous);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Previous, previous_free)

#endif
