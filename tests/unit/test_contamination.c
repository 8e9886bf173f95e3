/* SPDX-License-Identifier: Apache-2.0
 * The stage "contamination" and the reader of benchmarks: shapes, faults with file and line, the three actions, exact
 * accounting, threads, kills, and taking it all back. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "dedup/benchmark.h"
#include "dedup/contamination.h"
#include "dedup/ngram_scan.h"
#include "store/note.h"
#include "tests/unit/store_fixture.h"

static char *directory;

static RecipeSource sources[] = {
    {.tag = (char *)"cdc", .group = GROUP_GUIDELINES},
    {.tag = (char *)"web", .group = GROUP_REPLAY},
};

/* Invented questions of enough different words. */
static char *question(unsigned number)
{
    return g_strdup_printf("Patient q%u aged %u reports since week%u a sharp ache%u behind both knees%u after long walks%u uphill; which "
                           "nerve%u should be tested first by the doctor%u?", number, number + 20, number, number, number, number, number, number);
}

static char *put_file(const char *name, const char *text)
{
    char *path = g_build_filename(directory, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static char *put_questions(const char *name, unsigned from, unsigned count)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    for (unsigned i = from; i < from + count; i++) {
        g_autofree char *text = question(i);
        g_string_append_printf(lines, "{\"id\": \"q-%u\", \"question\": \"%s\", \"answer\": \"A\"}\n", i, text);
    }
    return put_file(name, lines->str);
}

static Recipe make_recipe(RecipeBenchmark *benchmarks, unsigned count, ContaminationAction action)
{
    return (Recipe){.sources = sources,
                    .sources_count = G_N_ELEMENTS(sources),
                    .base_directory = directory,
                    .clean = {.min_words = 5},
                    .contamination = {.action = action, .ngram = 8, .overlap = 0.8, .long_ngram = 13, .min_words = 8, .common = 10,
                                      .benchmarks = benchmarks, .benchmarks_count = count}};
}

/* ---- Reading ------------------------------------------------------------------------------------------------------- */

typedef struct Gathered {
    GPtrArray *texts;
} Gathered;

static gboolean gather(gpointer user, const char *text, gsize length, GError **error)
{
    g_assert_cmpuint(strlen(text), ==, length);
    g_ptr_array_add(((Gathered *)user)->texts, g_strdup(text));
    return TRUE;
}

/* Reads one file; the texts as "QUESTION id FIELD: text" lines, or the error's message behind the folder's name. */
static char *read_benchmark(const char *content, const char *field, const char *second_field, const char *id_field)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = put_file("shape.jsonl", content);
    char *paths[] = {path}, *fields[] = {(char *)field, (char *)second_field};
    RecipeBenchmark benchmark = {.name = (char *)"shape", .paths = {paths, 1}, .fields = {fields, (field != NULL) + (second_field != NULL)},
                                 .id_field = (char *)id_field};
    Recipe recipe = make_recipe(&benchmark, 1, CONTAMINATION_DROP);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    Gathered gathered = {texts};
    g_autoptr(BenchmarkSet) set = benchmark_set_read(&recipe, gather, &gathered, &error);
    if (!set) {
        g_assert_true(g_error_matches(error, GALEN_ERROR, GALEN_ERROR_INPUT));
        g_assert_true(g_str_has_prefix(error->message, directory) || !strstr(error->message, directory));
        return g_strdup(g_str_has_prefix(error->message, directory) ? error->message + strlen(directory) + 1 : error->message);
    }
    GString *lines = g_string_new(NULL);
    g_assert_cmpuint(set->texts->len, ==, texts->len);
    for (guint i = 0; i < texts->len; i++) {
        const BenchmarkText *text = &g_array_index(set->texts, BenchmarkText, i);
        g_string_append_printf(lines, "%u %s %s: %s\n", text->question, text->id ? text->id : "-", text->field, (const char *)texts->pdata[i]);
    }
    return g_string_free(lines, FALSE);
}

static void check_read(const char *content, const char *field, const char *second_field, const char *id_field, const char *expected)
{
    g_autofree char *got = read_benchmark(content, field, second_field, id_field);
    g_assert_cmpstr(got, ==, expected);
}

