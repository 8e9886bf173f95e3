/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/robots_cache.h - the robots.txt of each origin, fetched when first needed and once a day after that.
 *
 * RFC 9309, section 2.3.1: redirects are followed (five at most, to any host; the rules still hold for the origin that
 * was asked); a file that is not there (4xx, too many redirects) allows everything; a server error (5xx), 429 or no
 * answer at all forbids everything. A Crawl-delay above ROBOTS_DELAY_MAX counts as a wish not to be crawled.
 */
#ifndef SCRAPERS_FETCH_ROBOTS_CACHE_H
#define SCRAPERS_FETCH_ROBOTS_CACHE_H

#include "scrapers/fetch/capture.h"

#define ROBOTS_DELAY_MAX 300.0 /* seconds */

typedef struct RobotsCache RobotsCache;

RobotsCache *robots_cache_new(Capture *capture, const char *product); /* both borrowed */
/* *refusal: NULL when the URL may be fetched, else the reason why not (g_free). FALSE only with `error` set. */
gboolean robots_cache_check(RobotsCache *cache, const char *url, char **refusal, GError **error);
/* The same for a URL whose turn has not come, from what is known: what the crawl has read, or what waits for its turn
 * (capture_waits). ROBOTS_UNKNOWN: *wanted (g_free) has to be fetched first; NULL: the crawl itself will do that. */
typedef enum { ROBOTS_ALLOWS, ROBOTS_FORBIDS, ROBOTS_UNKNOWN } RobotsVerdict;
RobotsVerdict robots_cache_foresee(RobotsCache *cache, const char *url, char **wanted);
/* The Sitemap lines of the robots.txt files read since the last call, normalised; the caller frees the array. */
GPtrArray *robots_cache_take_sitemaps(RobotsCache *cache);
/* Whether some robots.txt gave no answer, or one of a server in trouble, so that its origin was forbidden unread. */
gboolean robots_cache_left_unread(const RobotsCache *cache);
void robots_cache_free(RobotsCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RobotsCache, robots_cache_free)

#endif
