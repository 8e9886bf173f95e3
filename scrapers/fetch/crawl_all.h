/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/crawl_all.h - several sources side by side, each with a thread and a WARC file of its own.
 *
 * A source asks several hosts at once by itself (crawl.h); sources do so beside one another. All crawls share one Hosts
 * (hosts.h), and a host that two sources name is asked no more often for that. Results and notices are per source and in
 * the order of `crawls`.
 */
#ifndef SCRAPERS_FETCH_CRAWL_ALL_H
#define SCRAPERS_FETCH_CRAWL_ALL_H

#include "scrapers/fetch/crawl.h"

#define CRAWLS_AT_ONCE 32

typedef struct SourceCrawl {
    const RecipeSource *source;
    char *warc_path;      /* owned */
    CrawlSummary summary; /* filled, as the rest */
    GString *notices;     /* owned */
    GError *error;        /* owned; NULL: it ended well */
} SourceCrawl;

/* Fills each; nothing stops at a source that fails. FALSE: at least one did, and `error` is that of the first. */
gboolean crawl_all(SourceCrawl *crawls, gsize count, gboolean refetch, Progress *progress, GError **error);
void source_crawl_clear(SourceCrawl *crawl);

#endif
