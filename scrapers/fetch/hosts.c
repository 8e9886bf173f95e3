/* SPDX-License-Identifier: Apache-2.0
 * When each host may be asked again; see scrapers/fetch/hosts.h. */
#include "scrapers/fetch/hosts.h"

#include "scrapers/fetch/url.h"

typedef struct Host {
    double crawl_delay; /* seconds */
    gint64 asked;       /* g_get_monotonic_time of the end of the last request; 0: none yet */
    gboolean busy;
} Host;

struct Hosts {
    GMutex lock;
    GCond given_back;
    GHashTable *table; /* host name -> Host */
};

Hosts *hosts_new(void)
{
    Hosts *hosts = g_new0(Hosts, 1);
    g_mutex_init(&hosts->lock);
    g_cond_init(&hosts->given_back);
    hosts->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return hosts;
}

static Host *find(Hosts *hosts, const char *url)
{
    g_autofree char *name = url_host(url);
    Host *host = g_hash_table_lookup(hosts->table, name);
    if (!host) {
        host = g_new0(Host, 1);
        g_hash_table_insert(hosts->table, g_steal_pointer(&name), host);
    }
    return host;
}

void hosts_slow_down(Hosts *hosts, const char *url, double delay)
{
    g_mutex_lock(&hosts->lock);
    Host *host = find(hosts, url);
    host->crawl_delay = MAX(host->crawl_delay, delay);
    g_mutex_unlock(&hosts->lock);
}

void hosts_take(Hosts *hosts, const char *url, double delay)
{
    g_mutex_lock(&hosts->lock);
    Host *host = find(hosts, url);
    for (;;) {
        gint64 pause = (gint64)(MAX(delay, host->crawl_delay) * G_USEC_PER_SEC);
        if (host->busy) {
            g_cond_wait(&hosts->given_back, &hosts->lock);
        } else if (host->asked && g_get_monotonic_time() < host->asked + pause) {
            g_cond_wait_until(&hosts->given_back, &hosts->lock, host->asked + pause);
        } else {
            host->busy = TRUE;
            break;
        }
    }
    g_mutex_unlock(&hosts->lock);
}

void hosts_give_back(Hosts *hosts, const char *url, gboolean asked)
{
    g_mutex_lock(&hosts->lock);
    Host *host = find(hosts, url);
    host->busy = FALSE;
    if (asked)
        host->asked = g_get_monotonic_time();
    g_cond_broadcast(&hosts->given_back);
    g_mutex_unlock(&hosts->lock);
}

void hosts_free(Hosts *hosts)
{
    g_hash_table_unref(hosts->table);
    g_cond_clear(&hosts->given_back);
    g_mutex_clear(&hosts->lock);
    g_free(hosts);
}
