/* SPDX-License-Identifier: Apache-2.0
 * galen audit: check a store against itself. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "scrapers/forget_captures.h"
#include "store/audit.h"

#define TEXT_WIDTH 100

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

static json_t *kind_json(const FindingKind *kind)
{
    json_t *object = json_object();
    json_object_set_new(object, "id", json_text(kind->id));
    json_object_set_new(object, "severity", json_text(severity_name(kind->severity)));
    json_object_set_new(object, "summary", json_text(kind->summary));
    json_object_set_new(object, "meaning", json_text(kind->meaning));
    json_object_set_new(object, "remedy", json_text(kind->remedy));
    return object;
}

static void print_kind(const FindingKind *kind)
{
    g_autofree char *meaning = wrap_text(kind->meaning, 2, TEXT_WIDTH), *remedy = wrap_text(kind->remedy, 2, TEXT_WIDTH);
    printf("%s (%s): %s\n\n%s\nWhat to do:\n%s", kind->id, severity_name(kind->severity), kind->summary, meaning, remedy);
}

/* One kind, or all of them in a line each. */
static int explain(const Command *command, const char *id, gboolean json)
{
    gsize count;
    const FindingKind *kinds = finding_kinds(&count), *kind = finding_kind(id);
    if (!kind && strcmp(id, "all") != 0)
        return command_usage(command, "no finding has the id '%s'; 'galen audit --explain all' lists the ids", id);
    if (kind && json)
        print_json(kind_json(kind));
    else if (kind)
        print_kind(kind);
    else if (json) {
        json_t *list = json_array();
        for (gsize i = 0; i < count; i++)
            json_array_append_new(list, kind_json(&kinds[i]));
        print_json(list);
    } else
        for (gsize i = 0; i < count; i++)
            printf("%-20s %-8s %s\n", kinds[i].id, severity_name(kinds[i].severity), kinds[i].summary);
    return EXIT_GOOD;
}

static int run(const Command *command, int argc, char **argv)
{
    gboolean json = FALSE, quiet = FALSE;
    g_autofree char *id = NULL;
    int jobs = 0, status;
    const GOptionEntry entries[] = {
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &jobs, "Threads (one for each processor)", "N"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
        {"explain", 0, 0, G_OPTION_ARG_STRING, &id, "Say what a finding means and what to do, and look at no store; ID all lists them", "ID"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Show no progress", NULL},
        {NULL},
    };
    if (!command_parse(command, entries, &argc, &argv, &status))
        return status;
    if (argc != (id ? 1 : 2))
        return command_usage(command, id ? "--explain takes no store" : "which store?");
    if (id)
        return explain(command, id, json);
    GError *error = NULL;
    g_autoptr(Progress) progress = progress_new();
    Screen *screen = screen_start(progress, quiet);
    g_autoptr(GPtrArray) findings = audit_store(argv[1], forget_captures_audit, jobs > 0 ? (unsigned)jobs : default_jobs(), progress, &error);
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
    .arguments = "STORE | --explain ID",
    .summary = "recompute all hashes and counts of a store, and list what is wrong",
    .details = "Reads everything, changes nothing: pages of the database, checksums of records, captures, the ledger, spans and\n"
               "tokens, and the hashes up to the manifest's root. Any one changed byte is found. Each finding has an id that stays\n"
               "the same for years. Exit status 1 when there is an error among them; warnings alone are 0.\n\n"
               "Examples:\n"
               "  galen audit corpus.galen\n"
               "  galen audit --explain hash-mismatch\n"
               "  galen audit corpus.galen --json | jq '.findings[].id'",
    .run = run,
};
