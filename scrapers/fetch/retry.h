/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/retry.h - whether to ask again, and when.
 *
 * Asked again are failures of the network that may pass and the statuses 408, 429, 500, 502, 503, 504, 522 and 524,
 * RETRY_ATTEMPTS times in all. The wait doubles from four times the crawl's delay, lengthened by up to a half (by a hash
 * of the URL, so that no two runs differ), or is what Retry-After asks for
 * (RFC 9110, section 10.2.3: seconds or a date); a server that asks for more than RETRY_LONGEST is not asked again.
 * The wait is the host's: no other page of it is asked for in that time, by whatever source (hosts.h).
 */
#ifndef SCRAPERS_FETCH_RETRY_H
#define SCRAPERS_FETCH_RETRY_H

#include "scrapers/fetch/exchange.h"

#define RETRY_ATTEMPTS 3
#define RETRY_LONGEST 300.0 /* seconds */

/* `attempt` counts from 1. TRUE: ask again. *wait: seconds for which to leave the host alone, in either case. */
gboolean retry_wanted(const HttpExchange *exchange, unsigned attempt, double delay, double *wait);

/* The seconds that an answer's Retry-After asks for; -1 when there is none that can be read. */
double retry_after(const HttpExchange *exchange);

/* Seconds from `now` (since 1970) that a Retry-After value asks for; -1 when it cannot be read. */
double retry_after_seconds(const char *value, gint64 now);

#endif
