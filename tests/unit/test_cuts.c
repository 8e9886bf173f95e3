/* SPDX-License-Identifier: Apache-2.0
 * store/cuts.h, note.h and stage_record.h: what is taken out of a text is told, tokenised without, proved, and taken
 * back when its stage is. */
#include <lmdb.h>
#include <string.h>

#include "base/error.h"
#include "store/audit.h"
#include "store/manifest.h"
#include "store/note.h"
#include "store/stage_record.h"
#include "tests/unit/store_fixture.h"

static Fixture *fixture;

static void test_cuts_leave_what_is_between_them(void)
{
    static const Cut cuts[] = {{0, 2}, {4, 1}, {5, 2}, {9, 1}};
    char text[] = "0123456789";
    g_assert_true(cuts_fit(cuts, 4, 10));
    g_assert_cmpuint(cuts_apply(cuts, 4, text, 10), ==, 4);
    g_assert_cmpstr(text, ==, "2378");
    g_assert_cmpuint(cuts_bytes(cuts, 4), ==, 6);
}

static void test_cuts_that_do_not_fit_are_refused(void)
{
    static const Cut overlapping[] = {{0, 3}, {2, 2}}, falling[] = {{5, 1}, {0, 1}}, empty[] = {{1, 0}}, outside[] = {{8, 3}},
                     huge[] = {{G_MAXUINT64, 1}}, endless[] = {{2, G_MAXUINT64}};
    g_assert_false(cuts_fit(overlapping, 2, 10));
    g_assert_false(cuts_fit(falling, 2, 10));
    g_assert_false(cuts_fit(empty, 1, 10));
    g_assert_false(cuts_fit(outside, 1, 10));
    g_assert_false(cuts_fit(huge, 1, 10));
    g_assert_false(cuts_fit(endless, 1, 10));
    g_assert_true(cuts_fit(outside, 1, 11));
}

/* Any bytes of what is left are traced to pieces that hold the same bytes and no cut. */
static void test_what_is_left_is_traced_to_the_clean_text(void)
{
    static const Cut cuts[] = {{0, 2}, {4, 1}, {5, 2}, {9, 1}};
    static const char clean[] = "0123456789a";
    char left[] = "0123456789a";
    gsize length = cuts_apply(cuts, 4, left, 11);
    for (gsize start = 0; start <= length; start++) {
        for (gsize end = start; end <= length; end++) {
            g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(Cut));
            g_autoptr(GString) traced = g_string_new(NULL);
            CutsTrace trace = {0};
            cuts_trace(&trace, cuts, 4, start, (start + end) / 2, pieces);
            cuts_trace(&trace, cuts, 4, (start + end) / 2, end, pieces);
            for (guint i = 0; i < pieces->len; i++) {
                const Cut *piece = &g_array_index(pieces, Cut, i);
                g_string_append_len(traced, clean + piece->start, (gssize)piece->length);
            }
            g_assert_cmpmem(traced->str, traced->len, left + start, end - start);
            g_array_append_vals(pieces, cuts, 4);
            g_assert_cmpuint(cuts_bytes((const Cut *)(void *)pieces->data, pieces->len), ==, end - start + 6);
        }
    }
}

static gboolean put_cuts(StoreTxn *txn, gpointer user, GError **error)
{
    static const Cut first[] = {{0, 1}, {5, 2}}, second[] = {{2, 1}};
    g_autoptr(json_t) note = json_pack("{s:[{s:s}]}", "found", "summary", "a thing");
    return cuts_put(txn, 0, "passages", first, 2, error) && cuts_put(txn, 0, "contamination", second, 1, error) &&
           cuts_put(txn, 3, "passages", first, 2, error) && cuts_put(txn, 4, "passages", first, 0, error) &&
           note_put(txn, 0, "passages", note, error) && note_put(txn, 0, "contamination", note, error);
}