static void test_the_usual_shapes_are_read(void)
{
    check_read("{\"question\": \"Q one\", \"options\": {\"A\": \"x\", \"B\": \"y\"}, \"answer\": \"A\"}\r\n\r\n{\"question\": \"Q two\"}", NULL, NULL, NULL,
               "1 - question: Q one\n2 - question: Q two\n");
    check_read("{\"question\": \"Q\", \"opa\": \"x\", \"opb\": \"y\", \"cop\": 1, \"id\": \"ab-c\"}\n", NULL, NULL, NULL, "1 ab-c question: Q\n");
    check_read("{\"QUESTION\": \"Q?\", \"CONTEXTS\": [\"first\", \"second\"], \"pmid\": 12}\n", "QUESTION", "CONTEXTS", "pmid",
               "1 12 QUESTION: Q?\n1 12 CONTEXTS[0]: first\n1 12 CONTEXTS[1]: second\n");
    check_read("{\"question\": \"Q\", \"context\": {\"contexts\": [\"c\"]}}\n", "context.contexts", NULL, NULL, "1 - context.contexts[0]: c\n");
    check_read("{\"question\": \"Q\", \"choices\": [\"x\", \"y\"], \"answer\": 2}\n", "question", "choices", NULL,
               "1 - question: Q\n1 - choices[0]: x\n1 - choices[1]: y\n");
    check_read("{\"question\": \"Q\", \"options\": {\"B\": \"y\"}}\n", "options", NULL, NULL, "1 - options.B: y\n");
    check_read("\xef\xbb\xbf{\"text\": \"T\", \"id\": 7}\n", NULL, NULL, NULL, "1 7 text: T\n");
    check_read("{\"a.b\": \"T\", \"a\": {\"b\": \"U\"}}\n", "a.b", NULL, NULL, "1 - a.b: T\n");
}

static void test_a_bad_line_is_an_error_with_file_and_line(void)
{
    check_read("{\"text\": \"T\"}\n{\"text\": }\n", NULL, NULL, NULL,
               "shape.jsonl:2: benchmark 'shape': the line is no JSON object: unexpected token near '}', at column 10; benchmarks are JSON lines");
    check_read("\n[1]\n", NULL, NULL, NULL, "shape.jsonl:2: benchmark 'shape': the line is no JSON object");
    check_read("{\"stem\": \"T\", \"key\": 1}\n", NULL, NULL, NULL,
               "shape.jsonl:1: benchmark 'shape': the record has no field 'question'; it has: stem, key. Set 'fields' in the recipe");
    check_read("{\"text\": \"T\"}\n", "stem.text", NULL, NULL,
               "shape.jsonl:1: benchmark 'shape': the record has no field 'stem.text'; it has: text. Set 'fields' in the recipe");
    check_read("{\"text\": 5}\n", NULL, NULL, NULL, "shape.jsonl:1: benchmark 'shape': field 'text' is neither a string nor a list of strings");
    check_read("{\"text\": [\"a\", 5]}\n", NULL, NULL, NULL, "shape.jsonl:1: benchmark 'shape': 'text[1]' is no string");
    check_read("{\"text\": \"T\"}\n", NULL, NULL, "key",
               "shape.jsonl:1: benchmark 'shape': the record has no field 'key'; it has: text. Set 'fields' in the recipe");
    check_read("{\"text\": \"\xff\"}\n", NULL, NULL, NULL,
               "shape.jsonl:1: benchmark 'shape': the line is no JSON object: unable to decode byte 0xff near '\"', at column 10; benchmarks are JSON lines");
    check_read("\n \t\n", NULL, NULL, NULL, "benchmark 'shape' has no question in its files");
}

/* ---- The stage ------------------------------------------------------------------------------------------------------ */

typedef struct Texts {
    char **items;
    gsize count;
} Texts;

static gboolean put_texts(StoreTxn *txn, gpointer user, GError **error)
{
    const Texts *texts = user;
    for (gsize i = 0; i < texts->count; i++) {
        g_autofree char *id = g_strdup_printf("d%" G_GSIZE_FORMAT, i);
        Document document = {.source = sources[i % 2].tag, .id = id, .text = texts->items[i], .text_length = strlen(texts->items[i])};
        if (!document_put(txn, i, &document, error) || !cleaned_put(txn, i, texts->items[i], strlen(texts->items[i]), error))
            return FALSE;
    }
    return TRUE;
}

static Store *make_store(const char *name, char **items, gsize count)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    Texts texts = {items, count};
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    fixture_write(store, put_texts, &texts);
    return store;
}

