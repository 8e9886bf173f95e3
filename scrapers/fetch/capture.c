/* SPDX-License-Identifier: Apache-2.0
 * From the file while it lasts, then from the network; see scrapers/fetch/capture.h. */
#include "config.h"

#include "scrapers/fetch/capture.h"

#include "base/error.h"
#include "scrapers/fetch/cookies.h"
#include "scrapers/fetch/previous.h"
#include "scrapers/fetch/spool.h"
#include "scrapers/fetch/trouble.h"
#include "scrapers/fetch/url.h"
#include "scrapers/fetch/warc_reader.h"
#include "scrapers/fetch/warc_writer.h"

/* Why a host is not asked ahead. */
typedef enum { APART_UNTIL_IT_ANSWERS = 1, APART_ALWAYS } Apart;

struct Capture {
    char *path;
    WarcReader *reader;  /* NULL once the file is read */
    HttpExchange *next;  /* the answer that the file has ready */
    WarcWriter *writer;
    Lanes *lanes;
    Hosts *own_hosts;    /* NULL: they are shared */
    gboolean browser;
    Cookies *cookies;    /* as of the crawl's turn */
    Previous *previous;  /* NULL: none */
    Trouble *trouble;
    gboolean unanswered; /* some URL gave no answer */
    /* Asking ahead. */
    Spool *spool;
    Cookies *ahead_cookies; /* as of what has been answered, in its turn or before */
    GHashTable *apart;      /* host, owned -> Apart */
    CaptureForesee foresee;
    gpointer foresee_data;
    gboolean changed; /* since `foresee` was last asked */
};

static gboolean read_ahead(Capture *capture, GError **error)
{
    int more = capture->reader ? warc_reader_next(capture->reader, &capture->next, error) : 0;
    if (more == 0)
        g_clear_pointer(&capture->reader, warc_reader_free);
    return more >= 0;
}

static gboolean check_fingerprint(const CaptureSettings *settings, const WarcRecovery *recovery, GError **error)
{
    if (recovery->length == 0 || g_str_equal(recovery->settings, settings->fingerprint))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "%s: this crawl was begun with other settings (start, follow, skip, pages, lists, limits or rules); "
                "give those back to go on, or move the file away to crawl the site again",
                settings->path);
    return FALSE;
}

static gboolean write_info(Capture *capture, const CaptureSettings *settings, GError **error)
{
    g_autofree char *fields = g_strdup_printf("software: galen/" PACKAGE_VERSION "\r\n"
                                              "format: WARC File Format 1.1\r\n"
                                              "conformsTo: https://iipc.github.io/warc-specifications/specifications/"
                                              "warc-format/warc-1.1/\r\n"
                                              "robots: %s\r\n"
                                              "http-header-user-agent: %s\r\n"
                                              "crawl-settings: %s\r\n",
                                              settings->ignore_robots ? "ignored" : "obeyed (RFC 9309)",
                                              settings->lanes.http.user_agent, settings->fingerprint);
    return warc_writer_info(capture->writer, fields, g_get_real_time() / G_USEC_PER_SEC, error);
}

static gboolean open_file(Capture *capture, const CaptureSettings *settings, const WarcRecovery *recovery,
                          GError **error)
{
    capture->writer = warc_writer_open(settings->path, recovery->length, error);
    if (!capture->writer)
        return FALSE;
    if (recovery->length == 0)
        return write_info(capture, settings, error);
    capture->reader = warc_reader_open(settings->path, recovery->length, settings->body_limit, error);
    return capture->reader && read_ahead(capture, error);
}

static gboolean open_previous(Capture *capture, const CaptureSettings *settings, GError **error)
{
    if (settings->previous)
        capture->previous = previous_open(settings->previous, error);
    return !settings->previous || capture->previous;
}

static gboolean open_lanes(Capture *capture, const LanesSettings *settings, GError **error)
{
    LanesSettings own = *settings;
    if (!own.hosts)
        own.hosts = capture->own_hosts = hosts_new();
    capture->browser = settings->browser;
    capture->lanes = lanes_new(&own, error);
    return capture->lanes != NULL;
}

/* The cookies that came with what still waits, now that those of the file are known. */
static void end_replay(Capture *capture)
{
    g_autoptr(GPtrArray) urls = spool_urls(capture->spool);
    for (guint i = 0; i < urls->len; i++) {
        const SpoolEntry *entry = spool_find(capture->spool, urls->pdata[i]);
        g_autoptr(HttpExchange) answer = entry->sets_cookies ? spool_read(capture->spool, entry, NULL) : NULL;
        if (answer)
            cookies_take(capture->ahead_cookies, answer);
    }
}

