/* SPDX-License-Identifier: Apache-2.0
 * scrapers/chapters.h and store/chapters.h: that pages which name each other become one document, in the right order and
 * whatever is missing. The program is also the stage that is killed ("chapters RECIPE STORE"). */
#include "scrapers/chapters.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "cleaning/clean.h"
#include "scrapers/ingest.h"
#include "store/audit.h"
#include "store/chapters.h"
#include "tests/unit/store_fixture.h"

#define PROSE "Adults take ten milligrams twice a day with food, for as long as the symptoms last, and they see the " \
              "physician who prescribed it again after four weeks"
#define SITE "https://site.example"
#define LINKS "links: [\"css:ul.chapters a\"]"

static char *self;
static char *directory;

/* ---- A site as a WARC file -------------------------------------------------------------------------------------- */

static GString *warc;

static void add_record(const char *type, const char *url, const char *content_type, const char *block)
{
    g_string_append_printf(warc, "WARC/1.1\r\nWARC-Type: %s\r\nWARC-Target-URI: %s%s\r\nContent-Type: %s\r\nContent-Length: %" G_GSIZE_FORMAT
                                 "\r\n\r\n%s\r\n\r\n", type, SITE, url, content_type, strlen(block), block);
}

/* A page whose text says its name, with links to the chapters ("URL TEXT", NULL-terminated; may be NULL). `head` is more
 * for its <head>, `body` its own content; NULL: a sentence. */
static void add_page_with(const char *url, const char *name, const char *head, const char *body, const char *const *chapters)
{
    g_autoptr(GString) html = g_string_new("<!doctype html><html lang=en><head>");
    g_string_append_printf(html, "<title>%s</title>%s</head><body><ul class=chapters>", name, head ? head : "");
    for (; chapters && *chapters; chapters++) {
        g_auto(GStrv) words = g_strsplit(*chapters, " ", 2);
        g_string_append_printf(html, "<li><a href=\"%s\">%s</a></li>", words[0], words[1]);
    }
    g_string_append(html, "</ul><article>");
    if (body)
        g_string_append(html, body);
    else
        g_string_append_printf(html, "<p>Of %s: " PROSE ".</p>", name);
    g_string_append(html, "</article></body></html>");
    add_record("resource", url, "text/html", html->str);
}

static void add_page(const char *url, const char *name, const char *const *chapters)
{
    add_page_with(url, name, NULL, NULL, chapters);
}

static void add_answer(const char *url, const char *answer)
{
    add_record("response", url, "application/http", answer);
}

/* Writes the pages added so far as NAME.warc. */
static void write_site(const char *name)
{
    g_autofree char *file = g_strconcat(name, ".warc", NULL), *path = g_build_filename(directory, file, NULL);
    g_assert_true(g_file_set_contents(path, warc->str, (gssize)warc->len, NULL));
    g_string_truncate(warc, 0);
}

/* ---- Builds ------------------------------------------------------------------------------------------------------ */

/* A recipe of the sites named ("a,b"), each a source; `chapters` is that setting's YAML. */
static Recipe *recipe_of(const char *sites, const char *chapters)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, "recipe.yaml", NULL);
    g_autoptr(GString) text = g_string_new("name: test\nseed: 1\nsources:\n");
    g_auto(GStrv) tags = g_strsplit(sites, ",", -1);
    for (char **tag = tags; *tag; tag++)
        g_string_append_printf(text, "  - {tag: %s, group: guidelines, format: warc, paths: [%s.warc], licence: CC0-1.0,\n"
                                     "     extract: {content: [\"css:article\"]%s%s%s}}\n",
                               *tag, *tag, chapters ? ", chapters: {" : "", chapters ? chapters : "", chapters ? "}" : "");
    g_string_append(text, "clean: {min_characters: 10, min_words: 2, languages: [any], max_top_2gram: 1, max_top_3gram: 1, max_top_4gram: 1,\n"
                          "  max_duplicate_5gram: 1, max_duplicate_6gram: 1, max_duplicate_7gram: 1, max_duplicate_8gram: 1, max_duplicate_9gram: 1,\n"
                          "  max_duplicate_10gram: 1}\ntokenizer: {model: unused.model}\n");
    g_assert_true(g_file_set_contents(path, text->str, -1, NULL));
    Recipe *recipe = recipe_load(path, NULL, &error);
    g_assert_no_error(error);
    return recipe;
}