static void run_stage(Store *store, const Recipe *recipe, unsigned jobs, unsigned batch)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *fingerprint = NULL;
    StageContext context = {.store = store, .jobs = jobs, .batch_documents = batch};
    contamination_run(&context, recipe, "dedup/1", &fingerprint, &error);
    g_assert_no_error(error);
    g_assert_nonnull(fingerprint);
}

static char *final_text(Store *store, Docno docno)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, NULL);
    char *text = NULL;
    gsize length;
    g_assert_true(final_text_get(txn, docno, &text, &length, NULL));
    return text;
}

static json_t *note_of(Store *store, Docno docno)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    json_t *note = note_get(txn, docno, "contamination", &error);
    g_assert_no_error(error);
    return note;
}

static json_t *summary_of(Store *store)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, NULL);
    g_autofree char *text = store_get_meta(txn, "contamination", NULL);
    return text ? json_parse(text, strlen(text), "summary", NULL) : NULL;
}

static json_int_t benchmark_count(const json_t *summary, gsize benchmark, const char *key)
{
    return json_integer_value(json_object_get(json_array_get(json_object_get(summary, "benchmarks"), benchmark), key));
}

static json_int_t stage_count_of(Store *store, const char *key)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, NULL);
    g_auto(StageRun) run = {0};
    g_assert_true(stage_load(txn, "contamination", &run, NULL));
    return json_integer_value(json_object_get(run.counts, key));
}

/* Documents 0 to 5; questions 1 and 2 stand in documents 1, 2 and 4. */
static char **make_texts(void)
{
    g_autofree char *one = question(1), *two = question(2);
    char **texts = g_new0(char *, 7);
    texts[0] = g_strdup("Knees ache for many reasons, and a doctor tests the nerves of the leg when long walks hurt.");
    texts[1] = g_strdup_printf("A chapter on knees.\n\n%s\n\nThe tibial nerve. More text follows here.", one);
    texts[2] = g_strdup_printf("Two of them. %s %s End of both.", one, two);
    texts[3] = g_strdup("Nothing of the kind stands in this text, which is as long as others are.");
    texts[4] = g_strdup(two);
    texts[5] = g_strdup_printf("%.60s but then it goes on with something else entirely.", one);
    return texts;
}

static void test_drop_names_benchmark_question_value_and_place(void)
{
    g_autofree char *path = put_questions("drop.jsonl", 1, 3);
    RecipeBenchmark benchmark = {.name = (char *)"exam", .paths = {&path, 1}};
    Recipe recipe = make_recipe(&benchmark, 1, CONTAMINATION_DROP);
    g_auto(GStrv) texts = make_texts();
    g_autoptr(Store) store = make_store("drop", texts, 6);
    run_stage(store, &recipe, 1, 0);
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    Verdict verdict;
    g_assert_true(ledger_get(txn, 1, &verdict, &error));
    g_assert_cmpint(verdict.outcome, ==, OUTCOME_DROPPED);
    g_assert_cmpstr(verdict.stage, ==, "contamination");
    g_assert_cmpstr(verdict.rule, ==, "contaminated");
    g_assert_cmpfloat(verdict.value, ==, 1.0);
    g_assert_cmpfloat(verdict.threshold, ==, 0.8);
    g_assert_cmpstr(verdict.detail, ==, "question 1 of benchmark 'exam' (q-1): 19 of 19 8-grams, at bytes 21 to 169 of the clean text");
    g_assert_true(ledger_get(txn, 2, &verdict, &error));
    g_assert_true(g_str_has_suffix(verdict.detail, "; and 1 more"));
    g_assert_true(ledger_has(txn, 4));
    g_assert_false(ledger_has(txn, 0) || ledger_has(txn, 3) || ledger_has(txn, 5));
    g_autoptr(json_t) note = note_of(store, 2), summary = summary_of(store);
    g_assert_cmpuint(json_array_size(json_object_get(note, "found")), ==, 2);
    g_assert_cmpint(benchmark_count(summary, 0, "questions"), ==, 3);
    g_assert_cmpint(benchmark_count(summary, 0, "found"), ==, 2);
    g_assert_cmpint(benchmark_count(summary, 0, "never_found"), ==, 1);
    g_assert_cmpint(benchmark_count(summary, 0, "documents"), ==, 3);
    g_assert_cmpint(stage_count_of(store, "cdc/contaminated:exam"), ==, 2);
    g_assert_cmpint(stage_count_of(store, "web/dropped:contaminated"), ==, 1);
}

