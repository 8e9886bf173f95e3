/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/hosts.h - when each host may be asked again.
 *
 * The clock of politeness: between the end of one request to a host and the start of the next lie at least `delay`
 * seconds, or the host's own Crawl-delay when that is longer. Hosts are told apart by name, not by port or scheme.
 */
#ifndef SCRAPERS_FETCH_HOSTS_H
#define SCRAPERS_FETCH_HOSTS_H

#include <glib.h>

typedef struct Hosts Hosts;

Hosts *hosts_new(double delay);
void hosts_slow_down(Hosts *hosts, const char *url, double delay); /* Crawl-delay of the URL's host */
void hosts_wait(Hosts *hosts, const char *url);                    /* returns when the host may be asked */
void hosts_asked(Hosts *hosts, const char *url);                   /* a request has ended */
void hosts_free(Hosts *hosts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hosts, hosts_free)

#endif
