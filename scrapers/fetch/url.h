/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/url.h - one spelling for each URL, so that a page is fetched once.
 *
 * url_normalise takes an absolute http or https URL as people and pages write it and gives the spelling that the
 * crawler compares, requests and records (RFC 3986, section 6.2): scheme and host in lower case, international host
 * names in their ASCII form, no default port, no dot segments, no fragment, "%7e" as "~", other escapes in upper case,
 * bytes that a URL may not hold escaped. url_resolve does the same for a reference found on the page `base` (itself
 * normalised). Both return NULL for what is no http(s) URL, carries a user name, or is longer than URL_MAX bytes.
 * Strings returned are the caller's (g_free) unless said otherwise.
 */
#ifndef SCRAPERS_FETCH_URL_H
#define SCRAPERS_FETCH_URL_H

#include <glib.h>

#define URL_MAX 2083

char *url_normalise(const char *text);
char *url_resolve(const char *base, const char *reference);
/* The same, but keeps a fragment that names a page of a JavaScript application ("#/guideline/7", "#!about"). */
char *url_resolve_route(const char *base, const char *reference);

/* Parts of a normalised URL. */
char *url_origin(const char *url);       /* "https://host:8080" */
char *url_host(const char *url);         /* "host", without port */
char *url_site(const char *url);         /* "host:8080" without a leading "www.": what counts as the same site */
const char *url_target(const char *url); /* path and query; borrowed */

/* Normalises the escapes of a path, a query or a robots.txt pattern: unreserved characters are unescaped, what may
 * not stand in a URL is escaped, hexadecimal digits are in upper case. Characters in `also` are escaped too. */
void url_append_escaped(GString *out, const char *text, gsize length, const char *also);

#endif