static char *text_without_cuts(Store *store, Docno docno)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    char *text = NULL;
    gsize length;
    g_assert_true(final_text_get(txn, docno, &text, &length, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(strlen(text), ==, length);
    return text;
}

static char *clean_text_of(Store *store, Docno docno)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, NULL);
    char *text = NULL;
    gsize length;
    g_assert_true(cleaned_get(txn, docno, &text, &length, NULL));
    return text;
}

static gboolean forget_passages(StoreTxn *txn, gpointer user, GError **error)
{
    return stage_record_forget(txn, TABLE_CUTS, "passages", error) && stage_record_forget(txn, TABLE_NOTES, "passages", error);
}

static void test_cuts_of_several_stages_add_up_and_each_can_be_taken_back(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "several");
    fixture_write(store, put_cuts, NULL);
    g_autofree char *clean = clean_text_of(store, 0), *left = text_without_cuts(store, 0);
    g_autofree char *expected = g_strdup_printf("%c%.2s%s", clean[1], clean + 3, clean + 7);
    g_assert_cmpstr(left, ==, expected);
    fixture_write(store, forget_passages, NULL);
    g_autofree char *rest = text_without_cuts(store, 0), *whole = text_without_cuts(store, 3), *whole_clean = clean_text_of(store, 3);
    g_assert_cmpuint(strlen(rest), ==, strlen(clean) - 1);
    g_assert_cmpstr(whole, ==, whole_clean);
    g_autoptr(StoreTxn) txn = store_read_begin(store, NULL);
    g_autoptr(json_t) notes = notes_get(txn, 0, NULL);
    g_assert_cmpuint(json_object_size(notes), ==, 1);
    g_assert_nonnull(json_object_get(notes, "contamination"));
}

static void test_tokens_are_made_of_what_is_left(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "tokens");
    fixture_write(store, put_cuts, NULL);
    fixture_build(fixture, store);
    g_autofree char *left = text_without_cuts(store, 0);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_assert_true(tokenizer_encode(fixture->tokenizer, left, strlen(left), ids, &error));
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    StoreValue value;
    g_assert_true(store_get_docno(txn, TABLE_TOKENS, 0, &value, &error));
    g_assert_cmpuint(value.length, ==, 2 * ids->len);
}

static char *root_of(Store *store)
{
    g_autoptr(json_t) manifest = manifest_read(store, NULL);
    return g_strdup(json_get_string(manifest, "root"));
}

static gboolean has_finding(Store *store, const char *id, const char *where)
{
    StageContext context = fixture_context(store);
    g_autoptr(GPtrArray) findings = audit_run(&context, NULL);
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = findings->pdata[i];
        if (strcmp(finding->id, id) == 0 && strstr(finding->where, where))
            return TRUE;
    }
    return FALSE;
}

static gboolean put_other_note(StoreTxn *txn, gpointer user, GError **error)
{
    g_autoptr(json_t) note = json_object();
    return note_put(txn, 0, "passages", note, error);
}

static gboolean put_bad_cut(StoreTxn *txn, gpointer user, GError **error)
{
    static const Cut cut = {3, 100000};
    return cuts_put(txn, 3, "passages", &cut, 1, error);
}

static void test_cuts_and_notes_are_proved_by_the_manifest(void)
{
    g_autoptr(Store) plain = fixture_store(fixture, "plain"), cut = fixture_store(fixture, "cut");
    fixture_write(cut, put_cuts, NULL);
    fixture_build(fixture, plain);
    fixture_build(fixture, cut);
    g_autofree char *plain_root = root_of(plain), *cut_root = root_of(cut);
    g_assert_cmpstr(plain_root, !=, cut_root);
    g_assert_false(has_finding(cut, "", ""));
    fixture_write(cut, put_other_note, NULL);
    g_assert_true(has_finding(cut, FINDING_HASH_MISMATCH, "manifest.json"));
    fixture_write(cut, put_bad_cut, NULL);
    g_assert_true(has_finding(cut, FINDING_BAD_CUT, "document 3"));
}

