/* SPDX-License-Identifier: Apache-2.0
 * scrapers/check.h - has a live site drifted away from its source file?
 *
 * source_check fetches a few pages by the file's crawl rules (the start pages, then pages that they list), extracts them
 * by the file's rules with extract/probe.h beside, and measures. The measure, a JSON object, is also what a later check
 * is given as `last`, the last good one:
 *   "tag", "fetched" pages, "documents" among them that were looked at, "failed": those that gave no text,
 *   "listed": different addresses of documents known from the pages read, "complete": from the file's own start, and no
 *   other page is left to be read: only then is it compared with what the file expects,
 *   "selectors": [{"setting", "selector", "pages": pages that it was tried on, "hits": pages that it matched}],
 *   "words": median words of a document, "flagged": documents over which the extractors disagree,
 *   "findings": [{"id", "selector" or null, "message"}] (check_findings.h), empty when all is well.
 */
#ifndef SCRAPERS_CHECK_H
#define SCRAPERS_CHECK_H

#include "base/json.h"
#include "base/progress.h"
#include "store/source_file.h"

typedef struct CheckSettings {
    const char *program;  /* of the parser process; NULL: parse in this one */
    const char *start;    /* begin here instead of at the file's start URLs; may be NULL */
    guint64 pages;        /* documents to look at */
    double delay;         /* seconds between requests; below 0: the file's */
    gboolean allow_private;
    const json_t *last;   /* the last good measure of this source; may be NULL */
    Progress *progress;   /* may be NULL */
    GString *notices;     /* may be NULL */
} CheckSettings;

/* NULL when the network is down, or the file cannot be used. */
json_t *source_check(const SourceFile *file, const CheckSettings *settings, GError **error);

#endif
