/* SPDX-License-Identifier: Apache-2.0
 * scrapers/ingest.h: that every record is accounted for under a name of the recipe's, whatever happens on the way. The
 * program is also the build that is killed ("ingest RECIPE STORE") and its parser process ("parse-worker"). */
#include "scrapers/ingest.h"

#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/sandbox.h"
#include "scrapers/formats/format.h"
#include "scrapers/parse_worker.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/test_site.h"

#define RECORDS 200
#define CRASH_AT 117
#define PROSE "Adults take ten milligrams twice a day with food, for as long as the symptoms last, and they see the " \
              "physician who prescribed it again after four weeks."

static char *self;
static char *directory;
static TestSite site;

/* ---- The child: parses, and dies over the record that says so -------------------------------------------------- */

static void answer(const char *request, gsize length, Buffer *reply, gpointer user)
{
    if (memmem(request, length, "ORDER:abort", strlen("ORDER:abort")))
        abort();
    parse_worker_answer(request, length, reply, user);
}

/* Where the file "kill" lies, the second parser process of a build, which follows a crash, first kills the build. */
static int parse(void)
{
    const char *mark = g_getenv("TEST_INGEST_MARK");
    g_autofree char *first = g_strconcat(mark ? mark : "", ".first", NULL);
    if (mark && g_file_test(mark, G_FILE_TEST_EXISTS) && g_unlink(first) == 0) {
        g_unlink(mark);
        kill(getppid(), SIGKILL);
    } else if (mark && g_file_test(mark, G_FILE_TEST_EXISTS)) {
        g_file_set_contents(first, "", 0, NULL);
    }
    return sandbox_serve(answer, NULL);
}

/* ---- Inputs and builds ----------------------------------------------------------------------------------------- */

static char *path_of(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

static void write_file(const char *name, const char *bytes, gsize length)
{
    g_autofree char *path = path_of(name);
    g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
}

/* A recipe of one source, whose lines are given as YAML. */
static Recipe *recipe_of(const char *source)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = path_of("recipe.yaml");
    g_autofree char *text = g_strdup_printf("name: test\nseed: 1\nsources:\n  - {tag: one, group: papers, %s}\n"
                                            "tokenizer: {model: unused.model}\n", source);
    write_file("recipe.yaml", text, strlen(text));
    Recipe *recipe = recipe_load(path, NULL, &error);
    g_assert_no_error(error);
    return recipe;
}

static Store *open_store(const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = path_of(name);
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    return store;
}

static void ingest(Store *store, const Recipe *recipe, const char *program, unsigned batch)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *fingerprint = NULL;
    StageContext context = {.store = store, .jobs = 1, .batch_documents = batch};
    ingest_run(&context, recipe, program, &fingerprint, &error);
    g_assert_no_error(error);
}

/* What is in the store, one line a document: origin, id, rule and detail, or the first words. */
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
        g_string_append_printf(list, "%s %s ", document.origin, document.id);
        if (ledger_get(txn, docno, &verdict, &error))
            g_string_append_printf(list, "%s: %s\n", verdict.rule, verdict.detail);
        else
            g_string_append_printf(list, "%.9s\n", document.text);
    }
    g_assert_no_error(error);
    return g_string_free(list, FALSE);
}

static void assert_contents(const char *store_name, const char *source, const char *expected)
{
    g_autoptr(Store) store = open_store(store_name);
    g_autoptr(Recipe) recipe = recipe_of(source);
    ingest(store, recipe, NULL, 0);
    g_autofree char *list = contents(store);
    g_assert_cmpstr(list, ==, expected);
}

static gint64 count_of(Store *store, const char *key)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_auto(StageRun) run = {0};
    g_assert_true(stage_load(txn, "ingest", &run, &error));
    g_assert_no_error(error);
    return json_integer_value(json_object_get(run.counts, key));
}

/* ---- The tests ------------------------------------------------------------------------------------------------- */

static void write_medline(const char *name)
{
    g_autoptr(GString) text = g_string_new("<PubmedArticleSet>");
    for (int i = 0; i < RECORDS; i++)
        g_string_append_printf(text, "<PubmedArticle><MedlineCitation><PMID>%d</PMID><Article><ArticleTitle>Title %d%s</ArticleTitle>"
                                     "<Abstract><AbstractText>" PROSE "</AbstractText></Abstract></Article></MedlineCitation>"
                                     "</PubmedArticle>\n", i + 1, i, i == CRASH_AT ? " ORDER:abort" : "");
    g_string_append(text, "</PubmedArticleSet>\n");
    write_file(name, text->str, text->len);
}

