/* SPDX-License-Identifier: Apache-2.0
 * The robots.txt of each origin; see scrapers/fetch/robots_cache.h. */
#include "scrapers/fetch/robots_cache.h"

#include "scrapers/fetch/robots.h"
#include "scrapers/fetch/url.h"

#define REDIRECTS_MAX 5
#define KEPT_SECONDS (24 * 60 * 60)

typedef struct Entry {
    Robots *robots; /* NULL: everything is forbidden, for the reason `refusal` */
    char *refusal;
    gboolean unread; /* the reason is that it could not be read */
    gint64 fetched;  /* seconds since 1970 */
} Entry;

struct RobotsCache {
    Capture *capture;
    const char *product;
    GHashTable *entries;  /* origin -> Entry, of those that the crawl has come to */
    GHashTable *foreseen; /* the same of those that wait for their turn */
    const char *fetching; /* the origin whose robots.txt the crawl is at; NULL: none */
    GPtrArray *sitemaps;
};

static void entry_free(gpointer data)
{
    Entry *entry = data;
    g_clear_pointer(&entry->robots, robots_free);
    g_free(entry->refusal);
    g_free(entry);
}

RobotsCache *robots_cache_new(Capture *capture, const char *product)
{
    RobotsCache *cache = g_new0(RobotsCache, 1);
    cache->capture = capture;
    cache->product = product;
    cache->sitemaps = g_ptr_array_new_with_free_func(g_free);
    cache->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    cache->foreseen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    return cache;
}

void robots_cache_free(RobotsCache *cache)
{
    g_hash_table_unref(cache->entries);
    g_hash_table_unref(cache->foreseen);
    g_ptr_array_unref(cache->sitemaps);
    g_free(cache);
}

gboolean robots_cache_left_unread(const RobotsCache *cache)
{
    GHashTableIter iterator;
    gpointer entry;
    g_hash_table_iter_init(&iterator, cache->entries);
    while (g_hash_table_iter_next(&iterator, NULL, &entry))
        if (((const Entry *)entry)->unread)
            return TRUE;
    return FALSE;
}

static void judge_answer(const RobotsCache *cache, Entry *entry, const HttpExchange *answer)
{
    entry->unread = answer->outcome == EXCHANGE_FAILED || http_exchange_is_trouble(answer);
    if (answer->outcome == EXCHANGE_REFUSED) {
        entry->refusal = g_strdup(answer->reason);
    } else if (answer->outcome == EXCHANGE_FAILED) {
        entry->refusal =
            g_strdup_printf("robots.txt could not be fetched (%s), which forbids everything", answer->reason);
    } else if (http_exchange_is_trouble(answer)) {
        entry->refusal =
            g_strdup_printf("robots.txt answered with status %d, which forbids everything", answer->status);
    } else {
        gboolean found = answer->status >= 200 && answer->status < 300;
        entry->robots = robots_parse(found ? answer->body.data : NULL, found ? answer->body.length : 0,
                                     answer->truncated, cache->product);
    }
}

static void note_sitemaps(RobotsCache *cache, const Entry *entry, const char *origin)
{
    const GPtrArray *lines = entry->robots ? robots_sitemaps(entry->robots) : NULL;
    for (guint i = 0; lines && i < lines->len; i++) {
        char *url = url_resolve(origin, lines->pdata[i]);
        if (url)
            g_ptr_array_add(cache->sitemaps, url);
    }
}

GPtrArray *robots_cache_take_sitemaps(RobotsCache *cache)
{
    GPtrArray *taken = cache->sitemaps;
    cache->sitemaps = g_ptr_array_new_with_free_func(g_free);
    return taken;
}

static void judge_delay(const RobotsCache *cache, Entry *entry, const char *origin)
{
    double delay = entry->robots ? robots_delay(entry->robots) : 0.0;
    if (delay > ROBOTS_DELAY_MAX) {
        g_clear_pointer(&entry->robots, robots_free);
        entry->refusal = g_strdup_printf("robots.txt asks for %.0f s between requests, more than the %.0f s "
                                         "that the crawler waits", delay, ROBOTS_DELAY_MAX);
    } else if (delay > 0) {
        capture_slow_down(cache->capture, origin, delay);
    }
}

/* Where a redirect of a robots.txt leads; NULL: the answer is the last one. */
static char *next_hop(const char *url, const char *location, unsigned hops)
{
    return location && hops < REDIRECTS_MAX ? url_resolve(url, location) : NULL;
}

