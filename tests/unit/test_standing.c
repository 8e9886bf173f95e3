/* SPDX-License-Identifier: Apache-2.0
 * store/standing.h: counts that are kept while a store is written are those that a walk over it finds. */
#include "store/standing.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "store/audit.h"
#include "store/manifest.h"
#include "tests/unit/store_fixture.h"

static Fixture *fixture;

static gboolean enter_all(StoreTxn *txn, gpointer user, GError **error)
{
    for (Docno docno = 0; docno < FIXTURE_DOCUMENTS; docno++) {
        g_autofree char *source = document_source(txn, docno, error);
        if (!source)
            return FALSE;
        standing_enter(txn, source);
    }
    return TRUE;
}

static Store *counted_store(const char *name)
{
    Store *store = fixture_store(fixture, name);
    fixture_write(store, enter_all, NULL);
    return store;
}

/* What the counts say of the sources; NULL: they are not known. */
static json_t *load_counts(Store *store)
{
    g_autoptr(GError) error = NULL;
    gboolean known;
    g_autoptr(Tally) tally = tally_new(store, &error);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_true(standing_load(txn, tally, &known, &error));
    json_t *sources = json_array();
    for (guint i = 0; i < tally->sources->len; i++)
        json_array_append_new(sources, tally_source_json(g_ptr_array_index(tally->sources, i), TALLY_COUNTS));
    if (known)
        return sources;
    json_decref(sources);
    return NULL;
}

static json_t *walk(Store *store)
{
    g_autoptr(GError) error = NULL;
    StageContext context = fixture_context(store);
    g_autoptr(Tally) tally = tally_new(store, &error);
    g_assert_true(documents_tally(&context, tally, TALLY_COUNTS, &error));
    json_t *sources = json_array();
    for (guint i = 0; i < tally->sources->len; i++) {
        SourceTally *source = g_ptr_array_index(tally->sources, i);
        g_hash_table_remove_all(source->licences);
        json_array_append_new(sources, tally_source_json(source, TALLY_COUNTS));
    }
    return sources;
}

static void assert_counts_are_true(Store *store)
{
    g_autoptr(json_t) kept = load_counts(store), found = walk(store);
    g_assert_nonnull(kept);
    g_autofree char *left = json_write(kept), *right = json_write(found);
    g_assert_cmpstr(left, ==, right);
}

static void drop(Store *store, Docno docno, const char *stage, const char *rule)
{
    Verdict verdict = {OUTCOME_DROPPED, stage, rule, NAN, NAN, DOCNO_NONE, NULL};
    fixture_put_verdict(store, docno, &verdict);
}

static gboolean take_back(StoreTxn *txn, gpointer user, GError **error)
{
    return ledger_delete(txn, 3, error) && ledger_delete(txn, 50, error);
}

static gboolean forget_clean(StoreTxn *txn, gpointer user, GError **error)
{
    return ledger_forget_stage(txn, "clean", error);
}

static void test_counts_follow_every_verdict(void)
{
    g_autoptr(Store) store = counted_store("follow");
    Verdict merged = {OUTCOME_MERGED, "dedup", "exact-duplicate", NAN, NAN, 1, NULL}, kept = {OUTCOME_KEPT, "mix", "kept", NAN, NAN, DOCNO_NONE, NULL};
    assert_counts_are_true(store);
    for (Docno docno = 0; docno < 20; docno++)
        drop(store, docno, docno % 2 ? "clean" : "ingest", docno % 5 ? "too-short" : "not-a-language");
    assert_counts_are_true(store);
    fixture_put_verdict(store, 5, &merged);
    fixture_put_verdict(store, 5, &merged);
    fixture_put_verdict(store, 30, &kept);
    assert_counts_are_true(store);
    fixture_write(store, take_back, NULL);
    assert_counts_are_true(store);
    fixture_write(store, forget_clean, NULL);
    assert_counts_are_true(store);
}

