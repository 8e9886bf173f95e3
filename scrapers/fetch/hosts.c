/* SPDX-License-Identifier: Apache-2.0
 * When each host may be asked again; see scrapers/fetch/hosts.h. */
#include "scrapers/fetch/hosts.h"

/* How long the user who had a host last leaves it to the others who want it. */
#define COURTESY (G_USEC_PER_SEC / 20)

struct HostsUser {
    Hosts *hosts;
    void (*wake)(gpointer);
    gpointer data;
};

typedef struct Host {
    double crawl_delay;     /* seconds */
    gint64 asked;           /* g_get_monotonic_time of the end of the last request; 0: none yet */
    gint64 rests_until;
    gboolean busy;
    const HostsUser *last;  /* who had it */
    GPtrArray *wanted_by;   /* of HostsUser */
} Host;

struct Hosts {
    GMutex lock;
    GHashTable *table; /* host name -> Host */
};

static void host_free(gpointer data)
{
    Host *host = data;
    g_ptr_array_unref(host->wanted_by);
    g_free(host);
}

Hosts *hosts_new(void)
{
    Hosts *hosts = g_new0(Hosts, 1);
    g_mutex_init(&hosts->lock);
    hosts->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, host_free);
    return hosts;
}

void hosts_free(Hosts *hosts)
{
    g_hash_table_unref(hosts->table);
    g_mutex_clear(&hosts->lock);
    g_free(hosts);
}

HostsUser *hosts_join(Hosts *hosts, void (*wake)(gpointer), gpointer data)
{
    HostsUser *user = g_new(HostsUser, 1);
    *user = (HostsUser){.hosts = hosts, .wake = wake, .data = data};
    return user;
}

void hosts_leave(HostsUser *user)
{
    GHashTableIter iterator;
    gpointer value;
    g_mutex_lock(&user->hosts->lock);
    g_hash_table_iter_init(&iterator, user->hosts->table);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        Host *host = value;
        g_ptr_array_remove(host->wanted_by, user);
        if (host->last == user)
            host->last = NULL;
    }
    g_mutex_unlock(&user->hosts->lock);
    g_free(user);
}

static Host *find(Hosts *hosts, const char *name)
{
    Host *host = g_hash_table_lookup(hosts->table, name);
    if (!host) {
        host = g_new0(Host, 1);
        host->wanted_by = g_ptr_array_new();
        g_hash_table_insert(hosts->table, g_strdup(name), host);
    }
    return host;
}

void hosts_slow_down(HostsUser *user, const char *name, double delay)
{
    g_mutex_lock(&user->hosts->lock);
    Host *host = find(user->hosts, name);
    host->crawl_delay = MAX(host->crawl_delay, delay);
    g_mutex_unlock(&user->hosts->lock);
}

/* When this user may have the host; 0: at once. */
static gint64 due(const Host *host, const HostsUser *user, double delay, gint64 now)
{
    gint64 pause = (gint64)(MAX(delay, host->crawl_delay) * G_USEC_PER_SEC);
    gint64 when = MAX(host->asked ? host->asked + pause : 0, host->rests_until);
    gboolean others = host->wanted_by->len > 1 || (host->wanted_by->len && host->wanted_by->pdata[0] != user);
    if (host->busy)
        return G_MAXINT64;
    if (host->last == user && others)
        when += COURTESY;
    return when > now ? when : 0;
}

gint64 hosts_try(HostsUser *user, const char *name, double delay)
{
    g_mutex_lock(&user->hosts->lock);
    Host *host = find(user->hosts, name);
    gint64 when = due(host, user, delay, g_get_monotonic_time());
    if (when == 0) {
        host->busy = TRUE;
        /* Others that did not come in time have lost interest, or will say so again. */
        if (host->last == user)
            g_ptr_array_set_size(host->wanted_by, 0);
        g_ptr_array_remove(host->wanted_by, user);
        host->last = user;
    } else if (!g_ptr_array_find(host->wanted_by, user, NULL)) {
        g_ptr_array_add(host->wanted_by, user);
    }
    g_mutex_unlock(&user->hosts->lock);
    return when;
}

void hosts_give_back(HostsUser *user, const char *name, gboolean asked, double rest)
{
    g_mutex_lock(&user->hosts->lock);
    Host *host = find(user->hosts, name);
    gint64 now = g_get_monotonic_time();
    host->busy = FALSE;
    if (asked)
        host->asked = now;
    host->rests_until = MAX(host->rests_until, now + (gint64)(rest * G_USEC_PER_SEC));
    for (guint i = 0; i < host->wanted_by->len; i++) {
        const HostsUser *other = host->wanted_by->pdata[i];
        other->wake(other->data);
    }
    g_mutex_unlock(&user->hosts->lock);
}
