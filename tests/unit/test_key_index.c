/* SPDX-License-Identifier: Apache-2.0
 * store/key_index.h: what was put in is found, whatever the runs; and damage is. */
#include "store/key_index.h"

#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "store/stage.h"
#include "tests/unit/store_fixture.h"

#define TABLE TABLE_BANDS
#define KINDS 3

static Fixture *fixture;

/* Key of a document in a kind: few different ones, so that many documents share one. */
static guint64 key_of(unsigned kind, Docno docno)
{
    guint64 number = docno % 40 == 0 ? 0 : docno;
    return hash64(&number, sizeof number, kind) >> (kind == 2 ? 56 : 0);
}

typedef struct Pair {
    guint64 key;
    Docno docno;
} Pair;

static int compare_pairs(gconstpointer a, gconstpointer b)
{
    const Pair *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->docno > y->docno) - (x->docno < y->docno);
}

static void add_run(Store *store, KeyIndexRuns *runs, Docno from, Docno to)
{
    g_autoptr(GError) error = NULL;
    KeyIndexWriter *writer = key_index_write(store, TABLE, runs, &error);
    g_assert_no_error(error);
    for (guint16 kind = 0; kind < KINDS; kind++) {
        g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
        for (Docno docno = from; docno < to; docno++) {
            Pair pair = {key_of(kind, docno), docno};
            g_array_append_val(pairs, pair);
        }
        g_array_sort(pairs, compare_pairs);
        for (guint i = 0; i < pairs->len; i++)
            g_assert_true(key_index_put(writer, kind, g_array_index(pairs, Pair, i).key, g_array_index(pairs, Pair, i).docno, &error));
    }
    g_assert_true(key_index_close(writer, &error));
    g_assert_no_error(error);
}

/* Looks up every key of documents below `to`. */
static void assert_complete(Store *store, const KeyIndexRuns *runs, Docno to)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    for (guint16 kind = 0; kind < KINDS; kind++)
        for (Docno docno = 0; docno < to; docno += 1 + docno / 7) {
            g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Docno));
            guint next = 0;
            guint64 key = key_of(kind, docno);
            g_assert_true(key_index_find(txn, TABLE, runs, kind, key, found, &error));
            for (Docno other = 0; other < to; other++)
                if (key_of(kind, other) == key) {
                    g_assert_cmpuint(next, <, found->len);
                    g_assert_cmpuint(g_array_index(found, Docno, next++), ==, other);
                }
            g_assert_cmpuint(next, ==, found->len);
        }
    g_assert_true(key_index_check(txn, TABLE, runs, &error));
    g_assert_no_error(error);
}

static void test_all_documents_of_a_key_are_found(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "found");
    g_auto(KeyIndexRuns) runs = {0};
    assert_complete(store, &runs, 0);
    add_run(store, &runs, 0, 20000); /* a key that 500 of them share does not fit a block */
    assert_complete(store, &runs, 20000);
}

static void test_runs_are_merged_as_they_come(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "merged");
    g_auto(KeyIndexRuns) runs = {0};
    for (Docno from = 0; from < 6000; from += 200) {
        add_run(store, &runs, from, from + 200);
        g_assert_true(key_index_merge(store, TABLE, &runs, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(runs.list->len, <=, 4);
    }
    assert_complete(store, &runs, 6000);
    g_assert_true(key_index_sweep(store, TABLE, &runs, &error));
    guint64 entries = 0;
    for (guint i = 0; i < runs.list->len; i++)
        entries += g_array_index(runs.list, KeyRun, i).entries;
    g_assert_cmpuint(entries, ==, 6000 * KINDS);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_cmpuint(store_count(txn, TABLE), <, 6000 * KINDS / 312 + KINDS * runs.list->len + 1);
}

static void test_a_run_that_is_not_on_the_list_does_not_exist(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "listed");
    g_auto(KeyIndexRuns) runs = {0}, kept = {0};
    add_run(store, &runs, 0, 1000);
    g_autoptr(json_t) list = key_index_runs_json(&runs);
    add_run(store, &runs, 1000, 3000);
    key_index_runs_read(&kept, list);
    assert_complete(store, &kept, 1000);
    g_assert_true(key_index_sweep(store, TABLE, &kept, &error));
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_cmpuint(store_count(txn, TABLE), ==, KINDS * 4);
}

