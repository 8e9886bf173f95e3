/* SPDX-License-Identifier: Apache-2.0
 * store/upsample.h: sums by the table, exact expectations, draws that depend on the document alone. */
#include "store/upsample.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "store/manifest.h"
#include "store/mix.h"
#include "store/note.h"
#include "store/shard.h"
#include "tests/unit/store_fixture.h"

static char *directory;

static Recipe *load_recipe(const char *settings)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, "recipe.yaml", NULL);
    g_autofree char *text = g_strconcat("name: x\nsources:\n  - {tag: pmc, format: jats, group: papers, paths: [x], upsample: true}\n"
                                        "tokenizer: {model: t.model}\n", settings, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    Recipe *recipe = recipe_load(path, NULL, &error);
    g_assert_no_error(error);
    return recipe;
}

static Metadata *facts(const char *date, const char *meta)
{
    g_auto(Document) document = {.id = g_strdup("PMC1"), .date = g_strdup(date), .meta = g_strdup(meta)};
    return metadata_new(&document, NULL);
}

/* Citations a year over 0 to 100: the quartiles are 25 and 75. */
static Upsampler *make_upsampler(const Recipe *recipe)
{
    g_autoptr(GError) error = NULL;
    Upsampler *upsampler = upsampler_new(recipe, &error);
    g_assert_no_error(error);
    for (unsigned i = 0; i <= 100; i++) {
        g_autofree char *meta = g_strdup_printf("{\"citations\":%u}", i);
        g_autoptr(Metadata) metadata = facts("2023-07-01", meta);
        upsampler_observe(upsampler, metadata);
    }
    upsampler_finish(upsampler);
    return upsampler;
}

static guint64 asked(const Recipe *recipe, const char *date, const char *meta)
{
    g_autoptr(Upsampler) upsampler = make_upsampler(recipe);
    g_autoptr(Metadata) metadata = facts(date, meta);
    return upsampler_score(upsampler, &recipe->sources[0], "PMC1", metadata, NULL).asked / 1000000; /* thousandths */
}

static void test_scores_are_those_of_table_ten(void)
{
    static const struct {
        const char *date, *meta;
        guint64 thousandths;
    } cases[] = {
        {"2023-01-01", "{}", 1000},
        {"2023-01-01", "{\"publication_types\":[\"Case Reports\",\"Journal Article\"]}", 1000},
        {"2000-01-01", "{\"publication_types\":[\"Practice Guideline\"]}", 2000},
        {NULL, "{\"publication_types\":[\"Guideline\",\"Meta-Analysis\"]}", 3000},
        {"2000-01-01", "{\"publication_types\":[\"systematic review\",\"Review\"]}", 2300},
        {"2000-01-01", "{\"publication_types\":[\"Clinical Trial, Phase II\"]}", 1400},
        {"2000-01-01", "{\"publication_types\":[\"Letter\",\"Comment\"]}", 1200},
        {"2018-02-01", "{\"publication_types\":[\"Letter\"]}", 2100},            /* below 5.5 years */
        {"2018-01-01", "{\"publication_types\":[\"Letter\"]}", 1300},            /* above */
        {"2013-07-20", "{\"publication_types\":[\"Letter\"]}", 1300},            /* below 10 */
        {"2013-07-01", "{\"publication_types\":[\"Letter\"]}", 1100},
        {"2023-07-01", "{\"publication_types\":[\"Letter\"],\"citations\":25}", 2100},
        {"2023-07-01", "{\"publication_types\":[\"Letter\"],\"citations\":26}", 2600},
        {"2023-07-01", "{\"publication_types\":[\"Letter\"],\"citations\":75}", 2600},
        {"2023-07-01", "{\"publication_types\":[\"Letter\"],\"citations\":76}", 3100},
        {"2012-01-01", "{\"publication_types\":[\"Letter\"],\"citations\":912}", 2100}, /* 76 in each of 12 years begun */
        {"2023-07-01", "{\"citations\":1000}", 1000},
    };
    g_autoptr(Recipe) recipe = load_recipe("");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpuint(asked(recipe, cases[i].date, cases[i].meta), ==, cases[i].thousandths);
}

