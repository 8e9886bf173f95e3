/* SPDX-License-Identifier: Apache-2.0
 * store/source_file.h: source files, recipes that use them, and the bench's tests over saved pages. */
#include "store/source_file.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "scrapers/check_findings.h"
#include "scrapers/ingest.h"
#include "scrapers/inputs.h"
#include "scrapers/source_test.h"
#include "store/recipe_settings.h"

#define PROSE "Adults take ten milligrams twice a day with food, for as long as the symptoms last, and they see the " \
              "physician who prescribed it again after four weeks. "
#define SITE                                                                                                           \
    "tag: riverside\nname: Riverside\npublisher: Riverside Trust\nhomepage: https://r.example/\naudience: doctor\ncountry: GB\n" \
    "expected: {documents: 4, ktokens: 9}\nnotes: of no use\nformat: html\ngroup: guidelines\nlicence: CC-BY-4.0\n"       \
    "redistributable: true\nrepeat: 2\ncrawl:\n  start: [\"https://r.example/\"]\n  pages: [\"/doc/\"]\n  max_pages: 7\n"  \
    "  skip: [\"/old/\"]\n"                                                                                               \
    "extract:\n  content: [\"css:div.text\"]\n  title: \"css:h1\"\n"                                                       \
    "tests:\n  - page: https://r.example/doc/a\n    title: A heading\n    contains: [\"twice  a day\"]\n    lacks: [Menu]\n"

static char *directory, *sources;

static void write_file(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_assert_true(directory_make(parent, NULL));
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static SourceFile *load(const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "one.yaml", NULL);
    write_file(directory, "one.yaml", text);
    return source_file_load(path, error);
}

static Recipe *load_recipe(const char *entries, GError **error)
{
    g_autofree char *text = g_strconcat("name: x\nsources:\n", entries, "tokenizer: {model: t.model}\n", NULL);
    g_autofree char *path = g_build_filename(directory, "recipe.yaml", NULL);
    write_file(directory, "recipe.yaml", text);
    return recipe_load(path, NULL, error);
}

