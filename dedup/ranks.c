/* SPDX-License-Identifier: Apache-2.0
 * What ranks of a deduplication tell each other; see dedup/ranks.h. */
#include "dedup/ranks.h"

#include <string.h>

#include "base/error.h"

static void share_of(gsize count, unsigned rank, unsigned ranks, gsize *from, gsize *to)
{
    *from = (gsize)((guint64)count * rank / ranks);
    *to = (gsize)((guint64)count * (rank + 1) / ranks);
}

void ranks_share(const Corpus *corpus, gsize count, gsize *from, gsize *to)
{
    share_of(count, comm_rank(corpus->comm), comm_size(corpus->comm), from, to);
}

gboolean ranks_gather_candidates(Corpus *corpus, GError **error)
{
    unsigned ranks = comm_size(corpus->comm);
    if (ranks == 1)
        return TRUE;
    g_autofree gsize *bytes = g_new(gsize, ranks);
    g_autofree Candidate *mine = corpus->candidates;
    gsize own = corpus->count * sizeof *mine, all = 0;
    corpus->candidates = NULL;
    if (!comm_all_gather(corpus->comm, &own, sizeof own, bytes, error))
        return FALSE;
    for (unsigned rank = 0; rank < ranks; rank++)
        all += bytes[rank];
    corpus->count = all / sizeof *mine;
    corpus->candidates = g_new(Candidate, corpus->count);
    return comm_all_gatherv(corpus->comm, mine, bytes, corpus->candidates, error);
}

/* ---- Keys ---------------------------------------------------------------------------------------------------- */

static unsigned owner_of(guint64 key, unsigned ranks)
{
    return (unsigned)((key >> 32) * ranks >> 32);
}

/* Room for one round of messages. */
typedef struct Exchange {
    Comm *comm;
    unsigned ranks;
    KeyIndex *out, *in;
    gsize in_capacity;      /* keys */
    gsize *counts, *places; /* of keys that go to each rank */
    gsize *out_bytes, *in_bytes;
} Exchange;

static void exchange_init(Exchange *exchange, Comm *comm)
{
    unsigned ranks = comm_size(comm);
    *exchange = (Exchange){.comm = comm, .ranks = ranks, .out = g_new(KeyIndex, RANKS_KEYS)};
    exchange->counts = g_new(gsize, ranks);
    exchange->places = g_new(gsize, ranks);
    exchange->out_bytes = g_new(gsize, ranks);
    exchange->in_bytes = g_new(gsize, ranks);
}

static void exchange_clear(Exchange *exchange)
{
    g_free(exchange->out);
    g_free(exchange->in);
    g_free(exchange->counts);
    g_free(exchange->places);
    g_free(exchange->out_bytes);
    g_free(exchange->in_bytes);
}

static void order_by_owner(Exchange *exchange, const KeyIndex *items, gsize count)
{
    memset(exchange->counts, 0, exchange->ranks * sizeof exchange->counts[0]);
    for (gsize i = 0; i < count; i++)
        exchange->counts[owner_of(items[i].key, exchange->ranks)]++;
    gsize place = 0;
    for (unsigned rank = 0; rank < exchange->ranks; rank++) {
        exchange->places[rank] = place;
        place += exchange->counts[rank];
        exchange->out_bytes[rank] = exchange->counts[rank] * sizeof(KeyIndex);
    }
    for (gsize i = 0; i < count; i++)
        exchange->out[exchange->places[owner_of(items[i].key, exchange->ranks)]++] = items[i];
}

/* At most RANKS_KEYS keys go out, and what comes in is added to `taken`. */
static gboolean exchange_round(Exchange *exchange, const KeyIndex *items, gsize count, KeyList *taken, GError **error)
{
    order_by_owner(exchange, items, count);
    if (!comm_all_to_all(exchange->comm, exchange->out_bytes, sizeof(gsize), exchange->in_bytes, error))
        return FALSE;
    gsize bytes = 0;
    for (unsigned rank = 0; rank < exchange->ranks; rank++)
        bytes += exchange->in_bytes[rank];
    gsize keys = bytes / sizeof(KeyIndex);
    if (keys > exchange->in_capacity) {
        exchange->in = g_renew(KeyIndex, exchange->in, keys);
        exchange->in_capacity = keys;
    }
    if (!comm_all_to_allv(exchange->comm, exchange->out, exchange->out_bytes, exchange->in, exchange->in_bytes, error))
        return FALSE;
    key_list_append(taken, &(KeyList){.items = exchange->in, .count = keys});
    return TRUE;
}

/* How many keys this rank is going to have. */
static gboolean count_incoming(Exchange *exchange, const KeyList *keys, gsize *incoming, GError **error)
{
    g_autofree gsize *out = g_new0(gsize, exchange->ranks), *in = g_new0(gsize, exchange->ranks);
    for (gsize i = 0; i < keys->count; i++)
        out[owner_of(keys->items[i].key, exchange->ranks)]++;
    if (!comm_all_to_all(exchange->comm, out, sizeof out[0], in, error))
        return FALSE;
    *incoming = 0;
    for (unsigned rank = 0; rank < exchange->ranks; rank++)
        *incoming += in[rank];
    return TRUE;
}

