/* SPDX-License-Identifier: Apache-2.0
 * scrapers/updates.h: which of the records of one citation stands, and that the others say why they do not. */
#include "scrapers/updates.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/json.h"
#include "scrapers/ingest.h"
#include "store/note.h"

#define CITATION(pmid, version, text)                                                                                  \
    "<PubmedArticle><MedlineCitation><PMID Version=\"" version "\">" pmid "</PMID><Article><Abstract><AbstractText>" text \
    "</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>\n"
#define DELETION(pmid, version) "<DeleteCitation><PMID Version=\"" version "\">" pmid "</PMID></DeleteCitation>\n"

static char *directory;

static void write_file(const char *name, const char *records)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *text = g_strconcat("<PubmedArticleSet>\n", records, "</PubmedArticleSet>\n", NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static Recipe *recipe_of(const char *sources)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, "recipe.yaml", NULL);
    g_autofree char *text = g_strdup_printf("name: test\nseed: 1\nsources:\n%s\ntokenizer: {model: unused.model}\n", sources);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    Recipe *recipe = recipe_load(path, NULL, &error);
    g_assert_no_error(error);
    return recipe;
}

/* Runs both stages on a new store (with the tag of the test as its name) or one that is there. */
static Store *build(const char *name, const char *sources, unsigned batch)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = recipe_of(sources);
    g_autofree char *path = g_build_filename(directory, name, NULL), *first = NULL, *second = NULL;
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    StageContext context = {.store = store, .jobs = 1, .batch_documents = batch};
    ingest_run(&context, recipe, NULL, &first, &error);
    g_assert_no_error(error);
    updates_run(&context, recipe, first, &second, &error);
    g_assert_no_error(error);
    return store;
}

/* One line a document: number, text, and the verdict if it has one. */
static char *contents(Store *store)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    GString *list = g_string_new(NULL);
    for (Docno docno = 0;; docno++) {
        g_auto(Document) document = {0};
        Verdict verdict;
        if (!document_get(txn, docno, &document, &error))
            break;
        g_string_append_printf(list, "%d %s", (int)docno, document.text_length ? document.text : "-");
        if (ledger_get(txn, docno, &verdict, &error) && verdict.winner != DOCNO_NONE)
            g_string_append_printf(list, ": %s %d", verdict.rule, (int)verdict.winner);
        else if (ledger_has(txn, docno))
            g_string_append_printf(list, ": %s", verdict.rule);
        g_string_append_c(list, '\n');
    }
    g_assert_no_error(error);
    return g_string_free(list, FALSE);
}

static void assert_build(const char *name, const char *sources, const char *expected)
{
    for (unsigned batch = 0; batch < 3; batch++) { /* of any size: the same */
        g_autofree char *each = g_strdup_printf("%s-%u", name, batch);
        g_autoptr(Store) store = build(each, sources, batch);
        g_autofree char *list = contents(store);
        g_assert_cmpstr(list, ==, expected);
    }
}

#define ONE_SOURCE "  - {tag: pubmed, format: medline, group: abstracts, paths: [base*.xml, update*.xml]}"

static void test_the_last_record_of_a_citation_stands(void)
{
    write_file("base1.xml", CITATION("1", "1", "the longest text of all") CITATION("2", "1", "two"));
    write_file("base2.xml", CITATION("3", "1", "three"));
    write_file("update1.xml", CITATION("1", "1", "newer") CITATION("1", "1", "newest"));
    assert_build("last", ONE_SOURCE,
                 "0 the longest text of all: superseded 4\n"
                 "1 two\n"
                 "2 three\n"
                 "3 newer: superseded 4\n"
                 "4 newest\n");
}

static void test_the_highest_version_stands_wherever_it_lies(void)
{
    write_file("base1.xml", CITATION("1", "2", "second") CITATION("1", "1", "first"));
    write_file("base2.xml", CITATION("1", "1", "first again"));
    write_file("update1.xml", CITATION("1", "2", "second again"));
    assert_build("version", ONE_SOURCE,
                 "0 second: superseded 3\n"
                 "1 first: superseded 3\n"
                 "2 first again: superseded 3\n"
                 "3 second again\n");
}

