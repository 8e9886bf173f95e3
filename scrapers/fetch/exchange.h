/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/exchange.h - one request and what came of it.
 *
 * An HttpExchange is filled by http.h from the network or by warc_reader.h from a file; what the crawler does next
 * depends on these facts alone, so that it goes the same way in both cases. `headers` and `body` are as stored: the
 * body is free of transfer and content codings and the headers say so (Content-Length is the body's; the server's own
 * lines about codings and length are kept with "X-Crawl-" before their names).
 */
#ifndef SCRAPERS_FETCH_EXCHANGE_H
#define SCRAPERS_FETCH_EXCHANGE_H

#include "base/buffer.h"

typedef enum {
    EXCHANGE_RESPONSE, /* the server answered, with whatever status */
    EXCHANGE_FAILED,   /* no whole answer: `reason` says why */
    EXCHANGE_REFUSED,  /* not asked for, by robots.txt, the address rule or the scope: `reason` */
} ExchangeOutcome;

typedef struct HttpExchange {
    ExchangeOutcome outcome;
    char *url;
    char *reason;       /* NULL for a response */
    char *address;      /* of the server; may be NULL */
    gint64 date;        /* seconds since 1970 */
    int status;
    gboolean truncated; /* the body was longer than the limit; `body` is its beginning */
    gboolean transient; /* a failure that may pass when tried again */
    gint64 checked;     /* when the server said that an answer of `date` is still good (304); 0: the answer is new */
    Buffer revisit;     /* then: the head of its 304, with an empty body; empty when read from a file */
    Buffer request;     /* as sent; empty when nothing was sent or when read from a file */
    Buffer headers;     /* status line to the empty line, CRLF */
    Buffer body;
} HttpExchange;

HttpExchange *http_exchange_new(const char *url, gsize body_limit);
void http_exchange_free(HttpExchange *exchange);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpExchange, http_exchange_free)

/* The value of the first header of that name, trimmed; NULL if there is none. g_free. */
char *http_exchange_header(const HttpExchange *exchange, const char *name);
/* The values of all headers of that name, trimmed, in their order; the caller frees the array. */
GPtrArray *http_exchange_headers(const HttpExchange *exchange, const char *name);

/* Rewrites `raw`, the head as the server sent it, into exchange->headers, for a body of exchange->body.length. The
 * status lines of HTTP/2 and later, which have no form of their own, are written as HTTP/1.1's. */
void http_exchange_store_headers(HttpExchange *exchange, const char *raw, gsize length);

gboolean http_exchange_is_redirect(const HttpExchange *exchange);
/* No failure of the page but of its server: 429 and 5xx. */
gboolean http_exchange_is_trouble(const HttpExchange *exchange);
gboolean http_exchange_is_html(const HttpExchange *exchange, char **charset); /* g_free *charset; it may be NULL */

#endif
