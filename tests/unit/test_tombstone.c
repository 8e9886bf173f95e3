/* SPDX-License-Identifier: Apache-2.0
 * store/tombstone.h: what is left of a forgotten document says when and why, and nothing of what it was. */
#include "store/tombstone.h"

#include <math.h>
#include <string.h>

#include "tests/unit/store_fixture.h"

static Fixture *fixture;

static gboolean put_two(StoreTxn *txn, gpointer user, GError **error)
{
    guint8 key[DOCUMENT_KEY_SIZE];
    Tombstone first = {.time = 1700000000, .reason = (char *)"the patient asked", .by = (char *)"anna", .matched = (char *)"id", .captures = TRUE};
    Tombstone second = {.time = 1, .matched = (char *)"url"};
    document_key("guide", "g1", key);
    if (!tombstone_put(txn, key, &first, error))
        return FALSE;
    document_key("paper", "p1", key);
    return tombstone_put(txn, key, &second, error);
}

static void test_a_tombstone_comes_back_as_it_was(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "back");
    g_auto(Tombstone) tombstone = {0}, none = {0};
    guint8 key[DOCUMENT_KEY_SIZE];
    fixture_write(store, put_two, NULL);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    document_key("guide", "g1", key);
    g_assert_true(tombstone_get(txn, key, &tombstone, &error));
    g_assert_cmpint(tombstone.time, ==, 1700000000);
    g_assert_cmpstr(tombstone.reason, ==, "the patient asked");
    g_assert_cmpstr(tombstone.by, ==, "anna");
    g_assert_cmpstr(tombstone.matched, ==, "id");
    g_assert_true(tombstone.captures);
    document_key("guide", "g2", key);
    g_assert_false(tombstone_get(txn, key, &none, &error));
    g_assert_no_error(error);
}

static void test_names_are_known_by_source_and_id_together(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "names");
    guint8 key[DOCUMENT_KEY_SIZE];
    const char *reason = "unset";
    fixture_write(store, put_two, NULL);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(Tombstones) tombstones = tombstones_load(txn, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(tombstones_count(tombstones), ==, 2);
    g_assert_true(tombstones_have(tombstones, "guide", "g1", key, &reason));
    g_assert_cmpstr(reason, ==, "the patient asked");
    g_assert_true(tombstones_have(tombstones, "paper", "p1", key, &reason));
    g_assert_null(reason);
    g_assert_false(tombstones_have(tombstones, "paper", "g1", key, &reason));
    g_assert_false(tombstones_have(tombstones, "guide", "g11", key, &reason));
    g_assert_false(tombstones_have(tombstones, "guide", NULL, key, &reason));
}

static void test_a_stub_leads_to_its_tombstone_and_says_nothing_else(void)
{
    g_auto(Document) stub = {0}, other = {.id = g_strdup(FORGOTTEN_PREFIX "00"), .kind = g_strdup(FORGOTTEN_KIND)};
    guint8 key[DOCUMENT_KEY_SIZE], found[DOCUMENT_KEY_SIZE];
    document_key("guide", "g1", key);
    tombstone_stub("guide", key, &stub);
    g_assert_true(tombstone_stub_key(&stub, found));
    g_assert_cmpmem(key, sizeof key, found, sizeof found);
    g_assert_cmpstr(stub.source, ==, "guide");
    g_assert_null(stub.title);
    g_assert_null(stub.url);
    g_assert_null(stub.origin);
    g_assert_cmpstr(stub.meta, ==, "{}");
    g_assert_cmpuint(stub.text_length, ==, 0);
    g_assert_false(tombstone_stub_key(&other, found));
    g_free(stub.kind);
    stub.kind = g_strdup("text"); /* a stranger's id that looks like one */
    g_assert_false(tombstone_stub_key(&stub, found));
}

static void test_the_verdict_is_one_of_ingest_with_the_reason(void)
{
    Verdict verdict = tombstone_verdict("why");
    g_assert_cmpint(verdict.outcome, ==, OUTCOME_DROPPED);
    g_assert_cmpstr(verdict.stage, ==, "ingest");
    g_assert_cmpstr(verdict.rule, ==, "forgotten");
    g_assert_cmpstr(verdict.detail, ==, "why");
    g_assert_true(isnan(verdict.value) && verdict.winner == DOCNO_NONE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    g_test_add_func("/tombstone/a tombstone comes back as it was", test_a_tombstone_comes_back_as_it_was);
    g_test_add_func("/tombstone/names are known by source and id together", test_names_are_known_by_source_and_id_together);
    g_test_add_func("/tombstone/a stub leads to its tombstone and says nothing else", test_a_stub_leads_to_its_tombstone_and_says_nothing_else);
    g_test_add_func("/tombstone/the verdict is one of ingest with the reason", test_the_verdict_is_one_of_ingest_with_the_reason);
    int status = g_test_run();
    fixture_free(fixture);
    return status;
}