static void assert_error(const char *text, const char *const *says)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(load(text, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_test_message("%s", error->message);
    for (; *says; says++)
        g_assert_nonnull(strstr(error->message, *says));
}

static void test_a_file_gives_settings_facts_and_tests(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SourceFile) file = load(SITE, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(file->source.tag, ==, "riverside");
    g_assert_cmpuint(file->source.crawl->max_pages, ==, 7);
    g_assert_cmpuint(file->source.crawl->max_depth, ==, 16);
    g_assert_cmpstr(file->source.extract.title, ==, "css:h1");
    g_assert_cmpstr(file->publisher, ==, "Riverside Trust");
    g_assert_cmpstr(file->country, ==, "GB");
    g_assert_cmpuint(file->expected.documents, ==, 4);
    g_assert_cmpuint(file->tests_count, ==, 1);
    g_assert_cmpstr(file->tests[0].contains.items[0], ==, "twice  a day");
    g_assert_cmpstr(file->text, ==, SITE);
}

static void test_errors_name_line_and_place(void)
{
    assert_error(SITE "colour: blue\n", (const char *const[]){"one.yaml:27:1", "colour: blue", "^", NULL});
    assert_error("tag: x\nformat: html\ngroup: guidelines\nexpected: {documents: many}\n",
                 (const char *const[]){"one.yaml:4:", "documents: many", "^", NULL});
    assert_error("name: x\n", (const char *const[]){"one.yaml", "tag", NULL});
    assert_error("tag: x\nformat: html\npaths: [a]\n", (const char *const[]){"one.yaml", "'group'", NULL});
    assert_error("use: y\ntag: x\n", (const char *const[]){"one.yaml:1:1", "use", NULL});
    assert_error("tag: x\nformat: html\ngroup: guidelines\npaths: [a]\naudience: nurses\n", (const char *const[]){"one.yaml:5", "nurses", NULL});
    assert_error("tag: x\nformat: html\ngroup: guidelines\npaths: [a]\ncountry: Canada\n", (const char *const[]){"one.yaml:5", "Canada", NULL});
}

static void test_a_recipe_uses_a_file_by_its_tag(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = load_recipe("  - use: riverside\n", &error);
    g_assert_no_error(error);
    const RecipeSource *source = &recipe->sources[0];
    g_assert_cmpstr(source->tag, ==, "riverside");
    g_assert_cmpstr(source->format, ==, "html");
    g_assert_cmpuint(source->repeat, ==, 2);
    g_assert_cmpuint(source->crawl->max_pages, ==, 7);
    g_assert_cmpstr(source->extract.content.items[0], ==, "css:div.text");
    g_assert_true(g_str_has_suffix(source->file, "sources/riverside.yaml"));
}

static void test_what_the_entry_says_overrides_the_file(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = load_recipe(
        "  - use: riverside\n    tag: river\n    repeat: 1\n    valid: 0.0\n    redistributable: false\n    crawl:\n"
        "      start: [\"http://127.0.0.1/\"]\n      max_pages: 0\n      delay: 0.0\n      allow_private: true\n"
        "    extract: {title: \"//h2\"}\n", &error);
    g_assert_no_error(error);
    const RecipeSource *source = &recipe->sources[0];
    g_assert_cmpstr(source->tag, ==, "river");
    g_assert_cmpuint(source->repeat, ==, 1);
    g_assert_cmpfloat(source->valid, ==, 0.0);
    g_assert_false(source->redistributable);
    g_assert_cmpstr(source->crawl->start.items[0], ==, "http://127.0.0.1/");
    g_assert_cmpuint(source->crawl->max_pages, ==, 0);
    g_assert_cmpfloat(source->crawl->delay, ==, 0.0);
    g_assert_true(source->crawl->allow_private);
    g_assert_cmpstr(source->crawl->skip.items[0], ==, "/old/");
    g_assert_cmpstr(source->extract.title, ==, "//h2");
    g_assert_cmpstr(source->extract.content.items[0], ==, "css:div.text");
    g_assert_cmpstr(source->licence, ==, "CC-BY-4.0");
}

static void test_saved_pages_stand_for_the_site(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = load_recipe("  - {use: sources/riverside.yaml, format: warc, paths: [old.warc.gz]}\n", &error);
    g_assert_no_error(error);
    g_assert_null(recipe->sources[0].crawl);
    g_assert_cmpstr(recipe->sources[0].format, ==, "warc");
    g_assert_cmpstr(recipe->sources[0].extract.title, ==, "css:h1");
}

static void test_a_file_that_is_nowhere_lists_the_folders(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(load_recipe("  - use: nowhere\n", &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, "recipe.yaml: "));
    g_assert_nonnull(strstr(error->message, sources));
    g_assert_nonnull(strstr(error->message, GALEN_DATADIR "/sources"));
    g_clear_error(&error);
    g_assert_null(load_recipe("  - use: ./nowhere.yaml\n", &error));
    g_assert_nonnull(strstr(error->message, "nowhere.yaml"));
    g_clear_error(&error);
    g_assert_null(load_recipe("  - format: html\n", &error));
    g_assert_nonnull(strstr(error->message, "source number 1 has no 'tag'"));
}

static char *fingerprint_of(const char *recipe_entry)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = load_recipe(recipe_entry, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    return inputs_fingerprint(recipe, none);
}

static void test_the_files_text_is_in_fingerprint_and_settings(void)
{
    write_file(sources, "changing.yaml", SITE);
    g_autofree char *before = fingerprint_of("  - use: changing\n"), *same = fingerprint_of("  - use: changing\n");
    write_file(sources, "changing.yaml", SITE "# looked at again\n");
    g_autofree char *after = fingerprint_of("  - use: changing\n");
    g_assert_cmpstr(before, ==, same);
    g_assert_cmpstr(before, !=, after);
    g_autoptr(Recipe) recipe = load_recipe("  - use: changing\n", NULL);
    g_autofree char *settings = recipe_settings_text(recipe);
    g_assert_nonnull(strstr(settings, "looked at again"));
}

static void test_a_selector_that_cannot_be_used_stops_the_build_at_once(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = load_recipe("  - {use: riverside, extract: {content: [\"css:div..x\"]}}\n", &error);
    g_assert_no_error(error);
    g_assert_false(inputs_check(recipe, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "css:div..x"));
}

#define CHAPTERS                                                                                                       \
    "tag: book\nformat: html\ngroup: guidelines\ncrawl: {start: [\"https://r.example/\"]}\nextract:\n  chapters:\n"         \
    "    links: [\"css:ol.toc a\"]\n    pages: [\"/doc/[a-z]$\"]\n"

static void test_chapters_are_overridden_key_by_key(void)
{
    g_autoptr(GError) error = NULL;
    write_file(sources, "book.yaml", CHAPTERS);
    g_autoptr(Recipe) recipe = load_recipe("  - {use: book, extract: {chapters: {skip: [\"/x$\"], headings: false}}}\n  - {use: book, tag: other}\n"
                                           "  - {tag: none, format: html, group: papers, crawl: {start: [\"https://r.example/\"]}}\n", &error);
    g_assert_no_error(error);
    const RecipeChapters *chapters = &recipe->sources[0].extract.chapters, *other = &recipe->sources[1].extract.chapters;
    g_assert_cmpstr(chapters->links.items[0], ==, "css:ol.toc a");
    g_assert_cmpstr(chapters->pages.items[0], ==, "/doc/[a-z]$");
    g_assert_cmpstr(chapters->skip.items[0], ==, "/x$");
    g_assert_false(chapters->headings);
    g_assert_true(other->headings);
    g_assert_cmpuint(other->skip.count, ==, 0);
    g_assert_cmpstr(recipe->sources[0].crawl->chapters.skip.items[0], ==, "/x$");
    g_assert_cmpuint(recipe->sources[2].extract.chapters.links.count, ==, 0);
    g_autofree char *settings = recipe_settings_text(recipe);
    g_assert_nonnull(strstr(settings, "\"chapters\":{\"headings\":false,"));
}

static void test_chapters_that_cannot_be_used_stop_the_build_at_once(void)
{
    static const char *const cases[][2] = {
        {"{links: [\"css:a..b\"]}", "chapters.links: the selector \"css:a..b\" cannot be used"},
        {"{links: [\"//a\"], pages: [\"(\"]}", "chapters.pages: the expression \"(\" cannot be used"},
        {"{links: [\"//a\"], skip: [\"[\"]}", "chapters.skip: the expression \"[\" cannot be used"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *entry = g_strdup_printf("  - {use: riverside, extract: {chapters: %s}}\n", cases[i][0]);
        g_autoptr(Recipe) recipe = load_recipe(entry, &error);
        g_assert_no_error(error);
        g_assert_false(inputs_check(recipe, &error));
        g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, cases[i][1]));
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(load_recipe("  - {use: riverside, extract: {chapters: {pages: [x]}}}\n", &error));
    g_assert_nonnull(strstr(error->message, "extract.chapters needs links"));
}

/* ---- The bench -------------------------------------------------------------------------------------------------- */

#define DOCUMENT "<title>A heading - Riverside</title><p>Menu of things</p><h1>A heading</h1><div class=text><p>" PROSE "</p></div>"

static json_t *run_tests(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SourceFile) file = load(text, &error);
    g_assert_no_error(error);
    g_autofree char *pages = g_build_filename(directory, "pages", NULL);
    json_t *result = source_test_run(file, pages, NULL, NULL, &error);
    g_assert_no_error(error);
    return result;
}

