/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/http.h - one HTTP request over libcurl, with every limit that a hostile server makes necessary.
 *
 * http_get sends one GET and follows no redirect. Only http and https are spoken (HTTP/2 where the
 * server offers it over TLS, else HTTP/1.1). Each connection is shown to `may_connect` at the moment it is made. The body is decoded (gzip,
 * deflate, br, zstd) as it comes and cut at `limit` decoded bytes; connection, speed and total time are bounded by
 * `timeout`. A proxy named by the environment is used only when there is no address rule, because the rule would see
 * the proxy's address and not the site's.
 *
 * Errors are facts about the site and go into the exchange; http_get itself always returns one. One client belongs to
 * one thread; it keeps connections open between calls.
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

/* Lines of a request that depend on what the crawl knows; NULL: without. */
typedef struct HttpExtras {
    const char *etag, *last_modified; /* of the copy at hand: the server may answer 304 */
    const char *cookies;
} HttpExtras;

typedef struct HttpClient HttpClient;

HttpClient *http_client_new(const HttpSettings *settings, GError **error);
HttpExchange *http_get(HttpClient *client, const char *url, const HttpExtras *extras, gsize limit);
void http_client_free(HttpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpClient, http_client_free)

/* "galen/VERSION (+CONTACT)". g_free. */
char *http_user_agent(const char *contact);

#endif