typedef struct Removal {
    KeyIndexRuns *runs;
    Docno to;
} Removal;

/* All documents but every third, so that whole blocks go. */
static gboolean remove_most(StoreTxn *txn, gpointer user, GError **error)
{
    const Removal *removal = user;
    for (Docno docno = 0; docno < removal->to; docno++)
        for (guint16 kind = 0; kind < KINDS; kind++)
            if (docno % 3 && !key_index_remove(txn, TABLE, removal->runs, kind, key_of(kind, docno), docno, error))
                return FALSE;
    return TRUE;
}

/* The same without their keys. */
static gboolean purge_most(StoreTxn *txn, gpointer user, GError **error)
{
    const Removal *removal = user;
    g_autoptr(GArray) docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    guint64 removed;
    for (Docno docno = 0; docno < removal->to; docno++)
        if (docno % 3)
            g_array_append_val(docnos, docno);
    gboolean good = key_index_purge(txn, TABLE, removal->runs, docnos, &removed, error);
    g_assert_cmpuint(removed, ==, KINDS * (docnos->len + 67)); /* of 1,400 to 1,499 there are two entries */
    return good;
}

static void assert_removed(const char *name, StoreBatch remove)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, name);
    g_auto(KeyIndexRuns) runs = {0};
    add_run(store, &runs, 0, 1500);
    add_run(store, &runs, 1400, 2000); /* some twice */
    Removal removal = {&runs, 2000};
    fixture_write(store, remove, &removal);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_true(key_index_check(txn, TABLE, &runs, &error));
    for (Docno docno = 0; docno < 2000; docno++)
        for (guint16 kind = 0; kind < KINDS; kind++) {
            g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Docno));
            gboolean present = FALSE;
            g_assert_true(key_index_find(txn, TABLE, &runs, kind, key_of(kind, docno), found, &error));
            for (guint i = 0; i < found->len; i++)
                present |= g_array_index(found, Docno, i) == docno;
            g_assert_cmpint(present, ==, docno % 3 == 0);
        }
    g_assert_no_error(error);
}

static void test_nothing_is_left_of_what_is_removed(void)
{
    assert_removed("removed", remove_most);
}

static void test_nothing_is_left_of_documents_whose_keys_nobody_knows(void)
{
    assert_removed("purged", purge_most);
}

/* Turns a bit of one block, with a checksum that fits: order and place must tell. */
static gboolean swap_entries(StoreTxn *txn, gpointer user, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE, NULL, 0, error);
    StoreValue key, value;
    g_assert_cmpint(store_cursor_next(cursor, &key, &value, error), ==, 1);
    g_autofree guint8 *bytes = g_memdup2(value.data, value.length), *name = g_memdup2(key.data, key.length);
    gsize length = value.length, name_length = key.length;
    memcpy(bytes, bytes + 13, 13);
    g_clear_pointer(&cursor, store_cursor_free);
    return store_put(txn, TABLE, name, name_length, bytes, length, error);
}

static void test_damage_is_found(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "damaged");
    g_auto(KeyIndexRuns) runs = {0};
    add_run(store, &runs, 0, 1000);
    fixture_write(store, swap_entries, NULL);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_false(key_index_check(txn, TABLE, &runs, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_clear_error(&error);
    runs.list->len = 1;
    g_array_index(runs.list, KeyRun, 0).entries++;
    g_assert_false(key_index_check(txn, TABLE, &runs, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    g_test_add_func("/key index/all documents of a key are found", test_all_documents_of_a_key_are_found);
    g_test_add_func("/key index/runs are merged as they come", test_runs_are_merged_as_they_come);
    g_test_add_func("/key index/a run that is not on the list does not exist", test_a_run_that_is_not_on_the_list_does_not_exist);
    g_test_add_func("/key index/nothing is left of what is removed", test_nothing_is_left_of_what_is_removed);
    g_test_add_func("/key index/nothing is left of documents whose keys nobody knows", test_nothing_is_left_of_documents_whose_keys_nobody_knows);
    g_test_add_func("/key index/damage is found", test_damage_is_found);
    int status = g_test_run();
    fixture_free(fixture);
    return status;
}
