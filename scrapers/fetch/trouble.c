/* SPDX-License-Identifier: Apache-2.0
 * The page, the host or the network; see scrapers/fetch/trouble.h. */
#include "scrapers/fetch/trouble.h"

#include "scrapers/fetch/retry.h"
#include "scrapers/fetch/url.h"

typedef struct HostHealth {
    unsigned row;    /* answers in trouble, one after the other */
    char *last_good; /* URL; NULL: none */
} HostHealth;

struct Trouble {
    unsigned row; /* URLs without an answer, one after the other */
    char *last_answered;
    char *elsewhere;   /* the last URL that was answered by another host than that; NULL: none */
    GHashTable *hosts; /* name -> HostHealth */
};

static void health_free(gpointer data)
{
    HostHealth *health = data;
    g_free(health->last_good);
    g_free(health);
}

Trouble *trouble_new(void)
{
    Trouble *trouble = g_new0(Trouble, 1);
    trouble->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, health_free);
    return trouble;
}

void trouble_free(Trouble *trouble)
{
    g_hash_table_unref(trouble->hosts);
    g_free(trouble->last_answered);
    g_free(trouble->elsewhere);
    g_free(trouble);
}

static void remember(char **place, const char *url)
{
    g_free(*place);
    *place = g_strdup(url);
}

static gboolean same_host(const char *one, const char *other)
{
    g_autofree char *a = url_host(one), *b = url_host(other);
    return g_str_equal(a, b);
}

static void remember_answered(Trouble *trouble, const char *url)
{
    if (trouble->last_answered && !same_host(trouble->last_answered, url)) {
        g_free(trouble->elsewhere);
        trouble->elsewhere = g_steal_pointer(&trouble->last_answered);
    }
    remember(&trouble->last_answered, url);
}

static TroubleKind watch_host(Trouble *trouble, const HttpExchange *answer, const char **probe)
{
    g_autofree char *host = url_host(answer->url);
    HostHealth *health = g_hash_table_lookup(trouble->hosts, host);
    if (!health) {
        health = g_new0(HostHealth, 1);
        g_hash_table_insert(trouble->hosts, g_steal_pointer(&host), health);
    }
    if (!http_exchange_is_trouble(answer)) {
        health->row = 0;
        remember(&health->last_good, answer->url);
        return TROUBLE_NONE;
    }
    if (++health->row < TROUBLE_ROW && retry_after(answer) <= RETRY_LONGEST)
        return TROUBLE_NONE;
    health->row = 0;
    *probe = health->last_good;
    return TROUBLE_HOST;
}

static const char *proof_of_network(const Trouble *trouble, const char *failed)
{
    gboolean same = trouble->last_answered && same_host(trouble->last_answered, failed);
    return same && trouble->elsewhere ? trouble->elsewhere : trouble->last_answered;
}

TroubleKind trouble_watch(Trouble *trouble, const HttpExchange *answer, AnswerKind how, const char **probe)
{
    *probe = NULL;
    if (answer->outcome == EXCHANGE_RESPONSE) {
        if (how != ANSWER_WAITED)
            trouble->row = 0;
        remember_answered(trouble, answer->url);
        return watch_host(trouble, answer, probe);
    }
    if (answer->outcome != EXCHANGE_FAILED || how == ANSWER_WAITED)
        return TROUBLE_NONE;
    if (++trouble->row < TROUBLE_ROW && how != ANSWER_ALARMS)
        return TROUBLE_NONE;
    trouble->row = 0;
    *probe = proof_of_network(trouble, answer->url);
    return TROUBLE_NETWORK;
}

char *trouble_reason(TroubleKind kind, const HttpExchange *answer)
{
    if (kind == TROUBLE_NETWORK)
        return g_strdup_printf("%s gives no answer (%s), and neither does a page that was there before: the network or "
                               "the site is down; run again later to go on where the crawl stopped",
                               answer->url, answer->reason);
    g_autofree char *host = url_host(answer->url);
    double asked = retry_after(answer);
    g_autofree char *wish = asked > 0 ? g_strdup_printf(" and asks to wait %.0f s", asked) : g_strdup("");
    return g_strdup_printf("%s answers with status %d%s, also for a page that it gave before: it is down or has had "
                           "enough; run again later to go on where the crawl stopped",
                           host, answer->status, wish);
}
