/* SPDX-License-Identifier: Apache-2.0
 * galen report: a store as a page for people. */
#include <stdio.h>

#include "base/file.h"
#include "cli/commands.h"
#include "store/report/report.h"

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *output = NULL;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The page to write", "FILE"},
        {NULL},
    };
    int status;
    if (!command_parse_exactly(command, entries, 1, &argc, &argv, &status))
        return status;
    if (!output)
        return command_usage(command, "say where the page goes: -o FILE");
    GError *error = NULL;
    gsize length;
    g_autoptr(Store) store = store_open(argv[1], STORE_READ, &error);
    g_autofree char *page = store ? report_html(store, &length, &error) : NULL;
    if (!page || !file_replace(output, page, length, &error))
        return command_fail(error);
    printf("wrote %s\n", output);
    return EXIT_GOOD;
}

const Command command_report = {
    .name = "report",
    .arguments = "STORE -o FILE",
    .summary = "write a page about a store: composition, drops, lengths, licences, mix",
    .details = "One HTML file that needs nothing else: open it in a browser, print it, send it.\n"
               "For programs, 'galen status --json' and the store's manifest.json have the numbers.\n\n"
               "Examples:\n"
               "  galen report corpus.galen -o report.html",
    .run = run,
};