Capture *capture_open(const CaptureSettings *settings, GString *notices, GError **error)
{
    g_autoptr(Capture) capture = g_new0(Capture, 1);
    capture->path = g_strdup(settings->path);
    capture->cookies = cookies_new();
    capture->ahead_cookies = cookies_new();
    capture->apart = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    capture->trouble = trouble_new();
    WarcRecovery recovery = {0};
    gboolean good = open_lanes(capture, &settings->lanes, error) &&
                    warc_reader_recover(settings->path, settings->body_limit, &recovery, error) &&
                    check_fingerprint(settings, &recovery, error) && open_file(capture, settings, &recovery, error) &&
                    open_previous(capture, settings, error);
    if (good)
        capture->spool = spool_open(settings->path, recovery.length > 0, settings->body_limit);
    if (good && !capture->next)
        end_replay(capture);
    if (good && recovery.cut && notices)
        g_string_append_printf(notices, "%s: goes on at byte %" G_GUINT64_FORMAT "; %" G_GUINT64_FORMAT
                               " bytes behind the last good response are fetched again\n",
                               settings->path, recovery.length, recovery.cut);
    g_free(recovery.settings);
    return good ? g_steal_pointer(&capture) : NULL;
}

void capture_free(Capture *capture)
{
    g_clear_pointer(&capture->reader, warc_reader_free);
    g_clear_pointer(&capture->next, http_exchange_free);
    g_clear_pointer(&capture->spool, spool_free);
    g_clear_pointer(&capture->writer, warc_writer_free);
    g_clear_pointer(&capture->lanes, lanes_free);
    g_clear_pointer(&capture->own_hosts, hosts_free);
    g_clear_pointer(&capture->previous, previous_free);
    trouble_free(capture->trouble);
    g_hash_table_unref(capture->apart);
    cookies_free(capture->cookies);
    cookies_free(capture->ahead_cookies);
    g_free(capture->path);
    g_free(capture);
}

void capture_finish(Capture *capture)
{
    spool_remove(capture->spool);
}

const char *capture_replays(const Capture *capture)
{
    return capture->next ? capture->next->url : NULL;
}

gboolean capture_went_unanswered(const Capture *capture)
{
    return capture->unanswered;
}

void capture_slow_down(Capture *capture, const char *url, double delay)
{
    lanes_slow_down(capture->lanes, url, delay);
}

/* ---- Asking ahead ---- */

void capture_foresee(Capture *capture, CaptureForesee foresee, gpointer data)
{
    capture->foresee = foresee;
    capture->foresee_data = data;
}

gboolean capture_is_free(const Capture *capture, const char *host)
{
    return !spool_is_full(capture->spool) && !g_hash_table_contains(capture->apart, host) &&
           lanes_is_free(capture->lanes, host);
}

gboolean capture_waits(const Capture *capture, const char *url, const char **location)
{
    const SpoolEntry *entry = spool_find(capture->spool, url);
    *location = entry ? entry->location : NULL;
    return entry != NULL;
}

HttpExchange *capture_peek(const Capture *capture, const char *url)
{
    const SpoolEntry *entry = spool_find(capture->spool, url);
    return entry ? spool_read(capture->spool, entry, NULL) : NULL;
}

/* What the server calls unchanged is a rendered page's frame; its scripts may show something else. */
static const PreviousAnswer *find_previous(const Capture *capture, const char *url, gsize limit)
{
    const PreviousAnswer *old = capture->previous ? previous_find(capture->previous, url) : NULL;
    return old && old->length <= limit && !capture->browser ? old : NULL;
}

/* A browser has cookies of its own for each page. */
static char *cookies_to_send(const Capture *capture, const Cookies *cookies, const char *url, gint64 now)
{
    return lanes_renders(capture->lanes, url) ? NULL : cookies_for(cookies, url, now);
}

static LaneRequest *ask(Capture *capture, const char *url, gsize limit, gboolean ahead)
{
    const PreviousAnswer *old = find_previous(capture, url, limit);
    g_autofree char *cookies = cookies_to_send(capture, ahead ? capture->ahead_cookies : capture->cookies, url,
                                               g_get_real_time() / G_USEC_PER_SEC);
    HttpRequest request = {.url = url, .limit = limit, .cookies = cookies};
    if (old) {
        request.etag = old->etag;
        request.last_modified = old->last_modified;
    }
    return lanes_ask(capture->lanes, &request, ahead);
}

void capture_ask_ahead(Capture *capture, const char *url, gsize limit)
{
    ask(capture, url, limit, TRUE);
}

