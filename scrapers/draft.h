/* SPDX-License-Identifier: Apache-2.0
 * scrapers/draft.h - a first source file, drafted from one page of the site.
 *
 * source_draft looks at a page that is a document of the site and writes YAML: title and content selectors that match
 * one element each, an expression for the addresses of the page's likes, its licence where it names one, a first test,
 * and comments that say what a person must check. The draft loads as it is.
 */
#ifndef SCRAPERS_DRAFT_H
#define SCRAPERS_DRAFT_H

#include "scrapers/formats/format.h"

typedef struct DraftRequest {
    const char *tag;
    const Record *page; /* `url` NULL: it is taken from the page's own canonical link */
    const char *start;  /* where the crawl begins; NULL: at the page */
    gboolean allow_private;
    const char *program; /* of the parser process; NULL: parse in this one */
} DraftRequest;

/* NULL when the page cannot be parsed, or nobody knows its URL. */
char *source_draft(const DraftRequest *request, GError **error);

#endif
