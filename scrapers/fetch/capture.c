/* SPDX-License-Identifier: Apache-2.0
 * From the file while it lasts, then from the network; see scrapers/fetch/capture.h. */
#include "config.h"

#include "scrapers/fetch/capture.h"

#include "base/error.h"
#include "scrapers/fetch/browser.h"
#include "scrapers/fetch/cookies.h"
#include "scrapers/fetch/previous.h"
#include "scrapers/fetch/retry.h"
#include "scrapers/fetch/warc_reader.h"
#include "scrapers/fetch/warc_writer.h"

struct Capture {
    char *path;
    double delay;
    WarcReader *reader;  /* NULL once the file is read */
    HttpExchange *next;  /* the answer that the file has ready */
    WarcWriter *writer;
    HttpClient *client;
    Browser *browser;    /* NULL: pages come over HTTP alone */
    Hosts *hosts, *own_hosts;
    Cookies *cookies;
    Previous *previous;  /* NULL: none */
    unsigned trouble;    /* URLs in a row without an answer */
    gboolean unanswered; /* some URL gave none */
    char *last_answered;
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
                                              settings->http.user_agent, settings->fingerprint);
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

Capture *capture_open(const CaptureSettings *settings, GString *notices, GError **error)
{
    g_autoptr(Capture) capture = g_new0(Capture, 1);
    capture->path = g_strdup(settings->path);
    capture->delay = settings->delay;
    capture->own_hosts = settings->hosts ? NULL : hosts_new();
    capture->hosts = settings->hosts ? settings->hosts : capture->own_hosts;
    capture->cookies = cookies_new();
    capture->client = http_client_new(&settings->http, error);
    if (settings->browser)
        capture->browser = browser_new(&settings->http, error);
    WarcRecovery recovery = {0};
    gboolean good = capture->client && (capture->browser || !settings->browser) &&
                    warc_reader_recover(settings->path, settings->body_limit, &recovery, error) &&
                    check_fingerprint(settings, &recovery, error) && open_file(capture, settings, &recovery, error) &&
                    open_previous(capture, settings, error);
    if (good && recovery.cut && notices)
        g_string_append_printf(notices, "%s: goes on at byte %" G_GUINT64_FORMAT "; %" G_GUINT64_FORMAT
                               " bytes behind the last whole response are fetched again\n",
                               settings->path, recovery.length, recovery.cut);
    g_free(recovery.settings);
    return good ? g_steal_pointer(&capture) : NULL;
}

void capture_free(Capture *capture)
{
    g_clear_pointer(&capture->reader, warc_reader_free);
    g_clear_pointer(&capture->next, http_exchange_free);
    g_clear_pointer(&capture->writer, warc_writer_free);
    g_clear_pointer(&capture->client, http_client_free);
    g_clear_pointer(&capture->browser, browser_free);
    g_clear_pointer(&capture->own_hosts, hosts_free);
    g_clear_pointer(&capture->previous, previous_free);
    cookies_free(capture->cookies);
    g_free(capture->last_answered);
    g_free(capture->path);
    g_free(capture);
}

const char *capture_replays(const Capture *capture)
{
    return capture->next ? capture->next->url : NULL;
}

gboolean capture_went_unanswered(const Capture *capture)
{
    return capture->unanswered;
}

Hosts *capture_hosts(Capture *capture)
{
    return capture->hosts;
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
    cookies_take(capture->cookies, *exchange);
    return read_ahead(capture, error);
}

static HttpExchange *ask_once(Capture *capture, const char *url, const PreviousAnswer *old, gsize limit)
{
    g_autofree char *cookies = cookies_for(capture->cookies, url, g_get_real_time() / G_USEC_PER_SEC);
    HttpExtras extras = {.cookies = cookies};
    if (old) {
        extras.etag = old->etag;
        extras.last_modified = old->last_modified;
    }
    hosts_take(capture->hosts, url, capture->delay);
    gboolean rendered = capture->browser && !g_str_has_suffix(url, "/robots.txt");
    HttpExchange *exchange = rendered ? browser_get(capture->browser, url, limit)
                                      : http_get(capture->client, url, &extras, limit);
    hosts_give_back(capture->hosts, url, exchange->outcome != EXCHANGE_REFUSED);
    return exchange;
}

