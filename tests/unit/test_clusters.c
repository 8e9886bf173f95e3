/* SPDX-License-Identifier: Apache-2.0
 * store/clusters.h: winners of winners, order, choice by rule, and rings in damaged ledgers. */
#include "store/clusters.h"

#include <math.h>

#include "store/chapters.h"
#include "tests/unit/store_fixture.h"

static void merge(Store *store, Docno docno, Docno winner, const char *stage, const char *rule, double value)
{
    Verdict verdict = {.outcome = OUTCOME_MERGED, .stage = stage, .rule = rule, .value = value, .threshold = value, .winner = winner};
    fixture_put_verdict(store, docno, &verdict);
}

static char *describe(StoreTxn *txn, const char *rule)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Clusters) clusters = clusters_load(txn, rule, &error);
    g_assert_no_error(error);
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
    g_assert_cmpuint(clusters_find(clusters, 9)->kept, ==, 7);
    g_assert_cmpuint(clusters_find(clusters, 5)->kept, ==, 5);
    g_assert_null(clusters_find(clusters, 11));
    g_autoptr(json_t) object = cluster_json(txn, clusters, clusters_find(clusters, 7), 1, &error);
    g_assert_no_error(error);
    g_assert_cmpint(json_integer_value(json_object_get(object, "size")), ==, 3);
    g_assert_cmpuint(json_array_size(json_object_get(object, "members")), ==, 1);
    g_assert_cmpfloat(json_real_value(json_object_get(json_array_get(json_object_get(object, "members"), 0), "value")), ==, 0.9);
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
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autofree char *all = describe(txn, NULL);
    g_assert_nonnull(all);
    g_clear_pointer(&txn, store_read_end);
    g_clear_pointer(&store, store_free);
    fixture_free(fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clusters/members lead to the document that stands for all", test_clusters);
    g_test_add_func("/clusters/a ring of a damaged ledger ends", test_a_ring_ends);
    return g_test_run();
}
