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

static double percent(json_int_t part, json_int_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_part(const json_t *part, json_int_t all)
{
    static const char *const columns[] = {"available_tokens", "asked_tokens", "drawn_tokens"};
    json_int_t drawn = json_integer_value(json_object_get(part, "drawn_tokens"));
    json_int_t passes = json_integer_value(json_object_get(part, "passes")), documents = json_integer_value(json_object_get(part, "documents"));
    const char *limit = json_get_string(part, "limit");
    printf("%-20s", json_get_string(part, "tag"));
    for (gsize i = 0; i < G_N_ELEMENTS(columns); i++) {
        g_autofree char *count = format_count((guint64)json_integer_value(json_object_get(part, columns[i])));
        printf(" %12s", count);
    }
    printf(" %8.2f %% %7.2f", percent(drawn, all), documents ? (double)passes / (double)documents : 0);
    printf(limit ? "  %s\n" : "\n", limit);
}

/* What the mix was asked for and what it got, in training tokens. */
static void print_mix(const json_t *mix)
{
    gsize index;
    json_t *part;
    if (!json_is_object(mix))
        return;
    json_int_t all = json_integer_value(json_object_get(mix, "drawn_tokens")), asked = json_integer_value(json_object_get(mix, "replay_asked_tokens"));
    json_int_t replay = json_integer_value(json_object_get(mix, "replay_drawn_tokens"));
    printf("\n%-20s %12s %12s %12s %10s %7s  %s\n", "training tokens", "available", "asked", "drawn", "share", "passes", "limit");
    json_array_foreach(json_object_get(mix, "sources"), index, part)
        print_part(part, all);
    if (!asked)
        return;
    g_autofree char *wanted = format_count((guint64)asked), *got = format_count((guint64)replay);
    printf("replay: %s tokens asked, %s drawn: %.4f %% of the mix\n", wanted, got, percent(replay, all));
}

/* A source's row of the mix; NULL: there is none. */
static const json_t *part_of(const json_t *mix, const char *tag)
{
    const json_t *parts = json_object_get(mix, "sources");
    for (gsize i = 0; i < json_array_size(parts); i++)
        if (g_strcmp0(json_get_string(json_array_get(parts, i), "tag"), tag) == 0)
            return json_array_get(parts, i);
    return NULL;
}

static char *megabytes(const json_t *sample, const char *key)
{
    return g_strdup_printf("%.1f", (double)json_integer_value(json_object_get(sample, key)) / 1e6);
}

/* What samples were drawn of, what came of it, and the tokens that the mix then asked of them and got. */
static void print_samples(const json_t *sources, const json_t *mix)
{
    gsize index;
    json_t *source;
    json_array_foreach(sources, index, source) {
        const json_t *sample = json_object_get(source, "sample"), *part = part_of(mix, json_get_string(source, "tag"));
        if (!sample)
            continue;
        g_autofree char *seen = format_count((guint64)json_integer_value(json_object_get(sample, "seen")));
        g_autofree char *drawn = format_count((guint64)json_integer_value(json_object_get(sample, "drawn")));
        g_autofree char *of = megabytes(sample, "seen_bytes"), *got = megabytes(sample, "drawn_bytes");
        printf("sample %s: share %g asked; %s of %s records drawn, %s of %s MB", json_get_string(source, "tag"),
               json_number_value(json_object_get(sample, "share")), drawn, seen, got, of);
        if (part) {
            g_autofree char *asked = format_count((guint64)json_integer_value(json_object_get(part, "asked_tokens")));
            g_autofree char *taken = format_count((guint64)json_integer_value(json_object_get(part, "drawn_tokens")));
            printf("; tokens asked %s, got %s", asked, taken);
        }
        putchar('\n');
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
        print_mix(json_object_get(facts, "mix"));
        print_samples(json_object_get(facts, "sources"), json_object_get(facts, "mix"));
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
