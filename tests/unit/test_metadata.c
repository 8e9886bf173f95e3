/* SPDX-License-Identifier: Apache-2.0
 * scrapers/metadata.h: facts go from record to record of one work, and exclusions act on them. */
#include "scrapers/metadata.h"

#include <string.h>

#include "base/error.h"
#include "dedup/dedup.h"
#include "store/metadata.h"
#include "store/note.h"
#include "tests/unit/store_fixture.h"

typedef struct Entry {
    const char *source, *kind, *id, *date, *meta;
    const char *dropped; /* by ingest, with this rule; NULL: undecided */
} Entry;

typedef struct Corpus {
    const Entry *entries;
    gsize count;
} Corpus;

static char *directory;

static Recipe *load_recipe(const char *settings)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, "recipe.yaml", NULL);
    g_autofree char *text = g_strconcat("name: test\nsources:\n"
                                        "  - {tag: pubmed, format: medline, group: abstracts, paths: [x]}\n"
                                        "  - {tag: pmc, format: jats, group: papers, paths: [x]}\n"
                                        "  - {tag: guide, format: html, group: guidelines, paths: [x]}\n"
                                        "  - {tag: replay, format: jsonl, group: replay, paths: [x]}\n"
                                        "tokenizer: {model: t.model}\n", settings, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    Recipe *recipe = recipe_load(path, NULL, &error);
    g_assert_no_error(error);
    return recipe;
}

static gboolean put_corpus(StoreTxn *txn, gpointer user, GError **error)
{
    const Corpus *corpus = user;
    for (gsize i = 0; i < corpus->count; i++) {
        const Entry *entry = &corpus->entries[i];
        g_autofree char *text = g_strdup_printf("Text of document %" G_GSIZE_FORMAT ", which has nothing in common with %s.", i, entry->id);
        g_auto(Document) document = {.source = g_strdup(entry->source), .kind = g_strdup(entry->kind), .id = g_strdup(entry->id),
                                     .date = g_strdup(entry->date), .meta = g_strdup(entry->meta), .title = g_strdup(entry->id)};
        document_set_text(&document, text, strlen(text));
        Verdict verdict = {.outcome = OUTCOME_DROPPED, .stage = "ingest", .rule = entry->dropped, .winner = DOCNO_NONE};
        if (!document_put(txn, i, &document, error) || (entry->dropped && !ledger_put(txn, i, &verdict, error)))
            return FALSE;
    }
    return TRUE;
}

/* What the stage "clean" would have left. */
static gboolean put_cleaned(StoreTxn *txn, gpointer user, GError **error)
{
    for (gsize i = 0; i < ((const Corpus *)user)->count; i++) {
        g_auto(Document) document = {0};
        if (!document_get(txn, i, &document, error) || !cleaned_put(txn, i, document.text, document.text_length, error))
            return FALSE;
    }
    return TRUE;
}

static Store *make_store(const char *name, const Entry *entries, gsize count)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    Corpus corpus = {entries, count};
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    fixture_write(store, put_corpus, &corpus);
    return store;
}

static char *run(Store *store, const Recipe *recipe, unsigned jobs, GString *notices)
{
    g_autoptr(GError) error = NULL;
    StageContext context = {.store = store, .jobs = jobs, .batch_documents = 3, .notices = notices};
    char *fingerprint = NULL;
    metadata_run(&context, recipe, "ingest 1", &fingerprint, &error);
    g_assert_no_error(error);
    return fingerprint;
}

/* One line for each fact that was joined and each verdict of the stage. */
static char *read_store(Store *store, gsize count)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(GString) lines = g_string_new(NULL);
    for (Docno docno = 0; docno < count; docno++) {
        g_autoptr(json_t) note = note_get(txn, docno, "metadata", &error);
        const json_t *found = json_object_get(note, "found");
        Verdict verdict;
        g_assert_no_error(error);
        for (gsize i = 0; i < json_array_size(found); i++)
            g_string_append_printf(lines, "%" G_GUINT64_FORMAT " %s\n", docno, json_get_string(json_array_get(found, i), "summary"));
        if (ledger_get(txn, docno, &verdict, &error) && strcmp(verdict.stage, "metadata") == 0)
            g_string_append_printf(lines, "%" G_GUINT64_FORMAT " %s %s: %s\n", docno, outcome_name(verdict.outcome), verdict.rule, verdict.detail);
    }
    return g_string_free(g_steal_pointer(&lines), FALSE);
}

