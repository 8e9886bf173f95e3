/* SPDX-License-Identifier: Apache-2.0
 * The queue of a crawl; see scrapers/fetch/frontier.h. */
#include "scrapers/fetch/frontier.h"

enum { HANDED_OUT = 1, LISTED = 2 };

struct Frontier {
    guint64 capacity;
    GHashTable *seen;  /* URL, owned -> the flags above */
    GQueue queue;      /* of FrontierItem */
    guint64 waiting;   /* seen and not handed out */
    gboolean full;
    GList *foreseen;   /* the last item of the queue that frontier_foresee gave; NULL: none that is still there */
    guint64 distance;  /* items of the queue from its head to that one */
};

Frontier *frontier_new(guint64 capacity)
{
    Frontier *frontier = g_new0(Frontier, 1);
    frontier->capacity = capacity;
    frontier->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_queue_init(&frontier->queue);
    return frontier;
}

static FrontierItem *item_new(const char *url, unsigned depth, unsigned hops)
{
    FrontierItem *item = g_new(FrontierItem, 1);
    *item = (FrontierItem){.url = url, .depth = depth, .hops = hops};
    return item;
}

/* The frontier's own copy of a URL it has not seen; NULL when it is full. */
static const char *take_in(Frontier *frontier, const char *url)
{
    if (g_hash_table_size(frontier->seen) >= frontier->capacity) {
        frontier->full = TRUE;
        return NULL;
    }
    char *own = g_strdup(url);
    g_hash_table_insert(frontier->seen, own, GUINT_TO_POINTER(0));
    frontier->waiting++;
    return own;
}

/* The key stays the same string: queue items point to it. */
static guint set_flags(Frontier *frontier, const char *url, guint more)
{
    gpointer key, flags;
    g_hash_table_steal_extended(frontier->seen, url, &key, &flags);
    g_hash_table_insert(frontier->seen, key, GUINT_TO_POINTER(GPOINTER_TO_UINT(flags) | more));
    return GPOINTER_TO_UINT(flags);
}

void frontier_add(Frontier *frontier, const char *url, unsigned depth, gboolean listed)
{
    const char *own = NULL;
    if (!g_hash_table_contains(frontier->seen, url) && !(own = take_in(frontier, url)))
        return;
    if (listed)
        set_flags(frontier, url, LISTED);
    if (own)
        g_queue_push_tail(&frontier->queue, item_new(own, depth, 0));
}

gboolean frontier_put_first(Frontier *frontier, const char *url, unsigned depth, unsigned hops, gboolean listed)
{
    gpointer own, flags;
    if (!g_hash_table_lookup_extended(frontier->seen, url, &own, &flags))
        own = (gpointer)take_in(frontier, url);
    else if (GPOINTER_TO_UINT(flags) & HANDED_OUT)
        return FALSE;
    if (own && listed)
        set_flags(frontier, url, LISTED);
    if (own) {
        g_queue_push_head(&frontier->queue, item_new(own, depth, hops));
        frontier->distance += frontier->foreseen != NULL;
    }
    return own != NULL;
}

static FrontierItem *pop(Frontier *frontier)
{
    if (frontier->foreseen) {
        frontier->distance--;
        if (frontier->foreseen == frontier->queue.head)
            frontier->foreseen = NULL;
    }
    return g_queue_pop_head(&frontier->queue);
}

gboolean frontier_next(Frontier *frontier, FrontierItem *item)
{
    FrontierItem *head;
    while ((head = pop(frontier))) {
        *item = *head;
        g_free(head);
        guint flags = set_flags(frontier, item->url, HANDED_OUT);
        if (flags & HANDED_OUT)
            continue;
        item->listed = (flags & LISTED) != 0;
        frontier->waiting--;
        return TRUE;
    }
    return FALSE;
}

gboolean frontier_foresee(Frontier *frontier, guint64 limit, FrontierItem *item, guint64 *distance)
{
    GList *next = frontier->foreseen ? frontier->foreseen->next : frontier->queue.head;
    if (!next || frontier->distance >= limit)
        return FALSE;
    *item = *(const FrontierItem *)next->data;
    item->listed = (GPOINTER_TO_UINT(g_hash_table_lookup(frontier->seen, item->url)) & LISTED) != 0;
    *distance = frontier->distance++;
    frontier->foreseen = next;
    return TRUE;
}

gboolean frontier_is_past(const Frontier *frontier, const char *url)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(frontier->seen, url)) & HANDED_OUT;
}

guint64 frontier_waiting(const Frontier *frontier)
{
    return frontier->waiting;
}

gboolean frontier_is_full(const Frontier *frontier)
{
    return frontier->full;
}

void frontier_free(Frontier *frontier)
{
    g_queue_clear_full(&frontier->queue, g_free);
    g_hash_table_unref(frontier->seen);
    g_free(frontier);
}
