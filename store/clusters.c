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
        if (verdict.outcome != OUTCOME_MERGED || strcmp(verdict.stage, CHAPTERS_STAGE) == 0)
            continue;
        ClusterMember member = {.docno = docno_read(key.data), .winner = verdict.winner, .value = verdict.value, .threshold = verdict.threshold};
        member.stage = g_string_chunk_insert_const(clusters->strings, verdict.stage);
        member.rule = g_string_chunk_insert_const(clusters->strings, verdict.rule);
        member.detail = verdict.detail ? g_string_chunk_insert_const(clusters->strings, verdict.detail) : NULL;
        g_array_append_val(clusters->members, member);
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

Clusters *clusters_load(StoreTxn *txn, const char *rule, GError **error)
{
    g_autoptr(Clusters) clusters = g_new0(Clusters, 1);
    clusters->members = g_array_new(FALSE, FALSE, sizeof(ClusterMember));
    clusters->clusters = g_array_new(FALSE, FALSE, sizeof(Cluster));
    clusters->strings = g_string_chunk_new(4096);
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

const Cluster *clusters_find(const Clusters *clusters, Docno docno)
{
    for (guint i = 0; i < clusters->clusters->len; i++) {
        const Cluster *cluster = &g_array_index(clusters->clusters, Cluster, i);
        ClusterMember wanted = {.docno = docno};
        gsize low = cluster->first, high = low + cluster->count;
        while (low < high) {
            gsize middle = (low + high) / 2;
            int order = compare_docnos(&g_array_index(clusters->members, ClusterMember, middle), &wanted);
            if (order == 0)
                return cluster;
            *(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
        }
        if (cluster->kept == docno)
            return cluster;
    }
    return NULL;
}

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
