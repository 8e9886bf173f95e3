/* SPDX-License-Identifier: Apache-2.0
 * store/forget.h and forget_match.h: who is meant, what is left of them, and that the audit sees every trace. */
#include "store/forget.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "store/audit.h"
#include "store/cuts.h"
#include "store/forget_match.h"
#include "store/key_index.h"
#include "store/manifest.h"
#include "store/note.h"
#include "tests/unit/store_fixture.h"

static Fixture *fixture;

/* ---- A store --------------------------------------------------------------------------------------------------- */

/* The fixture's documents, read to the end; number 7 has an address and a DOI, number 8 the name of number 5. */
static gboolean prepare(StoreTxn *txn, gpointer user, GError **error)
{
    g_autoptr(json_t) counts = json_object();
    const StageRun ingest = {.stage = (char *)"ingest", .fingerprint = (char *)"read", .complete = TRUE, .counts = counts};
    g_auto(Document) seven = {0}, eight = {0};
    if (!document_get(txn, 7, &seven, error) || !document_get(txn, 8, &eight, error))
        return FALSE;
    seven.url = g_strdup("https://example.org/seven");
    g_free(seven.meta);
    seven.meta = g_strdup("{\"doi\": \"10.1000/Seven\"}");
    g_free(eight.id);
    eight.id = g_strdup("doc-5");
    return stage_save(txn, &ingest, error) && document_put(txn, 7, &seven, error) && document_put(txn, 8, &eight, error);
}

static Store *read_store(const char *name)
{
    Store *store = fixture_store(fixture, name);
    fixture_write(store, prepare, NULL);
    return store;
}

/* The numbers that are meant, and "+N" for those that were forgotten before; or the error's message. */
static char *matched(Store *store, const ForgetCriteria *criteria)
{
    g_autoptr(GError) error = NULL;
    guint already = 0;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(GArray) items = forget_match(txn, criteria, &already, &error);
    if (!items)
        return g_strdup(error->message);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < items->len; i++) {
        const ForgetItem *item = &g_array_index(items, ForgetItem, i);
        g_string_append_printf(text, "%s%d:%s", i ? " " : "", (int)item->docno, item->matched);
    }
    if (already)
        g_string_append_printf(text, "+%u", already);
    return g_string_free(text, FALSE);
}

static void assert_matched(Store *store, const ForgetCriteria *criteria, const char *expected)
{
    g_autofree char *found = matched(store, criteria);
    g_assert_cmpstr(found, ==, expected);
}

#define LIST(...) ((char *[]){(char *)__VA_ARGS__, NULL})

static void test_documents_are_found_by_all_that_names_them(void)
{
    g_autoptr(Store) store = read_store("match");
    assert_matched(store, &(ForgetCriteria){.ids = LIST("3")}, "3:id");
    assert_matched(store, &(ForgetCriteria){.ids = LIST("doc-4")}, "4:id");
    assert_matched(store, &(ForgetCriteria){.ids = LIST("paper/doc-4")}, "4:id");
    assert_matched(store, &(ForgetCriteria){.urls = LIST("https://example.org/seven")}, "7:url");
    assert_matched(store, &(ForgetCriteria){.dois = LIST("https://doi.org/10.1000/SEVEN")}, "7:doi");
    assert_matched(store, &(ForgetCriteria){.patterns = LIST("*example.org/s*")}, "7:pattern");
    assert_matched(store, &(ForgetCriteria){.patterns = LIST("doc-1?")}, "10:pattern 11:pattern 12:pattern 13:pattern 14:pattern 15:pattern "
                                                                       "16:pattern 17:pattern 18:pattern 19:pattern");
    assert_matched(store, &(ForgetCriteria){.patterns = LIST("nothing*")}, "");
}

static void test_with_a_document_come_all_of_its_name(void)
{
    g_autoptr(Store) store = read_store("versions");
    assert_matched(store, &(ForgetCriteria){.ids = LIST("5")}, "5:id 8:id");
    assert_matched(store, &(ForgetCriteria){.ids = LIST("8")}, "5:id 8:id");
}

static void test_what_names_nothing_is_an_error_that_says_so(void)
{
    g_autoptr(Store) store = read_store("nothing");
    assert_matched(store, &(ForgetCriteria){.ids = LIST("doc-99")},
                   "no document with the id 'doc-99' in this store; 'galen list STORE' lists them all");
    assert_matched(store, &(ForgetCriteria){.ids = LIST("guide/doc-4")},
                   "no document with the id 'guide/doc-4' in this store; 'galen list STORE' lists them all");
    assert_matched(store, &(ForgetCriteria){.dois = LIST("seven")}, "'seven' is no DOI; one begins with \"10.\" and has a slash");
    assert_matched(store, &(ForgetCriteria){.sources = LIST("nowhere")}, "the store has no source 'nowhere'; 'galen status STORE' lists them");
}

