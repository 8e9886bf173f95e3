/* SPDX-License-Identifier: Apache-2.0
 * galen clean: what cleaning did to a store, and how a document came by its text. Changes nothing. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/clean.h"
#include "cli/commands.h"

static int explain(Store *store, char **ids, const char *recipe, gboolean json, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn)
        return EXIT_SYSTEM;
    gboolean colour = !json && isatty(STDOUT_FILENO) && !g_getenv("NO_COLOR");
    for (char **id = ids; *id; id++) {
        g_autoptr(json_t) story = clean_explain(txn, *id, recipe, colour, error);
        if (!story)
            return EXIT_BAD_INPUT;
        if (json)
            print_json(json_incref(story));
        else
            clean_print_explanation(story, colour);
    }
    return EXIT_GOOD;
}

static int report(Store *store, const char *source, gboolean json, GError **error)
{
    g_autoptr(json_t) counts = clean_report(store, source, error);
    if (!counts)
        return EXIT_BAD_INPUT;
    if (json)
        print_json(json_incref(counts));
    else
        clean_print_report(counts);
    return EXIT_GOOD;
}

static int run(const Command *command, int argc, char **argv)
{
    gboolean json = FALSE, rules = FALSE;
    g_autofree char *recipe = NULL, *source = NULL;
    g_auto(GStrv) ids = NULL;
    const GOptionEntry entries[] = {
        {"explain", 'e', 0, G_OPTION_ARG_STRING_ARRAY, &ids, "Show a document before and after each rule, and what each drop measured; may be repeated", "ID"},
        {"recipe", 0, 0, G_OPTION_ARG_FILENAME, &recipe, "Explain with the settings of this recipe, not with those of the build", "RECIPE"},
        {"source", 0, 0, G_OPTION_ARG_STRING, &source, "Report on this source only", "TAG"},
        {"rules", 0, 0, G_OPTION_ARG_NONE, &rules, "List all rules and drops; needs no store", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
        {NULL},
    };
    int status;
    if (!command_parse(command, entries, &argc, &argv, &status))
        return status;
    if (rules && argc == 1) {
        clean_print_rules(json);
        return EXIT_GOOD;
    }
    if (argc != 2)
        return command_usage(command, "name one store");
    if (recipe && !ids)
        return command_usage(command, "--recipe says how to --explain a document; to clean a store anew: galen build RECIPE -o STORE --until clean");
    GError *error = NULL;
    g_autoptr(Store) store = store_open(argv[1], STORE_READ, &error);
    if (!store)
        return command_fail(error);
    status = ids ? explain(store, ids, recipe, json, &error) : report(store, source, json, &error);
    return error ? command_fail(error) : status;
}

const Command command_clean = {
    .name = "clean",
    .arguments = "STORE",
    .summary = "tell what cleaning did to a store or, with --explain, to a document",
    .details = "Without --explain: for each source, how often each rule edited and each drop dropped. With it: the text before and\n"
               "after each rule as a unified diff, in the order in which the rules ran, then every drop's value and threshold.\n"
               "ID is a document's number, SOURCE/ID, or an id that only one source has. Nothing is changed: cleaning itself is\n"
               "a stage of 'galen build', which runs it again when a setting has changed.\n\n"
               "Examples:\n"
               "  galen clean corpus.galen\n"
               "  galen clean corpus.galen --explain PMID:31452104\n"
               "  galen clean corpus.galen --explain 17 --recipe edited.yaml    # before building again\n"
               "  galen clean --rules",
    .run = run,
};
