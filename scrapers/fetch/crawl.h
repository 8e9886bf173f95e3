/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/crawl.h - fetch the pages of one source, politely, into a WARC file.
 *
 * crawl_run walks breadth-first from the start URLs, one request at a time per host and several hosts at once, obeying
 * robots.txt (RFC 9309, Crawl-delay too) and the recipe's limits, and appends every response to `warc_path` (WARC 1.1,
 * gzip per record) in the order of the frontier, so that the same site gives the same captures. Killed at any moment it
 * resumes: what is in the WARC, or came before its turn and waits in WARC_PATH + ".ahead", is not fetched again. A
 * finished crawl leaves WARC_PATH + ".done"; then crawl_run returns at once. Addresses of private networks are refused
 * at connect time unless the source allows them. Nothing is parsed for text here: extraction reads the WARC file. HTTP
 * errors, refusals by robots.txt and over-long bodies are recorded too.
 *
 * Errors: GALEN_ERROR_INPUT for settings that cannot work, and for a file that was captured under other settings
 * (start, follow, skip, pages, lists, limits, rules; delay, timeout and contact may change); GALEN_ERROR_SYSTEM when
 * the file cannot be written or the network is down, after which the crawl can be run again. `progress`, `notices`,
 * `summary` may be NULL.
 */
#ifndef SCRAPERS_FETCH_CRAWL_H
#define SCRAPERS_FETCH_CRAWL_H

#include "base/progress.h"
#include "store/recipe.h"

typedef struct CrawlSummary {
    guint64 fetched, failed, refused; /* refused: by robots.txt or by the address rule */
    guint64 unchanged;                /* of those fetched: the server said that the previous crawl's copy still holds */
} CrawlSummary;

gboolean crawl_run(const RecipeSource *source, const char *warc_path, Progress *progress, GString *notices,
                   CrawlSummary *summary, GError **error);

/* Crawls a site again whose crawl is finished (one that is not goes on as by crawl_run). Pages with an ETag or a
 * Last-Modified line are asked for conditionally; one that has not changed is taken over from the old file, so that the
 * new one stands alone. It is made as WARC_PATH.fresh, resumes like any crawl, and replaces WARC_PATH when it is
 * finished. The settings may differ from the old crawl's. */
gboolean crawl_refetch(const RecipeSource *source, const char *warc_path, Progress *progress, GString *notices,
                       CrawlSummary *summary, GError **error);

/* Whether crawl_run would return at once, without asking the site anything. FALSE only with `error` set, as when the
 * finished crawl was made under other settings. */
gboolean crawl_is_finished(const RecipeSource *source, const char *warc_path, gboolean *finished, GError **error);

#endif