static gboolean fail_after_verdicts(StoreTxn *txn, gpointer user, GError **error)
{
    Verdict verdict = {OUTCOME_DROPPED, "clean", "too-short", NAN, NAN, DOCNO_NONE, NULL};
    for (Docno docno = 0; docno < 10; docno++)
        if (!ledger_put(txn, docno, &verdict, error))
            return FALSE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "as if killed");
    return FALSE;
}

static void test_a_batch_that_fails_counts_nothing(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = counted_store("fail");
    g_assert_false(store_write(store, fail_after_verdicts, NULL, &error));
    assert_counts_are_true(store);
    g_autoptr(json_t) counts = load_counts(store);
    g_assert_cmpint(json_integer_value(json_object_get(json_array_get(counts, 0), "dropped")), ==, 0);
}

static gboolean judge_in_a_large_batch(StoreTxn *txn, gpointer user, GError **error)
{
    Verdict verdict = {OUTCOME_DROPPED, "clean", "too-short", NAN, NAN, DOCNO_NONE, NULL};
    g_autofree char *bytes = g_malloc0(1 << 20);
    (*(guint *)user)++;
    return ledger_put(txn, 7, &verdict, error) && store_put(txn, TABLE_META, "large", 5, bytes, 1 << 20, error);
}

static void test_a_batch_that_is_repeated_counts_once(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = counted_store("grow");
    guint tries = 0;
    store_set_map_size(store, 1 << 19, &error);
    g_assert_no_error(error);
    fixture_write(store, judge_in_a_large_batch, &tries);
    g_assert_cmpuint(tries, >, 1);
    assert_counts_are_true(store);
}

static void test_a_store_without_counts_is_counted(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "old");
    drop(store, 4, "clean", "too-short");
    g_assert_null(load_counts(store));
    g_autoptr(json_t) status = status_compute(store, &error);
    g_assert_no_error(error);
    g_assert_cmpint(json_integer_value(json_object_get(status, "entered")), ==, FIXTURE_DOCUMENTS);
    g_assert_cmpint(json_integer_value(json_object_get(status, "dropped")), ==, 1);
}

static gboolean miscount(StoreTxn *txn, gpointer user, GError **error)
{
    Verdict kept = {OUTCOME_KEPT, "mix", "kept", NAN, NAN, DOCNO_NONE, NULL}, dropped = {OUTCOME_DROPPED, "mix", "not-sampled", NAN, NAN, DOCNO_NONE, NULL};
    standing_judge(txn, "guide", &kept, STANDING_TAKEN_BACK);
    standing_judge(txn, "guide", &dropped, STANDING_GIVEN);
    return TRUE;
}

static guint count_findings(Store *store)
{
    g_autoptr(GError) error = NULL;
    StageContext context = fixture_context(store);
    g_autoptr(GPtrArray) findings = audit_run(&context, &error);
    guint count = 0;
    g_assert_no_error(error);
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = findings->pdata[i];
        count += strcmp(finding->id, FINDING_COUNT_MISMATCH) == 0 && strcmp(finding->where, "table counts") == 0;
    }
    return count;
}

static void test_counts_that_are_not_true_are_found(void)
{
    g_autoptr(Store) store = counted_store("audit");
    fixture_build(fixture, store);
    assert_counts_are_true(store);
    g_assert_cmpuint(count_findings(store), ==, 0);
    fixture_write(store, miscount, NULL);
    g_assert_cmpuint(count_findings(store), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    g_test_add_func("/standing/counts follow every verdict", test_counts_follow_every_verdict);
    g_test_add_func("/standing/a batch that fails counts nothing", test_a_batch_that_fails_counts_nothing);
    g_test_add_func("/standing/a batch that is repeated counts once", test_a_batch_that_is_repeated_counts_once);
    g_test_add_func("/standing/a store without counts is counted", test_a_store_without_counts_is_counted);
    g_test_add_func("/standing/counts that are not true are found", test_counts_that_are_not_true_are_found);
    int result = g_test_run();
    fixture_free(fixture);
    return result;
}