static HttpExchange *ask(Capture *capture, const char *url, const PreviousAnswer *old, gsize limit)
{
    for (unsigned attempt = 1;; attempt++) {
        HttpExchange *exchange = ask_once(capture, url, old, limit);
        double wait;
        if (!retry_wanted(exchange, attempt, capture->delay, &wait))
            return exchange;
        http_exchange_free(exchange);
        g_usleep((gulong)(wait * G_USEC_PER_SEC));
    }
}

static gboolean network_is_up(Capture *capture)
{
    if (!capture->last_answered)
        return FALSE;
    g_autoptr(HttpExchange) probe = ask(capture, capture->last_answered, NULL, 1);
    return probe->outcome == EXCHANGE_RESPONSE;
}

static gboolean watch_for_trouble(Capture *capture, const HttpExchange *exchange, GError **error)
{
    if (exchange->outcome == EXCHANGE_RESPONSE) {
        capture->trouble = 0;
        g_free(capture->last_answered);
        capture->last_answered = g_strdup(exchange->url);
    }
    if (exchange->outcome != EXCHANGE_FAILED || ++capture->trouble < CAPTURE_TROUBLE_MAX)
        return TRUE;
    capture->trouble = 0;
    if (network_is_up(capture))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                "%u URLs in a row gave no answer, the last of them %s (%s): the network or the site is down; "
                "run again later to go on where the crawl stopped",
                CAPTURE_TROUBLE_MAX, exchange->url, exchange->reason);
    return FALSE;
}

/* Puts the old answer in the place of the 304 that says it is still good. */
static gboolean renew(Capture *capture, const PreviousAnswer *old, HttpExchange **exchange, GError **error)
{
    HttpExchange *fresh = *exchange;
    HttpExchange *answer = previous_load(capture->previous, old, error);
    if (!answer)
        return FALSE;
    answer->checked = fresh->date;
    g_free(answer->address);
    answer->address = g_steal_pointer(&fresh->address);
    buffer_append(&answer->revisit, fresh->headers.data, fresh->headers.length);
    buffer_append(&answer->request, fresh->request.data, fresh->request.length);
    http_exchange_free(fresh);
    *exchange = answer;
    return TRUE;
}

static gboolean fetch_fresh(Capture *capture, const char *url, gsize limit, HttpExchange **exchange, GError **error)
{
    const PreviousAnswer *old = capture->previous ? previous_find(capture->previous, url) : NULL;
    /* What the server calls unchanged is the page's frame; its scripts may show something else. */
    if (old && (old->length > limit || capture->browser))
        old = NULL;
    g_autoptr(HttpExchange) fresh = ask(capture, url, old, limit);
    gboolean unchanged = old && fresh->outcome == EXCHANGE_RESPONSE && fresh->status == 304;
    if (!watch_for_trouble(capture, fresh, error) || (unchanged && !renew(capture, old, &fresh, error)) ||
        !warc_writer_capture(capture->writer, fresh, error))
        return FALSE;
    cookies_take(capture->cookies, fresh);
    *exchange = g_steal_pointer(&fresh);
    return TRUE;
}

gboolean capture_fetch(Capture *capture, const char *url, gsize limit, HttpExchange **exchange, GError **error)
{
    if (capture->next) {
        if (!take_replayed(capture, url, exchange, error))
            return FALSE;
    } else if (!fetch_fresh(capture, url, limit, exchange, error)) {
        return FALSE;
    }
    capture->unanswered |= (*exchange)->outcome == EXCHANGE_FAILED;
    return TRUE;
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
