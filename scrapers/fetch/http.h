/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/http.h - HTTP requests over libcurl, with every limit that a hostile server makes necessary.
 *
 * http_start begins one GET; http_wait moves on all that have begun, and http_take hands out those that have ended, in
 * the order in which they did. No redirect is followed. Only http and https are spoken (HTTP/2 where the server offers
 * it over TLS, else HTTP/1.1). Each connection is shown to `may_connect` at the moment it is made. The body is decoded
 * (gzip, deflate, br, zstd) as it comes and cut at `limit` decoded bytes, so that a bomb costs no more than an honest
 * page of that size; connection, speed and total time are bounded by `timeout`. A proxy named by the environment is
 * used only when there is no address rule, because the rule would see the proxy's address and not the site's.
 *
 * Errors are facts about the site and go into the exchange: each request that began ends with one, unless it is
 * cancelled. A client belongs to one thread, but for http_wake; it keeps connections open between requests.
 */
#ifndef SCRAPERS_FETCH_HTTP_H
#define SCRAPERS_FETCH_HTTP_H

#include "scrapers/fetch/address.h"
#include "scrapers/fetch/exchange.h"

typedef struct HttpSettings {
    const char *user_agent;
    double timeout;          /* seconds for one request */
    AddressRule may_connect; /* NULL: any address */
    const char *authorities; /* file of the certificates to trust (PEM); NULL: the system's */
} HttpSettings;

typedef struct HttpRequest {
    const char *url;
    gsize limit;
    const char *etag, *last_modified; /* of the copy at hand: the server may answer 304; NULL: none */
    const char *cookies;              /* NULL: none */
} HttpRequest;

typedef struct HttpClient HttpClient;

HttpClient *http_client_new(const HttpSettings *settings, GError **error);
/* `tag` names the request to http_take and http_cancel. Nothing of `request` is kept. */
void http_start(HttpClient *client, const HttpRequest *request, gpointer tag);
/* Returns when a request has ended, or at `until` (of g_get_monotonic_time), or after http_wake. */
void http_wait(HttpClient *client, gint64 until);
/* What came of a request that has ended, for the caller to free; NULL: there is none. */
HttpExchange *http_take(HttpClient *client, gpointer *tag);
/* Gives a request up that http_take has not handed out. */
void http_cancel(HttpClient *client, gpointer tag);
gsize http_held(const HttpClient *client); /* bytes of the bodies of all requests under way */
void http_wake(HttpClient *client);        /* from any thread: the wait that is under way, or the next one, ends */
void http_client_free(HttpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpClient, http_client_free)

/* "galen/VERSION (+CONTACT)". g_free. */
char *http_user_agent(const char *contact);

#endif