static void test_report_leaves_the_document_and_a_note(void)
{
    g_autofree char *path = put_questions("report.jsonl", 1, 3);
    RecipeBenchmark benchmark = {.name = (char *)"exam", .paths = {&path, 1}};
    Recipe recipe = make_recipe(&benchmark, 1, CONTAMINATION_REPORT);
    g_auto(GStrv) texts = make_texts();
    g_autoptr(Store) store = make_store("report", texts, 6);
    run_stage(store, &recipe, 1, 0);
    for (Docno docno = 0; docno < 6; docno++) {
        g_autofree char *text = final_text(store, docno);
        g_autoptr(json_t) note = note_of(store, docno);
        g_assert_cmpint(fixture_verdict(store, docno).outcome, ==, 0);
        g_assert_cmpstr(text, ==, texts[docno]);
        g_assert_cmpint(note != NULL, ==, docno == 1 || docno == 2 || docno == 4);
    }
    g_autoptr(json_t) note = note_of(store, 1);
    const json_t *found = json_array_get(json_object_get(note, "found"), 0);
    g_assert_cmpstr(json_get_string(found, "benchmark"), ==, "exam");
    g_assert_cmpstr(json_get_string(found, "id"), ==, "q-1");
    gsize start = (gsize)json_integer_value(json_object_get(found, "start")), end = (gsize)json_integer_value(json_object_get(found, "end"));
    g_autofree char *one = question(1), *span = g_strndup(texts[1] + start, end - start);
    g_assert_cmpuint(end - start, ==, strlen(one) - 1); /* without the question mark */
    g_assert_true(g_str_has_prefix(one, span));
}

static void test_mask_takes_out_the_question_and_nothing_else(void)
{
    g_autofree char *path = put_questions("mask.jsonl", 1, 3);
    RecipeBenchmark benchmark = {.name = (char *)"exam", .paths = {&path, 1}};
    Recipe recipe = make_recipe(&benchmark, 1, CONTAMINATION_MASK);
    g_auto(GStrv) texts = make_texts();
    g_autoptr(Store) store = make_store("mask", texts, 6);
    run_stage(store, &recipe, 1, 0);
    g_autofree char *first = final_text(store, 1), *second = final_text(store, 2), *fourth = final_text(store, 4), *fifth = final_text(store, 5);
    g_assert_cmpstr(first, ==, "A chapter on knees.\n\nThe tibial nerve. More text follows here.");
    g_assert_cmpstr(second, ==, "Two of them. End of both.");
    g_assert_cmpstr(fourth, ==, "");
    g_assert_cmpstr(fifth, ==, texts[5]);
    g_assert_cmpint(fixture_verdict(store, 1).outcome, ==, 0);
    g_assert_cmpint(fixture_verdict(store, 4).outcome, ==, OUTCOME_DROPPED); /* nothing is left of it */
    g_assert_cmpint(stage_count_of(store, "web/masked_bytes"), ==, (json_int_t)(strlen(texts[1]) - strlen(first)));
    g_assert_cmpint(stage_count_of(store, "cdc/masked"), ==, 2);
}

static void test_what_is_left_of_a_mask_is_clean(void)
{
    g_autofree char *path = put_questions("again.jsonl", 1, 3);
    RecipeBenchmark benchmark = {.name = (char *)"exam", .paths = {&path, 1}};
    Recipe recipe = make_recipe(&benchmark, 1, CONTAMINATION_MASK);
    g_autofree char *one = question(1), *two = question(2);
    /* Without the first question the thirds of the second one, none of which proves anything, stand together. */
    g_auto(GStrv) thirds = g_strsplit(two, " a ", 2), rest = g_strsplit(thirds[1], " uphill; ", 2);
    g_autofree char *nested = g_strdup_printf("Begin. %s a %s %s uphill; %s %s The end of all this text.", thirds[0], one, rest[0], one, rest[1]);
    char *texts[] = {nested};
    g_autoptr(Store) store = make_store("nested", texts, 1);
    run_stage(store, &recipe, 1, 0);
    g_autofree char *left = final_text(store, 0);
    g_assert_cmpstr(left, ==, "Begin. The end of all this text.");
    g_autoptr(json_t) note = note_of(store, 0);
    g_assert_cmpuint(json_array_size(json_object_get(note, "found")), ==, 2);
    g_autoptr(Store) again = make_store("nested-again", &left, 1);
    run_stage(again, &recipe, 1, 0);
    g_autoptr(json_t) nothing = note_of(again, 0);
    g_assert_null(nothing);
}