static void test_a_listed_journal_counts_however_its_name_is_written(void)
{
    static const char *const names[] = {"The Journal of Heart & Lung", "Journal of heart and lung.", "JOURNAL OF HEART AND LUNG, THE"};
    g_autofree char *list = g_build_filename(directory, "journals.txt", NULL);
    g_assert_true(g_file_set_contents(list, "Other\n\njournal of Heart and Lung\n", -1, NULL));
    g_autoptr(Recipe) recipe = load_recipe("upsample: {journals: {list: journals.txt, score: 0.7}}\n");
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *meta = g_strdup_printf("{\"journal\":\"%s\"}", names[i]);
        g_assert_cmpuint(asked(recipe, "2000-01-01", meta), ==, 1700);
    }
    g_assert_cmpuint(asked(recipe, "2000-01-01", "{\"journal\":\"Heart and Lung\"}"), ==, 1000);
}

static void test_the_recipes_table_replaces_the_papers(void)
{
    g_autoptr(Recipe) recipe = load_recipe("upsample:\n  reference_date: 2020-01-01\n  publication_types: [{type: Lecture, score: 0.25}]\n"
                                           "  ages: [{below: 1, score: 3}]\n  citations: {top: 2, middle: 1, bottom: 0.5, lower: 3, upper: 4}\n");
    g_assert_cmpuint(asked(recipe, "2019-06-01", "{\"publication_types\":[\"Lecture\",\"Review\"],\"citations\":5}"), ==, 6250);
    g_assert_cmpuint(asked(recipe, "2019-06-01", "{\"publication_types\":[\"Lecture\"],\"citations\":4}"), ==, 5250);
    g_assert_cmpuint(asked(recipe, "2018-06-01", "{\"publication_types\":[\"Lecture\"],\"citations\":3}"), ==, 1750);
    g_assert_cmpuint(asked(recipe, "2019-06-01", "{\"publication_types\":[\"Review\"],\"citations\":5}"), ==, 1000);
}

/* 1.3 passes are asked for: over 20,000 seeds the mean lies within five standard errors of it, and each draw is 1 or 2. */
static void test_the_mean_over_many_seeds_is_what_was_asked_for(void)
{
    g_autoptr(Recipe) recipe = load_recipe("");
    g_autoptr(Upsampler) upsampler = make_upsampler(recipe);
    g_autoptr(Metadata) metadata = facts("2018-01-01", "{\"publication_types\":[\"Letter\"]}");
    guint64 sum = 0, seeds = 20000;
    for (guint64 seed = 0; seed < seeds; seed++) {
        recipe->seed = seed;
        unsigned passes = upsampler_score(upsampler, &recipe->sources[0], "PMC1", metadata, NULL).passes;
        g_assert_true(passes == 1 || passes == 2);
        sum += passes;
    }
    double mean = (double)sum / (double)seeds, error = sqrt(0.3 * 0.7 / (double)seeds);
    g_test_message("mean %.4f", mean);
    g_assert_cmpfloat(fabs(mean - 1.3), <, 5 * error);
}

static void test_the_lines_of_a_sum_say_each_part(void)
{
    g_autoptr(Recipe) recipe = load_recipe("");
    g_autoptr(Upsampler) upsampler = make_upsampler(recipe);
    g_autoptr(Metadata) metadata = facts("2018-01-01", "{\"publication_types\":[\"Letter\"],\"citations\":600}");
    g_autoptr(json_t) lines = json_array();
    UpsampleScore score = upsampler_score(upsampler, &recipe->sources[0], "PMC1", metadata, lines);
    static const char *const expected[] = {
        "1 for every document",
        "0.1 for publication type 'Letter'",
        "0.2 for an age of 5.5 years on 2023-07-15 (published 2018-01-01)",
        "1 for 100 citations a year, in the top quarter (quartiles 25 and 75)",
    };
    g_assert_cmpuint(score.asked, ==, 2300000000);
    g_assert_cmpint(json_array_size(lines), ==, G_N_ELEMENTS(expected) + 1);
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_cmpstr(json_get_string(json_array_get(lines, i), "summary"), ==, expected[i]);
    const char *last = json_get_string(json_array_get(lines, G_N_ELEMENTS(expected)), "summary");
    g_assert_true(g_str_has_prefix(last, "in all 2.3 times: 2, and once more below 0.3: drawn "));
}

/* ---- Through mix, pack and manifest --------------------------------------------------------------------------- */

