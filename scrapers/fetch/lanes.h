/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/lanes.h - a queue for each host: requests to many hosts at once, never two to one.
 *
 * lanes_ask queues a request; lanes_step begins those whose hosts may be asked (hosts.h), and waits until one has come
 * to its end, repeated as often as retry.h wants. A lane holds at most one request of the crawl itself, which goes
 * first, and one asked ahead of its turn. Waiting for one host holds up no other. Pages that need a browser (browser.h)
 * are shown one after the other, inside lanes_step.
 *
 * Bounds: LANES_AT_ONCE requests under way; LANES_HELD bytes of bodies, beyond which the youngest that was asked ahead
 * is given up. A request belongs to the Lanes until lanes_step has handed it out; then the caller frees it.
 */
#ifndef SCRAPERS_FETCH_LANES_H
#define SCRAPERS_FETCH_LANES_H

#include "base/progress.h"
#include "scrapers/fetch/hosts.h"
#include "scrapers/fetch/http.h"

#define LANES_AT_ONCE 32
#define LANES_HELD ((gsize)64 << 20)

typedef struct LanesSettings {
    HttpSettings http;
    gboolean browser; /* pages come through a browser; robots.txt never does */
    double delay;     /* seconds */
    Hosts *hosts;     /* borrowed */
    Progress *progress; /* counts the hosts that are being asked; may be NULL */
} LanesSettings;

typedef struct LaneRequest {
    char *url, *host;
    gsize limit;
    char *etag, *last_modified, *cookies; /* as in HttpRequest; the cookies may change until it is under way */
    gboolean ahead;     /* asked before its turn; may become FALSE at any time */
    gboolean under_way;
    unsigned attempt;   /* from 1 */
    HttpExchange *answer; /* at the end; NULL: it was given up */
    gboolean doubtful;  /* it failed, and no request that began later was answered: the network may be down */
    gint64 begun, failed; /* the last attempt began, the first attempt failed: g_get_monotonic_time */
} LaneRequest;

typedef struct Lanes Lanes;

Lanes *lanes_new(const LanesSettings *settings, GError **error);
gboolean lanes_renders(const Lanes *lanes, const char *url); /* in a browser, without the crawl's cookies */
gboolean lanes_is_free(const Lanes *lanes, const char *host); /* no request of that host is anywhere here */
LaneRequest *lanes_find(const Lanes *lanes, const char *url); /* borrowed; NULL: none */
/* The crawl's own request takes the place of one asked ahead that is not under way yet. Borrowed. */
LaneRequest *lanes_ask(Lanes *lanes, const HttpRequest *request, gboolean ahead);
/* The next request that has come to its end; NULL: none yet, though `until` (g_get_monotonic_time) may not have come. */
LaneRequest *lanes_step(Lanes *lanes, gint64 until);
void lanes_slow_down(Lanes *lanes, const char *url, double delay); /* Crawl-delay of the URL's host */
void lanes_free(Lanes *lanes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lanes, lanes_free)
void lane_request_free(LaneRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LaneRequest, lane_request_free)

#endif
