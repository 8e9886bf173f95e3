/* SPDX-License-Identifier: Apache-2.0
 * store/recipe.h: defaults, and errors that point at the line. */
#include "store/recipe.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"

static char *directory;

static Recipe *load(const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "recipe.yaml", NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return recipe_load(path, NULL, error);
}

#define GOOD_SOURCE "sources:\n  - tag: a\n    format: jsonl\n    group: papers\n    paths: [a.jsonl]\n"
#define GOOD_TAIL "tokenizer:\n  model: t.model\n"

static void test_what_the_file_leaves_out_has_its_default(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = load("name: x\n" GOOD_SOURCE GOOD_TAIL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(recipe->sources_count, ==, 1);
    g_assert_cmpfloat(recipe->sources[0].valid, ==, 0.03);
    g_assert_cmpuint(recipe->sources[0].repeat, ==, 1);
    g_assert_true(recipe->clean.urls);
    g_assert_cmpuint(recipe->clean.languages.count, ==, 1);
    g_assert_cmpstr(recipe->clean.languages.items[0], ==, "en");
    g_assert_cmpuint(recipe->tokenizer.special.count, ==, 12);
    g_assert_cmpfloat(recipe->mix.replay_share, ==, 0.01);
}

static void test_zero_and_false_are_not_taken_for_absent(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = load("name: x\nseed: 7\n" GOOD_SOURCE "    valid: 0\nclean:\n  urls: false\n  min_words: 0\n  languages: [any]\n"
                                    "mix:\n  replay_share: 0\n" GOOD_TAIL, &error);
    g_assert_no_error(error);
    g_assert_cmpfloat(recipe->sources[0].valid, ==, 0.0);
    g_assert_false(recipe->clean.urls);
    g_assert_cmpuint(recipe->clean.min_words, ==, 0);
    g_assert_cmpuint(recipe->clean.languages.count, ==, 0);
    g_assert_cmpfloat(recipe->mix.replay_share, ==, 0.0);
    g_assert_cmpuint(recipe->seed, ==, 7);
}

static void assert_sample(const char *source, double share, guint64 seed)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strconcat("name: \"\xc3\xa9t\xc3\xa9 sample: 3\"\nseed: 7\n# sample: 9\nsources:\n", source, GOOD_TAIL, NULL);
    g_autoptr(Recipe) recipe = load(text, &error);
    g_assert_no_error(error);
    g_assert_cmpfloat(recipe->sources[0].sample, ==, share);
    g_assert_cmpuint(recipe->sources[0].sample_seed, ==, seed);
}

#define SAMPLED(sample) "  - {tag: a, format: jsonl, group: papers, name: sample, " sample "paths: [a, sample]}\n"

static void test_a_sample_is_a_share_or_a_share_and_a_seed(void)
{
    assert_sample(SAMPLED(""), 1, 7);
    assert_sample(SAMPLED("sample: 0.25, "), 0.25, 7);
    assert_sample(SAMPLED("sample: \"0.25\", "), 0.25, 7);
    assert_sample(SAMPLED("sample: {share: 0.25, seed: 8}, "), 0.25, 8);
    assert_sample(SAMPLED("sample: {seed: 0}, "), 1, 0);
    assert_sample("  - tag: a\n    format: jsonl\n    sample: 0.5 # half\n    group: papers\n    paths:\n      - sample\n", 0.5, 7);
    assert_sample("  - tag: a\n    format: jsonl\n    group: papers\n    paths: [a]\n    sample:\n      share: 0.5\n", 0.5, 7);
}

#define TWO_SOURCES(first, second)                                                                                     \
    "sources:\n  - {tag: a, format: jsonl, group: papers, paths: [a]" first "}\n"                                      \
    "  - {tag: b, format: jsonl, group: papers, paths: [b]" second "}\n"                                                \
    "  - {tag: r, format: jsonl, group: replay, paths: [r]}\n"

static void assert_refused(const char *text, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *whole = g_strconcat("name: x\n", text, GOOD_TAIL, NULL);
    g_assert_null(load(whole, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, reason));
}

static void test_what_is_no_share_is_refused(void)
{
    assert_refused(TWO_SOURCES(", sample: 0", ""), "source 'a': sample is a share above 0 and up to 1, not 0");
    assert_refused(TWO_SOURCES(", sample: 1.5", ""), "up to 1, not 1.5");
    assert_refused(TWO_SOURCES(", sample: {share: 0.1, part: 2}", ""), "Unexpected key: part");
    assert_refused(TWO_SOURCES(", sample: 0.5, extract: {chapters: {links: [a]}}", ""), "would lack chapters");
}

