/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/cookies.h - the cookies of one crawl, in memory (RFC 6265).
 *
 * Cookies are taken from answers as they are stored and given back by URL, with the answer's own date as the clock, so
 * that a crawl that is replayed from its file has the cookies it had. Stricter than browsers: a Domain attribute counts
 * only when it is the host itself or its parent with two labels or more, third parties do not exist, and a host may set
 * COOKIES_PER_HOST cookies of COOKIE_MAX bytes; what is over that is forgotten, oldest first, as is one with control
 * characters, which could break the line that sends it back.
 */
#ifndef SCRAPERS_FETCH_COOKIES_H
#define SCRAPERS_FETCH_COOKIES_H

#include "scrapers/fetch/exchange.h"

#define COOKIES_PER_HOST 50
#define COOKIE_MAX 4096

typedef struct Cookies Cookies;

Cookies *cookies_new(void);
void cookies_take(Cookies *cookies, const HttpExchange *answer);
char *cookies_for(const Cookies *cookies, const char *url, gint64 now); /* "a=1; b=2"; NULL: none; g_free */
void cookies_free(Cookies *cookies);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cookies, cookies_free)

#endif
