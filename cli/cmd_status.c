/* SPDX-License-Identifier: Apache-2.0
 * galen status: what is in a store, in numbers. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "store/manifest.h"

static void print_row(const char *name, const json_t *facts)
{
    static const char *const columns[] = {"entered", "kept", "dropped", "merged", "tokens"};
    printf("%-20s", name);
    for (gsize i = 0; i < G_N_ELEMENTS(columns); i++) {
        g_autofree char *count = format_count((guint64)json_integer_value(json_object_get(facts, columns[i])));
        printf(" %12s", count);
    }
    putchar('\n');
}

void print_status(const json_t *status)
{
    gsize index;
    json_t *source;
    printf("%-20s %12s %12s %12s %12s %12s\n", "source", "entered", "kept", "dropped", "merged", "tokens");
    json_array_foreach(json_object_get(status, "sources"), index, source)
        print_row(json_get_string(source, "tag"), source);
    print_row("all", status);
    const char *root = json_get_string(status, "root");
    if (root)
        printf("root %s\n", root);
    else
        puts("unfinished: 'galen build' goes on with it");
}

static void print_contamination(const json_t *contamination)
{
    gsize index;
    json_t *benchmark;
    json_array_foreach(json_object_get(contamination, "benchmarks"), index, benchmark) {
        static const char *const keys[] = {"questions", "found", "documents", "never_found", "too_short"};
        char *counts[G_N_ELEMENTS(keys)];
        for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
            counts[i] = format_count((guint64)json_integer_value(json_object_get(benchmark, keys[i])));
        printf("benchmark %s: %s questions, %s found in %s documents (%s), %s never, %s too short to look for\n",
               json_get_string(benchmark, "name"), counts[0], counts[1], counts[2], json_get_string(contamination, "action"), counts[3],
               counts[4]);
        for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
            g_free(counts[i]);
    }
}

/* The sum over the sources of what a stage counted. */
static guint64 count_of(const json_t *counts, const char *what)
{
    guint64 sum = 0;
    const char *key;
    json_t *count;
    json_object_foreach((json_t *)counts, key, count) {
        const char *slash = strrchr(key, '/');
        if (slash && strcmp(slash + 1, what) == 0)
            sum += (guint64)json_integer_value(count);
    }
    return sum;
}

/* What the stage "passages" found, if it ran. */
static void print_passages(const json_t *runs)
{
    gsize index;
    json_t *run;
    json_array_foreach(runs, index, run) {
        const json_t *counts = json_object_get(run, "counts");
        if (strcmp(json_get_string(run, "stage"), "passages") != 0 || !json_is_true(json_object_get(run, "complete")))
            continue;
        guint64 words = count_of(counts, "words"), repeated = count_of(counts, "repeated_words");
        g_autofree char *some = format_count(repeated), *all = format_count(words), *documents = format_count(count_of(counts, "documents"));
        g_autofree char *cut = format_count(count_of(counts, "cut_words")), *cut_documents = format_count(count_of(counts, "cut"));
        printf("passages: %s of %s words (%.2f %%) stand more than once, in %s documents; %s words cut out of %s documents\n", some, all,
               words ? 100.0 * (double)repeated / (double)words : 0.0, documents, cut, cut_documents);
    }
}

static int run(const Command *command, int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
        {NULL},
    };
    int status;
    if (!command_parse_exactly(command, entries, 1, &argc, &argv, &status))
        return status;
    GError *error = NULL;
    g_autoptr(Store) store = store_open(argv[1], STORE_READ, &error);
    g_autoptr(json_t) facts = store ? status_compute(store, &error) : NULL;
    if (!facts)
        return command_fail(error);
    if (json)
        print_json(json_incref(facts));
    else {
        print_status(facts);
        print_passages(json_object_get(facts, "runs"));
        print_contamination(json_object_get(facts, "contamination"));
    }
    return EXIT_GOOD;
}

const Command command_status = {
    .name = "status",
    .arguments = "STORE",
    .summary = "count documents and tokens, by source",
    .details = "Examples:\n"
               "  galen status corpus.galen\n"
               "  galen status corpus.galen --json | jq .root",
    .run = run,
};
