/* SPDX-License-Identifier: Apache-2.0
 * From verdicts to clusters; see store/clusters.h. */
#include "store/clusters.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "store/chapters.h"
#include "store/document.h"

/* Winners never form a ring; a damaged ledger that has one is not followed for ever. */
#define CHAIN_LIMIT 1000
#define ENTRY_KEY 16

static int compare_docnos(gconstpointer a, gconstpointer b)
{
    Docno left = ((const ClusterMember *)a)->docno, right = ((const ClusterMember *)b)->docno;
    return (left > right) - (left < right);
}

static int compare_members(gconstpointer a, gconstpointer b)
{
    Docno left = ((const ClusterMember *)a)->kept, right = ((const ClusterMember *)b)->kept;
    return left != right ? (left > right) - (left < right) : compare_docnos(a, b);
}

static int compare_clusters(gconstpointer a, gconstpointer b)
{
    const Cluster *left = a, *right = b;
    if (left->count != right->count)
        return left->count > right->count ? -1 : 1;
    return (left->kept > right->kept) - (left->kept < right->kept);
}

static gboolean is_duplicate(const Verdict *verdict)
{
    return verdict->outcome == OUTCOME_MERGED && strcmp(verdict->stage, CHAPTERS_STAGE) != 0;
}

static void add_member(Clusters *clusters, Docno docno, const Verdict *verdict)
{
    ClusterMember member = {.docno = docno, .winner = verdict->winner, .value = verdict->value, .threshold = verdict->threshold};
    member.stage = g_string_chunk_insert_const(clusters->strings, verdict->stage);
    member.rule = g_string_chunk_insert_const(clusters->strings, verdict->rule);
    member.detail = verdict->detail ? g_string_chunk_insert_const(clusters->strings, verdict->detail) : NULL;
    g_array_append_val(clusters->members, member);
}

static gboolean read_members(StoreTxn *txn, Clusters *clusters, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_LEDGER, NULL, 0, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    Verdict verdict;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        if (!ledger_parse(&value, &verdict, error))
            return FALSE;
        if (is_duplicate(&verdict))
            add_member(clusters, docno_read(key.data), &verdict);
    }
    return more == 0;
}

static void find_kept(Clusters *clusters)
{
    for (guint i = 0; i < clusters->members->len; i++) {
        ClusterMember wanted = g_array_index(clusters->members, ClusterMember, i);
        guint place;
        for (unsigned step = 0; step < CHAIN_LIMIT; step++) {
            wanted.docno = wanted.winner;
            if (!g_array_binary_search(clusters->members, &wanted, compare_docnos, &place))
                break;
            wanted.winner = g_array_index(clusters->members, ClusterMember, place).winner;
        }
        g_array_index(clusters->members, ClusterMember, i).kept = wanted.winner;
    }
}

static gboolean has_rule(const Clusters *clusters, const Cluster *cluster, const char *rule)
{
    for (guint i = 0; rule && i < cluster->count; i++)
        if (strcmp(g_array_index(clusters->members, ClusterMember, cluster->first + i).rule, rule) == 0)
            return TRUE;
    return rule == NULL;
}

static void gather(Clusters *clusters, const char *rule)
{
    g_array_sort(clusters->members, compare_members);
    Cluster cluster = {.first = 0};
    for (guint i = 0; i < clusters->members->len; i++) {
        const ClusterMember *member = &g_array_index(clusters->members, ClusterMember, i);
        cluster.kept = member->kept;
        cluster.count++;
        gboolean last = i + 1 == clusters->members->len || g_array_index(clusters->members, ClusterMember, i + 1).kept != member->kept;
        if (last && has_rule(clusters, &cluster, rule))
            g_array_append_val(clusters->clusters, cluster);
        if (last)
            cluster = (Cluster){.first = i + 1};
    }
    g_array_sort(clusters->clusters, compare_clusters);
}