static void test_a_mix_that_no_documents_could_fill_is_refused(void)
{
    assert_refused(TWO_SOURCES(", weight: 2", ""), "source 'a' has a weight and source 'b' has none");
    assert_refused(TWO_SOURCES(", weight: 2", ", weight: 1") "mix: {temperature: 2}\n", "temperature (2)");
    assert_refused(TWO_SOURCES(", weight: 0", ", weight: 1"), "source 'a': weight is");
    assert_refused(TWO_SOURCES(", max_share: 0.4", ", max_share: 0.5"), "add up to 0.9, and the replay has 0.01");
    assert_refused(TWO_SOURCES(", max_share: 0", ""), "source 'a': max_share");
    assert_refused(TWO_SOURCES(", max_tokens: 10", ", max_tokens: 20") "mix: {tokens: 1000}\n", "max_tokens of all sources outside the replay add up to 30");
    assert_refused(TWO_SOURCES("", "") "mix: {max_passes: 0}\n", "max_passes is 1 to 100");
    assert_refused(TWO_SOURCES("", "") "mix: {temperature: 0}\n", "temperature is");
    assert_refused(TWO_SOURCES("", "") "mix: {replay_share: 1}\n", "replay_share is a share");
}

static void test_the_mix_has_its_settings(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = load("name: x\n" TWO_SOURCES(", weight: 2, max_share: 0.99", ", weight: 0.5, max_tokens: 7")
                                    "mix: {tokens: 5, max_passes: 9}\n" GOOD_TAIL, &error);
    g_assert_no_error(error);
    g_assert_cmpfloat(recipe->sources[0].weight, ==, 2);
    g_assert_cmpfloat(recipe->sources[0].max_share, ==, 0.99);
    g_assert_cmpuint(recipe->sources[1].max_tokens, ==, 7);
    g_assert_cmpuint(recipe->mix.tokens, ==, 5);
    g_assert_cmpuint(recipe->mix.max_passes, ==, 9);
    g_assert_cmpfloat(recipe->mix.temperature, ==, 1);
}

static void test_an_unknown_key_is_quoted_with_its_line(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(load("name: x\n" GOOD_SOURCE "    colour: blue\n" GOOD_TAIL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, "recipe.yaml:7:"));
    g_assert_nonnull(strstr(error->message, "colour: blue"));
    g_assert_nonnull(strstr(error->message, "^"));
}

static void test_a_wrong_type_is_quoted_with_its_line(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(load("name: x\nseed: many\n" GOOD_SOURCE GOOD_TAIL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, "recipe.yaml:2:"));
    g_assert_nonnull(strstr(error->message, "seed: many"));
}

static void test_settings_that_contradict_each_other_are_named(void)
{
    static const char *const cases[][2] = {
        {"name: x\n" GOOD_SOURCE "dedup:\n  bands: 15\n" GOOD_TAIL, "15 bands"},
        {"name: x\n" GOOD_SOURCE "dedup:\n  bands: 15\n  rows: 8\n  permutations: 112\n" GOOD_TAIL, "15 bands"},
        {"name: x\n" GOOD_SOURCE "dedup:\n  permutations: 4097\n" GOOD_TAIL, "1 to 4096"},
        {"name: x\n" GOOD_SOURCE "dedup:\n  bands: 0\n" GOOD_TAIL, "at least one band"},
        {"name: x\n" GOOD_SOURCE "dedup:\n  shingle: 65\n" GOOD_TAIL, "1 to 64"},
        {"name: x\n" GOOD_SOURCE "dedup:\n  unit: letters\n" GOOD_TAIL, "'letters'"},
        {"name: x\n" GOOD_SOURCE "dedup:\n  preset: spark\n" GOOD_TAIL, "galen, datatrove, nemo, text-dedup"},
        {"name: x\n" GOOD_SOURCE "dedup:\n  threshold: 1.5\n" GOOD_TAIL, "1.5"},
        {"name: x\n" GOOD_SOURCE GOOD_SOURCE GOOD_TAIL, ""},
        {"name: x\n" GOOD_SOURCE, "no model"},
        {"name: x\nsources:\n  - tag: A b\n    format: jsonl\n    group: papers\n    paths: [x]\n" GOOD_TAIL, "A b"},
        {"name: x\nsources:\n  - tag: a\n    format: jsonl\n    group: paper\n    paths: [x]\n" GOOD_TAIL, "'paper'"},
        {"name: x\nsources:\n  - tag: a\n    format: jsonl\n    group: papers\n" GOOD_TAIL, "neither"},
        {"name: x\nsources:\n  - {tag: a, format: jsonl, group: papers, paths: [x], compat: meditron}\n" GOOD_TAIL, "format jsonl"},
        {"name: x\nsources:\n  - {tag: a, format: s2orc, group: papers, paths: [x], compat: grobid}\n" GOOD_TAIL, "'grobid'"},
        {"name: x\n" GOOD_SOURCE "clean: {language_confidence: 2}\n" GOOD_TAIL, "language_confidence is 0 to 1"},
        {"name: x\n" GOOD_SOURCE "clean: {personal: burn}\n" GOOD_TAIL, "mask, drop or keep"},
        {"name: x\n" GOOD_SOURCE "    clean: {max_symbols: -1}\n" GOOD_TAIL, "clean of source 'a': max_symbols"},
        {"", "empty"},
        {"name: [x\n", "recipe.yaml"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(load(cases[i][0], &error));
        g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, cases[i][1]));
    }
}