/* Runs "ingest" in a process of its own; its wait status. */
static int ingest_elsewhere(const char *store_name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *store = path_of(store_name), *recipe = path_of("recipe.yaml");
    char *arguments[] = {self, (char *)"ingest", recipe, store, NULL};
    int status = 0;
    g_spawn_sync(NULL, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error);
    g_assert_no_error(error);
    return status;
}

static int ingest_as_told(const char *recipe_path, const char *store_path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = recipe_load(recipe_path, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(Store) store = store_open(store_path, STORE_CREATE, &error);
    g_assert_no_error(error);
    ingest(store, recipe, self, 16);
    return 0;
}

static void test_a_killed_run_resumes_in_the_middle_of_a_file(void)
{
    static const StoreTable tables[] = {TABLE_INPUTS, TABLE_DOCUMENTS, TABLE_IDS, TABLE_LEDGER, TABLE_RUNS};
    g_autofree char *mark = path_of("kill");
    write_medline("abstracts.xml");
    g_autoptr(Recipe) recipe = recipe_of("format: medline, paths: [abstracts.xml]");
    g_assert_nonnull(recipe);
    g_assert_cmpint(ingest_elsewhere("straight"), ==, 0);
    write_file("kill", "", 0);
    g_setenv("TEST_INGEST_MARK", mark, TRUE);
    int status = ingest_elsewhere("killed");
    g_unsetenv("TEST_INGEST_MARK");
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    g_autoptr(Store) straight = open_store("straight");
    g_autoptr(Store) killed = open_store("killed");
    gint64 before = count_of(killed, "one/entered");
    g_assert_cmpint(before, >, 0);
    g_assert_cmpint(before, <=, CRASH_AT);
    g_clear_pointer(&killed, store_free);
    g_assert_cmpint(ingest_elsewhere("killed"), ==, 0);
    killed = open_store("killed");
    g_assert_cmpint(count_of(killed, "one/entered"), ==, RECORDS);
    g_assert_cmpint(count_of(killed, "one/dropped:parser-crashed"), ==, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *one = fixture_table_digest(straight, tables[i]), *other = fixture_table_digest(killed, tables[i]);
        g_assert_cmpstr(one, ==, other);
    }
}

#define CITATION(pmid, text)                                                                                           \
    "<PubmedArticle><MedlineCitation><PMID>" pmid "</PMID>\n<Article><Abstract><AbstractText>" text                    \
    "</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>\n"

static void test_bad_records_are_named_by_file_and_line_and_others_survive(void)
{
    static const char latin[] = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<PubmedArticleSet>\n" CITATION("1", "caf\xe9")
        "</PubmedArticleSet>\n";
    static const char bomb[] = "<?xml version=\"1.0\"?>\n<!DOCTYPE PubmedArticleSet [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">\n"
                               "<!ENTITY file SYSTEM \"file:///etc/passwd\">]>\n<PubmedArticleSet>\n" CITATION("1", "&b;") CITATION("2", "&file;")
        CITATION("3", "bad \xff byte") CITATION("4", "well &amp; good") "</PubmedArticleSet>\n";
    write_file("bomb.xml", bomb, strlen(bomb));
    write_file("latin.xml", latin, strlen(latin));
    write_file("wide.xml", "\xff\xfe<\0?\0x\0m\0l\0", 12);
    g_autofree char *told = g_strdup_printf("bomb.xml@%d", (int)(strstr(bomb, "<PubmedArticle>") - bomb));
    assert_contents("named", "format: medline, paths: [bomb.xml, latin.xml, wide.xml]",
                    "bomb.xml@154 bomb.xml@154 malformed-xml: line 6: unknown entity '&b;'\n"
                    "bomb.xml@308 bomb.xml@308 malformed-xml: line 8: unknown entity '&file;'\n"
                    "bomb.xml@465 bomb.xml@465 invalid-utf8: line 10: bytes that are not UTF-8\n"
                    "bomb.xml@626 PMID:4 well & go\n"
                    "latin.xml@63 PMID:1 caf\xc3\xa9\n"
                    "wide.xml#damaged-input wide.xml#damaged-input damaged-input: wide.xml: the file is in UTF-16; convert it to UTF-8\n");
    g_assert_cmpstr(told, ==, "bomb.xml@154");
}

static void test_the_batch_size_changes_nothing(void)
{
    write_medline("batches.xml");
    g_autoptr(Recipe) recipe = recipe_of("format: medline, paths: [batches.xml]");
    g_autoptr(Store) large = open_store("large-batches");
    g_autoptr(Store) small = open_store("small-batches");
    ingest(large, recipe, NULL, 0);
    ingest(small, recipe, NULL, 17);
    g_autofree char *one = contents(large), *other = contents(small);
    g_assert_cmpstr(one, ==, other);
}

static void test_a_damaged_file_is_accounted_for(void)
{
    static const char text[] = "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>7</PMID><Article><ArticleTitle>Whole</ArticleTitle>"
                               "<Abstract><AbstractText>" PROSE "</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>"
                               "<PubmedArticle><MedlineCitation><PMID>8</PMID><Artic";
    write_file("cut.xml", text, strlen(text));
    write_file("empty.xml", "", 0);
    write_file("other.xml", "<Catalogue/>", strlen("<Catalogue/>"));
    g_autoptr(Store) store = open_store("damaged");
    g_autoptr(Recipe) recipe = recipe_of("format: medline, paths: [cut.xml, empty.xml, other.xml]");
    ingest(store, recipe, NULL, 0);
    g_autofree char *list = contents(store);
    g_assert_cmpstr(list, ==,
                    "cut.xml@18 PMID:7 Adults ta\n"
                    "cut.xml@353 cut.xml@353 damaged-input: <PubmedArticle>, opened on line 1, is not closed before byte 405\n"
                    "empty.xml#damaged-input empty.xml#damaged-input damaged-input: the file is empty\n"
                    "other.xml#damaged-input other.xml#damaged-input damaged-input: the file holds no record of format 'medline'\n");
    g_assert_cmpint(count_of(store, "one/entered"), ==, 4);
    g_assert_cmpint(count_of(store, "one/parsed"), ==, 1);
    g_assert_cmpint(count_of(store, "one/bad-input"), ==, 3);
}

/* What came before the damage is there; one verdict stands for the rest, and the next file is read. */
static void test_a_damaged_compressed_file_gives_what_came_before(void)
{
    g_autofree char *path = path_of("cut.jsonl.gz"), *bytes = NULL;
    gsize length;
    gzFile file = gzopen(path, "wb");
    guint32 noise = 1;
    for (int i = 0; i < 5000; i++)
        gzprintf(file, "{\"id\":\"%d\",\"text\":\"%u is the number.\"}\n", i, noise = noise * 1664525u + 1013904223u);
    gzclose(file);
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    write_file("cut.jsonl.gz", bytes, length / 2);
    static const char next[] = "{\"id\":\"next\",\"text\":\"The next file.\"}\n";
    write_file("next.jsonl", next, strlen(next));
    g_autoptr(Store) store = open_store("compressed");
    g_autoptr(Recipe) recipe = recipe_of("format: jsonl, paths: [cut.jsonl.gz, next.jsonl]");
    ingest(store, recipe, NULL, 0);
    g_autofree char *list = contents(store);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(list), "\n", -1);
    guint count = g_strv_length(lines);
    g_assert_cmpuint(count, >, 1000);
    g_assert_cmpuint(count, <, 4000);
    g_assert_true(g_str_has_prefix(lines[count - 2], "cut.jsonl.gz#damaged-input cut.jsonl.gz#damaged-input damaged-input: cut.jsonl.gz"));
    g_assert_cmpstr(lines[count - 1], ==, "next.jsonl@0 next The next");
    g_assert_cmpint(count_of(store, "one/bad-input"), ==, 1);
}

