/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/hosts.h - when each host may be asked again.
 *
 * The clock of politeness: a host is asked by one request at a time, and between the end of one and the start of the
 * next lie at least `delay` seconds, or the host's own Crawl-delay when that is longer, or the rest that the host was
 * given when it was in trouble. Hosts are told apart by name, not by port or scheme. Crawls that run side by side share
 * one Hosts, so that two sources on one host do not ask it twice as often; they take turns.
 *
 * Nothing here waits. Each crawl joins with a function that ends its own wait, and calls hosts_try until it has the
 * host; hosts_give_back ends the waits of the others who want it. Two threads may use one Hosts, not one HostsUser.
 */
#ifndef SCRAPERS_FETCH_HOSTS_H
#define SCRAPERS_FETCH_HOSTS_H

#include <glib.h>

typedef struct Hosts Hosts;
typedef struct HostsUser HostsUser;

Hosts *hosts_new(void);
void hosts_free(Hosts *hosts); /* when all have left */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hosts, hosts_free)

/* `wake` is called in any thread and must not call back. */
HostsUser *hosts_join(Hosts *hosts, void (*wake)(gpointer), gpointer data);
void hosts_leave(HostsUser *user); /* gives back nothing */
void hosts_slow_down(HostsUser *user, const char *host, double delay); /* the host's Crawl-delay */
/* 0: the host is now this user's. Else when to try again, of g_get_monotonic_time; G_MAXINT64: when woken. */
gint64 hosts_try(HostsUser *user, const char *host, double delay);
/* `asked`: a request was sent and has ended. The host is left alone for `rest` seconds at least. */
void hosts_give_back(HostsUser *user, const char *host, gboolean asked, double rest);

#endif
