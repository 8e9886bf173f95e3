/* SPDX-License-Identifier: Apache-2.0
 * galen sources test: the tests of source files over saved or captured pages. */
#include <stdio.h>

#include "base/error.h"
#include "cli/sources.h"
#include "scrapers/inputs.h"
#include "scrapers/source_test.h"

#define FIXTURES "tests/fixtures/sites"

typedef struct TestOptions {
    const char *pages, *store;
    gboolean json;
} TestOptions;

static void print_result(const json_t *result)
{
    gsize index, number;
    json_t *test, *text;
    const char *tag = json_get_string(result, "tag");
    json_array_foreach(json_object_get(result, "warnings"), index, text)
        printf("warning %s: %s\n", tag, json_string_value(text));
    json_array_foreach(json_object_get(result, "tests"), index, test) {
        printf("%s %s: %s\n", json_is_true(json_object_get(test, "passed")) ? "pass" : "FAIL", tag, json_get_string(test, "page"));
        json_array_foreach(json_object_get(test, "faults"), number, text)
            printf("     %s\n", json_string_value(text));
    }
    if (json_array_size(json_object_get(result, "tests")) == 0)
        printf("none %s: the file holds no tests\n", tag);
}

static json_t *test_source(const char *name, const TestOptions *options, GError **error)
{
    g_autoptr(SourceFile) file = sources_open(name, error);
    if (!file)
        return NULL;
    g_autofree char *folder = options->pages ? g_strdup(options->pages) : g_build_filename(FIXTURES, file->source.tag, NULL);
    g_autofree char *warc = options->store ? inputs_capture_path(options->store, file->source.tag) : NULL;
    json_t *result = source_test_run(file, folder, warc, SOURCES_PROGRAM, error);
    if (!result)
        g_prefix_error(error, "while testing '%s': ", file->source.tag);
    return result;
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *pages = NULL, *store = NULL;
    TestOptions options = {0};
    const GOptionEntry entries[] = {
        {"pages", 0, 0, G_OPTION_ARG_FILENAME, &pages, "Where the saved pages lie (" FIXTURES "/TAG)", "FOLDER"},
        {"store", 0, 0, G_OPTION_ARG_FILENAME, &store, "Take the pages that this store's crawl captured", "STORE"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print JSON", NULL},
        {NULL},
    };
    int status = EXIT_GOOD;
    if (!command_parse(command, entries, &argc, &argv, &status))
        return status;
    options.pages = pages;
    options.store = store;
    if (pages && store)
        return command_usage(command, "give --pages or --store, not both");
    g_autoptr(GPtrArray) names = sources_named(argc, argv);
    g_autoptr(json_t) results = json_array();
    for (guint i = 0; i < names->len; i++) {
        GError *error = NULL;
        g_autoptr(json_t) result = test_source(names->pdata[i], &options, &error);
        if (!result) {
            status = command_fail(error);
            continue;
        }
        if (status == EXIT_GOOD && json_integer_value(json_object_get(result, "failed")) > 0)
            status = EXIT_FINDINGS;
        if (!options.json)
            print_result(result);
        json_array_append(results, result);
    }
    if (options.json)
        print_json(json_pack("{s:i, s:O}", "version", 1, "sources", results));
    return status;
}

const Command command_sources_test = {
    .name = "sources test",
    .arguments = "[TAG|FILE...]",
    .summary = "run the tests that source files hold, without a network",
    .details = "Each test names a page, and a title and texts that must or must not come out of it. A page's file is found by the path\n"
               "of its URL: https://example.org/a/b is FOLDER/a/b, FOLDER/a/b.html or FOLDER/a/b/index.html. Exit status 1: a test failed.\n\n"
               "Examples:\n"
               "  galen sources test nice --pages tests/fixtures/sites/nice\n"
               "  galen sources test riverside.yaml --store corpus.galen",
    .run = run,
};
