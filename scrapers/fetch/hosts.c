/* SPDX-License-Identifier: Apache-2.0
 * When each host may be asked again; see scrapers/fetch/hosts.h. */
#include "scrapers/fetch/hosts.h"

#include "scrapers/fetch/url.h"

typedef struct Host {
    double delay; /* seconds */
    gint64 ready; /* g_get_monotonic_time from which it may be asked */
} Host;

struct Hosts {
    double delay;
    GHashTable *table; /* host name -> Host */
};

Hosts *hosts_new(double delay)
{
    Hosts *hosts = g_new0(Hosts, 1);
    hosts->delay = MAX(0.0, delay);
    hosts->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return hosts;
}

static Host *find(Hosts *hosts, const char *url)
{
    char *name = url_host(url);
    Host *host = g_hash_table_lookup(hosts->table, name);
    if (host) {
        g_free(name);
        return host;
    }
    host = g_new0(Host, 1);
    host->delay = hosts->delay;
    g_hash_table_insert(hosts->table, name, host);
    return host;
}

void hosts_slow_down(Hosts *hosts, const char *url, double delay)
{
    Host *host = find(hosts, url);
    gint64 longer = (gint64)((delay - host->delay) * G_USEC_PER_SEC);
    if (longer > 0) {
        host->delay = delay;
        host->ready += host->ready ? longer : 0;
    }
}

void hosts_wait(Hosts *hosts, const char *url)
{
    const Host *host = find(hosts, url);
    gint64 left;
    while (host->ready && (left = host->ready - g_get_monotonic_time()) > 0)
        g_usleep((gulong)left);
}

void hosts_asked(Hosts *hosts, const char *url)
{
    Host *host = find(hosts, url);
    host->ready = g_get_monotonic_time() + (gint64)(host->delay * G_USEC_PER_SEC);
}

void hosts_free(Hosts *hosts)
{
    g_hash_table_unref(hosts->table);
    g_free(hosts);
}