static Store *open_store(const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    return store;
}

typedef struct Build {
    Store *store;
    char *notices;
} Build;

static void build_clear(Build *build)
{
    store_free(build->store);
    g_free(build->notices);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Build, build_clear)

static void run_stages(StageContext *context, const Recipe *recipe)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *first = NULL, *second = NULL, *third = NULL;
    ingest_run(context, recipe, NULL, &first, &error);
    g_assert_no_error(error);
    chapters_run(context, recipe, first, &second, &error);
    g_assert_no_error(error);
    clean_run(context, recipe, second, &third, &error);
    g_assert_no_error(error);
}

static Build build_with(const char *name, const char *sites, const char *chapters, unsigned jobs, unsigned batch)
{
    g_autoptr(Recipe) recipe = recipe_of(sites, chapters);
    g_autoptr(GString) notices = g_string_new(NULL);
    Build build = {.store = open_store(name)};
    StageContext context = {.store = build.store, .jobs = jobs, .batch_documents = batch, .notices = notices};
    run_stages(&context, recipe);
    build.notices = g_strdup(notices->str);
    return build;
}

static Build build_site(const char *site, const char *chapters)
{
    return build_with(site, site, chapters, 2, 0);
}

/* ---- What came of it --------------------------------------------------------------------------------------------- */

static Docno find(Store *store, const char *source, const char *url)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autofree char *id = g_strconcat(SITE, url, NULL);
    Docno docno;
    g_assert_true(document_find(txn, source, id, &docno, &error));
    return docno;
}

/* The whole text of the document at this URL. */
static char *text_of(Store *store, const char *source, const char *url)
{
    g_autoptr(GError) error = NULL;
    g_auto(Document) document = {0};
    Docno docno = find(store, source, url);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_true(document_get(txn, docno, &document, &error));
    g_assert_true(chapters_join(txn, docno, &document, &error));
    return g_steal_pointer(&document.text);
}

/* "kept" for undecided, "dropped RULE", or "RULE of URL". */
static char *fate_of(Store *store, const char *source, const char *url)
{
    g_autoptr(GError) error = NULL;
    g_auto(Document) winner = {0};
    Docno docno = find(store, source, url);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    Verdict verdict;
    if (!ledger_get(txn, docno, &verdict, &error))
        return g_strdup("kept");
    if (verdict.outcome == OUTCOME_DROPPED)
        return g_strdup_printf("dropped %s", verdict.rule);
    g_assert_true(document_get_facts(txn, verdict.winner, &winner, &error));
    return g_strdup_printf("%s of %s", verdict.rule, winner.id + strlen(SITE));
}

/* A site's source in a store. */
typedef struct SiteOutcome {
    Store *store;
    const char *source;
} SiteOutcome;

#define assert_fate(site, url, expected)                                                                               \
    do {                                                                                                               \
        g_autofree char *fate = fate_of((site).store, (site).source, url);                                              \
        g_assert_cmpstr(fate, ==, expected);                                                                           \
    } while (0)

/* The order in which names of pages ("Of NAME: ...") and headings stand in the text: "# A;A;# B;B". */
static char *outline(const char *text)
{
    g_autoptr(GString) list = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *colon = strchr(*line, ':');
        if (**line == '#')
            g_string_append_printf(list, "%s%s", list->len ? ";" : "", *line);
        else if (g_str_has_prefix(*line, "Of ") && colon)
            g_string_append_printf(list, "%s%.*s", list->len ? ";" : "", (int)(colon - *line - 3), *line + 3);
    }
    return g_string_free(g_steal_pointer(&list), FALSE);
}

static void assert_outline(const SiteOutcome *site, const char *url, const char *expected)
{
    g_autofree char *text = text_of(site->store, site->source, url), *found = outline(text);
    g_assert_cmpstr(found, ==, expected);
}