static Entry *fetch_entry(RobotsCache *cache, const char *origin, GError **error)
{
    g_autofree char *url = g_strconcat(origin, "/robots.txt", NULL);
    Entry *entry = g_new0(Entry, 1);
    cache->fetching = origin;
    for (unsigned hops = 0; url; hops++) {
        g_autoptr(HttpExchange) answer = NULL;
        if (!capture_fetch(cache->capture, url, ROBOTS_MAX_BYTES, &answer, error)) {
            entry_free(entry);
            cache->fetching = NULL;
            return NULL;
        }
        entry->fetched = answer->date;
        g_autofree char *location =
            http_exchange_is_redirect(answer) ? http_exchange_header(answer, "Location") : NULL;
        char *target = next_hop(url, location, hops);
        g_free(url);
        url = target;
        if (!url)
            judge_answer(cache, entry, answer);
    }
    cache->fetching = NULL;
    judge_delay(cache, entry, origin);
    note_sitemaps(cache, entry, origin);
    return entry;
}

/* While a crawl is replayed the file says when robots.txt was fetched anew; afterwards the clock does. */
static gboolean is_current(const RobotsCache *cache, const Entry *entry, const char *origin)
{
    const char *replayed = capture_replays(cache->capture);
    if (!replayed)
        return g_get_real_time() / G_USEC_PER_SEC - entry->fetched < KEPT_SECONDS;
    g_autofree char *url = g_strconcat(origin, "/robots.txt", NULL);
    return !g_str_equal(url, replayed);
}

/* The path and query as a server gets them. */
static gboolean allows(const Entry *entry, const char *url)
{
    const char *target = url_target(url);
    g_autofree char *sent = g_strndup(target, strcspn(target, "#"));
    return entry->robots && robots_allows(entry->robots, sent);
}

gboolean robots_cache_check(RobotsCache *cache, const char *url, char **refusal, GError **error)
{
    g_autofree char *origin = url_origin(url);
    *refusal = NULL;
    Entry *entry = g_hash_table_lookup(cache->entries, origin);
    if (!entry || !is_current(cache, entry, origin)) {
        entry = fetch_entry(cache, origin, error);
        if (!entry)
            return FALSE;
        g_hash_table_insert(cache->entries, g_strdup(origin), entry);
        g_hash_table_remove(cache->foreseen, origin);
    }
    if (!allows(entry, url))
        *refusal = g_strdup(entry->robots ? "robots.txt forbids it" : entry->refusal);
    return TRUE;
}

/* From answers that wait for their turn. NULL: one is missing, *wanted; that of another host is left to the crawl. */
static Entry *foresee_entry(RobotsCache *cache, const char *origin, char **wanted)
{
    g_autofree char *url = g_strconcat(origin, "/robots.txt", NULL), *host = url_host(origin);
    const char *location;
    for (unsigned hops = 0;; hops++) {
        g_autofree char *its_host = url_host(url);
        if (!g_str_equal(host, its_host))
            return NULL;
        if (!capture_waits(cache->capture, url, &location)) {
            *wanted = g_steal_pointer(&url);
            return NULL;
        }
        char *target = next_hop(url, location, hops);
        if (!target)
            break;
        g_free(url);
        url = target;
    }
    g_autoptr(HttpExchange) answer = capture_peek(cache->capture, url);
    if (!answer)
        return NULL;
    Entry *entry = g_new0(Entry, 1);
    entry->fetched = answer->date;
    judge_answer(cache, entry, answer);
    judge_delay(cache, entry, origin);
    g_hash_table_insert(cache->foreseen, g_strdup(origin), entry);
    return entry;
}

RobotsVerdict robots_cache_foresee(RobotsCache *cache, const char *url, char **wanted)
{
    g_autofree char *origin = url_origin(url);
    *wanted = NULL;
    Entry *entry = g_hash_table_lookup(cache->entries, origin);
    if (!entry && !(entry = g_hash_table_lookup(cache->foreseen, origin)) && g_strcmp0(cache->fetching, origin))
        entry = foresee_entry(cache, origin, wanted);
    if (!entry || !is_current(cache, entry, origin))
        return ROBOTS_UNKNOWN;
    return allows(entry, url) ? ROBOTS_ALLOWS : ROBOTS_FORBIDS;
}