typedef struct Change {
    Docno docno;
    const char *meta;
} Change;

static gboolean put_meta(StoreTxn *txn, gpointer user, GError **error)
{
    const Change *change = user;
    g_auto(Document) document = {0};
    if (!document_get(txn, change->docno, &document, error))
        return FALSE;
    g_free(document.meta);
    document.meta = g_strdup(change->meta);
    return document_put(txn, change->docno, &document, error);
}

/* A store whose papers (every third document) are letters, so that they come to 1.1 times their source's repeat of 2. */
static Store *packed_store(Fixture *fixture, const char *name, Docno changed)
{
    Store *store = fixture_store(fixture, name);
    fixture->recipe->sources[1].upsample = true;
    for (Docno docno = 1; docno < FIXTURE_DOCUMENTS; docno += 3) {
        Change change = {docno, docno == changed ? "{\"publication_types\":[\"Meta-Analysis\"]}" : "{\"publication_types\":[\"Letter\"]}"};
        fixture_write(store, put_meta, &change);
    }
    fixture_build(fixture, store);
    return store;
}

static unsigned placements(Store *store, Docno docno, unsigned *noted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(GArray) array = g_array_new(FALSE, FALSE, sizeof(Placement));
    g_autoptr(json_t) note = note_get(txn, docno, "mix", &error);
    guint64 asked_for;
    g_assert_true(shard_placements(txn, docno, array, &error));
    *noted = upsample_note_passes(note, &asked_for);
    return array->len;
}

static void test_a_document_is_packed_as_often_as_was_drawn_and_no_other_changes_that(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Fixture) fixture = fixture_new();
    g_autoptr(Store) store = packed_store(fixture, "letters", DOCNO_NONE);
    g_autoptr(Store) other = packed_store(fixture, "changed", 4);
    guint64 sum = 0, documents = 0, twice = 0;
    for (Docno docno = 1; docno < FIXTURE_DOCUMENTS; docno += 3) {
        unsigned drawn, drawn_there, packed = placements(store, docno, &drawn);
        g_assert_cmpuint(placements(other, docno, &drawn_there), ==, drawn_there ? drawn_there : 1);
        g_assert_cmpuint(packed, ==, drawn ? drawn : 1);
        if (docno == 4 || !drawn)
            continue;
        g_assert_cmpuint(drawn, ==, drawn_there);
        g_assert_true(drawn == 2 || drawn == 3);
        twice += drawn == 2;
    }
    g_assert_cmpuint(twice, >, 0);
    g_autoptr(json_t) manifest = manifest_read(store, &error);
    const json_t *upsample = json_object_get(json_array_get(json_object_get(manifest, "sources"), 1), "upsample");
    documents = (guint64)json_integer_value(json_object_get(upsample, "documents"));
    sum = (guint64)json_integer_value(json_object_get(upsample, "drawn"));
    g_assert_cmpuint(documents, >, 10);
    g_assert_cmpfloat(fabs(json_real_value(json_object_get(upsample, "asked")) - 2.2 * (double)documents), <, 1e-6);
    g_assert_cmpuint(sum, >=, 2 * documents);
    g_assert_cmpint(json_integer_value(json_object_get(upsample, "packed")), ==, (json_int_t)sum);
    g_assert_null(json_object_get(json_array_get(json_object_get(manifest, "sources"), 0), "upsample"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-upsample-XXXXXX", NULL);
    g_test_add_func("/upsample/scores are those of table 10", test_scores_are_those_of_table_ten);
    g_test_add_func("/upsample/a listed journal counts however its name is written", test_a_listed_journal_counts_however_its_name_is_written);
    g_test_add_func("/upsample/the recipe's table replaces the paper's", test_the_recipes_table_replaces_the_papers);
    g_test_add_func("/upsample/the mean over many seeds is what was asked for", test_the_mean_over_many_seeds_is_what_was_asked_for);
    g_test_add_func("/upsample/the lines of a sum say each part", test_the_lines_of_a_sum_say_each_part);
    g_test_add_func("/upsample/a document is packed as often as was drawn, and no other changes that",
                    test_a_document_is_packed_as_often_as_was_drawn_and_no_other_changes_that);
    int status = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    g_assert_cmpint(system(command), ==, 0);
    g_free(directory);
    return status;
}
