/* SPDX-License-Identifier: Apache-2.0
 * A queue for each host; see scrapers/fetch/lanes.h. */
#include "scrapers/fetch/lanes.h"

#include <string.h>

#include "scrapers/fetch/browser.h"
#include "scrapers/fetch/retry.h"
#include "scrapers/fetch/url.h"

typedef struct Lane {
    char *host;
    LaneRequest *own, *ahead; /* either may be NULL */
    LaneRequest *under_way;   /* one of them, or NULL */
    gint64 due;               /* when to ask hosts_try again */
} Lane;

struct Lanes {
    HttpClient *client;
    Browser *browser; /* NULL: pages come over HTTP alone */
    HostsUser *hosts;
    double delay;
    Progress *progress;
    GPtrArray *lanes;   /* of Lane, those with a request, in the order in which they began */
    GHashTable *by_host; /* the same; names are the lanes' own */
    unsigned under_way;
    gint64 proof;     /* when the youngest request began that was answered: the network was up then */
    GQueue ended;     /* of LaneRequest */
};

void lane_request_free(LaneRequest *request)
{
    g_clear_pointer(&request->answer, http_exchange_free);
    g_free(request->url);
    g_free(request->host);
    g_free(request->etag);
    g_free(request->last_modified);
    g_free(request->cookies);
    g_free(request);
}

static void lane_free(gpointer data)
{
    Lane *lane = data;
    g_clear_pointer(&lane->own, lane_request_free);
    g_clear_pointer(&lane->ahead, lane_request_free);
    g_free(lane->host);
    g_free(lane);
}

static void wake(gpointer client)
{
    http_wake(client);
}

Lanes *lanes_new(const LanesSettings *settings, GError **error)
{
    g_autoptr(HttpClient) client = http_client_new(&settings->http, error);
    Browser *browser = client && settings->browser ? browser_new(&settings->http, error) : NULL;
    if (!client || (settings->browser && !browser))
        return NULL;
    Lanes *lanes = g_new0(Lanes, 1);
    lanes->client = g_steal_pointer(&client);
    lanes->browser = browser;
    lanes->hosts = hosts_join(settings->hosts, wake, lanes->client);
    lanes->delay = settings->delay;
    lanes->progress = settings->progress;
    lanes->lanes = g_ptr_array_new_with_free_func(lane_free);
    lanes->by_host = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&lanes->ended);
    return lanes;
}

void lanes_free(Lanes *lanes)
{
    for (guint i = 0; i < lanes->lanes->len; i++) {
        const Lane *lane = lanes->lanes->pdata[i];
        if (lane->under_way)
            hosts_give_back(lanes->hosts, lane->host, TRUE, 0);
    }
    progress_busy(lanes->progress, -(int)lanes->under_way);
    hosts_leave(lanes->hosts);
    http_client_free(lanes->client);
    g_clear_pointer(&lanes->browser, browser_free);
    g_hash_table_unref(lanes->by_host);
    g_ptr_array_unref(lanes->lanes);
    g_queue_clear_full(&lanes->ended, (GDestroyNotify)lane_request_free);
    g_free(lanes);
}

gboolean lanes_renders(const Lanes *lanes, const char *url)
{
    return lanes->browser && !g_str_has_suffix(url, "/robots.txt");
}

gboolean lanes_is_free(const Lanes *lanes, const char *host)
{
    for (const GList *link = lanes->ended.head; link; link = link->next)
        if (!strcmp(((const LaneRequest *)link->data)->host, host))
            return FALSE;
    return !g_hash_table_contains(lanes->by_host, host);
}

static gboolean is_for(const LaneRequest *request, const char *url)
{
    return request && !strcmp(request->url, url);
}

LaneRequest *lanes_find(const Lanes *lanes, const char *url)
{
    g_autofree char *host = url_host(url);
    const Lane *lane = g_hash_table_lookup(lanes->by_host, host);
    if (lane && is_for(lane->own, url))
        return lane->own;
    return lane && is_for(lane->ahead, url) ? lane->ahead : NULL;
}

void lanes_slow_down(Lanes *lanes, const char *url, double delay)
{
    g_autofree char *host = url_host(url);
    hosts_slow_down(lanes->hosts, host, delay);
}

static LaneRequest *request_new(const HttpRequest *request, gboolean ahead)
{
    LaneRequest *own = g_new0(LaneRequest, 1);
    own->url = g_strdup(request->url);
    own->host = url_host(request->url);
    own->limit = request->limit;
    own->etag = g_strdup(request->etag);
    own->last_modified = g_strdup(request->last_modified);
    own->cookies = g_strdup(request->cookies);
    own->ahead = ahead;
    own->attempt = 1;
    return own;
}

LaneRequest *lanes_ask(Lanes *lanes, const HttpRequest *wanted, gboolean ahead)
{
    LaneRequest *request = request_new(wanted, ahead);
    Lane *lane = g_hash_table_lookup(lanes->by_host, request->host);
    if (!lane) {
        lane = g_new0(Lane, 1);
        lane->host = g_strdup(request->host);
        g_ptr_array_add(lanes->lanes, lane);
        g_hash_table_insert(lanes->by_host, lane->host, lane);
    }
    LaneRequest **place = ahead ? &lane->ahead : &lane->own;
    g_assert(!*place);
    *place = request;
    if (!ahead && lane->ahead && lane->ahead != lane->under_way)
        g_clear_pointer(&lane->ahead, lane_request_free);
    return request;
}