static void test_origins_are_relative_to_the_inputs(void)
{
    g_autofree char *folder = path_of("sub");
    g_mkdir(folder, 0700);
    write_file("sub/page.html", "<p>" PROSE, strlen("<p>" PROSE));
    assert_contents("relative", "format: html, paths: [\"sub/*.html\"]", "sub/page.html sub/page.html Adults ta\n");
    g_autofree char *absolute = g_strdup_printf("format: html, paths: [\"%s/*.html\"]", folder);
    assert_contents("absolute", absolute, "sub/page.html sub/page.html Adults ta\n");
}

static void test_names_that_are_not_utf8_are_told_apart(void)
{
    write_file("caf\xe8.html", "<p>" PROSE, strlen("<p>" PROSE));
    write_file("caf\xe9.html", "<p>" PROSE, strlen("<p>" PROSE));
    assert_contents("latin", "format: html, paths: [\"caf*.html\"]",
                    "caf%E8.html caf%E8.html Adults ta\ncaf%E9.html caf%E9.html Adults ta\n");
}

static void test_names_in_archives_that_are_not_utf8_are_kept(void)
{
    g_autofree char *path = path_of("pages.tar");
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    archive_write_set_format_ustar(archive);
    g_assert_cmpint(archive_write_open_filename(archive, path), ==, ARCHIVE_OK);
    archive_entry_set_pathname(entry, "caf\xe9.html");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, (la_int64_t)strlen("<p>" PROSE));
    archive_write_header(archive, entry);
    archive_write_data(archive, "<p>" PROSE, strlen("<p>" PROSE));
    archive_entry_free(entry);
    archive_write_free(archive);
    assert_contents("archive", "format: html, paths: [pages.tar]", "pages.tar#caf%E9.html pages.tar#caf%E9.html Adults ta\n");
}