static void check(const char *name, const Entry *entries, gsize count, const char *settings, const char *expected)
{
    g_autoptr(Recipe) recipe = load_recipe(settings);
    g_autoptr(Store) store = make_store(name, entries, count);
    g_free(run(store, recipe, 3, NULL));
    g_autofree char *lines = read_store(store, count);
    g_assert_cmpstr(lines, ==, expected);
}

#define NO_EXCLUSION "metadata: {exclude: [{publication_type: none}]}\n"

static void test_a_paper_has_the_subjects_of_its_medline_record(void)
{
    static const Entry entries[] = {
        {"pmc", "article", "PMC5", "2019-03", "{\"pmcid\":\"PMC5\",\"pmid\":\"7\",\"article_type\":\"research-article\"}", NULL},
        {"pubmed", "abstract", "PMID:7", NULL, "{\"pmid\":\"7\",\"mesh\":[\"Humans\",\"Asthma\"],\"publication_types\":[\"Review\"],\"journal\":\"J Med\"}", NULL},
        {"pmc", "article", "PMC6", NULL, "{\"pmcid\":\"PMC6\",\"doi\":\"10.1/A\"}", NULL},
        {"pubmed", "abstract", "PMID:8", NULL, "{\"pmid\":\"8\",\"doi\":\"10.1/a\",\"mesh\":[\"Humans\"]}", "no-text"},
        {"guide", "page", "u", NULL, NULL, NULL},
        {"replay", "text", "PMID:7", NULL, "{\"mesh\":[\"Plants\"]}", NULL},
    };
    check("subjects", entries, G_N_ELEMENTS(entries), NO_EXCLUSION,
          "0 publication types: Review (from pubmed/PMID:7 (document 1), by PMID 7)\n"
          "0 mesh: Humans; Asthma (from pubmed/PMID:7 (document 1), by PMID 7)\n"
          "0 journal: J Med (from pubmed/PMID:7 (document 1), by PMID 7)\n"
          "1 date: 2019-03 (from pmc/PMC5 (document 0), by PMID 7)\n"
          "1 pmcid: 5 (from pmc/PMC5 (document 0), by PMID 7)\n"
          "2 mesh: Humans (from pubmed/PMID:8 (document 3), by DOI 10.1/a)\n"
          "2 pmid: 8 (from pubmed/PMID:8 (document 3), by DOI 10.1/a)\n");
}

static void test_own_facts_are_not_joined_again(void)
{
    static const Entry entries[] = {
        {"pmc", "article", "PMC5", "2019", "{\"pmid\":\"7\",\"mesh\":[\"humans\"],\"journal\":\"A\",\"retracted\":true}", NULL},
        {"pubmed", "abstract", "PMID:7", "2018", "{\"pmid\":\"7\",\"mesh\":[\"Humans\",\"Asthma\"],\"journal\":\"B\",\"retracted\":true}", NULL},
        {"pubmed", "abstract", "PMID:07", "2017", "{\"pmid\":\"07\",\"mesh\":[\"Asthma\",\"Lung\"]}", NULL},
    };
    check("own", entries, 1, NO_EXCLUSION, "");
    check("own3", entries, G_N_ELEMENTS(entries), NO_EXCLUSION,
          "0 mesh: Asthma (from pubmed/PMID:7 (document 1), by PMID 7)\n"
          "0 mesh: Lung (from pubmed/PMID:07 (document 2), by PMID 7)\n"
          "1 mesh: Lung (from pubmed/PMID:07 (document 2), by PMID 7)\n"
          "1 pmcid: 5 (from pmc/PMC5 (document 0), by PMID 7)\n"
          "2 mesh: humans (from pmc/PMC5 (document 0), by PMID 7)\n"
          "2 retracted: yes (from pmc/PMC5 (document 0), by PMID 7)\n"
          "2 journal: A (from pmc/PMC5 (document 0), by PMID 7)\n"
          "2 pmcid: 5 (from pmc/PMC5 (document 0), by PMID 7)\n");
}

