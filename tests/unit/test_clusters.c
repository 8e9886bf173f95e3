/* SPDX-License-Identifier: Apache-2.0
 * store/clusters.h: winners of winners, order, choice by rule, the index by winner, and rings in damaged ledgers. */
#include "store/clusters.h"

#include <math.h>

#include "base/hash.h"
#include "store/chapters.h"
#include "tests/unit/store_fixture.h"

static void merge(Store *store, Docno docno, Docno winner, const char *stage, const char *rule, double value)
{
    Verdict verdict = {.outcome = OUTCOME_MERGED, .stage = stage, .rule = rule, .value = value, .threshold = value, .winner = winner};
    fixture_put_verdict(store, docno, &verdict);
}

static char *describe_clusters(const Clusters *clusters)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < clusters->clusters->len; i++) {
        const Cluster *cluster = &g_array_index(clusters->clusters, Cluster, i);
        g_string_append_printf(text, "%" G_GUINT64_FORMAT ":", cluster->kept);
        for (guint k = 0; k < cluster->count; k++)
            g_string_append_printf(text, " %" G_GUINT64_FORMAT, g_array_index(clusters->members, ClusterMember, cluster->first + k).docno);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}

static char *describe(StoreTxn *txn, const char *rule)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Clusters) clusters = clusters_load(txn, rule, &error);
    g_assert_no_error(error);
    return describe_clusters(clusters);
}

static char *describe_of(StoreTxn *txn, Docno docno)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Clusters) clusters = clusters_of(txn, docno, &error);
    g_assert_no_error(error);
    return describe_clusters(clusters);
}

typedef struct Entry {
    Docno winner, loser;
    guint8 by;
} Entry;

static gboolean put_entry(StoreTxn *txn, gpointer user, GError **error)
{
    const Entry *entry = user;
    return cluster_entry_put(txn, entry->winner, entry->loser, entry->by, error);
}

static void enter(Store *store, Docno winner, Docno loser, guint8 by)
{
    Entry entry = {winner, loser, by};
    fixture_write(store, put_entry, &entry);
}

static void test_clusters(void)
{
    g_autoptr(GError) error = NULL;
    Fixture *fixture = fixture_new();
    g_autoptr(Store) store = fixture_store(fixture, "clusters");
    merge(store, 9, 4, "dedup", "exact-duplicate", NAN);
    merge(store, 4, 7, "dedup", "near-duplicate", 0.9); /* so 9 leads to 7, over 4 */
    merge(store, 2, 1, "dedup", "same-id", NAN);
    merge(store, 6, 5, "dedup", "same-id", NAN);
    merge(store, 11, 1, CHAPTERS_STAGE, CHAPTERS_RULE, NAN);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_no_error(error);
    g_autofree char *all = describe(txn, NULL), *near = describe(txn, "near-duplicate"), *none = describe(txn, "same-url");
    g_assert_cmpstr(all, ==, "7: 4 9\n1: 2\n5: 6\n");
    g_assert_cmpstr(near, ==, "7: 4 9\n");
    g_assert_cmpstr(none, ==, "");
    g_autoptr(Clusters) clusters = clusters_load(txn, NULL, &error);
    g_autoptr(json_t) object = cluster_json(txn, clusters, &g_array_index(clusters->clusters, Cluster, 0), 1, &error);
    g_assert_no_error(error);
    g_assert_cmpint(json_integer_value(json_object_get(object, "size")), ==, 3);
    g_assert_cmpuint(json_array_size(json_object_get(object, "members")), ==, 1);
    g_assert_cmpfloat(json_real_value(json_object_get(json_array_get(json_object_get(object, "members"), 0), "value")), ==, 0.9);
    g_clear_pointer(&txn, store_read_end);
    g_clear_pointer(&store, store_free);
    fixture_free(fixture);
}

/* The same verdicts as a whole, and by the index; entries that outlived their verdicts say nothing. */
static void test_the_index_leads_to_the_cluster_of_each_document(void)
{
    g_autoptr(GError) error = NULL;
    Fixture *fixture = fixture_new();
    g_autoptr(Store) store = fixture_store(fixture, "index");
    for (Docno docno = 1; docno < FIXTURE_DOCUMENTS; docno++) {
        Docno winner = random_at(3, "winner", docno) % docno;
        gboolean contained = docno % 3 == 0;
        if (random_at(3, "merged", docno) % 3 == 0)
            enter(store, winner, docno, 2);
        if (random_at(3, "merged", docno) % 3 != 1)
            continue;
        merge(store, docno, winner, contained ? "containment" : "dedup", contained ? "contained" : "same-id", NAN);
        enter(store, winner, docno, contained ? CLUSTER_CONTAINED : 2);
    }
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(Clusters) all = clusters_load(txn, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GHashTable) in_cluster = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < all->clusters->len; i++) {
        const Cluster *cluster = &g_array_index(all->clusters, Cluster, i);
        Clusters alone = {.members = all->members, .clusters = g_array_new(FALSE, FALSE, sizeof(Cluster))};
        g_array_append_val(alone.clusters, *cluster);
        g_autofree char *expected = describe_clusters(&alone);
        for (guint k = 0; k <= cluster->count; k++) {
            Docno docno = k < cluster->count ? g_array_index(all->members, ClusterMember, cluster->first + k).docno : cluster->kept;
            g_autofree char *got = describe_of(txn, docno);
            g_assert_cmpstr(got, ==, expected);
            g_hash_table_add(in_cluster, GSIZE_TO_POINTER(docno));
        }
        g_array_unref(alone.clusters);
    }
    g_assert_cmpuint(g_hash_table_size(in_cluster), >, 15);
    for (Docno docno = 0; docno < FIXTURE_DOCUMENTS; docno++) {
        g_autofree char *got = describe_of(txn, docno);
        g_assert_cmpint(*got != '\0', ==, g_hash_table_contains(in_cluster, GSIZE_TO_POINTER(docno)));
    }
    g_clear_pointer(&txn, store_read_end);
    g_clear_pointer(&store, store_free);
    fixture_free(fixture);
}

static void test_a_ring_ends(void)
{
    g_autoptr(GError) error = NULL;
    Fixture *fixture = fixture_new();
    g_autoptr(Store) store = fixture_store(fixture, "ring");
    merge(store, 1, 2, "dedup", "same-id", NAN);
    merge(store, 2, 1, "dedup", "same-id", NAN);
    enter(store, 2, 1, 0);
    enter(store, 1, 2, 0);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autofree char *all = describe(txn, NULL), *one = describe_of(txn, 1);
    g_assert_nonnull(all);
    g_assert_nonnull(one);
    g_clear_pointer(&txn, store_read_end);
    g_clear_pointer(&store, store_free);
    fixture_free(fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clusters/members lead to the document that stands for all", test_clusters);
    g_test_add_func("/clusters/the index leads to the cluster of each document", test_the_index_leads_to_the_cluster_of_each_document);
    g_test_add_func("/clusters/a ring of a damaged ledger ends", test_a_ring_ends);
    return g_test_run();
}