static gboolean put_passage_cut(StoreTxn *txn, gpointer user, GError **error)
{
    static const Cut cut = {10, 20};
    return cuts_put(txn, 0, "passages", &cut, 1, error);
}

static void test_a_mask_goes_round_the_cuts_of_earlier_stages(void)
{
    g_autofree char *path = put_questions("round.jsonl", 1, 1);
    RecipeBenchmark benchmark = {.name = (char *)"exam", .paths = {&path, 1}};
    Recipe recipe = make_recipe(&benchmark, 1, CONTAMINATION_MASK);
    g_autofree char *one = question(1);
    g_autofree char *split = g_strdup_printf("%.10s%.20s%s Five words stay here now.", one, "-- cut by passages--", one + 10);
    char *texts[] = {split};
    g_autoptr(Store) store = make_store("round", texts, 1);
    fixture_write(store, put_passage_cut, NULL);
    run_stage(store, &recipe, 1, 0);
    g_autofree char *left = final_text(store, 0);
    g_assert_cmpstr(left, ==, "Five words stay here now.");
    g_autoptr(StoreTxn) txn = store_read_begin(store, NULL);
    g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, sizeof(Cut));
    g_assert_true(cuts_get(txn, 0, "contamination", cuts, NULL));
    g_assert_cmpuint(cuts->len, ==, 2);
    g_assert_cmpuint(cuts_bytes((const Cut *)(void *)cuts->data, 2), ==, strlen(split) - 20 - strlen(left));
}

static void test_two_benchmarks_with_one_question_both_count_it(void)
{
    g_autofree char *path = put_questions("first.jsonl", 1, 2), *other = put_questions("second.jsonl", 2, 2);
    RecipeBenchmark benchmarks[] = {{.name = (char *)"first", .paths = {&path, 1}}, {.name = (char *)"second", .paths = {&other, 1}}};
    Recipe recipe = make_recipe(benchmarks, 2, CONTAMINATION_REPORT);
    g_auto(GStrv) texts = make_texts();
    g_autoptr(Store) store = make_store("two", texts, 6);
    run_stage(store, &recipe, 1, 0);
    g_autoptr(json_t) summary = summary_of(store);
    g_assert_cmpint(benchmark_count(summary, 0, "found"), ==, 2);
    g_assert_cmpint(benchmark_count(summary, 1, "found"), ==, 1);
    g_assert_cmpint(benchmark_count(summary, 1, "documents"), ==, 2);
    g_assert_cmpint(stage_count_of(store, "cdc/contaminated:second"), ==, 2);
}

/* ---- The same bytes -------------------------------------------------------------------------------------------------- */

#define MANY 600

static char **make_many(void)
{
    char **texts = g_new0(char *, MANY + 1);
    for (unsigned i = 0; i < MANY; i++) {
        g_autofree char *asked = question(i % 37);
        texts[i] = i % 5 == 0 ? g_strdup_printf("Text %u begins here. %s And here it ends, after a while.", i, asked)
                              : g_strdup_printf("Text %u says nothing that anybody would ask in an exam of medicine.", i);
    }
    return texts;
}

static char *digest(Store *store)
{
    static const StoreTable tables[] = {TABLE_LEDGER, TABLE_CUTS, TABLE_NOTES, TABLE_RUNS};
    GString *all = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *sum = fixture_table_digest(store, tables[i]);
        g_string_append(all, sum);
    }
    g_autoptr(json_t) summary = summary_of(store);
    g_autofree char *text = summary ? json_write(summary) : NULL;
    g_string_append(all, text ? text : "none");
    return g_string_free(all, FALSE);
}

static gboolean unfinish(StoreTxn *txn, gpointer user, GError **error)
{
    StageRun run;
    if (!stage_load(txn, "contamination", &run, error))
        return FALSE;
    run.complete = FALSE;
    gboolean good = stage_save(txn, &run, error) && store_delete(txn, TABLE_META, "contamination", 13, error) &&
                    store_delete(txn, TABLE_META, "contamination.stage", 19, error);
    stage_run_clear(&run);
    return good;
}