static void test_a_crawled_page_outside_the_pages_is_no_document(void)
{
    g_autofree char *source = g_strdup_printf("format: html, crawl: {start: [\"http://127.0.0.1:%d/n/3\"], pages: [\"/n/7$\"], delay: 0, "
                                              "allow_private: true, contact: \"https://example.org/about\"}", site.port);
    g_autoptr(Recipe) recipe = recipe_of(source);
    g_autoptr(Store) store = open_store("crawl");
    ingest(store, recipe, NULL, 0);
    g_autofree char *list = contents(store);
    g_autoptr(GString) expected = g_string_new(NULL);
    for (int i = 3; i <= 8; i == 3 ? i = 7 : i++)
        g_string_append_printf(expected, "captures/one.warc.gz#http://127.0.0.1:%d/n/%d http://127.0.0.1:%d/n/%d %s\n", site.port, i, site.port,
                               i, i == 7 ? "no-text: the main content has 1 words, less than 25"
                                         : "not-a-document: read for its links only: no expression of crawl.pages matches its address");
    g_assert_cmpstr(list, ==, expected->str);
    g_assert_cmpint(count_of(store, "one/bad-input"), ==, 0);
}

static void remove_tree(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
    }
    g_remove(path);
}

int main(int argc, char **argv)
{
    self = g_file_read_link("/proc/self/exe", NULL);
    if (argc == 2 && strcmp(argv[1], "parse-worker") == 0)
        return parse();
    if (argc == 4 && strcmp(argv[1], "ingest") == 0)
        return ingest_as_told(argv[2], argv[3]);
    g_test_init(&argc, &argv, NULL);
    site = test_site_start(NULL);
    directory = g_dir_make_tmp("galen-ingest-XXXXXX", NULL);
    g_test_add_func("/ingest/a killed run resumes in the middle of a file, to the same documents",
                    test_a_killed_run_resumes_in_the_middle_of_a_file);
    g_test_add_func("/ingest/bad records are named by file and line, and others survive",
                    test_bad_records_are_named_by_file_and_line_and_others_survive);
    g_test_add_func("/ingest/the size of batches changes nothing", test_the_batch_size_changes_nothing);
    g_test_add_func("/ingest/a damaged file is accounted for", test_a_damaged_file_is_accounted_for);
    g_test_add_func("/ingest/a damaged compressed file gives what came before the damage",
                    test_a_damaged_compressed_file_gives_what_came_before);
    g_test_add_func("/ingest/origins are relative to the recipe's inputs", test_origins_are_relative_to_the_inputs);
    g_test_add_func("/ingest/file names that are not UTF-8 are told apart", test_names_that_are_not_utf8_are_told_apart);
    g_test_add_func("/ingest/names in archives that are not UTF-8 are kept", test_names_in_archives_that_are_not_utf8_are_kept);
    g_test_add_func("/ingest/a crawled page outside crawl.pages is no document", test_a_crawled_page_outside_the_pages_is_no_document);
    int result = g_test_run();
    test_site_stop(&site);
    remove_tree(directory);
    g_free(directory);
    g_free(self);
    return result;
}