static void test_a_deletion_takes_back_what_stands_in_earlier_files(void)
{
    write_file("base1.xml", CITATION("1", "1", "old") CITATION("2", "1", "two") CITATION("3", "1", "three"));
    write_file("base2.xml", CITATION("1", "1", "same file") DELETION("1", "1") DELETION("2", "1") DELETION("3", "7") DELETION("9", "1"));
    write_file("update1.xml", CITATION("2", "1", "two is back"));
    assert_build("delete", ONE_SOURCE,
                 "0 old: superseded 3\n"
                 "1 two: deleted-by-publisher\n"
                 "2 three\n"
                 "3 same file\n"
                 "4 -: deleted-by-publisher\n"
                 "5 -: deleted-by-publisher\n"
                 "6 -: deleted-by-publisher\n"
                 "7 -: deleted-by-publisher\n"
                 "8 two is back\n");
}

static void test_a_deleted_version_gives_way_to_the_one_below(void)
{
    write_file("base1.xml", CITATION("1", "1", "one") CITATION("1", "2", "two"));
    write_file("base2.xml", CITATION("1", "2", "two again"));
    write_file("update1.xml", DELETION("1", "2"));
    assert_build("below", ONE_SOURCE,
                 "0 one\n"
                 "1 two: superseded 2\n"
                 "2 two again: deleted-by-publisher\n"
                 "3 -: deleted-by-publisher\n");
}

static void test_a_withdrawn_abstract_does_not_come_back(void)
{
    write_file("base1.xml", CITATION("1", "1", "published in error"));
    write_file("base2.xml", CITATION("2", "1", ""));
    write_file("update1.xml", CITATION("1", "1", "") "<PubmedArticle><MedlineCitation><PMID>2</PMID>&bad;</MedlineCitation></PubmedArticle>");
    assert_build("withdrawn", ONE_SOURCE,
                 "0 published in error: superseded 2\n"
                 "1 -: no-text\n"
                 "2 -: no-text\n"
                 "3 -: malformed-xml\n");
}

static void test_all_sources_of_medline_are_one_series(void)
{
    write_file("base1.xml", CITATION("1", "1", "old"));
    write_file("base2.xml", CITATION("1", "1", "in between"));
    write_file("update1.xml", CITATION("1", "1", "new"));
    assert_build("series",
                 "  - {tag: baseline, format: medline, group: abstracts, paths: [base1.xml]}\n"
                 "  - {tag: other, format: jsonl, group: replay, paths: [lines.jsonl]}\n"
                 "  - {tag: daily, format: medline, group: abstracts, paths: [base2.xml, update1.xml]}",
                 "0 old: superseded 3\n"
                 "1 a line\n"
                 "2 in between: superseded 3\n"
                 "3 new\n");
}

static void test_the_id_leads_to_the_record_that_stands_and_its_note_tells_the_rest(void)
{
    g_autoptr(GError) error = NULL;
    Docno docno;
    write_file("base1.xml", CITATION("1", "1", "a") CITATION("2", "1", "b"));
    write_file("base2.xml", CITATION("1", "1", "c"));
    write_file("update1.xml", CITATION("1", "2", "d"));
    g_autoptr(Store) store = build("note", ONE_SOURCE, 0);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_true(document_find(txn, "pubmed", "PMID:1", &docno, &error));
    g_assert_cmpuint(docno, ==, 3);
    g_autoptr(json_t) note = note_get(txn, docno, "updates", &error);
    g_assert_cmpint(json_integer_value(json_object_get(note, "replaced")), ==, 2);
    const json_t *latest = json_array_get(json_object_get(note, "found"), 0);
    g_assert_cmpstr(json_get_string(latest, "summary"), ==, "replaces document 2, version 1 at base2.xml@19");
    g_assert_true(document_find(txn, "pubmed", "PMID:2", &docno, &error));
    g_assert_cmpuint(docno, ==, 1);
    Verdict verdict;
    g_assert_true(ledger_get(txn, 0, &verdict, &error));
    g_assert_cmpstr(verdict.detail, ==, "version 2 at update1.xml@19");
    g_auto(StageRun) run = {0};
    g_assert_true(stage_load(txn, "updates", &run, &error));
    g_assert_true(run.complete);
    g_assert_cmpint(json_integer_value(json_object_get(run.counts, "pubmed/dropped:superseded")), ==, 2);
}