static gboolean exchange_all(Exchange *exchange, const KeyList *keys, KeyList *taken, GError **error)
{
    guint64 rounds = (keys->count + RANKS_KEYS - 1) / RANKS_KEYS;
    gsize incoming;
    if (!count_incoming(exchange, keys, &incoming, error) || !comm_all_reduce(exchange->comm, &rounds, 1, COMM_U64, COMM_MAX, error))
        return FALSE;
    key_list_reserve(taken, incoming);
    for (guint64 round = 0; round < rounds; round++) {
        gsize first = MIN(round * RANKS_KEYS, keys->count), count = MIN(RANKS_KEYS, keys->count - first);
        if (!exchange_round(exchange, keys->items + first, count, taken, error))
            return FALSE;
    }
    return TRUE;
}

gboolean ranks_exchange(Corpus *corpus, KeyList *keys, GError **error)
{
    if (comm_size(corpus->comm) == 1)
        return TRUE;
    Exchange exchange;
    KeyList taken = {0};
    exchange_init(&exchange, corpus->comm);
    gboolean good = exchange_all(&exchange, keys, &taken, error);
    exchange_clear(&exchange);
    key_list_clear(keys);
    *keys = taken;
    return good;
}

/* ---- Sets ---------------------------------------------------------------------------------------------------- */

typedef struct Link {
    guint32 member, root;
} Link;

/* What this rank has joined since all knew the same. */
static GArray *new_links(UnionFind *sets, gsize count, const guint32 *known)
{
    GArray *links = g_array_new(FALSE, FALSE, sizeof(Link));
    for (guint32 member = 0; member < count; member++) {
        guint32 root = union_find_root(sets, member);
        if (root == (known ? known[member] : member))
            continue;
        Link link = {member, root};
        g_array_append_val(links, link);
    }
    return links;
}

/* One rank tells its links, the others join them. `links` has room for RANKS_KEYS. */
static gboolean tell_links(Corpus *corpus, UnionFind *sets, unsigned teller, const GArray *mine, Link *links, GError **error)
{
    gboolean tells = comm_rank(corpus->comm) == teller;
    guint64 left = mine->len;
    if (!comm_broadcast(corpus->comm, &left, sizeof left, teller, error))
        return FALSE;
    for (gsize done = 0, count; left > 0; left -= count, done += count) {
        count = MIN(left, RANKS_KEYS);
        if (tells)
            memcpy(links, &g_array_index(mine, Link, done), count * sizeof links[0]);
        if (!comm_broadcast(corpus->comm, links, count * sizeof links[0], teller, error))
            return FALSE;
        for (gsize i = 0; i < count && !tells; i++)
            union_find_join(sets, links[i].member, links[i].root);
    }
    return TRUE;
}

gboolean ranks_unite(Corpus *corpus, UnionFind *sets, guint32 *known, GError **error)
{
    unsigned ranks = comm_size(corpus->comm);
    if (ranks == 1)
        return TRUE;
    g_autoptr(GArray) mine = new_links(sets, corpus->count, known);
    g_autofree Link *links = g_new(Link, RANKS_KEYS);
    for (unsigned teller = 0; teller < ranks; teller++) {
        if (!tell_links(corpus, sets, teller, mine, links, error))
            return FALSE;
    }
    for (guint32 member = 0; known && member < corpus->count; member++)
        known[member] = union_find_root(sets, member);
    return TRUE;
}

/* ---- Merges -------------------------------------------------------------------------------------------------- */

typedef struct Measure {
    double value, threshold;
} Measure;

gboolean ranks_gather_measures(Corpus *corpus, Merge *merges, gsize count, GError **error)
{
    unsigned ranks = comm_size(corpus->comm);
    if (ranks == 1)
        return TRUE;
    gsize from, to;
    g_autofree gsize *bytes = g_new(gsize, ranks);
    for (unsigned rank = 0; rank < ranks; rank++) {
        share_of(count, rank, ranks, &from, &to);
        bytes[rank] = (to - from) * sizeof(Measure);
    }
    ranks_share(corpus, count, &from, &to);
    g_autofree Measure *mine = g_new(Measure, to - from), *all = g_new(Measure, count);
    for (gsize i = from; i < to; i++)
        mine[i - from] = (Measure){merges[i].value, merges[i].threshold};
    if (!comm_all_gatherv(corpus->comm, mine, bytes, all, error))
        return FALSE;
    for (gsize i = 0; i < count; i++) {
        merges[i].value = all[i].value;
        merges[i].threshold = all[i].threshold;
    }
    return TRUE;
}