/* What the record of the document says is missing: "URL: why" lines. */
static char *missing_of(Store *store, const char *source, const char *url)
{
    g_autoptr(GError) error = NULL;
    Docno docno = find(store, source, url);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(GPtrArray) chapters = chapters_get(txn, docno, &error);
    g_assert_no_error(error);
    GString *list = g_string_new(NULL);
    for (guint i = 0; chapters && i < chapters->len; i++) {
        const Chapter *chapter = chapters->pdata[i];
        if (chapter->missing)
            g_string_append_printf(list, "%s: %s\n", chapter->url + strlen(SITE), chapter->missing);
    }
    return g_string_free(list, FALSE);
}

static gint64 count_of(Store *store, const char *stage, const char *key)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_auto(StageRun) run = {0};
    if (!stage_load(txn, stage, &run, &error))
        return -1;
    return json_integer_value(json_object_get(run.counts, key));
}

/* ---- The tests --------------------------------------------------------------------------------------------------- */

static const char *const three[] = {"/g Overview", "/g/b Second", "/g/a First", NULL};

static void test_chapters_stand_in_the_order_of_the_page(void)
{
    add_page("/g/a", "a", NULL);
    add_page("/g/b", "b", NULL);
    add_page("/g", "own", three);
    add_page("/other", "other", NULL);
    write_site("order");
    g_auto(Build) build = build_site("order", LINKS);
    SiteOutcome site = {build.store, "order"};
    assert_outline(&site, "/g", "# Overview;own;# Second;b;# First;a");
    assert_outline(&site, "/other", "other");
    assert_fate(site, "/g", "kept");
    assert_fate(site, "/g/a", "chapter of /g");
    assert_fate(site, "/g/b", "chapter of /g");
    assert_fate(site, "/other", "kept");
    g_assert_cmpstr(build.notices, ==, "");
    g_assert_cmpint(count_of(build.store, "chapters", "order/books"), ==, 1);
    g_assert_cmpint(count_of(build.store, "chapters", "order/merged:chapter"), ==, 2);
}

static void test_cleaning_sees_the_whole(void)
{
    add_page("/g", "own", three);
    add_page("/g/a", "a", NULL);
    add_page("/g/b", "b", NULL);
    write_site("whole");
    g_auto(Build) build = build_site("whole", LINKS);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize length;
    Docno docno = find(build.store, "whole", "/g");
    g_autoptr(StoreTxn) txn = store_read_begin(build.store, &error);
    g_assert_true(cleaned_get(txn, docno, &text, &length, &error));
    g_assert_cmpstr(text, ==,
                    "own\n\n# Overview\n\nOf own: " PROSE ".\n\n# Second\n\nOf b: " PROSE ".\n\n# First\n\nOf a: " PROSE ".");
    g_assert_cmpint((gint64)store_count(txn, TABLE_CLEANED), ==, 1);
}

static void test_headings_go_one_level_deeper(void)
{
    static const char *const chapters[] = {"/g/a Dosage", "/g/b Safety", "/g/c Notes", NULL};
    add_page("/g", "own", chapters);
    add_page_with("/g/a", "a", NULL, "<h2>Dosage</h2><h3>Adults</h3><p>" PROSE ".</p><h3>Children</h3><p>" PROSE ".</p>", NULL);
    add_page_with("/g/b", "b", NULL, "<h2>Signs</h2><p>" PROSE ".</p><h3>Late</h3><p>" PROSE ".</p><h4>Very late</h4><p>" PROSE ".</p>", NULL);
    add_page("/g/c", "c", NULL);
    write_site("levels");
    g_auto(Build) build = build_site("levels", LINKS);
    SiteOutcome site = {build.store, "levels"};
    assert_outline(&site, "/g", "own;# Dosage;## Adults;## Children;# Safety;## Signs;### Late;### Very late;# Notes;c");
    g_auto(Build) plain = build_with("levels-plain", "levels", LINKS ", headings: false", 1, 0);
    site.store = plain.store;
    assert_outline(&site, "/g", "own;# Dosage;## Adults;## Children;# Signs;## Late;### Very late;c");
}

