/* SPDX-License-Identifier: Apache-2.0
 * scrapers/inputs.h: which files a recipe's patterns stand for, by which names, and when they must be read again. */
#include "scrapers/inputs.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

static char *directory;

static char *inside(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

static void write_file(const char *name, const char *text)
{
    g_autofree char *path = inside(name);
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0777), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* A recipe FOLDER/recipe.yaml of one source with these paths and these further settings. */
static Recipe *recipe_of(const char *format, const char *folder, const char *paths, const char *settings, const char *inputs)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = g_strconcat(folder, "/recipe.yaml", NULL);
    g_autofree char *text = g_strdup_printf("name: x\nsources:\n  - {tag: a, format: %s, paths: [%s], %s}\ntokenizer: {model: t.model}\n",
                                            format, paths, settings);
    write_file(name, text);
    g_autofree char *path = inside(name);
    Recipe *recipe = recipe_load(path, inputs, &error);
    g_assert_no_error(error);
    return recipe;
}

static Recipe *recipe_over(const char *folder, const char *paths, const char *settings, const char *inputs)
{
    return recipe_of("jsonl", folder, paths, settings, inputs);
}

/* The names of the inputs, joined by spaces. */
static char *names_of(const Recipe *recipe)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) inputs = inputs_list(recipe, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < inputs->len; i++)
        g_string_append_printf(names, "%s%s", i ? " " : "", ((const Input *)inputs->pdata[i])->name);
    return g_string_free(g_steal_pointer(&names), FALSE);
}

static void expect_names(const char *folder, const char *paths, const char *inputs, const char *expected)
{
    g_autoptr(Recipe) recipe = recipe_over(folder, paths, "group: papers", inputs);
    g_autofree char *names = names_of(recipe);
    g_assert_cmpstr(names, ==, expected);
}

static void expect_names_of(const char *format, const char *folder, const char *paths, const char *expected)
{
    g_autoptr(Recipe) recipe = recipe_of(format, folder, paths, "group: papers", NULL);
    g_autofree char *names = names_of(recipe);
    g_assert_cmpstr(names, ==, expected);
}

static void expect_refused(const char *paths, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = recipe_over("odd", paths, "group: papers", NULL);
    g_autoptr(GPtrArray) inputs = inputs_list(recipe, NULL, &error);
    g_assert_null(inputs);
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, reason));
    g_assert_nonnull(strstr(error->message, "source 'a'"));
}

static void test_a_file_of_two_patterns_is_read_once(void)
{
    write_file("twice/b.jsonl", "{}");
    write_file("twice/a.jsonl", "{}");
    expect_names("twice", "b.jsonl, \"*.jsonl\"", NULL, "b.jsonl a.jsonl");
}

static void test_a_folder_named_like_a_pattern_is_only_a_name(void)
{
    write_file("[ab] {c,d}*?~/a.jsonl", "{}");
    expect_names("[ab] {c,d}*?~", "\"*.jsonl\"", NULL, "a.jsonl");
}

static void test_names_do_not_depend_on_how_the_folder_is_written(void)
{
    g_autofree char *inputs = g_strconcat(directory, "/named///", NULL);
    write_file("named/a.jsonl", "{}");
    expect_names("odd", "a.jsonl", inputs, "a.jsonl");
}

static void test_what_is_no_regular_file_is_refused(void)
{
    write_file("odd/empty/.hidden.jsonl", "{}");
    g_autofree char *pipe = inside("odd/pipe"), *loop = inside("odd/loop"), *lost = inside("odd/lost");
    g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
    g_assert_cmpint(symlink("loop", loop), ==, 0);
    g_assert_cmpint(symlink("nowhere", lost), ==, 0);
    expect_refused("empty", "a folder without a file of this format");
    expect_refused("pipe", "a pipe or a device");
    expect_refused("/dev/zero", "a pipe or a device");
    expect_refused("loop", "symbolic links");
    expect_refused("lost", "a link to a file that is not there");
    expect_refused("missing", "no file matches missing");
}

