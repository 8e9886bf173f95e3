/* SPDX-License-Identifier: Apache-2.0
 * cleaning/boilerplate.h: which lines recur, counted exactly in fixed memory, and again after every kill. */
#include "cleaning/boilerplate.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleaning/clean.h"
#include "cleaning/frequent.h"

#define PAGES 60

static void test_the_frequent_are_always_held(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(5);
    for (int round = 0; round < 20; round++) {
        g_autoptr(Frequent) frequent = frequent_new(10);
        guint64 counts[200] = {0}, total = 0;
        for (; total < 5000; total++) {
            int hash = g_rand_int_range(random, 0, 4) == 0 ? 7 * (1 + round % 3) : g_rand_int_range(random, 1, 200);
            counts[hash]++;
            frequent_add(frequent, (guint64)hash);
        }
        for (guint64 hash = 1; hash < 200; hash++) {
            guint64 held = frequent_count(frequent, hash);
            g_assert_cmpuint(held, <=, counts[hash]);
            g_assert_cmpuint(counts[hash], <=, held + frequent->missed);
            if (counts[hash] > total / 11)
                g_assert_cmpuint(held, >, 0);
        }
        g_autofree char *text = frequent_write(frequent);
        g_autoptr(Frequent) read = frequent_read(text);
        g_assert_cmpuint(read->total, ==, total);
        g_assert_cmpuint(read->missed, ==, frequent->missed);
        for (guint64 hash = 1; hash < 200; hash++)
            g_assert_cmpuint(frequent_count(read, hash), ==, frequent_count(frequent, hash));
    }
    g_assert_null(frequent_read("nonsense"));
    g_assert_null(frequent_read("1 2 0 00000000000000aa:1 00000000000000bb:1"));
}

static guint64 hash_of(const char *line)
{
    return boilerplate_hash(line, strlen(line), 3);
}

static void test_lines_are_compared_by_letters_and_digits(void)
{
    g_assert_cmpuint(hash_of("Skip to main content"), !=, 0);
    g_assert_cmpuint(hash_of("Skip to main content"), ==, hash_of("- SKIP to  main\xc2\xa0" "content!"));
    g_assert_cmpuint(hash_of("\xc2\xa9 2023 The Society\xe2\x80\x99s own"), ==, hash_of("2023 The Societys own"));
    g_assert_cmpuint(hash_of("Page 1 of ten"), !=, hash_of("Page 2 of ten"));
}

static void test_what_a_source_is_about_is_no_boilerplate(void)
{
    static const char *const lines[] = {"# Methods and more words", "two words", "Take 5 mg once a day", "at least 24 hours apart", "... --- ...", ""};
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
        g_assert_cmpuint(hash_of(lines[i]), ==, 0);
    g_autofree char *paragraph = g_strnfill(1001, 'a');
    g_assert_cmpuint(boilerplate_hash(paragraph, 1001, 1), ==, 0);
}

static gboolean put_pages(StoreTxn *txn, gpointer user, GError **error)
{
    for (Docno docno = 0; docno < PAGES; docno++) {
        g_auto(Document) document = {.source = g_strdup(docno % 3 ? "web" : "other"), .id = g_strdup_printf("p%d", (int)docno)};
        g_autoptr(GString) text = g_string_new("Skip to main content\n\n# What the page says\n\n");
        for (int line = 0; line < 30; line++)
            g_string_append_printf(text, "Line %d of page %d says something of its own.\n\n", line, (int)docno);
        g_string_append(text, "Take 5 mg once a day with water.\n\n");
        if (docno % 2)
            g_string_append(text, "Half of the pages have this line.\n\n");
        if (docno % 10 == 1)
            g_string_append(text, "One page of ten has this one.\n\n");
        g_string_append(text, "Share this page with all your friends");
        document_set_text(&document, text->str, text->len);
        if (!document_put(txn, docno, &document, error))
            return FALSE;
    }
    return TRUE;
}