static void test_missing_chapters_are_told(void)
{
    static const char *const chapters[] = {"/g/a First", "/g/gone Gone", "/g/empty Empty", "/g/never Never", "/g/b Last", NULL};
    add_page("/g", "own", chapters);
    add_page("/g/b", "b", NULL);
    add_answer("/g/gone", "HTTP/1.1 404 Not Found\r\n\r\n");
    add_page_with("/g/empty", "empty", NULL, "<p>Nothing.</p>", NULL);
    add_page("/g/a", "a", NULL);
    write_site("missing");
    g_auto(Build) build = build_site("missing", LINKS);
    SiteOutcome site = {build.store, "missing"};
    assert_outline(&site, "/g", "own;# First;a;# Last;b");
    g_autofree char *missing = missing_of(build.store, "missing", "/g");
    g_assert_cmpstr(missing, ==,
                    "/g/gone: its capture, document 2, was dropped\n/g/empty: its capture, document 3, was dropped\n"
                    "/g/never: it was not captured\n");
    assert_fate(site, "/g/empty", "dropped no-text");
    g_assert_cmpint(count_of(build.store, "chapters", "missing/missing"), ==, 3);
    g_assert_nonnull(strstr(build.notices, "missing: documents that lack chapters which their pages name: 1 (0)"));
}

static void test_a_parent_that_failed_leaves_its_chapters(void)
{
    add_answer("/g", "HTTP/1.1 500 Trouble\r\nContent-Type: text/html\r\n\r\n<ul class=chapters><li><a href=/g/a>First</a></ul>");
    add_page("/g/a", "a", NULL);
    write_site("failed");
    g_auto(Build) build = build_site("failed", LINKS);
    SiteOutcome site = {build.store, "failed"};
    assert_fate(site, "/g", "dropped not-a-document");
    assert_fate(site, "/g/a", "kept");
    assert_outline(&site, "/g/a", "a");
}

static void test_a_contents_page_needs_no_text(void)
{
    static const char *const chapters[] = {"/g/a First", NULL};
    add_page_with("/g", "Contents", NULL, "", chapters);
    add_page("/g/a", "a", NULL);
    add_page_with("/h", "H", NULL, "", (const char *const[]){"/h/a First", NULL});
    write_site("contents");
    g_auto(Build) build = build_site("contents", LINKS);
    SiteOutcome site = {build.store, "contents"};
    assert_outline(&site, "/g", "# First;a");
    assert_fate(site, "/g", "kept");
    assert_fate(site, "/h", "dropped too-short");
}

static void test_pages_that_name_each_other_are_one_document(void)
{
    static const char *const tabs[] = {"/d/symptoms Symptoms", "/d/treatment Treatment", NULL};
    add_page("/d/treatment", "treatment", tabs);
    add_page("/d/symptoms", "symptoms", tabs);
    write_site("cycle");
    g_auto(Build) build = build_site("cycle", LINKS);
    SiteOutcome site = {build.store, "cycle"};
    assert_fate(site, "/d/treatment", "kept");
    assert_fate(site, "/d/symptoms", "chapter of /d/treatment");
    assert_outline(&site, "/d/treatment", "# Symptoms;symptoms;# Treatment;treatment");
    g_auto(Build) chosen = build_with("cycle-chosen", "cycle", LINKS ", pages: [\"/symptoms$\"]", 1, 0);
    site.store = chosen.store;
    assert_fate(site, "/d/symptoms", "kept");
    assert_fate(site, "/d/treatment", "chapter of /d/symptoms");
    assert_outline(&site, "/d/symptoms", "# Symptoms;symptoms;# Treatment;treatment");
}

static void test_a_chapter_of_two_goes_to_the_first(void)
{
    add_page("/one", "one", (const char *const[]){"/shared Shared", NULL});
    add_page("/two", "two", (const char *const[]){"/shared Shared", "/own Own", NULL});
    add_page("/shared", "shared", NULL);
    add_page("/own", "its own", NULL);
    write_site("shared");
    g_auto(Build) build = build_site("shared", LINKS);
    SiteOutcome site = {build.store, "shared"};
    assert_fate(site, "/shared", "chapter of /one");
    assert_outline(&site, "/one", "one;# Shared;shared");
    assert_outline(&site, "/two", "two;# Own;its own");
    g_autofree char *missing = missing_of(build.store, "shared", "/two");
    g_assert_cmpstr(missing, ==, "/shared: it belongs to document 0\n");
    g_assert_cmpint(count_of(build.store, "chapters", "shared/missing"), ==, 0);
}