static RecipeDedup dedup_of(const char *section)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strconcat("name: x\n" GOOD_SOURCE "dedup: {", section, "}\n" GOOD_TAIL, NULL);
    g_autoptr(Recipe) recipe = load(text, &error);
    g_assert_no_error(error);
    return recipe->dedup;
}

static void assert_bands(const char *section, guint64 permutations, guint64 bands, guint64 rows)
{
    RecipeDedup dedup = dedup_of(section);
    g_test_message("%s", section);
    g_assert_cmpuint(dedup.permutations, ==, permutations);
    g_assert_cmpuint(dedup.bands, ==, bands);
    g_assert_cmpuint(dedup.rows, ==, rows);
}

static void test_presets_have_the_parameters_of_their_programs(void)
{
    RecipeDedup own = dedup_of("ids: true"), nemo = dedup_of("preset: nemo"), changed = dedup_of("preset: nemo, shingle: 20");
    g_assert_true(own.verify && !own.characters && own.shingle == 5 && own.threshold == 0.8);
    g_assert_true(nemo.characters && nemo.shingle == 24 && changed.characters && changed.shingle == 20);
    assert_bands("ids: true", 112, 14, 8);
    assert_bands("preset: datatrove", 112, 14, 8);
    assert_bands("preset: nemo", 260, 20, 13);
    assert_bands("preset: text-dedup", 240, 24, 10);
}

/* The expected pairs are those of datasketch 2.0 with equal weights. */
static void test_bands_and_rows_are_chosen_for_the_threshold(void)
{
    assert_bands("permutations: 250, threshold: 0.7", 250, 25, 10);
    assert_bands("permutations: 128", 128, 9, 13);
    assert_bands("permutations: 128, threshold: 0.5", 128, 25, 5);
    assert_bands("permutations: 256, threshold: 0.9", 256, 9, 28);
    assert_bands("permutations: 512, threshold: 0.85", 512, 22, 23);
    assert_bands("bands: 20, rows: 5", 100, 20, 5);
    assert_bands("bands: 7", 112, 7, 16);
    assert_bands("rows: 5", 112, 22, 5);
    assert_bands("bands: 9, rows: 13, permutations: 128", 128, 9, 13);
}

static void expect_fault(const char *text, const char *place, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(load(text, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, place));
    g_assert_nonnull(strstr(error->message, reason));
    g_assert_cmpuint(strlen(error->message), <, 1000);
}

static void test_a_short_file_cannot_ask_for_much_memory(void)
{
    g_autofree char *deep = g_strnfill(100000, '[');
    g_autofree char *nested = g_strconcat("name: ", deep, "\n", NULL);
    expect_fault("name: &n x\nseed: *n\n", "recipe.yaml:2:7", "aliases");
    expect_fault(nested, "recipe.yaml:1:", "nested too deeply");
}

static void test_a_syntax_error_is_shown_where_it_stands(void)
{
    g_autofree char *run = g_strnfill(100000, 'x');
    g_autofree char *line = g_strconcat("name: x\n# ", run, "\nseed: [", run, ": \xc3\xa9, }\n", NULL);
    expect_fault("name: x\nsources:\n\t- {tag: a}\n", "recipe.yaml:3:1", "3 | \t- {tag: a}");
    expect_fault(line, "recipe.yaml:3:", "...");
    expect_fault("name: x\nseed: \x1b[2J\n", "recipe.yaml:2:7", "control characters");
}

static void test_carriage_returns_do_not_matter(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) lines = g_strsplit("name: x\n" GOOD_SOURCE GOOD_TAIL, "\n", -1);
    g_autofree char *text = g_strjoinv("\r\n", lines);
    g_autoptr(Recipe) recipe = load(text, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(recipe->name, ==, "x");
    g_assert_cmpstr(recipe->sources[0].paths.items[0], ==, "a.jsonl");
}

