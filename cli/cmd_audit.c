/* SPDX-License-Identifier: Apache-2.0
 * galen audit: check a store against itself. */
#include <stdio.h>

#include "cli/commands.h"
#include "store/audit.h"

static guint count_severity(const GPtrArray *findings, Severity severity)
{
    guint count = 0;
    for (guint i = 0; i < findings->len; i++)
        count += ((const Finding *)findings->pdata[i])->severity == severity;
    return count;
}

static void print_findings(const GPtrArray *findings)
{
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = findings->pdata[i];
        printf("%-20s %-8s %s: %s\n", finding->id, severity_name(finding->severity), finding->where, finding->message);
    }
    guint errors = count_severity(findings, SEVERITY_ERROR), warnings = count_severity(findings, SEVERITY_WARNING);
    if (errors == 0)
        printf("clean: no errors, %u warning%s\n", warnings, warnings == 1 ? "" : "s");
    else
        printf("%u error%s, %u warning%s\n", errors, errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

static void print_findings_json(const GPtrArray *findings)
{
    json_t *list = json_array();
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = findings->pdata[i];
        json_t *object = json_object();
        json_object_set_new(object, "id", json_text(finding->id));
        json_object_set_new(object, "severity", json_text(severity_name(finding->severity)));
        json_object_set_new(object, "where", json_text(finding->where));
        json_object_set_new(object, "message", json_text(finding->message));
        json_array_append_new(list, object);
    }
    print_json(json_pack("{s:i, s:i, s:i, s:o}", "version", 1, "errors", (int)count_severity(findings, SEVERITY_ERROR), "warnings",
                         (int)count_severity(findings, SEVERITY_WARNING), "findings", list));
}

static int run(const Command *command, int argc, char **argv)
{
    gboolean json = FALSE, quiet = FALSE;
    int jobs = 0, status;
    const GOptionEntry entries[] = {
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &jobs, "Threads (one for each processor)", "N"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Show no progress", NULL},
        {NULL},
    };
    if (!command_parse_exactly(command, entries, 1, &argc, &argv, &status))
        return status;
    GError *error = NULL;
    g_autoptr(Store) store = store_open(argv[1], STORE_READ, &error);
    if (!store)
        return command_fail(error);
    g_autoptr(Progress) progress = progress_new();
    StageContext context = {.store = store, .progress = progress, .jobs = jobs > 0 ? (unsigned)jobs : default_jobs()};
    Screen *screen = screen_start(progress, quiet);
    g_autoptr(GPtrArray) findings = audit_run(&context, &error);
    screen_stop(screen);
    if (!findings)
        return command_fail(error);
    if (json)
        print_findings_json(findings);
    else
        print_findings(findings);
    return count_severity(findings, SEVERITY_ERROR) ? EXIT_FINDINGS : EXIT_GOOD;
}

const Command command_audit = {
    .name = "audit",
    .arguments = "STORE",
    .summary = "recompute all hashes and counts of a store, and list what is wrong",
    .details = "Reads everything, changes nothing. Each finding has an id that stays the same for years. Exit status 1 when\n"
               "there is an error among them; warnings alone are 0.\n\n"
               "Examples:\n"
               "  galen audit corpus.galen\n"
               "  galen audit corpus.galen --json | jq '.findings[].id'",
    .run = run,
};