static gboolean begin(Store *store, const char *stage, StageAction *action)
{
    g_autoptr(GError) error = NULL;
    g_auto(StageRun) run = {0};
    gboolean good = stage_begin(store, stage, "1", &run, action, &error) && stage_finish(store, &run, &error);
    g_assert_no_error(error);
    return good;
}

static void test_a_stage_that_is_left_out_takes_back_what_it_did(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "left-out");
    Verdict verdict = {OUTCOME_DROPPED, "contamination", "contaminated", 1, 0.8, DOCNO_NONE, NULL};
    StageAction action;
    begin(store, "dedup", &action);
    begin(store, "contamination", &action);
    fixture_put_verdict(store, 5, &verdict);
    fixture_write(store, put_cuts, NULL);
    g_assert_true(stage_leave_out(store, "contamination", &error));
    g_assert_true(stage_leave_out(store, "contamination", &error));
    g_assert_no_error(error);
    g_assert_cmpint(fixture_verdict(store, 5).outcome, ==, 0);
    begin(store, "dedup", &action);
    g_assert_cmpint(action, ==, STAGE_SKIP);
    begin(store, "contamination", &action);
    g_assert_cmpint(action, ==, STAGE_START);
    g_autofree char *clean = clean_text_of(store, 0), *left = text_without_cuts(store, 0);
    g_assert_cmpuint(strlen(left), ==, strlen(clean) - 3); /* the cuts of passages */
}

/* As an earlier version would have left it. */
static void drop_table(const char *path, const char *name)
{
    g_autofree char *part = g_build_filename(path, "part-0000.mdb", NULL);
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    g_assert_cmpint(mdb_env_create(&env), ==, 0);
    mdb_env_set_maxdbs(env, 32);
    g_assert_cmpint(mdb_env_open(env, part, MDB_NOSUBDIR, 0666), ==, 0);
    g_assert_cmpint(mdb_txn_begin(env, NULL, 0, &txn), ==, 0);
    g_assert_cmpint(mdb_dbi_open(txn, name, 0, &table), ==, 0);
    g_assert_cmpint(mdb_drop(txn, table, 1), ==, 0);
    g_assert_cmpint(mdb_txn_commit(txn), ==, 0);
    mdb_env_close(env);
}

static void test_a_store_from_before_there_were_cuts_is_read(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fixture_path(fixture, "older");
    store_free(fixture_store(fixture, "older"));
    drop_table(path, "cuts");
    drop_table(path, "notes");
    g_autoptr(Store) store = store_open(path, STORE_READ, &error);
    g_assert_no_error(error);
    g_autofree char *clean = clean_text_of(store, 0), *left = text_without_cuts(store, 0);
    g_assert_cmpstr(left, ==, clean);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_NOTES, NULL, 0, &error);
    StoreValue key, value;
    g_assert_cmpint(store_cursor_next(cursor, &key, &value, &error), ==, 0);
    g_assert_cmpuint(store_count(txn, TABLE_CUTS), ==, 0);
    g_assert_no_error(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    g_test_add_func("/cuts/cuts leave what is between them", test_cuts_leave_what_is_between_them);
    g_test_add_func("/cuts/cuts that do not fit are refused", test_cuts_that_do_not_fit_are_refused);
    g_test_add_func("/cuts/what is left is traced to the clean text", test_what_is_left_is_traced_to_the_clean_text);
    g_test_add_func("/cuts/cuts of several stages add up and each can be taken back",
                    test_cuts_of_several_stages_add_up_and_each_can_be_taken_back);
    g_test_add_func("/cuts/tokens are made of what is left", test_tokens_are_made_of_what_is_left);
    g_test_add_func("/cuts/cuts and notes are proved by the manifest", test_cuts_and_notes_are_proved_by_the_manifest);
    g_test_add_func("/cuts/a stage that is left out takes back what it did", test_a_stage_that_is_left_out_takes_back_what_it_did);
    g_test_add_func("/cuts/a store from before there were cuts is read", test_a_store_from_before_there_were_cuts_is_read);
    int status = g_test_run();
    fixture_free(fixture);
    return status;
}