/* The request is over: its lane may go on with the other one, or ends. */
static void release(Lanes *lanes, Lane *lane, LaneRequest *request)
{
    if (lane->own == request)
        lane->own = NULL;
    else
        lane->ahead = NULL;
    if (!lane->own && !lane->ahead) {
        g_hash_table_remove(lanes->by_host, lane->host);
        g_ptr_array_remove(lanes->lanes, lane);
    }
    g_queue_push_tail(&lanes->ended, request);
}

static void leave_host(Lanes *lanes, Lane *lane, gboolean asked, double rest)
{
    hosts_give_back(lanes->hosts, lane->host, asked, rest);
    lane->under_way->under_way = FALSE;
    lane->under_way = NULL;
    lane->due = 0;
    lanes->under_way--;
    progress_busy(lanes->progress, -1);
}

static void finish(Lanes *lanes, Lane *lane, HttpExchange *answer)
{
    LaneRequest *request = lane->under_way;
    double rest;
    gboolean again = retry_wanted(answer, request->attempt, lanes->delay, &rest);
    leave_host(lanes, lane, answer->outcome != EXCHANGE_REFUSED, rest);
    if (answer->outcome == EXCHANGE_RESPONSE)
        lanes->proof = MAX(lanes->proof, request->begun);
    else if (!request->failed)
        request->failed = again ? g_get_monotonic_time() : request->begun;
    if (again) {
        request->attempt++;
        http_exchange_free(answer);
        return;
    }
    request->doubtful = answer->outcome == EXCHANGE_FAILED && lanes->proof <= request->failed;
    request->answer = answer;
    release(lanes, lane, request);
}

static void begin(Lanes *lanes, Lane *lane, LaneRequest *request)
{
    request->begun = g_get_monotonic_time();
    request->under_way = TRUE;
    lane->under_way = request;
    lanes->under_way++;
    progress_busy(lanes->progress, 1);
    if (lanes_renders(lanes, request->url)) {
        finish(lanes, lane, browser_get(lanes->browser, request->url, request->limit));
        return;
    }
    HttpRequest wanted = {.url = request->url, .limit = request->limit, .etag = request->etag,
                          .last_modified = request->last_modified, .cookies = request->cookies};
    http_start(lanes->client, &wanted, lane);
}

/* The crawl's own request has no bound: there is one at a time. */
static LaneRequest *waiting(const Lanes *lanes, const Lane *lane, gboolean own)
{
    if (lane->under_way || own != (lane->own != NULL))
        return NULL;
    return own ? lane->own : lanes->under_way < LANES_AT_ONCE ? lane->ahead : NULL;
}

/* Returns when the next one may be begun. */
static gint64 begin_due(Lanes *lanes, gboolean own, gint64 until)
{
    /* A page from the browser is at its end at once, and then the lanes may have changed. */
    for (guint i = 0; i < lanes->lanes->len && g_queue_is_empty(&lanes->ended); i++) {
        Lane *lane = lanes->lanes->pdata[i];
        LaneRequest *request = waiting(lanes, lane, own);
        if (!request)
            continue;
        if (lane->due == G_MAXINT64 || lane->due <= g_get_monotonic_time())
            lane->due = hosts_try(lanes->hosts, lane->host, lanes->delay);
        if (lane->due)
            until = MIN(until, lane->due);
        else
            begin(lanes, lane, request);
    }
    return until;
}

/* One that the crawl has come to is never given up. */
static void bound_memory(Lanes *lanes)
{
    while (http_held(lanes->client) > LANES_HELD) {
        Lane *youngest = NULL;
        for (guint i = 0; i < lanes->lanes->len; i++) {
            Lane *lane = lanes->lanes->pdata[i];
            if (lane->under_way && lane->under_way->ahead)
                youngest = lane;
        }
        if (!youngest)
            return;
        LaneRequest *request = youngest->under_way;
        http_cancel(lanes->client, youngest);
        leave_host(lanes, youngest, TRUE, 0);
        release(lanes, youngest, request);
    }
}

static void finish_what_has_ended(Lanes *lanes)
{
    gpointer lane;
    HttpExchange *answer;
    while ((answer = http_take(lanes->client, &lane)))
        finish(lanes, lane, answer);
}

LaneRequest *lanes_step(Lanes *lanes, gint64 until)
{
    if (g_queue_is_empty(&lanes->ended)) {
        until = begin_due(lanes, TRUE, until);
        until = begin_due(lanes, FALSE, until);
        if (g_queue_is_empty(&lanes->ended)) {
            http_wait(lanes->client, until);
            finish_what_has_ended(lanes);
            bound_memory(lanes);
        }
    }
    return g_queue_pop_head(&lanes->ended);
}