static Clusters *clusters_new(void)
{
    Clusters *clusters = g_new0(Clusters, 1);
    clusters->members = g_array_new(FALSE, FALSE, sizeof(ClusterMember));
    clusters->clusters = g_array_new(FALSE, FALSE, sizeof(Cluster));
    clusters->strings = g_string_chunk_new(4096);
    return clusters;
}

Clusters *clusters_load(StoreTxn *txn, const char *rule, GError **error)
{
    g_autoptr(Clusters) clusters = clusters_new();
    if (!read_members(txn, clusters, error))
        return NULL;
    find_kept(clusters);
    gather(clusters, rule);
    return g_steal_pointer(&clusters);
}

void clusters_free(Clusters *clusters)
{
    if (!clusters)
        return;
    g_array_unref(clusters->members);
    g_array_unref(clusters->clusters);
    g_string_chunk_free(clusters->strings);
    g_free(clusters);
}

/* ---- One cluster ------------------------------------------------------------------------------------------------- */

/* TRUE: the document is merged into *winner. FALSE without error: it is not. */
static gboolean winner_of(StoreTxn *txn, Docno docno, Verdict *verdict, GError **error)
{
    return ledger_get(txn, docno, verdict, error) && is_duplicate(verdict);
}

static gboolean climb(StoreTxn *txn, Docno docno, Docno *kept, GError **error)
{
    GError *failure = NULL;
    Verdict verdict;
    *kept = docno;
    for (unsigned step = 0; step < CHAIN_LIMIT && winner_of(txn, *kept, &verdict, &failure); step++)
        *kept = verdict.winner;
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

/* A walk down from the document that stands for all. */
typedef struct Descent {
    StoreTxn *txn;
    Clusters *clusters;
    GHashTable *seen; /* of Docno */
    GArray *waiting;  /* of Docno: their losers are still to come */
    Docno winner;
} Descent;

static gboolean see(Descent *descent, Docno docno)
{
    gboolean fresh = g_hash_table_add(descent->seen, g_memdup2(&docno, sizeof docno));
    if (fresh)
        g_array_append_val(descent->waiting, docno);
    return fresh;
}

static gboolean visit_entry(gpointer user, Docno loser, guint8 by, GError **error)
{
    Descent *descent = user;
    GError *failure = NULL;
    Verdict verdict;
    if (winner_of(descent->txn, loser, &verdict, &failure) && verdict.winner == descent->winner && see(descent, loser))
        add_member(descent->clusters, loser, &verdict);
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

static gboolean descend(Descent *descent, Docno kept, GError **error)
{
    see(descent, kept);
    for (guint i = 0; i < descent->waiting->len; i++) {
        descent->winner = g_array_index(descent->waiting, Docno, i);
        if (!cluster_entries(descent->txn, descent->winner, visit_entry, descent, error))
            return FALSE;
    }
    return TRUE;
}

Clusters *clusters_of(StoreTxn *txn, Docno docno, GError **error)
{
    g_autoptr(Clusters) clusters = clusters_new();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_autoptr(GArray) waiting = g_array_new(FALSE, FALSE, sizeof(Docno));
    Descent descent = {.txn = txn, .clusters = clusters, .seen = seen, .waiting = waiting};
    Docno kept;
    if (!climb(txn, docno, &kept, error) || !descend(&descent, kept, error))
        return NULL;
    for (guint i = 0; i < clusters->members->len; i++)
        g_array_index(clusters->members, ClusterMember, i).kept = kept;
    gather(clusters, NULL);
    return g_steal_pointer(&clusters);
}

/* ---- As JSON ----------------------------------------------------------------------------------------------------- */

static json_t *facts_json(StoreTxn *txn, Docno docno, GError **error)
{
    g_auto(Document) document = {0};
    GError *cause = NULL;
    if (!document_get_facts(txn, docno, &document, &cause)) {
        if (cause)
            g_propagate_error(error, cause);
        else
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " is not in the store; run 'galen audit'", docno);
        return NULL;
    }
    json_t *object = json_object();
    json_object_set_new(object, "docno", json_integer((json_int_t)docno));
    json_object_set_new(object, "source", json_text(document.source));
    json_object_set_new(object, "id", json_text(document.id));
    json_object_set_new(object, "title", json_text(document.title));
    return object;
}

static json_t *member_json(StoreTxn *txn, const ClusterMember *member, GError **error)
{
    json_t *object = facts_json(txn, member->docno, error);
    if (!object)
        return NULL;
    json_object_set_new(object, "stage", json_text(member->stage));
    json_object_set_new(object, "rule", json_text(member->rule));
    json_object_set_new(object, "value", isnan(member->value) ? json_null() : json_real(member->value));
    json_object_set_new(object, "threshold", isnan(member->threshold) ? json_null() : json_real(member->threshold));
    json_object_set_new(object, "winner", json_integer((json_int_t)member->winner));
    json_object_set_new(object, "detail", json_text(member->detail));
    return object;
}

json_t *cluster_json(StoreTxn *txn, const Clusters *clusters, const Cluster *cluster, guint limit, GError **error)
{
    g_autoptr(json_t) object = json_object();
    json_t *kept = facts_json(txn, cluster->kept, error), *members = json_array();
    json_object_set_new(object, "size", json_integer((json_int_t)cluster->count + 1));
    json_object_set_new(object, "members", members);
    if (!kept)
        return NULL;
    json_object_set_new(object, "kept", kept);
    for (guint i = 0; i < MIN(cluster->count, limit); i++) {
        json_t *member = member_json(txn, &g_array_index(clusters->members, ClusterMember, cluster->first + i), error);
        if (!member)
            return NULL;
        json_array_append_new(members, member);
    }
    return g_steal_pointer(&object);
}

/* ---- The index --------------------------------------------------------------------------------------------------- */

static void make_key(Docno winner, Docno loser, guint8 key[ENTRY_KEY])
{
    docno_write(winner, key);
    docno_write(loser, key + 8);
}

gboolean cluster_entry_put(StoreTxn *txn, Docno winner, Docno loser, guint8 by, GError **error)
{
    guint8 key[ENTRY_KEY];
    make_key(winner, loser, key);
    return store_put(txn, TABLE_CLUSTERS, key, sizeof key, &by, sizeof by, error);
}

gboolean cluster_entry_delete(StoreTxn *txn, Docno winner, Docno loser, GError **error)
{
    guint8 key[ENTRY_KEY];
    make_key(winner, loser, key);
    return store_delete(txn, TABLE_CLUSTERS, key, sizeof key, error);
}

static gboolean read_by(const StoreValue *value, Docno winner, guint8 *by, GError **error)
{
    if (value->length == 1) {
        *by = *(const guint8 *)value->data;
        return TRUE;
    }
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "an entry of the cluster of document %" G_GUINT64_FORMAT " has %" G_GSIZE_FORMAT
                " bytes in the place of one; run 'galen audit'", winner, value->length);
    return FALSE;
}

gboolean cluster_entry_get(StoreTxn *txn, Docno winner, Docno loser, guint8 *by, GError **error)
{
    guint8 key[ENTRY_KEY];
    StoreValue value;
    make_key(winner, loser, key);
    return store_get(txn, TABLE_CLUSTERS, key, sizeof key, &value, error) && read_by(&value, winner, by, error);
}

gboolean cluster_entries(StoreTxn *txn, Docno winner, ClusterVisit visit, gpointer user, GError **error)
{
    guint8 from[8];
    docno_write(winner, from);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_CLUSTERS, from, sizeof from, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        guint8 by;
        if (key.length != ENTRY_KEY || docno_read(key.data) != winner)
            return TRUE;
        if (!read_by(&value, winner, &by, error) || !visit(user, docno_read((const guint8 *)key.data + 8), by, error))
            return FALSE;
    }
    return more == 0;
}