/* ---- Forgetting ------------------------------------------------------------------------------------------------ */

static void forget(Store *store, const ForgetCriteria *criteria)
{
    g_autoptr(GError) error = NULL;
    guint already;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(GArray) items = forget_match(txn, criteria, &already, &error);
    g_assert_no_error(error);
    g_clear_pointer(&txn, store_read_end);
    ForgetRequest request = {.items = items, .time = 1700000000, .reason = "asked", .by = "anna"};
    g_assert_true(forget_write(store, &request, &error));
    g_assert_no_error(error);
}

static gboolean pass_changes(StoreTxn *txn, gpointer user, GError **error)
{
    return store_clear(txn, TABLE_CHANGES, error) && store_clear(txn, TABLE_WITHDRAWN, error);
}

/* What stages before the fixture's would have done. */
static void settle(Store *store)
{
    g_autoptr(GError) error = NULL;
    StageContext context = fixture_context(store);
    fixture_write(store, pass_changes, NULL);
    fixture_pack(fixture, store);
    g_assert_true(forget_finish(store, &error));
    g_assert_no_error(error);
    g_assert_true(manifest_write(&context, &error));
    g_assert_no_error(error);
}

/* "id where" of each finding that is an error. */
static char *audit(Store *store)
{
    g_autoptr(GError) error = NULL;
    StageContext context = fixture_context(store);
    g_autoptr(GPtrArray) findings = audit_run(&context, &error);
    GString *text = g_string_new(NULL);
    for (guint i = 0; findings && i < findings->len; i++) {
        const Finding *finding = findings->pdata[i];
        if (finding->severity == SEVERITY_ERROR)
            g_string_append_printf(text, "%s %s\n", finding->id, finding->where);
    }
    g_assert_no_error(error);
    return g_string_free(text, FALSE);
}

static Store *forgetful_store(const char *name)
{
    Store *store = read_store(name);
    fixture_build(fixture, store);
    forget(store, &(ForgetCriteria){.ids = LIST("7")});
    settle(store);
    return store;
}

static void test_a_stub_and_a_tombstone_are_all_that_is_left(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = forgetful_store("left");
    g_autofree char *findings = audit(store), *path = store_part_path(store_directory(store)), *bytes = NULL;
    gsize length;
    g_auto(Document) document = {0};
    g_assert_cmpstr(findings, ==, "");
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_true(document_get(txn, 7, &document, &error));
    g_assert_true(g_str_has_prefix(document.id, FORGOTTEN_PREFIX));
    g_assert_null(document.url);
    g_clear_pointer(&txn, store_read_end);
    Verdict verdict = fixture_verdict(store, 7);
    g_assert_cmpint(verdict.outcome, ==, OUTCOME_DROPPED);
    g_assert_cmpstr(verdict.rule, ==, RULE_FORGOTTEN);
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    g_assert_null(memmem(bytes, length, "example.org/seven", strlen("example.org/seven")));
}

static void test_what_was_forgotten_is_known_by_its_old_names(void)
{
    g_autoptr(Store) store = forgetful_store("known");
    assert_matched(store, &(ForgetCriteria){.ids = LIST("7")}, "+1");
    assert_matched(store, &(ForgetCriteria){.ids = LIST("doc-7")}, "+1");
    assert_matched(store, &(ForgetCriteria){.ids = LIST("paper/doc-7")}, "+1");
}

/* The command that was killed is given again. */
static void test_what_is_being_forgotten_may_be_named_as_before(void)
{
    g_autoptr(Store) store = read_store("again");
    const ForgetCriteria criteria = {.dois = LIST("10.1000/seven")};
    fixture_build(fixture, store);
    forget(store, &criteria);
    assert_matched(store, &criteria, "+1");
    settle(store);
    assert_matched(store, &criteria, "no document with the DOI '10.1000/seven' in this store; 'galen list STORE' lists them all");
}

