/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/capture.h - the crawl's one door to the outside: from the file while it lasts, then from the network.
 *
 * A crawl that was interrupted is run again from its beginning; capture_fetch then answers from the WARC file, in the
 * same order, until the file's good part ends, and from the site after that. The crawl takes the same decisions from
 * the same answers and so goes on exactly as if it had never stopped, and nothing but the WARC file need be kept.
 * What comes from the site is on disk before it is handed out. Requests are paced (hosts.h) and repeated (retry.h), and
 * carry the site's cookies (cookies.h). With a `previous` file, answers that are in it are asked for conditionally, and
 * one that the server calls unchanged (304) is the old answer again (exchange->checked).
 *
 * Errors: GALEN_ERROR_INPUT when the file does not fit the crawl (its settings changed), GALEN_ERROR_SYSTEM when it
 * cannot be written, or when CAPTURE_TROUBLE_MAX URLs in a row gave no answer and neither does the last that did: the
 * network is down then, and the crawl must not take that for missing pages.
 */
#ifndef SCRAPERS_FETCH_CAPTURE_H
#define SCRAPERS_FETCH_CAPTURE_H

#include "scrapers/fetch/hosts.h"
#include "scrapers/fetch/http.h"

#define CAPTURE_TROUBLE_MAX 10

typedef struct CaptureSettings {
    const char *path;        /* of the WARC file */
    const char *fingerprint; /* of whatever decides which URLs are fetched; kept in the file and compared */
    gboolean ignore_robots;  /* as the warcinfo record tells it */
    gsize body_limit;
    double delay;            /* seconds */
    Hosts *hosts;            /* shared, borrowed; NULL: of its own */
    const char *previous;    /* WARC file of an earlier crawl; NULL: none */
    HttpSettings http;
    gboolean browser;        /* pages come through a browser (browser.h); robots.txt never does */
} CaptureSettings;

typedef struct Capture Capture;

Capture *capture_open(const CaptureSettings *settings, GString *notices, GError **error);
/* One request and its answer; the caller frees *exchange. */
gboolean capture_fetch(Capture *capture, const char *url, gsize limit, HttpExchange **exchange, GError **error);
/* Records that a URL was not asked for, and why. */
gboolean capture_note(Capture *capture, const char *url, ExchangeOutcome outcome, const char *reason,
                      HttpExchange **exchange, GError **error);
/* The URL that the file answers next; NULL when the network does. Borrowed until the next fetch or note. */
const char *capture_replays(const Capture *capture);
gboolean capture_went_unanswered(const Capture *capture); /* some URL that was fetched gave no answer */
Hosts *capture_hosts(Capture *capture);
void capture_free(Capture *capture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Capture, capture_free)

#endif