/* The list that applies when the recipe says nothing, each entry met once, the paper and its abstract alike. */
static void test_the_papers_exclusions_are_on_unless_the_recipe_says_otherwise(void)
{
    static const Entry entries[] = {
        {"pubmed", "abstract", "PMID:1", NULL, "{\"pmid\":\"1\",\"publication_types\":[\"Journal Article\",\"Retracted Publication\"],\"retracted\":true}", NULL},
        {"pmc", "article", "PMC1", NULL, "{\"pmid\":\"1\"}", NULL},
        {"pubmed", "abstract", "PMID:2", NULL, "{\"pmid\":\"2\"}", NULL},
        {"pmc", "article", "PMC2", NULL, "{\"pmid\":\"2\",\"retracted\":true}", NULL},
        {"pmc", "article", "PMC3", NULL, "{\"retraction_notice\":true}", NULL},
        {"pmc", "article", "PMC4", NULL, "{\"article_type\":\"preprint\"}", NULL},
        {"pubmed", "abstract", "PMID:5", NULL, "{\"publication_types\":[\"Observational Study, Veterinary\"]}", NULL},
        {"pubmed", "abstract", "PMID:6", NULL, "{\"mesh\":[\"Animals\",\"Mice\"]}", NULL},
        {"pubmed", "abstract", "PMID:7", NULL, "{\"mesh\":[\"Animals\",\"Humans\"]}", NULL},
        {"guide", "page", "u", NULL, "{\"retracted\":true}", NULL},
        {"pubmed", "abstract", "PMID:9", NULL, "{\"publication_types\":[\"Case Reports\"]}", NULL},
    };
    check("defaults", entries, G_N_ELEMENTS(entries), "",
          "0 pmcid: 1 (from pmc/PMC1 (document 1), by PMID 1)\n"
          "0 dropped excluded-retracted-publication: publication type 'Retracted Publication'\n"
          "1 publication types: Journal Article; Retracted Publication (from pubmed/PMID:1 (document 0), by PMID 1)\n"
          "1 retracted: yes (from pubmed/PMID:1 (document 0), by PMID 1)\n"
          "1 dropped excluded-retracted-publication: publication type 'Retracted Publication', from pubmed/PMID:1 (document 0)\n"
          "2 retracted: yes (from pmc/PMC2 (document 3), by PMID 2)\n"
          "2 pmcid: 2 (from pmc/PMC2 (document 3), by PMID 2)\n"
          "2 dropped excluded-retracted-publication: publication type 'Retracted Publication', from pmc/PMC2 (document 3)\n"
          "3 dropped excluded-retracted-publication: publication type 'Retracted Publication'\n"
          "4 dropped excluded-retraction-of-publication: publication type 'Retraction of Publication'\n"
          "5 dropped excluded-preprint: publication type 'Preprint'\n"
          "6 dropped excluded-observational-study-veterinary: publication type 'Observational Study, Veterinary'\n"
          "7 dropped excluded-animals: MeSH heading 'Animals' without 'Humans'\n");
}