static void test_threads_batches_and_an_end_in_between_change_nothing(void)
{
    g_autofree char *path = put_questions("many.jsonl", 0, 40);
    RecipeBenchmark benchmark = {.name = (char *)"exam", .paths = {&path, 1}};
    Recipe recipe = make_recipe(&benchmark, 1, CONTAMINATION_MASK);
    g_auto(GStrv) texts = make_many();
    g_autoptr(Store) one = make_store("one", texts, MANY), four = make_store("four", texts, MANY);
    run_stage(one, &recipe, 1, 0);
    run_stage(four, &recipe, 4, 7);
    g_autofree char *first = digest(one), *second = digest(four);
    g_assert_cmpstr(first, ==, second);
    /* Killed behind the last document, before the summary. */
    fixture_write(four, unfinish, NULL);
    run_stage(four, &recipe, 2, 0);
    g_autofree char *third = digest(four);
    g_assert_cmpstr(first, ==, third);
    g_autoptr(json_t) summary = summary_of(one);
    g_assert_cmpint(benchmark_count(summary, 0, "found"), ==, 37);
    g_assert_cmpint(benchmark_count(summary, 0, "documents"), ==, MANY / 5);
}

static void test_without_benchmarks_everything_is_taken_back(void)
{
    g_autofree char *path = put_questions("back.jsonl", 0, 40);
    RecipeBenchmark benchmark = {.name = (char *)"exam", .paths = {&path, 1}};
    Recipe recipe = make_recipe(&benchmark, 1, CONTAMINATION_DROP), none = make_recipe(NULL, 0, CONTAMINATION_DROP);
    g_auto(GStrv) texts = make_many();
    g_autoptr(Store) store = make_store("back", texts, MANY), untouched = make_store("untouched", texts, MANY);
    run_stage(untouched, &none, 1, 0);
    run_stage(store, &recipe, 1, 0);
    g_assert_cmpint(fixture_verdict(store, 5).outcome, ==, OUTCOME_DROPPED);
    run_stage(store, &none, 1, 0);
    g_autofree char *first = digest(store), *second = digest(untouched);
    g_assert_cmpstr(first, ==, second);
}

static void test_another_file_of_questions_is_another_run(void)
{
    g_autofree char *path = put_questions("changing.jsonl", 100, 1);
    RecipeBenchmark benchmark = {.name = (char *)"exam", .paths = {&path, 1}};
    Recipe recipe = make_recipe(&benchmark, 1, CONTAMINATION_DROP);
    g_auto(GStrv) texts = make_texts();
    g_autoptr(Store) store = make_store("changing", texts, 6);
    run_stage(store, &recipe, 1, 0);
    g_assert_cmpint(fixture_verdict(store, 1).outcome, ==, 0);
    g_free(put_questions("changing.jsonl", 1, 1));
    run_stage(store, &recipe, 1, 0);
    g_assert_cmpint(fixture_verdict(store, 1).outcome, ==, OUTCOME_DROPPED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-contamination-XXXXXX", NULL);
    g_test_add_func("/benchmark/the usual shapes are read", test_the_usual_shapes_are_read);
    g_test_add_func("/benchmark/a bad line is an error with file and line", test_a_bad_line_is_an_error_with_file_and_line);
    g_test_add_func("/contamination/drop names benchmark, question, value and place", test_drop_names_benchmark_question_value_and_place);
    g_test_add_func("/contamination/report leaves the document and a note", test_report_leaves_the_document_and_a_note);
    g_test_add_func("/contamination/mask takes out the question and nothing else", test_mask_takes_out_the_question_and_nothing_else);
    g_test_add_func("/contamination/what is left of a mask is clean", test_what_is_left_of_a_mask_is_clean);
    g_test_add_func("/contamination/a mask goes round the cuts of earlier stages", test_a_mask_goes_round_the_cuts_of_earlier_stages);
    g_test_add_func("/contamination/two benchmarks with one question both count it", test_two_benchmarks_with_one_question_both_count_it);
    g_test_add_func("/contamination/threads, batches and an end in between change nothing",
                    test_threads_batches_and_an_end_in_between_change_nothing);
    g_test_add_func("/contamination/without benchmarks everything is taken back", test_without_benchmarks_everything_is_taken_back);
    g_test_add_func("/contamination/another file of questions is another run", test_another_file_of_questions_is_another_run);
    int status = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    g_assert_cmpint(system(command), ==, 0);
    g_free(directory);
    return status;
}