static void test_links_to_the_next_page_make_a_row(void)
{
    add_page("/p3", "three", (const char *const[]){"/p4 Next", NULL});
    add_page("/p1", "one", (const char *const[]){"/p2 Next", NULL});
    add_page("/p2", "two", (const char *const[]){"/p1 Previous", "/p3 Next", NULL});
    add_page("/p4", "four", (const char *const[]){"/p3 Previous", NULL});
    write_site("row");
    g_auto(Build) build = build_site("row", LINKS ", headings: false, skip: [\"/p1$\"]");
    SiteOutcome site = {build.store, "row"};
    assert_outline(&site, "/p1", "one;two;three;four");
    assert_fate(site, "/p3", "chapter of /p1");
    assert_fate(site, "/p4", "chapter of /p1");
}

static void test_other_addresses_of_a_page_lead_to_it(void)
{
    static const char *const chapters[] = {"/g/moved Moved", "/g/b?print=1 Printed", "/G/C#part Cased", NULL};
    static const char *const again[] = {"/g/new Moved", NULL};
    add_page_with("/g?lang=en", "own", "<link rel=canonical href=/g>", NULL, chapters);
    add_answer("/g/moved", "HTTP/1.1 301 Moved\r\nLocation: new\r\n\r\n");
    add_page("/g/new", "new", NULL);
    add_page_with("/g/b?print=1", "b", "<link rel=canonical href=/g/b>", NULL, NULL);
    add_page_with("/g/b?page=all", "b", "<link rel=canonical href=/g/b>", NULL, NULL);
    add_page_with("/G/C", "c", "<link rel=canonical href=/g/c>", NULL, NULL);
    add_page_with("/g?again", "own", "<link rel=canonical href=/g>", NULL, again);
    write_site("addresses");
    g_auto(Build) build = build_site("addresses", LINKS);
    SiteOutcome site = {build.store, "addresses"};
    assert_outline(&site, "/g", "own;# Moved;new;# Printed;b;# Cased;c");
    assert_fate(site, "/g/new", "chapter of /g");
    g_assert_cmpint(count_of(build.store, "chapters", "addresses/merged:same-page"), ==, 2);
    g_assert_cmpint(count_of(build.store, "chapters", "addresses/merged:chapter"), ==, 3);
}

static void test_other_terms_stay_apart(void)
{
    static const char *const chapters[] = {"/g/free Free", "/g/house House", NULL};
    static const char licence[] = "<link rel=license href=\"https://creativecommons.org/licenses/by/4.0/\">";
    add_page("/g", "own", chapters);
    add_page_with("/g/free", "free", licence, NULL, NULL);
    add_page("/g/house", "house", NULL);
    write_site("terms");
    g_auto(Build) build = build_site("terms", LINKS);
    SiteOutcome site = {build.store, "terms"};
    assert_outline(&site, "/g", "own;# House;house");
    assert_fate(site, "/g/free", "kept");
    g_autofree char *missing = missing_of(build.store, "terms", "/g");
    g_assert_cmpstr(missing, ==, "/g/free: its licence is another one\n");
}

/* A row longer than a document may be: what is over stays, and nothing recurses without end. */
static void test_there_is_an_end_to_a_document(void)
{
    for (unsigned i = 0; i < CHAPTERS_LIMIT + 20; i++) {
        g_autofree char *url = g_strdup_printf("/p/%u", i), *name = g_strdup_printf("%u", i);
        g_autofree char *next = g_strdup_printf("/p/%u Next", i + 1);
        add_page(url, name, (const char *const[]){next, NULL});
    }
    write_site("endless");
    g_auto(Build) build = build_site("endless", LINKS ", headings: false");
    SiteOutcome site = {build.store, "endless"};
    g_autofree char *last = g_strdup_printf("/p/%u", CHAPTERS_LIMIT - 1), *over = g_strdup_printf("/p/%u", CHAPTERS_LIMIT);
    assert_fate(site, last, "chapter of /p/0");
    assert_fate(site, over, "kept");
    g_assert_cmpint(count_of(build.store, "chapters", "endless/books"), ==, 2);
}

