/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/frontier.h - what is still to fetch, breadth-first, and what has been seen.
 *
 * frontier_add queues a URL unless it was ever added before; added again as listed, a URL that waits becomes listed.
 * frontier_put_first puts the target of a redirect before all others, so that it directly follows the page that led to
 * it, even when it waits in the queue already; it returns FALSE when that target was handed out before. frontier_next
 * hands each URL out once. The order depends on the order of the calls alone. At most `capacity` URLs are ever taken
 * in: a site that makes up links without end is cut there.
 *
 * frontier_foresee walks ahead of frontier_next over what waits, each URL once, without taking anything out: what it
 * gives will be handed out, unless it was handed out as the target of a redirect before (frontier_is_past).
 */
#ifndef SCRAPERS_FETCH_FRONTIER_H
#define SCRAPERS_FETCH_FRONTIER_H

#include <glib.h>

#define FRONTIER_HOPS_MAX 5

typedef struct FrontierItem {
    const char *url; /* borrowed from the frontier */
    unsigned depth;  /* links from a start URL */
    unsigned hops;   /* redirects that led here: at most FRONTIER_HOPS_MAX */
    gboolean listed; /* named by a list: its redirects may leave the scope */
} FrontierItem;

typedef struct Frontier Frontier;

Frontier *frontier_new(guint64 capacity);
void frontier_add(Frontier *frontier, const char *url, unsigned depth, gboolean listed);
gboolean frontier_put_first(Frontier *frontier, const char *url, unsigned depth, unsigned hops, gboolean listed);
gboolean frontier_next(Frontier *frontier, FrontierItem *item); /* FALSE: nothing is left */
/* *distance: how many URLs at most frontier_next hands out before it, targets of redirects not counted. FALSE: there is
 * none with a distance below `limit`. */
gboolean frontier_foresee(Frontier *frontier, guint64 limit, FrontierItem *item, guint64 *distance);
gboolean frontier_is_past(const Frontier *frontier, const char *url); /* it was handed out */
guint64 frontier_waiting(const Frontier *frontier);
gboolean frontier_is_full(const Frontier *frontier); /* a URL was turned away */
void frontier_free(Frontier *frontier);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Frontier, frontier_free)

#endif
