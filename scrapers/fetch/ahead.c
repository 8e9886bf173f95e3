/* SPDX-License-Identifier: Apache-2.0
 * Which URLs to ask before their turn; see scrapers/fetch/ahead.h. */
#include "scrapers/fetch/ahead.h"

#include "scrapers/fetch/robots.h"
#include "scrapers/fetch/url.h"

typedef struct AheadItem {
    char *url;
    unsigned hops;
    gboolean listed;
} AheadItem;

/* What the crawl will ask of a host, in its order. */
typedef struct HostQueue {
    char *host;
    GQueue items;
} HostQueue;

struct Ahead {
    AheadSettings settings;
    guint64 pages;
    char *held; /* a host; NULL: none */
    GHashTable *by_host;  /* -> HostQueue; names are the queues' own */
    GPtrArray *queues;    /* the same, in the order in which the frontier came to them */
};

static void item_free(gpointer data)
{
    AheadItem *item = data;
    g_free(item->url);
    g_free(item);
}

static void queue_free(gpointer data)
{
    HostQueue *queue = data;
    g_queue_clear_full(&queue->items, item_free);
    g_free(queue->host);
    g_free(queue);
}

Ahead *ahead_new(const AheadSettings *settings)
{
    Ahead *ahead = g_new0(Ahead, 1);
    ahead->settings = *settings;
    ahead->by_host = g_hash_table_new(g_str_hash, g_str_equal);
    ahead->queues = g_ptr_array_new_with_free_func(queue_free);
    return ahead;
}

void ahead_free(Ahead *ahead)
{
    g_hash_table_unref(ahead->by_host);
    g_ptr_array_unref(ahead->queues);
    g_free(ahead->held);
    g_free(ahead);
}

void ahead_allow(Ahead *ahead, guint64 pages)
{
    ahead->pages = pages;
}

void ahead_hold(Ahead *ahead, const char *url)
{
    g_free(ahead->held);
    ahead->held = url ? url_host(url) : NULL;
}

static HostQueue *find_queue(Ahead *ahead, const char *url)
{
    g_autofree char *host = url_host(url);
    HostQueue *queue = g_hash_table_lookup(ahead->by_host, host);
    if (!queue) {
        queue = g_new0(HostQueue, 1);
        queue->host = g_steal_pointer(&host);
        g_queue_init(&queue->items);
        g_ptr_array_add(ahead->queues, queue);
        g_hash_table_insert(ahead->by_host, queue->host, queue);
    }
    return queue;
}

static AheadItem *item_new(const char *url, unsigned hops, gboolean listed)
{
    AheadItem *item = g_new(AheadItem, 1);
    *item = (AheadItem){.url = g_strdup(url), .hops = hops, .listed = listed};
    return item;
}

static void sort_by_host(Ahead *ahead)
{
    FrontierItem item;
    guint64 distance, limit = MIN(ahead->pages, AHEAD_WINDOW);
    while (frontier_foresee(ahead->settings.frontier, limit, &item, &distance)) {
        HostQueue *queue = find_queue(ahead, item.url);
        g_queue_push_tail(&queue->items, item_new(item.url, item.hops, item.listed));
    }
}

/* The crawl will follow this answer directly, so its target goes before whatever else is wanted of its host. */
static void follow_redirect(Ahead *ahead, const AheadItem *item, const char *location)
{
    g_autofree char *target = url_resolve(item->url, location);
    if (target && item->hops < FRONTIER_HOPS_MAX && crawl_scope_admits(ahead->settings.scope, target, item->listed))
        g_queue_push_head(&find_queue(ahead, target)->items, item_new(target, item->hops + 1, item->listed));
}

typedef enum { ITEM_IS_DONE, ITEM_WAITS, ITEM_IS_ASKED } ItemState;

static ItemState ask_robots(Ahead *ahead, const AheadItem *item)
{
    g_autofree char *robots = NULL;
    switch (robots_cache_foresee(ahead->settings.robots, item->url, &robots)) {
    case ROBOTS_FORBIDS:
        return ITEM_IS_DONE;
    case ROBOTS_UNKNOWN:
        if (robots)
            capture_ask_ahead(ahead->settings.capture, robots, ROBOTS_MAX_BYTES);
        return robots ? ITEM_IS_ASKED : ITEM_WAITS;
    case ROBOTS_ALLOWS:
        break;
    }
    capture_ask_ahead(ahead->settings.capture, item->url, ahead->settings.body_limit);
    return ITEM_IS_ASKED;
}

static ItemState ask(Ahead *ahead, const AheadItem *item)
{
    const char *location;
    if (capture_waits(ahead->settings.capture, item->url, &location)) {
        if (location)
            follow_redirect(ahead, item, location);
        return ITEM_IS_DONE;
    }
    if (ahead->settings.robots)
        return ask_robots(ahead, item);
    capture_ask_ahead(ahead->settings.capture, item->url, ahead->settings.body_limit);
    return ITEM_IS_ASKED;
}

/* Leaves the first item that is not done, if there is one, at the head. */
static void ask_host(Ahead *ahead, HostQueue *queue)
{
    AheadItem *item;
    while ((item = g_queue_peek_head(&queue->items))) {
        gboolean past = frontier_is_past(ahead->settings.frontier, item->url);
        if (!past && !capture_is_free(ahead->settings.capture, queue->host))
            return;
        g_queue_pop_head(&queue->items);
        if (!past && ask(ahead, item) != ITEM_IS_DONE) {
            g_queue_push_head(&queue->items, item);
            return;
        }
        item_free(item);
    }
}

void ahead_look(gpointer data)
{
    Ahead *ahead = data;
    sort_by_host(ahead);
    for (guint i = 0; i < ahead->queues->len; i++)
        if (g_strcmp0(ahead->held, ((HostQueue *)ahead->queues->pdata[i])->host) != 0)
            ask_host(ahead, ahead->queues->pdata[i]);
    for (guint i = ahead->queues->len; i-- > 0;) {
        HostQueue *queue = ahead->queues->pdata[i];
        if (g_queue_is_empty(&queue->items)) {
            g_hash_table_remove(ahead->by_host, queue->host);
            g_ptr_array_remove_index(ahead->queues, i);
        }
    }
}