static void test_a_recipe_without_chapters_has_no_such_stage(void)
{
    g_autoptr(GError) error = NULL;
    add_page("/g", "own", three);
    add_page("/g/a", "a", NULL);
    write_site("without");
    g_autoptr(Recipe) recipe = recipe_of("without", NULL);
    g_autoptr(Store) store = open_store("without");
    g_autofree char *fingerprint = NULL;
    StageContext context = {.store = store, .jobs = 1};
    g_assert_true(chapters_run(&context, recipe, "predecessor", &fingerprint, &error));
    g_assert_cmpstr(fingerprint, ==, "predecessor");
    g_assert_cmpint(count_of(store, "chapters", ""), ==, -1);
}

/* Only its own source is looked at, and two sources may hold the same addresses. */
static void test_sources_keep_to_themselves(void)
{
    for (int i = 0; i < 2; i++) {
        add_page("/g", i ? "second own" : "first own", three);
        add_page("/g/a", i ? "second a" : "first a", NULL);
        write_site(i ? "second" : "first");
    }
    g_auto(Build) build = build_with("sources", "first,second", LINKS, 2, 0);
    SiteOutcome first = {build.store, "first"}, second = {build.store, "second"};
    assert_outline(&first, "/g", "# Overview;first own;# First;first a");
    assert_outline(&second, "/g", "# Overview;second own;# First;second a");
}

static void test_changed_rules_undo_the_old_ones(void)
{
    add_page("/g", "own", three);
    add_page("/g/a", "a", NULL);
    add_page("/g/b", "b", NULL);
    write_site("undone");
    g_auto(Build) joined = build_site("undone", LINKS);
    SiteOutcome site = {joined.store, "undone"};
    assert_fate(site, "/g/a", "chapter of /g");
    g_clear_pointer(&joined.store, store_free);
    g_auto(Build) skipped = build_site("undone", LINKS ", skip: [\"/a$\"]");
    site.store = skipped.store;
    assert_fate(site, "/g/a", "kept");
    assert_fate(site, "/g/b", "chapter of /g");
    g_clear_pointer(&skipped.store, store_free);
    g_auto(Build) apart = build_site("undone", NULL);
    site.store = apart.store;
    assert_fate(site, "/g/b", "kept");
    assert_outline(&site, "/g", "own");
}

/* ---- Kills and threads ------------------------------------------------------------------------------------------- */

#define BOOKS 100

static const StoreTable results[] = {TABLE_DOCUMENTS, TABLE_NOTES, TABLE_LEDGER, TABLE_CLEANED, TABLE_RUNS};

static void write_many(const char *name)
{
    for (int i = 0; i < BOOKS; i++) {
        g_autofree char *parent = g_strdup_printf("/%d", i), *first = g_strdup_printf("/%d/1", i), *second = g_strdup_printf("/%d/2", i);
        g_autofree char *first_link = g_strconcat(first, " One", NULL), *second_link = g_strconcat(second, " Two", NULL);
        add_page(parent, parent, (const char *const[]){first_link, second_link, "/never Missing", NULL});
        add_page(second, second, NULL);
        add_page(first, first, NULL);
    }
    write_site(name);
}

static void assert_same_results(Store *one, Store *other)
{
    for (gsize i = 0; i < G_N_ELEMENTS(results); i++) {
        g_autofree char *left = fixture_table_digest(one, results[i]), *right = fixture_table_digest(other, results[i]);
        g_assert_cmpstr(left, ==, right);
    }
}

static void test_threads_and_batches_change_nothing(void)
{
    write_many("threads");
    g_auto(Build) one = build_with("threads-one", "threads", LINKS, 1, 0);
    g_auto(Build) other = build_with("threads-other", "threads", LINKS, 4, 7);
    assert_same_results(one.store, other.store);
}

