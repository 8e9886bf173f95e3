/* SPDX-License-Identifier: Apache-2.0
 * galen sources check: whether live sites have drifted away from their source files. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/sources.h"
#include "scrapers/check.h"

#define STATE_LIMIT ((gsize)64 << 20)

typedef struct CheckOptions {
    const char *state_path;
    gboolean json;
    json_t *state; /* {"version": 1, "sources": {TAG: measure}} */
} CheckOptions;

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void print_measure(const json_t *measure)
{
    gsize index;
    json_t *entry;
    printf("%s: %" JSON_INTEGER_FORMAT " pages fetched, %" JSON_INTEGER_FORMAT " documents looked at, %" JSON_INTEGER_FORMAT
           " listed%s; median %" JSON_INTEGER_FORMAT " words\n", json_get_string(measure, "tag"), number(measure, "fetched"),
           number(measure, "documents"), number(measure, "listed"), json_is_true(json_object_get(measure, "complete")) ? " in all" : "",
           number(measure, "words"));
    json_array_foreach(json_object_get(measure, "selectors"), index, entry)
        printf("  %-8s %3" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT "  %s\n", json_get_string(entry, "setting"), number(entry, "hits"),
               number(entry, "pages"), json_get_string(entry, "selector"));
    json_array_foreach(json_object_get(measure, "findings"), index, entry)
        printf("  finding %s: %s\n", json_get_string(entry, "id"), json_get_string(entry, "message"));
}

static json_t *read_state(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    if (!path || !g_file_test(path, G_FILE_TEST_EXISTS))
        return json_pack("{s:i, s:{}}", "version", 1, "sources");
    if (!file_read(path, STATE_LIMIT, &text, &length, error))
        return NULL;
    json_t *state = json_parse(text, length, path, error);
    if (state && json_is_object(json_object_get(state, "sources")))
        return state;
    if (state)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: this is not a state file of 'galen sources check'", path);
    json_decref(state);
    return NULL;
}

/* A measure without findings is what later checks compare with. */
static void remember(json_t *state, json_t *measure)
{
    g_autoptr(json_t) good = json_copy(measure);
    json_object_del(good, "findings");
    json_object_set(json_object_get(state, "sources"), json_get_string(measure, "tag"), good);
}

static json_t *check_source(const char *name, const CheckOptions *options, CheckSettings *settings, GError **error)
{
    g_autoptr(SourceFile) file = sources_open(name, error);
    if (!file)
        return NULL;
    settings->last = json_object_get(json_object_get(options->state, "sources"), file->source.tag);
    json_t *measure = source_check(file, settings, error);
    if (!measure)
        g_prefix_error(error, "while checking '%s': ", file->source.tag);
    return measure;
}

static int check_all(const GPtrArray *names, CheckOptions *options, CheckSettings *settings)
{
    int status = EXIT_GOOD;
    g_autoptr(json_t) measures = json_array();
    for (guint i = 0; i < names->len; i++) {
        GError *error = NULL;
        g_string_truncate(settings->notices, 0);
        Screen *screen = screen_start(settings->progress, FALSE);
        g_autoptr(json_t) measure = check_source(names->pdata[i], options, settings, &error);
        screen_stop(screen);
        fputs(settings->notices->str, stderr);
        if (!measure) {
            status = command_fail(error);
            continue;
        }
        gboolean good = json_array_size(json_object_get(measure, "findings")) == 0;
        if (good)
            remember(options->state, measure);
        else if (status == EXIT_GOOD)
            status = EXIT_FINDINGS;
        if (!options->json)
            print_measure(measure);
        json_array_append(measures, measure);
    }
    if (options->json)
        print_json(json_pack("{s:i, s:O}", "version", 1, "sources", measures));
    return status;
}

static int save_state(const CheckOptions *options, int status)
{
    GError *error = NULL;
    if (!options->state_path)
        return status;
    g_autofree char *text = json_pretty(options->state);
    return file_replace(options->state_path, text, strlen(text), &error) ? status : command_fail(error);
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *start = NULL, *state_path = NULL;
    g_autoptr(Progress) progress = progress_new();
    g_autoptr(GString) notices = g_string_new(NULL);
    int pages = 5, status;
    CheckOptions options = {0};
    CheckSettings settings = {.program = SOURCES_PROGRAM, .delay = -1, .progress = progress, .notices = notices};
    const GOptionEntry entries[] = {
        {"pages", 0, 0, G_OPTION_ARG_INT, &pages, "Documents to look at (5)", "N"},
        {"start", 0, 0, G_OPTION_ARG_STRING, &start, "Begin here, not at the file's start (and expect no number of documents)", "URL"},
        {"state", 0, 0, G_OPTION_ARG_FILENAME, &state_path, "The last good results: compared with, and written where all is well", "FILE"},
        {"delay", 0, 0, G_OPTION_ARG_DOUBLE, &settings.delay, "Seconds between requests (the file's)", "S"},
        {"allow-private", 0, 0, G_OPTION_ARG_NONE, &settings.allow_private, "Allow loopback and private addresses", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print JSON", NULL},
        {NULL},
    };
    if (!command_parse(command, entries, &argc, &argv, &status))
        return status;
    if (pages < 1 || pages > 1000)
        return command_usage(command, "--pages is 1 to 1000, not %d", pages);
    if (start && argc != 2)
        return command_usage(command, "--start is for one source; name it");
    settings.pages = (guint64)pages;
    settings.start = start;
    options.state_path = state_path;
    GError *error = NULL;
    options.state = read_state(state_path, &error);
    if (!options.state)
        return command_fail(error);
    g_autoptr(GPtrArray) names = sources_named(argc, argv);
    status = save_state(&options, check_all(names, &options, &settings));
    json_decref(options.state);
    return status;
}

const Command command_sources_check = {
    .name = "sources check",
    .arguments = "[TAG|FILE...]",
    .summary = "fetch a few pages of each site and tell whether it has changed",
    .details = "Reports how many pages each selector matches, how long the texts are and how many documents are listed, and compares\n"
               "with the last good results and with what the file expects. Findings: selector-missed, fewer-documents, shorter-text,\n"
               "no-links, extractors-disagree. Exit status 1: something was found.\n\n"
               "Examples:\n"
               "  galen sources check --state last-good.json\n"
               "  galen sources check nice --pages 10 --json",
    .run = run,
};