/* Puts the old answer in the place of the 304 that says it is still good. */
static gboolean renew(Capture *capture, LaneRequest *request, GError **error)
{
    HttpExchange *fresh = request->answer;
    const PreviousAnswer *old = find_previous(capture, request->url, request->limit);
    if (!old || fresh->outcome != EXCHANGE_RESPONSE || fresh->status != 304)
        return TRUE;
    HttpExchange *answer = previous_load(capture->previous, old, error);
    if (!answer)
        return FALSE;
    answer->checked = fresh->date;
    g_free(answer->address);
    answer->address = g_steal_pointer(&fresh->address);
    buffer_append(&answer->revisit, fresh->headers.data, fresh->headers.length);
    buffer_reset(&answer->request);
    buffer_append(&answer->request, fresh->request.data, fresh->request.length);
    http_exchange_free(fresh);
    request->answer = answer;
    return TRUE;
}

/* The reason that counts longer stays. */
static void set_apart(Capture *capture, const char *url, Apart why)
{
    char *host = url_host(url);
    Apart before = GPOINTER_TO_INT(g_hash_table_lookup(capture->apart, host));
    g_hash_table_insert(capture->apart, host, GINT_TO_POINTER(MAX(before, why)));
}

static void let_in(Capture *capture, const char *url)
{
    g_autofree char *host = url_host(url);
    if (GPOINTER_TO_INT(g_hash_table_lookup(capture->apart, host)) == APART_UNTIL_IT_ANSWERS)
        g_hash_table_remove(capture->apart, host);
}

/* An answer that came before its turn. What failed while nobody answered may be the network's fault: then the crawl
 * will see for itself, and the host is left until it has answered again. */
static gboolean keep(Capture *capture, LaneRequest *request, GError **error)
{
    if (!request->answer || request->doubtful) {
        set_apart(capture, request->url, APART_UNTIL_IT_ANSWERS);
        return TRUE;
    }
    cookies_take(capture->ahead_cookies, request->answer);
    return renew(capture, request, error) && spool_add(capture->spool, request->answer, error);
}

static void look_ahead(Capture *capture)
{
    if (capture->changed && capture->foresee && !capture->next)
        capture->foresee(capture->foresee_data);
    capture->changed = FALSE;
}

/* Moves all requests on until `awaited` has come to its end (then *answer is it), or, without one, as far as they are. */
static gboolean step_until(Capture *capture, const LaneRequest *awaited, LaneRequest **done, GError **error)
{
    for (;;) {
        look_ahead(capture);
        LaneRequest *request = lanes_step(capture->lanes, awaited ? G_MAXINT64 : 0);
        capture->changed |= request != NULL;
        if (request && request == awaited) {
            *done = request;
            return TRUE;
        }
        gboolean good = !request || keep(capture, request, error);
        if (request)
            lane_request_free(request);
        if (!good)
            return FALSE;
        if (!request && !awaited)
            return TRUE;
    }
}

static gboolean still_answers(Capture *capture, const char *url, gboolean *good, GError **error)
{
    HttpRequest request = {.url = url, .limit = 1};
    LaneRequest *done;
    *good = FALSE;
    if (!step_until(capture, lanes_ask(capture->lanes, &request, FALSE), &done, error))
        return FALSE;
    *good = done->answer->outcome == EXCHANGE_RESPONSE && !http_exchange_is_trouble(done->answer);
    lane_request_free(done);
    return TRUE;
}

/* FALSE: it is not the page that is at fault, or something else cannot go on. */
static gboolean watch_for_trouble(Capture *capture, const HttpExchange *answer, AnswerKind how, GError **error)
{
    const char *probe;
    gboolean good = FALSE;
    TroubleKind kind = trouble_watch(capture->trouble, answer, how, &probe);
    if (kind == TROUBLE_NONE || (kind == TROUBLE_HOST && !probe))
        return TRUE;
    if (probe && !still_answers(capture, probe, &good, error))
        return FALSE;
    g_autofree char *reason = good ? NULL : trouble_reason(kind, answer);
    if (reason)
        g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, reason);
    return good;
}

/* Whether an answer to a request that was sent before its turn is what the crawl would get now. */
static gboolean fits(const Capture *capture, const HttpExchange *answer, const char *cookies, gsize limit)
{
    g_autofree char *now = cookies_to_send(capture, capture->cookies, answer->url, answer->date);
    gsize length = answer->body.length;
    return !g_strcmp0(cookies, now) && (answer->truncated ? length == limit : length <= limit);
}

