/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/capture.h - the crawl's one door to the outside: from the file while it lasts, then from the network.
 *
 * A crawl that was interrupted is run again from its beginning; capture_fetch then answers from the WARC file, in the
 * same order, until the file's good part ends, and from the site after that. The crawl takes the same decisions from
 * the same answers and so goes on exactly as if it had never stopped.
 * What comes from the site is on disk before it is handed out. Requests are paced (hosts.h) and repeated (retry.h), and
 * carry the site's cookies (cookies.h). With a `previous` file, answers that are in it are asked for conditionally, and
 * one that the server calls unchanged (304) is the old answer again (exchange->checked).
 *
 * While capture_fetch waits for one host, others can be asked ahead of their turn: it calls the function given to
 * capture_foresee, which names URLs that the crawl will come to (capture_ask_ahead). Their answers wait on disk
 * (spool.h), so that the order of the file is the crawl's and not that of arrival. One is used only if it answers the
 * very request that the crawl comes to: if a cookie has changed in between the URL is asked for again, and its host not
 * ahead any more.
 *
 * Errors: GALEN_ERROR_INPUT when the file does not fit the crawl (its settings changed), GALEN_ERROR_SYSTEM when it
 * cannot be written, or when a host or the network is in trouble (trouble.h), which must not be taken for missing pages.
 */
#ifndef SCRAPERS_FETCH_CAPTURE_H
#define SCRAPERS_FETCH_CAPTURE_H

#include "scrapers/fetch/lanes.h"

typedef struct CaptureSettings {
    const char *path;        /* of the WARC file */
    const char *fingerprint; /* of whatever decides which URLs are fetched; kept in the file and compared */
    gboolean ignore_robots;  /* as the warcinfo record tells it */
    gsize body_limit;
    const char *previous;    /* WARC file of an earlier crawl; NULL: none */
    LanesSettings lanes;     /* hosts: shared, borrowed; NULL: of its own */
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
void capture_slow_down(Capture *capture, const char *url, double delay); /* Crawl-delay of the URL's host */
void capture_finish(Capture *capture); /* the crawl is at its end, and nothing waits for its turn any more */
void capture_free(Capture *capture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Capture, capture_free)

/* Asking ahead. `foresee` is called whenever a host may have become free, and may call the functions below. */
typedef void (*CaptureForesee)(gpointer data);
void capture_foresee(Capture *capture, CaptureForesee foresee, gpointer data);
/* Whether capture_ask_ahead would be of use for a URL of this host at this moment. */
gboolean capture_is_free(const Capture *capture, const char *host);
void capture_ask_ahead(Capture *capture, const char *url, gsize limit);
/* Whether the answer to a URL waits for its turn. *location: where it redirects to; NULL: it does not. Borrowed. */
gboolean capture_waits(const Capture *capture, const char *url, const char **location);
HttpExchange *capture_peek(const Capture *capture, const char *url); /* a copy of that answer; NULL: there is none */

#endif
