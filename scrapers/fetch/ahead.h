/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/ahead.h - which URLs to ask before their turn, so that no host waits for another.
 *
 * The crawl takes URLs one by one, in the order of the frontier. While it waits for one host, ahead_look names for each
 * other host the next of its URLs that the crawl is sure to come to, which is a queue for each host: those in the next
 * AHEAD_WINDOW of the frontier and below max_pages, that the host's robots.txt allows (it is asked for first), and the
 * targets of redirects among answers that wait already. It names no URL twice, and none that the crawl would not ask.
 * All it knows it takes from the frontier, robots.txt and what waits, so that nothing has to be kept across a crash.
 */
#ifndef SCRAPERS_FETCH_AHEAD_H
#define SCRAPERS_FETCH_AHEAD_H

#include "scrapers/fetch/capture.h"
#include "scrapers/fetch/frontier.h"
#include "scrapers/fetch/robots_cache.h"
#include "scrapers/fetch/scope.h"

#define AHEAD_WINDOW 10000

typedef struct AheadSettings {
    Capture *capture;
    Frontier *frontier;
    const CrawlScope *scope;
    RobotsCache *robots; /* NULL: it is ignored */
    gsize body_limit;
} AheadSettings; /* all borrowed */

typedef struct Ahead Ahead;

Ahead *ahead_new(const AheadSettings *settings);
void ahead_allow(Ahead *ahead, guint64 pages); /* the crawl takes so many more URLs that are no targets of redirects */
/* The crawl has taken this URL and will ask for it, but for robots.txt first (NULL: no more): meanwhile nothing else of its host is asked
 * for, which would come before it. */
void ahead_hold(Ahead *ahead, const char *url);
void ahead_look(gpointer ahead);               /* a CaptureForesee */
void ahead_free(Ahead *ahead);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ahead, ahead_free)

#endif
