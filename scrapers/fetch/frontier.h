/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/frontier.h - what is still to fetch, breadth-first, and what has been seen.
 *
 * frontier_add queues a URL unless it was ever added before; added again as listed, a URL that waits becomes listed. frontier_put_first puts the target of a redirect before
 * all others, so that it directly follows the page that led to it, even when it waits in the queue already; it returns
 * FALSE when that target was handed out before. frontier_next hands each URL out once. The order depends on the order
 * of the calls alone. At most `capacity` URLs are ever taken in: a site that makes up links without end is cut there.
 */
#ifndef SCRAPERS_FETCH_FRONTIER_H
#define SCRAPERS_FETCH_FRONTIER_H

#include <glib.h>

typedef struct FrontierItem {
    const char *url; /* borrowed from the frontier */
    unsigned depth;  /* links from a start URL */
    unsigned hops;   /* redirects that led here */
    gboolean listed; /* named by a list: its redirects may leave the scope */
} FrontierItem;

typedef struct Frontier Frontier;

Frontier *frontier_new(guint64 capacity);
void frontier_add(Frontier *frontier, const char *url, unsigned depth, gboolean listed);
gboolean frontier_put_first(Frontier *frontier, const char *url, unsigned depth, unsigned hops, gboolean listed);
gboolean frontier_next(Frontier *frontier, FrontierItem *item); /* FALSE: nothing is left */
guint64 frontier_waiting(const Frontier *frontier);
gboolean frontier_is_full(const Frontier *frontier); /* a URL was turned away */
void frontier_free(Frontier *frontier);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Frontier, frontier_free)

#endif