static void test_a_table_in_the_recipe_replaces_the_papers(void)
{
    static const Entry entries[] = {
        {"pubmed", "abstract", "PMID:1", NULL, "{\"publication_types\":[\"Retracted Publication\"]}", NULL},
        {"pubmed", "abstract", "PMID:2", NULL, "{\"mesh\":[\"Animals\",\"Humans\"]}", NULL},
        {"pubmed", "abstract", "PMID:3", NULL, "{\"publication_types\":[\"letter\"],\"mesh\":[\"Child\"]}", NULL},
        {"pubmed", "abstract", "PMID:4", NULL, "{\"publication_types\":[\"Letter\"],\"mesh\":[\"Adult\"]}", NULL},
    };
    check("table", entries, G_N_ELEMENTS(entries),
          "metadata:\n  exclude:\n    - {mesh: Animals}\n    - {publication_type: Letter, unless: Adult}\n",
          "1 dropped excluded-animals: MeSH heading 'Animals'\n"
          "2 dropped excluded-letter: publication type 'Letter' without 'Adult'\n");
}

/* ---- Tables of citations ------------------------------------------------------------------------------------- */

static const Entry cited_entries[] = {
    {"pmc", "article", "PMC1", NULL, "{\"doi\":\"10.1/one\"}", NULL},
    {"pubmed", "abstract", "PMID:11", NULL, "{\"pmid\":\"11\"}", NULL},
    {"pmc", "article", "PMC2", NULL, "{\"pmid\":\"12\",\"citations\":99}", NULL},
    {"pmc", "article", "CorpusID:77", NULL, "{\"citations\":4}", NULL},
    {"pmc", "article", "PMC3", NULL, "{\"doi\":\"10.1/three\"}", NULL},
    {"pubmed", "abstract", "PMID:13", NULL, "{\"pmid\":\"13\",\"doi\":\"10.1/three\"}", NULL},
};

static void write_tables(void)
{
    g_autofree char *csv = g_build_filename(directory, "icite.csv", NULL), *lines = g_build_filename(directory, "papers.jsonl", NULL);
    g_assert_true(g_file_set_contents(csv, "pmid,doi,citation_count\n11,10.1/ONE,8\n12,,3\noops,,1\n900,10.1/none,5\n12,,6\n13,,2\n", -1, NULL));
    g_assert_true(g_file_set_contents(lines, "{\"corpusid\":77,\"externalids\":{\"PubMed\":\"12\"},\"citationcount\":50}\n"
                                             "{\"corpusid\":1,\"externalids\":{\"PubMed\":\"11\"},\"citationcount\":51}\n", -1, NULL));
}

#define TABLES "metadata: {citations: [icite.csv, \"papers*.jsonl\"], exclude: [{publication_type: none}]}\n"

static void test_tables_count_citations_and_tell_what_is_one_work(void)
{
    write_tables();
    check("tables", cited_entries, G_N_ELEMENTS(cited_entries), TABLES,
          "0 pmid: 11 (from pubmed/PMID:11 (document 1), by icite.csv, line 2)\n"
          "0 citations: 8 (from icite.csv, line 2, by DOI)\n"
          "1 pmcid: 1 (from pmc/PMC1 (document 0), by icite.csv, line 2)\n"
          "1 doi: 10.1/one (from pmc/PMC1 (document 0), by icite.csv, line 2)\n"
          "1 citations: 8 (from icite.csv, line 2, by PMID)\n"
          "2 citations: 6 (from icite.csv, line 6, by PMID)\n"
          "3 pmid: 12 (from pmc/PMC2 (document 2), by papers.jsonl, line 1)\n"
          "3 pmcid: 2 (from pmc/PMC2 (document 2), by papers.jsonl, line 1)\n"
          "3 citations: 50 (from papers.jsonl, line 1, by corpus id)\n"
          "4 pmid: 13 (from pubmed/PMID:13 (document 5), by DOI 10.1/three)\n"
          "4 citations: 2 (from icite.csv, line 7, by PMID)\n"
          "5 pmcid: 3 (from pmc/PMC3 (document 4), by DOI 10.1/three)\n"
          "5 citations: 2 (from icite.csv, line 7, by PMID)\n");
}