static const char *fault_of(const json_t *result, gsize test)
{
    const json_t *faults = json_object_get(json_array_get(json_object_get(result, "tests"), test), "faults");
    return json_string_value(json_array_get(faults, 0));
}

static void test_a_files_tests_pass_and_fail(void)
{
    write_file(directory, "pages/doc/a.html", DOCUMENT);
    write_file(directory, "pages/routes", "/index?letter=B /doc/b\n/index?letter=A /doc/a.html\n");
    g_autoptr(json_t) good = run_tests(SITE "  - {page: \"https://r.example/index?letter=A\", title: A heading}\n");
    g_assert_cmpint(json_integer_value(json_object_get(good, "passed")), ==, 2);
    g_assert_cmpint(json_integer_value(json_object_get(good, "failed")), ==, 0);
    g_autoptr(json_t) bad = run_tests(SITE "  - {page: \"https://r.example/doc/a\", title: Another}\n"
                                           "  - {page: \"https://r.example/doc/a\", contains: [three times]}\n"
                                           "  - {page: \"https://r.example/doc/a\", lacks: [twice a]}\n"
                                           "  - {page: \"https://r.example/doc/gone\"}\n");
    g_assert_cmpint(json_integer_value(json_object_get(bad, "failed")), ==, 4);
    g_assert_cmpstr(fault_of(bad, 1), ==, "the title is \"A heading\", not \"Another\"");
    g_assert_cmpstr(fault_of(bad, 2), ==, "the text lacks \"three times\"");
    g_assert_cmpstr(fault_of(bad, 3), ==, "the text holds \"twice a\"");
    g_assert_nonnull(strstr(fault_of(bad, 4), "pages/doc/gone.html"));
}