static void test_a_store_that_was_not_read_to_its_end_is_left_alone(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "unread");
    g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(ForgetItem));
    ForgetItem item = {3, "id"};
    g_array_append_val(items, item);
    ForgetRequest request = {.items = items};
    g_autofree char *before = fixture_table_digest(store, TABLE_DOCUMENTS);
    g_assert_false(forget_write(store, &request, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_autofree char *after = fixture_table_digest(store, TABLE_DOCUMENTS);
    g_assert_cmpstr(before, ==, after);
}

/* ---- Traces ---------------------------------------------------------------------------------------------------- */

typedef struct Plant {
    StoreTable table;
    const char *where;
} Plant;

static gboolean plant(StoreTxn *txn, gpointer user, GError **error)
{
    const Plant *wanted = user;
    guint8 key[DOCUMENT_KEY_SIZE], number[8];
    g_autoptr(json_t) note = json_pack("{s:s}", "found", "something");
    const Cut cut = {0, 1};
    Verdict gave_way = {OUTCOME_MERGED, "dedup", "same-id", NAN, NAN, 7, NULL};
    switch (wanted->table) {
    case TABLE_NOTES:
        return note_put(txn, 7, "metadata", note, error);
    case TABLE_CUTS:
        return cuts_put(txn, 7, "passages", &cut, 1, error);
    case TABLE_IDS:
        document_key("paper", "doc-7", key);
        docno_write(7, number);
        return store_put(txn, TABLE_IDS, key, sizeof key, number, sizeof number, error);
    case TABLE_LEDGER:
        return ledger_put(txn, 9, &gave_way, error);
    case TABLE_TOMBSTONES:
        return store_clear(txn, TABLE_TOMBSTONES, error);
    default:
        return store_put_docno(txn, wanted->table, 7, "trace", 5, error);
    }
}

static void test_the_audit_sees_every_trace(void)
{
    static const Plant plants[] = {
        {TABLE_CLEANED, "table cleaned document 7"},     {TABLE_SIGNATURES, "table signatures document 7"}, {TABLE_NOTES, "table notes document 7"},
        {TABLE_CUTS, "table cuts document 7"},           {TABLE_TOKENS, "table tokens document 7"},         {TABLE_DRAWS, "table draws document 7"},
        {TABLE_CLUSTERS, "table clusters document 7"},   {TABLE_CHANGES, "table changes document 7"},       {TABLE_WITHDRAWN, "table withdrawn document 7"},
        {TABLE_IDS, "table ids document 7"},             {TABLE_LEDGER, "table ledger document 9"},         {TABLE_TOMBSTONES, "table tombstones document 7"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(plants); i++) {
        g_autofree char *name = g_strdup_printf("trace-%d", (int)i), *expected = g_strconcat("forgotten-trace ", plants[i].where, "\n", NULL);
        g_autoptr(Store) store = forgetful_store(name);
        fixture_write(store, plant, (gpointer)&plants[i]);
        g_autofree char *findings = audit(store);
        g_test_message("%s", findings);
        g_assert_nonnull(strstr(findings, expected));
    }
}

static void test_the_audit_sees_an_entry_of_an_index(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = forgetful_store("index");
    g_auto(KeyIndexRuns) runs = {0};
    KeyIndexWriter *writer = key_index_write(store, TABLE_IDENTIFIERS, &runs, &error);
    g_assert_true(key_index_put(writer, 0, 1, 6, &error) && key_index_put(writer, 0, 2, 7, &error) && key_index_close(writer, &error));
    g_assert_no_error(error);
    g_autofree char *findings = audit(store);
    g_assert_nonnull(strstr(findings, "forgotten-trace table identifiers document 7\n"));
    g_assert_null(strstr(findings, "identifiers document 6"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    g_test_add_func("/forget/documents are found by all that names them", test_documents_are_found_by_all_that_names_them);
    g_test_add_func("/forget/with a document come all of its name", test_with_a_document_come_all_of_its_name);
    g_test_add_func("/forget/what names nothing is an error that says so", test_what_names_nothing_is_an_error_that_says_so);
    g_test_add_func("/forget/a stub and a tombstone are all that is left", test_a_stub_and_a_tombstone_are_all_that_is_left);
    g_test_add_func("/forget/what was forgotten is known by its old names", test_what_was_forgotten_is_known_by_its_old_names);
    g_test_add_func("/forget/what is being forgotten may be named as before", test_what_is_being_forgotten_may_be_named_as_before);
    g_test_add_func("/forget/a store that was not read to its end is left alone", test_a_store_that_was_not_read_to_its_end_is_left_alone);
    g_test_add_func("/forget/the audit sees every trace", test_the_audit_sees_every_trace);
    g_test_add_func("/forget/the audit sees an entry of an index", test_the_audit_sees_an_entry_of_an_index);
    int status = g_test_run();
    fixture_free(fixture);
    return status;
}