typedef struct Fixture {
    char *directory, *path;
    RecipeSource sources[2];
    Recipe recipe;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("galen-boilerplate-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->directory, "store", NULL);
    RecipeClean clean = recipe_clean_default();
    recipe_clean_for_replay(&clean); /* no drops for repetition: the pages are alike */
    clean.blank_lines = TRUE;
    fixture->sources[0] = (RecipeSource){.tag = (char *)"web", .clean = clean};
    fixture->sources[1] = (RecipeSource){.tag = (char *)"other", .clean = clean};
    fixture->sources[0].clean.boilerplate_share = 0.3;
    fixture->sources[0].clean.boilerplate_documents = 5;
    fixture->recipe = (Recipe){.sources = fixture->sources, .sources_count = 2, .clean = recipe_clean_default()};
    g_autoptr(Store) store = store_open(fixture->path, STORE_CREATE, &error);
    g_assert_true(store_write(store, put_pages, NULL, &error));
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", fixture->directory);
    g_assert_cmpint(system(command), ==, 0);
    g_free(fixture->directory);
    g_free(fixture->path);
}

static gboolean run(Fixture *fixture, unsigned batch, char **fingerprint, GError **error)
{
    g_autoptr(Store) store = store_open(fixture->path, STORE_WRITE, error);
    StageContext context = {.store = store, .jobs = 2, .batch_documents = batch};
    return store && boilerplate_run(&context, &fixture->recipe, "before", fingerprint, error);
}

static char *report_of(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = store_open(fixture->path, STORE_READ, &error);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(json_t) report = boilerplate_report(txn, &error);
    g_assert_no_error(error);
    return json_write(report);
}

static const char expected[] = "{\"web\":[{\"documents\":40,\"text\":\"Share this page with all your friends\"},"
                               "{\"documents\":40,\"text\":\"Skip to main content\"},"
                               "{\"documents\":20,\"text\":\"Half of the pages have this line.\"}]}";

/* Equal but for the order of two lines that recur as often, which is that of their hashes. */
static void assert_report(Fixture *fixture)
{
    g_autofree char *report = report_of(fixture);
    g_autoptr(json_t) came = json_parse(report, strlen(report), "report", NULL), want = json_parse(expected, strlen(expected), "expected", NULL);
    json_t *lines = json_object_get(came, "web");
    if (strcmp(json_get_string(json_array_get(lines, 0), "text"), "Skip to main content") == 0) {
        g_autoptr(json_t) first = json_incref(json_array_get(lines, 0));
        json_array_set(lines, 0, json_array_get(lines, 1));
        json_array_set(lines, 1, first);
    }
    if (!json_equal(came, want))
        g_test_message("%s", report);
    g_assert_true(json_equal(came, want));
}

static void test_lines_that_recur_are_found(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *first = NULL, *second = NULL, *third = NULL;
    g_assert_true(run(fixture, 0, &first, &error));
    assert_report(fixture);
    g_assert_true(run(fixture, 0, &second, &error));
    g_assert_cmpstr(first, ==, second);
    fixture->sources[0].clean.boilerplate_share = 0.6;
    g_assert_true(run(fixture, 0, &third, &error));
    g_assert_cmpstr(first, !=, third);
    g_autofree char *report = report_of(fixture);
    g_assert_null(strstr(report, "Half of the pages"));
    g_assert_no_error(error);
}

static void test_without_a_share_nothing_runs(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *first = NULL, *second = NULL;
    g_assert_true(run(fixture, 0, &first, &error));
    fixture->sources[0].clean.boilerplate_share = 0;
    g_assert_true(run(fixture, 0, &second, &error));
    g_assert_cmpstr(second, ==, "before");
    g_autofree char *report = report_of(fixture);
    g_assert_cmpstr(report, ==, "{}");
}

static void test_cleaning_takes_the_lines_out(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = store_open(fixture->path, STORE_WRITE, &error);
    StageContext context = {.store = store, .jobs = 2};
    g_autofree char *fingerprint = NULL, *web = NULL, *other = NULL;
    gsize length;
    g_assert_true(clean_run(&context, &fixture->recipe, "before", &fingerprint, &error));
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_true(cleaned_get(txn, 1, &web, &length, &error));
    g_assert_true(cleaned_get(txn, 3, &other, &length, &error));
    g_assert_true(g_str_has_prefix(web, "# What the page says\n\nLine 0 of page 1"));
    g_assert_true(g_str_has_suffix(web, "Take 5 mg once a day with water.\n\nOne page of ten has this one."));
    g_assert_nonnull(strstr(other, "Skip to main content"));
    g_auto(StageRun) record = {0};
    g_assert_true(stage_load(txn, "clean", &record, &error));
    g_assert_cmpint(json_integer_value(json_object_get(record.counts, "web/edits:boilerplate")), ==, 40 + 40 + 20);
}

/* The child is killed after so many microseconds; each commit holds one document. */
static void run_and_kill(Fixture *fixture, useconds_t after)
{
    pid_t child = fork();
    if (child == 0) {
        char *fingerprint = NULL;
        _exit(run(fixture, 1, &fingerprint, NULL) ? 0 : 1);
    }
    usleep(after);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void test_kills_change_nothing(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *fingerprint = NULL;
    for (useconds_t after = 2000; after < 200000; after = after * 3 / 2)
        run_and_kill(fixture, after);
    g_assert_true(run(fixture, 3, &fingerprint, &error));
    g_assert_no_error(error);
    assert_report(fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/boilerplate/the frequent are always held", test_the_frequent_are_always_held);
    g_test_add_func("/boilerplate/lines are compared by letters and digits", test_lines_are_compared_by_letters_and_digits);
    g_test_add_func("/boilerplate/what a source is about is no boilerplate", test_what_a_source_is_about_is_no_boilerplate);
    g_test_add("/boilerplate/lines that recur are found, and no others", Fixture, NULL, set_up, test_lines_that_recur_are_found, tear_down);
    g_test_add("/boilerplate/without a share nothing runs", Fixture, NULL, set_up, test_without_a_share_nothing_runs, tear_down);
    g_test_add("/boilerplate/cleaning takes the lines out", Fixture, NULL, set_up, test_cleaning_takes_the_lines_out, tear_down);
    g_test_add("/boilerplate/kills change nothing", Fixture, NULL, set_up, test_kills_change_nothing, tear_down);
    return g_test_run();
}