static void test_a_files_tests_look_at_chapters(void)
{
    write_file(directory, "pages/doc/c.html", "<ol class=toc><li><a href=c>One</a><li><a href=/doc/c/2>Two</a></ol><p>" PROSE PROSE);
    g_autoptr(json_t) result = run_tests(CHAPTERS "tests:\n"
        "  - {page: \"https://r.example/doc/c\", chapters: [\"https://r.example/doc/c\", \"https://r.example/doc/c/2\"]}\n"
        "  - {page: \"https://r.example/doc/c\", chapters: [\"https://r.example/doc/c/2\", \"https://r.example/doc/c\"]}\n"
        "  - {page: \"https://r.example/doc/c\", chapters: [\"https://r.example/doc/c\"]}\n");
    g_assert_cmpint(json_integer_value(json_object_get(result, "failed")), ==, 2);
    g_assert_cmpstr(fault_of(result, 0), ==, NULL);
    g_assert_cmpstr(fault_of(result, 1), ==, "chapter 1 is https://r.example/doc/c, not https://r.example/doc/c/2");
    g_assert_cmpstr(fault_of(result, 2), ==, "the page names 2 chapters, not 1");
}

static void test_pages_over_which_extractors_disagree_are_counted(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new("<title>A</title><main><div class=text><p>" PROSE "</p></div>");
    for (int i = 0; i < 12; i++)
        g_string_append(text, "<h2>On dosing</h2><p>" PROSE "</p>");
    write_file(directory, "saved/a.html", DOCUMENT);
    write_file(directory, "saved/b.html", text->str);
    g_autoptr(Recipe) recipe = load_recipe("  - {use: riverside, paths: [saved/a.html, saved/b.html]}\n", &error);
    g_assert_no_error(error);
    g_autofree char *path = g_build_filename(directory, "store", NULL);
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    StageContext context = {.store = store, .jobs = 1};
    g_autofree char *fingerprint = NULL;
    g_assert_true(ingest_run(&context, recipe, NULL, &fingerprint, &error));
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_auto(StageRun) run = {0};
    g_auto(Document) document = {0};
    g_assert_true(stage_load(txn, "ingest", &run, &error));
    g_assert_cmpint(json_integer_value(json_object_get(run.counts, "riverside/entered")), ==, 2);
    g_assert_cmpint(json_integer_value(json_object_get(run.counts, "riverside/flagged:extractors-disagree")), ==, 1);
    g_assert_true(document_get(txn, 1, &document, &error));
    g_test_message("%s", document.meta);
    g_assert_nonnull(strstr(document.meta, "\"extractors\":{\"generic\":{\"headings\":12,"));
}

/* The ids of the findings of one measure, joined; g_free. */
static char *findings_of(const char *measure_text, const char *last_text)
{
    g_autoptr(SourceFile) file = load(SITE, NULL);
    g_autoptr(json_t) measure = json_loads(measure_text, 0, NULL), last = last_text ? json_loads(last_text, 0, NULL) : NULL;
    g_assert_nonnull(measure);
    g_autoptr(json_t) findings = check_findings(file, measure, last);
    g_autoptr(GString) ids = g_string_new(NULL);
    gsize index;
    json_t *finding;
    json_array_foreach(findings, index, finding) {
        const char *selector = json_get_string(finding, "selector");
        g_string_append_printf(ids, "%s%s%s%s", ids->len ? " " : "", json_get_string(finding, "id"), selector ? "=" : "", selector ? selector : "");
    }
    return g_string_free(g_steal_pointer(&ids), FALSE);
}

#define MEASURE(counts, content, rest)                                                                                 \
    "{" counts ", \"selectors\":[{\"setting\":\"content\",\"selector\":\"//a\",\"pages\":4,\"hits\":" content "},"             \
    "{\"setting\":\"content\",\"selector\":\"//b\",\"pages\":4,\"hits\":" rest "}]}"