static void test_bad_lines_of_a_table_are_told_and_kept_for_the_manifest(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) notices = g_string_new(NULL);
    write_tables();
    g_autoptr(Recipe) recipe = load_recipe(TABLES);
    g_autoptr(Store) store = make_store("notices", cited_entries, G_N_ELEMENTS(cited_entries));
    g_free(run(store, recipe, 1, notices));
    g_assert_cmpstr(notices->str, ==, "icite.csv: 1 of 6 lines could not be used; the first is line 4: 'oops' is no PMID\n");
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autofree char *text = store_get_meta(txn, METADATA_TABLES, &error);
    g_autoptr(json_t) tables = json_loads(text, 0, NULL);
    const json_t *csv = json_array_get(tables, 0);
    g_assert_cmpint(json_array_size(tables), ==, 2);
    g_assert_cmpint(json_integer_value(json_object_get(csv, "lines")), ==, 6);
    g_assert_cmpint(json_integer_value(json_object_get(csv, "bad_lines")), ==, 1);
    g_assert_cmpint(json_integer_value(json_object_get(csv, "matched")), ==, 4);
    g_assert_cmpuint(strlen(json_get_string(csv, "sha256")), ==, 64);
}

/* The PMID of the paper is known only from the table; deduplication finds the abstract by it. */
static void test_an_abstract_merges_into_a_paper_whose_pmid_only_a_table_knows(void)
{
    g_autoptr(GError) error = NULL;
    write_tables();
    g_autoptr(Recipe) recipe = load_recipe(TABLES);
    g_autoptr(Store) store = make_store("merge", cited_entries, 2);
    g_autofree char *fingerprint = run(store, recipe, 2, NULL), *after = NULL;
    StageContext context = {.store = store, .jobs = 2};
    Corpus corpus = {cited_entries, 2};
    fixture_write(store, put_cleaned, &corpus);
    dedup_run(&context, recipe, fingerprint, &after, &error);
    g_assert_no_error(error);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    Verdict verdict;
    g_assert_true(ledger_get(txn, 1, &verdict, &error));
    g_assert_cmpint(verdict.outcome, ==, OUTCOME_MERGED);
    g_assert_cmpstr(verdict.rule, ==, "same-id");
    g_assert_cmpuint(verdict.winner, ==, 0);
    g_assert_cmpstr(verdict.detail, ==, "PMID 11");
}

static void test_a_pattern_without_a_file_is_an_error_of_the_recipe(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = load_recipe("metadata: {citations: [\"absent/*.csv\"]}\n");
    g_autoptr(Store) store = make_store("absent", cited_entries, 1);
    g_autofree char *fingerprint = NULL;
    StageContext context = {.store = store, .jobs = 1};
    g_assert_false(metadata_run(&context, recipe, "x", &fingerprint, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "metadata: citations: "));
    g_assert_nonnull(strstr(error->message, "absent"));
}

/* ---- Runs ---------------------------------------------------------------------------------------------------- */

#define MANY 400

/* Pairs of an abstract and a paper, every fifth retracted. */
static Entry *many_entries(void)
{
    Entry *entries = g_new0(Entry, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        unsigned work = i / 2;
        entries[i].source = i % 2 ? "pmc" : "pubmed";
        entries[i].kind = i % 2 ? "article" : "abstract";
        entries[i].id = g_strdup_printf(i % 2 ? "PMC%u" : "PMID:%u", work + 1);
        entries[i].meta = g_strdup_printf(i % 2 ? "{\"pmid\":\"%u\"}" : work % 5 ? "{\"pmid\":\"%u\",\"mesh\":[\"Humans\"]}" : "{\"pmid\":\"%u\",\"retracted\":true}",
                                          work + 1);
    }
    return entries;
}

static void free_entries(Entry *entries)
{
    for (unsigned i = 0; i < MANY; i++) {
        g_free((char *)entries[i].id);
        g_free((char *)entries[i].meta);
    }
    g_free(entries);
}

