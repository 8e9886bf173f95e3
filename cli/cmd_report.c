/* SPDX-License-Identifier: Apache-2.0
 * galen report: a store as a page for people, and its numbers for programs. */
#include <stdio.h>

#include "base/file.h"
#include "cli/commands.h"
#include "store/report/report.h"

static gboolean write_page(const json_t *numbers, const char *path, GError **error)
{
    gsize length;
    g_autofree char *page = report_html(numbers, &length);
    return file_replace(path, page, length, error);
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *output = NULL;
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The page to write", "FILE"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print the page's numbers as JSON", NULL},
        {NULL},
    };
    int status;
    if (!command_parse_exactly(command, entries, 1, &argc, &argv, &status))
        return status;
    if (!output && !json)
        return command_usage(command, "say where the page goes: -o FILE, or ask for its numbers: --json");
    GError *error = NULL;
    g_autoptr(Store) store = store_open(argv[1], STORE_READ, &error);
    g_autoptr(json_t) numbers = store ? report_numbers(store, &error) : NULL;
    if (!numbers || (output && !write_page(numbers, output, &error)))
        return command_fail(error);
    if (json)
        print_json(json_incref(numbers));
    else
        printf("wrote %s\n", output);
    return EXIT_GOOD;
}

const Command command_report = {
    .name = "report",
    .arguments = "STORE [-o FILE] [--json]",
    .summary = "write a page about a store: composition, drops, lengths, licences, mix",
    .details = "One HTML file that needs nothing else: open it in a browser, print it, send it.\n"
               "--json prints the same numbers for programs; docs/report.md explains them.\n\n"
               "Examples:\n"
               "  galen report corpus.galen -o report.html\n"
               "  galen report corpus.galen --json | jq '.composition[] | {tag, tokens}'",
    .run = run,
};