#define GOOD_COUNTS "\"documents\":4,\"failed\":0,\"listed\":4,\"complete\":true,\"words\":900,\"flagged\":0"

static void test_drift_is_told_from_health(void)
{
    static const char *const cases[][3] = {
        {MEASURE(GOOD_COUNTS, "4", "0"), NULL, ""},
        {MEASURE(GOOD_COUNTS, "4", "0"), MEASURE(GOOD_COUNTS, "4", "0"), ""},
        {MEASURE(GOOD_COUNTS, "0", "0"), NULL, "selector-missed=//a selector-missed=//b"},
        {MEASURE(GOOD_COUNTS, "4", "0"), MEASURE(GOOD_COUNTS, "4", "3"), "selector-missed=//b"},
        {MEASURE(GOOD_COUNTS, "1", "4"), MEASURE(GOOD_COUNTS, "3", "4"), "selector-missed=//a"},
        {MEASURE("\"documents\":0,\"listed\":0", "0", "0"), NULL, "selector-missed=//a selector-missed=//b no-links"},
        {MEASURE("\"documents\":4,\"listed\":1,\"complete\":true", "4", "4"), NULL, "fewer-documents"},
        {MEASURE("\"documents\":4,\"listed\":1,\"complete\":false", "4", "4"), NULL, ""},
        {MEASURE("\"documents\":4,\"listed\":4,\"words\":900", "4", "4"), MEASURE("\"documents\":4,\"listed\":9,\"words\":900", "4", "4"), "fewer-documents"},
        {MEASURE("\"documents\":4,\"listed\":4,\"words\":300", "4", "4"), MEASURE(GOOD_COUNTS, "4", "4"), "shorter-text"},
        {MEASURE("\"documents\":4,\"listed\":4,\"failed\":3", "4", "4"), NULL, "shorter-text"},
        {MEASURE("\"documents\":4,\"listed\":4,\"flagged\":3,\"words\":9", "4", "4"), NULL, "extractors-disagree"},
        {MEASURE("\"documents\":4,\"listed\":4,\"flagged\":2,\"words\":9", "4", "4"), NULL, ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *ids = findings_of(cases[i][0], cases[i][1]);
        g_test_message("case %" G_GSIZE_FORMAT, i);
        g_assert_cmpstr(ids, ==, cases[i][2]);
    }
}

static void add_tests(void)
{
    g_test_add_func("/source file/a file gives settings, facts and tests", test_a_file_gives_settings_facts_and_tests);
    g_test_add_func("/source file/errors name line and place", test_errors_name_line_and_place);
    g_test_add_func("/source file/a recipe uses a file by its tag", test_a_recipe_uses_a_file_by_its_tag);
    g_test_add_func("/source file/what the entry says overrides the file", test_what_the_entry_says_overrides_the_file);
    g_test_add_func("/source file/saved pages stand for the site", test_saved_pages_stand_for_the_site);
    g_test_add_func("/source file/a file that is nowhere lists the folders", test_a_file_that_is_nowhere_lists_the_folders);
    g_test_add_func("/source file/the file's text is in fingerprint and settings", test_the_files_text_is_in_fingerprint_and_settings);
    g_test_add_func("/source file/a selector that cannot be used stops the build at once",
                    test_a_selector_that_cannot_be_used_stops_the_build_at_once);
    g_test_add_func("/source file/chapters are overridden key by key", test_chapters_are_overridden_key_by_key);
    g_test_add_func("/source file/chapters that cannot be used stop the build at once", test_chapters_that_cannot_be_used_stop_the_build_at_once);
    g_test_add_func("/source file/a file's tests pass and fail", test_a_files_tests_pass_and_fail);
    g_test_add_func("/source file/a file's tests look at chapters", test_a_files_tests_look_at_chapters);
    g_test_add_func("/source file/pages over which extractors disagree are counted", test_pages_over_which_extractors_disagree_are_counted);
    g_test_add_func("/source file/drift is told from health", test_drift_is_told_from_health);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-source-XXXXXX", NULL);
    sources = g_build_filename(directory, "sources", NULL);
    write_file(sources, "riverside.yaml", SITE);
    g_setenv("GALEN_SOURCES", sources, TRUE);
    add_tests();
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    if (system(command) != 0)
        result = 1;
    g_free(directory);
    g_free(sources);
    return result;
}