static void test_cleaning_has_layers(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = load(
        "name: x\nclean: {urls: false, min_words: 7, stop_at: [References]}\nsources:\n"
        "  - {tag: a, format: jsonl, group: papers, paths: [a.jsonl], clean: {min_words: 3, stop_at: [none], start_at: [Abstract]}}\n"
        "  - {tag: b, format: jsonl, group: papers, paths: [a.jsonl]}\n"
        "  - {tag: c, format: jsonl, group: replay, paths: [a.jsonl], clean: {emails: true}}\n" GOOD_TAIL, &error);
    g_assert_no_error(error);
    const RecipeClean *a = &recipe->sources[0].clean, *b = &recipe->sources[1].clean, *c = &recipe->sources[2].clean;
    g_assert_false(a->urls);
    g_assert_cmpuint(a->min_words, ==, 3);
    g_assert_cmpuint(a->stop_at.count, ==, 0);
    g_assert_cmpstr(a->start_at.items[0], ==, "Abstract");
    g_assert_cmpuint(b->min_words, ==, 7);
    g_assert_cmpstr(b->stop_at.items[0], ==, "References");
    g_assert_false(c->references); /* replay: what the source itself does not say is off */
    g_assert_true(c->emails && c->nfc);
    g_assert_cmpuint(c->min_words, ==, 7);
    g_assert_cmpuint(c->stop_at.count, ==, 0);
}

static void test_cleaning_survives_its_json(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = load("name: x\n" GOOD_SOURCE "clean: {phones: false, max_characters: 18446744073709551615, max_symbols: 0.25,\n"
                                    "  personal: drop, languages: [de, fr], remove_lines: ['Skip*']}\n" GOOD_TAIL, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) before = recipe_clean_json(&recipe->clean);
    RecipeClean read;
    recipe_clean_from_json(before, &read);
    g_autoptr(json_t) after = recipe_clean_json(&read);
    g_assert_true(json_equal(before, after));
    g_assert_cmpuint(read.max_characters, ==, G_MAXUINT64);
    recipe_clean_release(&read);
    g_autoptr(json_t) empty = json_object(), expected = NULL, filled = NULL;
    RecipeClean defaults = recipe_clean_default();
    recipe_clean_from_json(empty, &read);
    expected = recipe_clean_json(&defaults);
    filled = recipe_clean_json(&read);
    g_assert_true(json_equal(expected, filled));
    recipe_clean_release(&read);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-recipe-XXXXXX", NULL);
    g_test_add_func("/recipe/what the file leaves out has its default", test_what_the_file_leaves_out_has_its_default);
    g_test_add_func("/recipe/zero and false are not taken for absent", test_zero_and_false_are_not_taken_for_absent);
    g_test_add_func("/recipe/a mix that no documents could fill is refused", test_a_mix_that_no_documents_could_fill_is_refused);
    g_test_add_func("/recipe/a sample is a share, or a share and a seed", test_a_sample_is_a_share_or_a_share_and_a_seed);
    g_test_add_func("/recipe/what is no share is refused", test_what_is_no_share_is_refused);
    g_test_add_func("/recipe/the mix has its settings", test_the_mix_has_its_settings);
    g_test_add_func("/recipe/an unknown key is quoted with its line", test_an_unknown_key_is_quoted_with_its_line);
    g_test_add_func("/recipe/a wrong type is quoted with its line", test_a_wrong_type_is_quoted_with_its_line);
    g_test_add_func("/recipe/presets have the parameters of their programs", test_presets_have_the_parameters_of_their_programs);
    g_test_add_func("/recipe/bands and rows are chosen for the threshold", test_bands_and_rows_are_chosen_for_the_threshold);
    g_test_add_func("/recipe/settings that contradict each other are named", test_settings_that_contradict_each_other_are_named);
    g_test_add_func("/recipe/a short file cannot ask for much memory", test_a_short_file_cannot_ask_for_much_memory);
    g_test_add_func("/recipe/a syntax error is shown where it stands", test_a_syntax_error_is_shown_where_it_stands);
    g_test_add_func("/recipe/carriage returns do not matter", test_carriage_returns_do_not_matter);
    g_test_add_func("/recipe/settings of cleaning have layers", test_cleaning_has_layers);
    g_test_add_func("/recipe/settings of cleaning survive their JSON", test_cleaning_survives_its_json);
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    if (system(command) != 0)
        result = 1;
    g_free(directory);
    return result;
}
