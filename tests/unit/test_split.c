/* SPDX-License-Identifier: Apache-2.0
 * store/split.h: shares that hold, sides that stay, and the recipe's settings of both. */
#include "store/split.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"

#define DRAWS 20000

static Recipe any_recipe = {.seed = 7};

static guint count_side(const RecipeSource *source, Split side)
{
    guint count = 0;
    for (guint i = 0; i < DRAWS; i++) {
        g_autofree char *id = g_strdup_printf("PMID:%u", i);
        count += split_of(&any_recipe, source, id) == side;
    }
    return count;
}

static void test_each_split_has_about_its_share(void)
{
    RecipeSource source = {.tag = (char *)"s", .valid = 0.05, .test = 0.02};
    g_assert_cmpuint(count_side(&source, SPLIT_VALID), >, 850);
    g_assert_cmpuint(count_side(&source, SPLIT_VALID), <, 1150);
    g_assert_cmpuint(count_side(&source, SPLIT_TEST), >, 320);
    g_assert_cmpuint(count_side(&source, SPLIT_TEST), <, 480);
    source.valid = source.test = 0;
    g_assert_cmpuint(count_side(&source, SPLIT_TRAIN), ==, DRAWS);
}

/* A larger share holds out more documents and gives none back; the other split does not notice. */
static void test_a_document_keeps_its_side_when_shares_grow(void)
{
    RecipeSource small = {.tag = (char *)"s", .valid = 0.02, .test = 0.02}, large = {.tag = (char *)"s", .valid = 0.1, .test = 0.02};
    for (guint i = 0; i < DRAWS; i++) {
        g_autofree char *id = g_strdup_printf("%u", i);
        Split before = split_of(&any_recipe, &small, id), after = split_of(&any_recipe, &large, id);
        g_assert_true(after == before || (before == SPLIT_TRAIN && after == SPLIT_VALID));
    }
}

static void test_the_draw_depends_on_seed_and_source(void)
{
    RecipeSource source = {.tag = (char *)"s", .valid = 0.5}, other = {.tag = (char *)"t", .valid = 0.5};
    Recipe reseeded = {.seed = 8};
    guint by_seed = 0, by_source = 0;
    for (guint i = 0; i < DRAWS; i++) {
        g_autofree char *id = g_strdup_printf("%u", i);
        by_seed += split_of(&any_recipe, &source, id) != split_of(&reseeded, &source, id);
        by_source += split_of(&any_recipe, &source, id) != split_of(&any_recipe, &other, id);
    }
    g_assert_cmpuint(by_seed, >, DRAWS * 45 / 100);
    g_assert_cmpuint(by_source, >, DRAWS * 45 / 100);
}

static void test_names_find_their_splits(void)
{
    Split split;
    for (unsigned i = 0; i < SPLIT_COUNT; i++) {
        g_assert_true(split_find(split_names[i], &split));
        g_assert_cmpuint(split, ==, i);
    }
    g_assert_false(split_find("dev", &split));
}

/* ---- The recipe ------------------------------------------------------------------------------------------------ */

static char *directory;

static Recipe *load(const char *splits, const char *source, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "recipe.yaml", NULL);
    g_autofree char *text = g_strdup_printf("name: x\n%s\nsources:\n"
                                            "  - {tag: a, format: jsonl, group: papers, paths: [a.jsonl]%s}\n"
                                            "  - {tag: r, format: jsonl, group: replay, paths: [r.jsonl]}\n"
                                            "tokenizer: {model: t.model}\n", splits, source);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return recipe_load(path, NULL, error);
}

static void test_a_source_goes_before_the_recipe_and_that_before_the_group(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) plain = load("", "", &error), wide = load("splits: {valid: 0.1, test: 0.2}", "", &error);
    g_autoptr(Recipe) own = load("splits: {valid: 0.1, test: 0.2}", ", valid: 0, test: 0.3", &error);
    g_assert_no_error(error);
    g_assert_cmpfloat(plain->sources[0].valid, ==, 0.03);
    g_assert_cmpfloat(plain->sources[0].test, ==, 0);
    g_assert_cmpfloat(wide->sources[0].valid, ==, 0.1);
    g_assert_cmpfloat(wide->sources[0].test, ==, 0.2);
    g_assert_cmpfloat(own->sources[0].valid, ==, 0);
    g_assert_cmpfloat(own->sources[0].test, ==, 0.3);
    g_assert_cmpfloat(wide->sources[1].valid, ==, 0); /* the replay */
    g_assert_cmpfloat(wide->sources[1].test, ==, 0);
}

static void assert_refused(const char *splits, const char *source, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(load(splits, source, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, reason));
}

static void test_shares_that_make_no_sense_are_refused(void)
{
    assert_refused("splits: {valid: 1.5}", "", "splits: valid is a share");
    assert_refused("splits: {test: -0.1}", "", "splits: test is a share");
    assert_refused("", ", test: 1", "source 'a': test is a share");
    assert_refused("splits: {valid: 0.5}", ", test: 0.5", "leave nothing to train on");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-split-XXXXXX", NULL);
    g_test_add_func("/split/each split has about its share", test_each_split_has_about_its_share);
    g_test_add_func("/split/a document keeps its side when shares grow", test_a_document_keeps_its_side_when_shares_grow);
    g_test_add_func("/split/the draw depends on seed and source", test_the_draw_depends_on_seed_and_source);
    g_test_add_func("/split/names find their splits", test_names_find_their_splits);
    g_test_add_func("/split/a source goes before the recipe and that before the group",
                    test_a_source_goes_before_the_recipe_and_that_before_the_group);
    g_test_add_func("/split/shares that make no sense are refused", test_shares_that_make_no_sense_are_refused);
    int result = g_test_run();
    g_autofree char *path = g_build_filename(directory, "recipe.yaml", NULL);
    g_unlink(path);
    g_rmdir(directory);
    g_free(directory);
    return result;
}
