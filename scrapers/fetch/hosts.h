/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/hosts.h - when each host may be asked again.
 *
 * The clock of politeness: a host is asked by one request at a time, and between the end of one and the start of the
 * next lie at least `delay` seconds, or the host's own Crawl-delay when that is longer. Hosts are told apart by name,
 * not by port or scheme. Crawls that run side by side share one Hosts, so that two sources on one host do not ask it
 * twice as often. All calls are thread-safe.
 */
#ifndef SCRAPERS_FETCH_HOSTS_H
#define SCRAPERS_FETCH_HOSTS_H

#include <glib.h>

typedef struct Hosts Hosts;

Hosts *hosts_new(void);
void hosts_slow_down(Hosts *hosts, const char *url, double delay); /* Crawl-delay of the URL's host */
void hosts_take(Hosts *hosts, const char *url, double delay);      /* returns when the host may be asked */
void hosts_give_back(Hosts *hosts, const char *url, gboolean asked); /* `asked`: a request was sent and has ended */
void hosts_free(Hosts *hosts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hosts, hosts_free)

#endif