static int run_as_told(const char *recipe_path, const char *store_path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = recipe_load(recipe_path, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(Store) store = store_open(store_path, STORE_CREATE, &error);
    g_assert_no_error(error);
    StageContext context = {.store = store, .jobs = 1, .batch_documents = 1};
    run_stages(&context, recipe);
    return 0;
}

static Docno stage_next(const char *store_path, gboolean *complete)
{
    g_autoptr(Store) store = store_open(store_path, STORE_READ, NULL);
    g_autoptr(StoreTxn) txn = store ? store_read_begin(store, NULL) : NULL;
    g_auto(StageRun) run = {0};
    if (!txn || !stage_load(txn, "chapters", &run, NULL))
        return 0;
    *complete = run.complete;
    return run.next;
}

/* Runs the stages elsewhere with a batch for each document, and kills them once the stage is past `from`. */
static void kill_past(const char *store_path, const char *recipe_path, Docno from)
{
    g_autoptr(GError) error = NULL;
    char *arguments[] = {self, (char *)"chapters", (char *)recipe_path, (char *)store_path, NULL};
    GPid child;
    int status;
    gboolean complete = FALSE;
    g_spawn_async(NULL, arguments, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &child, &error);
    g_assert_no_error(error);
    while (stage_next(store_path, &complete) <= from && waitpid(child, &status, WNOHANG) == 0)
        g_usleep(500);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
}

static void test_a_killed_run_goes_on(void)
{
    g_autofree char *recipe_path = g_build_filename(directory, "recipe.yaml", NULL), *store_path = g_build_filename(directory, "killed", NULL);
    gboolean complete = FALSE;
    write_many("many");
    g_auto(Build) straight = build_with("straight", "many", LINKS, 1, 0);
    kill_past(store_path, recipe_path, 0);
    Docno first = stage_next(store_path, &complete);
    g_assert_cmpuint(first, >, 0);
    g_assert_cmpuint(first, <, 3 * BOOKS);
    kill_past(store_path, recipe_path, first + 20);
    g_assert_cmpuint(stage_next(store_path, &complete), >, first);
    g_assert_false(complete);
    g_auto(Build) resumed = build_with("killed", "many", LINKS, 2, 0);
    assert_same_results(straight.store, resumed.store);
}

/* ---- Main -------------------------------------------------------------------------------------------------------- */

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
    if (argc == 4 && strcmp(argv[1], "chapters") == 0)
        return run_as_told(argv[2], argv[3]);
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-chapters-XXXXXX", NULL);
    warc = g_string_new(NULL);
    g_test_add_func("/chapters/chapters stand in the order in which the page names them", test_chapters_stand_in_the_order_of_the_page);
    g_test_add_func("/chapters/cleaning sees the whole document", test_cleaning_sees_the_whole);
    g_test_add_func("/chapters/headings of a chapter go one level deeper", test_headings_go_one_level_deeper);
    g_test_add_func("/chapters/chapters that are missing are told", test_missing_chapters_are_told);
    g_test_add_func("/chapters/a parent that failed leaves its chapters documents of their own", test_a_parent_that_failed_leaves_its_chapters);
    g_test_add_func("/chapters/a page of contents needs no text of its own", test_a_contents_page_needs_no_text);
    g_test_add_func("/chapters/pages that name each other are one document", test_pages_that_name_each_other_are_one_document);
    g_test_add_func("/chapters/a chapter that two pages name goes to the first", test_a_chapter_of_two_goes_to_the_first);
    g_test_add_func("/chapters/links to the next page make a row", test_links_to_the_next_page_make_a_row);
    g_test_add_func("/chapters/redirects, canonical and other addresses of a page lead to it", test_other_addresses_of_a_page_lead_to_it);
    g_test_add_func("/chapters/a chapter under other terms stays apart", test_other_terms_stay_apart);
    g_test_add_func("/chapters/there is an end to a document", test_there_is_an_end_to_a_document);
    g_test_add_func("/chapters/a recipe without chapters has no such stage", test_a_recipe_without_chapters_has_no_such_stage);
    g_test_add_func("/chapters/sources keep to themselves", test_sources_keep_to_themselves);
    g_test_add_func("/chapters/changed rules undo the old ones", test_changed_rules_undo_the_old_ones);
    g_test_add_func("/chapters/threads and batches change nothing", test_threads_and_batches_change_nothing);
    g_test_add_func("/chapters/a killed run goes on to the same records", test_a_killed_run_goes_on);
    int result = g_test_run();
    remove_tree(directory);
    g_string_free(warc, TRUE);
    g_free(directory);
    g_free(self);
    return result;
}