static void test_a_wildcard_passes_over_folders(void)
{
    write_file("mixed/a.jsonl", "{}");
    write_file("mixed/b/c.jsonl", "{}");
    expect_names("mixed", "\"[ab]*\"", NULL, "a.jsonl");
}

static void test_a_folder_stands_for_the_files_below_it(void)
{
    write_file("tree/b/PMC2/PMC2.nxml", "<article/>");
    write_file("tree/b/PMC2/figure.jpg", "x");
    write_file("tree/a.tar.gz", "x");
    write_file("tree/b/c.XML.gz", "x");
    write_file("tree/b/.d.xml", "x");
    write_file("tree/b/PMC1.xml", "<article/>");
    g_autofree char *link = inside("tree/b/round");
    g_assert_cmpint(symlink("..", link), ==, 0);
    expect_names_of("jats", "tree", "b", "b/PMC1.xml b/PMC2/PMC2.nxml b/c.XML.gz");
    expect_names_of("jats", "tree", "b, a.tar.gz", "b/PMC1.xml b/PMC2/PMC2.nxml b/c.XML.gz a.tar.gz");
    expect_names_of("jats", "tree", "\"b/PMC*\"", "b/PMC1.xml");
    expect_names_of("jsonl", "tree", "\"b/PMC2\"", "b/PMC2/PMC2.nxml b/PMC2/figure.jpg");
}

static char *fingerprint_with(const char *settings)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = recipe_over("print", "a.jsonl", settings, NULL);
    g_autoptr(GPtrArray) inputs = inputs_list(recipe, NULL, &error);
    g_assert_no_error(error);
    return inputs_fingerprint(recipe, inputs);
}

static void test_only_what_changes_the_reading_changes_the_fingerprint(void)
{
    static const char *const later[] = {"group: abstracts", "group: papers, repeat: 3", "group: papers, valid: 0.5", "group: papers, name: B",
                                        "group: papers, redistributable: true"};
    static const char *const reading[] = {"group: papers, text_field: body", "group: papers, id_field: doi", "group: papers, licence: CC0-1.0"};
    write_file("print/a.jsonl", "{}");
    g_autofree char *plain = fingerprint_with("group: papers");
    for (guint i = 0; i < G_N_ELEMENTS(later); i++) {
        g_autofree char *other = fingerprint_with(later[i]);
        g_assert_cmpstr(other, ==, plain);
    }
    for (guint i = 0; i < G_N_ELEMENTS(reading); i++) {
        g_autofree char *other = fingerprint_with(reading[i]);
        g_assert_cmpstr(other, !=, plain);
    }
    write_file("print/a.jsonl", "{ }");
    g_autofree char *changed = fingerprint_with("group: papers");
    g_assert_cmpstr(changed, !=, plain);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-inputs-XXXXXX", NULL);
    g_test_add_func("/inputs/a file of two patterns is read once", test_a_file_of_two_patterns_is_read_once);
    g_test_add_func("/inputs/a folder named like a pattern is only a name", test_a_folder_named_like_a_pattern_is_only_a_name);
    g_test_add_func("/inputs/names do not depend on how the folder is written", test_names_do_not_depend_on_how_the_folder_is_written);
    g_test_add_func("/inputs/what is no regular file is refused", test_what_is_no_regular_file_is_refused);
    g_test_add_func("/inputs/a wildcard passes over folders", test_a_wildcard_passes_over_folders);
    g_test_add_func("/inputs/a folder stands for the files below it", test_a_folder_stands_for_the_files_below_it);
    g_test_add_func("/inputs/only what changes the reading changes the fingerprint", test_only_what_changes_the_reading_changes_the_fingerprint);
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    if (system(command) != 0)
        result = 1;
    g_free(directory);
    return result;
}