static void test_threads_and_a_second_run_change_nothing(void)
{
    Entry *entries = many_entries();
    g_autoptr(Recipe) recipe = load_recipe("");
    g_autoptr(Store) one = make_store("one", entries, MANY);
    g_autoptr(Store) four = make_store("four", entries, MANY);
    g_autofree char *first = run(one, recipe, 1, NULL), *second = run(four, recipe, 4, NULL), *again = run(one, recipe, 2, NULL);
    g_autofree char *lines_one = read_store(one, MANY), *lines_four = read_store(four, MANY);
    g_assert_cmpstr(first, ==, second);
    g_assert_cmpstr(first, ==, again);
    g_assert_cmpstr(lines_one, ==, lines_four);
    g_assert_nonnull(strstr(lines_one, "excluded-retracted-publication"));
    free_entries(entries);
}

static void test_a_changed_table_of_exclusions_takes_verdicts_back(void)
{
    Entry *entries = many_entries();
    g_autoptr(Recipe) strict = load_recipe("");
    g_autoptr(Recipe) open = load_recipe(NO_EXCLUSION);
    g_autoptr(Store) store = make_store("again", entries, MANY);
    g_free(run(store, strict, 2, NULL));
    g_autofree char *before = read_store(store, MANY);
    g_free(run(store, open, 2, NULL));
    g_autofree char *after = read_store(store, MANY);
    g_assert_nonnull(strstr(before, "dropped"));
    g_assert_null(strstr(after, "dropped"));
    g_assert_nonnull(strstr(after, "Humans"));
    free_entries(entries);
}

/* Thousands of records with one wrong DOI: each is looked at beside a bounded number of others. */
static void test_an_identifier_that_everybody_has_costs_no_square(void)
{
    Entry *entries = many_entries();
    for (unsigned i = 0; i < MANY; i++) {
        g_free((char *)entries[i].meta);
        entries[i].meta = g_strdup_printf("{\"doi\":\"10.1/all\",\"mesh\":[\"Heading %u\"]}", i);
    }
    g_autoptr(Recipe) recipe = load_recipe(NO_EXCLUSION);
    g_autoptr(Store) store = make_store("all", entries, MANY);
    g_free(run(store, recipe, 2, NULL));
    g_autofree char *lines = read_store(store, MANY);
    g_assert_nonnull(strstr(lines, "399 mesh: Heading 0 "));
    g_assert_nonnull(strstr(lines, "399 mesh: Heading 63 "));
    g_assert_null(strstr(lines, "399 mesh: Heading 64 "));
    free_entries(entries);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-metadata-XXXXXX", NULL);
    g_test_add_func("/metadata/a paper has the subjects of its MEDLINE record", test_a_paper_has_the_subjects_of_its_medline_record);
    g_test_add_func("/metadata/own facts are not joined again", test_own_facts_are_not_joined_again);
    g_test_add_func("/metadata/the paper's exclusions are on unless the recipe says otherwise",
                    test_the_papers_exclusions_are_on_unless_the_recipe_says_otherwise);
    g_test_add_func("/metadata/a table in the recipe replaces the paper's", test_a_table_in_the_recipe_replaces_the_papers);
    g_test_add_func("/metadata/tables count citations and tell what is one work", test_tables_count_citations_and_tell_what_is_one_work);
    g_test_add_func("/metadata/bad lines of a table are told and kept for the manifest",
                    test_bad_lines_of_a_table_are_told_and_kept_for_the_manifest);
    g_test_add_func("/metadata/an abstract merges into a paper whose PMID only a table knows",
                    test_an_abstract_merges_into_a_paper_whose_pmid_only_a_table_knows);
    g_test_add_func("/metadata/a pattern without a file is an error of the recipe", test_a_pattern_without_a_file_is_an_error_of_the_recipe);
    g_test_add_func("/metadata/threads and a second run change nothing", test_threads_and_a_second_run_change_nothing);
    g_test_add_func("/metadata/a changed table of exclusions takes verdicts back", test_a_changed_table_of_exclusions_takes_verdicts_back);
    g_test_add_func("/metadata/an identifier that everybody has costs no square", test_an_identifier_that_everybody_has_costs_no_square);
    int status = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    g_assert_cmpint(system(command), ==, 0);
    g_free(directory);
    return status;
}
