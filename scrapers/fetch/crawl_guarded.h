/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/crawl_guarded.h - a crawl with all that its callers may choose, for the functions of crawl.h and tests.
 *
 * crawl_run chooses address_is_public, or no rule when the recipe allows private addresses. Tests, whose sites are all
 * on loopback, need a rule that tells one loopback address from another, and certificates of their own.
 */
#ifndef SCRAPERS_FETCH_CRAWL_GUARDED_H
#define SCRAPERS_FETCH_CRAWL_GUARDED_H

#include "scrapers/fetch/address.h"
#include "scrapers/fetch/crawl.h"
#include "scrapers/fetch/hosts.h"

typedef struct CrawlPlan {
    const RecipeSource *source;
    const char *warc_path;
    const char *previous;    /* WARC file of an earlier crawl, to ask only for what has changed; NULL: ask for all */
    AddressRule may_connect; /* NULL: any address */
    const char *authorities; /* file of the certificates to trust; NULL: the system's */
    gboolean in_turn;        /* nothing is asked before its turn: one request after the other */
    Hosts *hosts;            /* shared with other crawls; NULL: of its own */
    Progress *progress;      /* counted only; may be NULL, as `notices` */
    GString *notices;
} CrawlPlan;

/* The plan of crawl_run for this source. */
CrawlPlan crawl_plan(const RecipeSource *source, const char *warc_path, Progress *progress, GString *notices);
gboolean crawl_run_plan(const CrawlPlan *plan, CrawlSummary *summary, GError **error);
/* The plan of crawl_refetch: the crawl that is there becomes the previous one. */
gboolean crawl_refetch_plan(const CrawlPlan *plan, CrawlSummary *summary, GError **error);
/* Completes a change of files that crawl_refetch was stopped in. */
gboolean crawl_refetch_settle(const char *warc_path, GError **error);
gboolean crawl_run_guarded(const RecipeSource *source, const char *warc_path, AddressRule may_connect,
                           Progress *progress, GString *notices, CrawlSummary *summary, GError **error);

#endif