static void test_a_recipe_without_medline_has_no_such_stage(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = build("none", "  - {tag: other, format: jsonl, group: replay, paths: [lines.jsonl]}", 0);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_auto(StageRun) run = {0};
    g_assert_false(stage_load(txn, "updates", &run, &error));
    g_assert_no_error(error);
}

/* A run that ended behind its first batch, as a kill leaves it. */
static gboolean forget_all_but_the_first(StoreTxn *txn, gpointer user, GError **error)
{
    g_auto(StageRun) run = {0};
    (void)user;
    if (!stage_load(txn, "updates", &run, error))
        return FALSE;
    json_decref(run.position);
    json_decref(run.counts);
    run.complete = FALSE;
    run.position = json_pack("{s:i}", "entry", 2);
    run.counts = json_pack("{s:i}", "pubmed/dropped:superseded", 1);
    guint8 key[8];
    docno_write(1, key);
    return store_delete(txn, TABLE_LEDGER, key, sizeof key, error) && stage_save(txn, &run, error);
}

static void test_a_run_that_was_cut_off_goes_on(void)
{
    g_autoptr(GError) error = NULL;
    write_file("base1.xml", CITATION("1", "1", "a") CITATION("2", "1", "b"));
    write_file("base2.xml", CITATION("1", "1", "c") CITATION("2", "1", "d"));
    write_file("update1.xml", CITATION("3", "1", "e"));
    {
        g_autoptr(Store) store = build("cut", ONE_SOURCE, 0);
        g_assert_true(store_write(store, forget_all_but_the_first, NULL, &error));
    }
    g_autoptr(Store) store = build("cut", ONE_SOURCE, 0);
    g_autofree char *list = contents(store);
    g_assert_cmpstr(list, ==, "0 a: superseded 2\n1 b: superseded 3\n2 c\n3 d\n4 e\n");
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_auto(StageRun) run = {0};
    g_assert_true(stage_load(txn, "updates", &run, &error));
    g_assert_cmpint(json_integer_value(json_object_get(run.counts, "pubmed/dropped:superseded")), ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-updates-XXXXXX", NULL);
    g_autofree char *lines = g_build_filename(directory, "lines.jsonl", NULL);
    g_assert_true(g_file_set_contents(lines, "{\"id\":\"PMID:1\",\"text\":\"a line\"}\n", -1, NULL));
    g_test_add_func("/updates/the last record of a citation stands", test_the_last_record_of_a_citation_stands);
    g_test_add_func("/updates/the highest version stands, wherever it lies", test_the_highest_version_stands_wherever_it_lies);
    g_test_add_func("/updates/a deletion takes back what stands in earlier files", test_a_deletion_takes_back_what_stands_in_earlier_files);
    g_test_add_func("/updates/a deleted version gives way to the one below", test_a_deleted_version_gives_way_to_the_one_below);
    g_test_add_func("/updates/a withdrawn abstract does not come back", test_a_withdrawn_abstract_does_not_come_back);
    g_test_add_func("/updates/all sources of MEDLINE are one series", test_all_sources_of_medline_are_one_series);
    g_test_add_func("/updates/the id leads to the record that stands, and its note tells the rest",
                    test_the_id_leads_to_the_record_that_stands_and_its_note_tells_the_rest);
    g_test_add_func("/updates/a recipe without MEDLINE has no such stage", test_a_recipe_without_medline_has_no_such_stage);
    g_test_add_func("/updates/a run that was cut off goes on", test_a_run_that_was_cut_off_goes_on);
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(directory);
    return result;
}