/* An answer that waits for its turn; *exchange stays NULL when there is none that fits. */
static gboolean take_waiting(Capture *capture, const char *url, gsize limit, HttpExchange **exchange, GError **error)
{
    const SpoolEntry *entry = spool_find(capture->spool, url);
    if (!entry)
        return TRUE;
    g_autoptr(HttpExchange) answer = spool_read(capture->spool, entry, error);
    if (!answer)
        return FALSE;
    if (!fits(capture, answer, entry->cookies, limit)) {
        set_apart(capture, url, APART_ALWAYS);
        spool_drop(capture->spool, url);
        return TRUE;
    }
    if (!watch_for_trouble(capture, answer, ANSWER_WAITED, error) ||
        !spool_move(capture->spool, url, capture->writer, error))
        return FALSE;
    cookies_take(capture->cookies, answer);
    *exchange = g_steal_pointer(&answer);
    return step_until(capture, NULL, NULL, error);
}

static gboolean ask_and_wait(Capture *capture, const char *url, gsize limit, LaneRequest **done, GError **error)
{
    for (;;) {
        LaneRequest *request = lanes_find(capture->lanes, url);
        gboolean early = request && request->under_way;
        if (early)
            request->ahead = FALSE;
        else
            request = ask(capture, url, limit, FALSE);
        if (!step_until(capture, request, done, error))
            return FALSE;
        if (!early || fits(capture, request->answer, request->cookies, limit))
            return TRUE;
        set_apart(capture, url, APART_ALWAYS);
        lane_request_free(request);
    }
}

static AnswerKind how_it_came(const Capture *capture, const LaneRequest *request)
{
    if (request->answer->outcome == EXCHANGE_FAILED && !request->doubtful)
        return ANSWER_WAITED;
    return request->answer->transient && !spool_is_empty(capture->spool) ? ANSWER_ALARMS : ANSWER_IN_TURN;
}

static gboolean fetch_fresh(Capture *capture, const char *url, gsize limit, HttpExchange **exchange, GError **error)
{
    g_autoptr(LaneRequest) request = NULL;
    if (!ask_and_wait(capture, url, limit, &request, error) ||
        !watch_for_trouble(capture, request->answer, how_it_came(capture, request), error) ||
        !renew(capture, request, error) || !warc_writer_capture(capture->writer, request->answer, error))
        return FALSE;
    cookies_take(capture->cookies, request->answer);
    cookies_take(capture->ahead_cookies, request->answer);
    *exchange = g_steal_pointer(&request->answer);
    return TRUE;
}

static gboolean fetch(Capture *capture, const char *url, gsize limit, HttpExchange **exchange, GError **error)
{
    *exchange = NULL;
    capture->changed = TRUE;
    if (!take_waiting(capture, url, limit, exchange, error))
        return FALSE;
    if (!*exchange && !fetch_fresh(capture, url, limit, exchange, error))
        return FALSE;
    if ((*exchange)->outcome == EXCHANGE_RESPONSE)
        let_in(capture, url);
    return TRUE;
}

static gboolean take_replayed(Capture *capture, const char *url, HttpExchange **exchange, GError **error)
{
    if (!g_str_equal(capture->next->url, url)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%s: holds %s where this crawl comes to %s; move the file away to crawl the site again",
                    capture->path, capture->next->url, url);
        return FALSE;
    }
    *exchange = g_steal_pointer(&capture->next);
    const char *probe;
    trouble_watch(capture->trouble, *exchange, ANSWER_WAITED, &probe); /* to know what was good; what was bad is past */
    spool_drop(capture->spool, url);
    cookies_take(capture->cookies, *exchange);
    cookies_take(capture->ahead_cookies, *exchange);
    if (!read_ahead(capture, error))
        return FALSE;
    if (!capture->next)
        end_replay(capture);
    return TRUE;
}

gboolean capture_fetch(Capture *capture, const char *url, gsize limit, HttpExchange **exchange, GError **error)
{
    gboolean good = capture->next ? take_replayed(capture, url, exchange, error)
                                  : fetch(capture, url, limit, exchange, error);
    if (good)
        capture->unanswered |= (*exchange)->outcome == EXCHANGE_FAILED;
    return good;
}

gboolean capture_note(Capture *capture, const char *url, ExchangeOutcome outcome, const char *reason,
                      HttpExchange **exchange, GError **error)
{
    if (capture->next)
        return take_replayed(capture, url, exchange, error);
    g_autoptr(HttpExchange) note = http_exchange_new(url, 0);
    note->outcome = outcome;
    note->reason = g_strdup(reason);
    note->date = g_get_real_time() / G_USEC_PER_SEC;
    if (!warc_writer_capture(capture->writer, note, error))
        return FALSE;
    *exchange = g_steal_pointer(&note);
    return TRUE;
}
