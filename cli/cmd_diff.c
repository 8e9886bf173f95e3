/* SPDX-License-Identifier: Apache-2.0
 * galen diff: what differs between two builds. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "store/build_diff.h"

#define MANIFEST_LIMIT ((gsize)1 << 30)
#define VALUE_WIDTH 60 /* of a setting, in a line for people */

typedef struct Options {
    gboolean json, list, quiet;
    int jobs;
} Options;

/* ---- One document a line ---------------------------------------------------------------------------------------- */

static const struct {
    DiffKinds kind;
    const char *name;
} kind_names[] = {
    {DIFF_TEXT, "text"}, {DIFF_CLEAN, "clean"}, {DIFF_CUTS, "cuts"}, {DIFF_VERDICT, "verdict"}, {DIFF_TOKENS, "tokens"},
};

static char *changes_of(const DiffEntry *entry)
{
    GString *text = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(kind_names); i++)
        if (entry->kinds & kind_names[i].kind)
            g_string_append_printf(text, "%s%s", text->len ? "," : "", kind_names[i].name);
    return g_string_free(text, FALSE);
}

static const char *way_of(const DiffEntry *entry)
{
    return entry->kinds & DIFF_IN ? "in" : entry->kinds & DIFF_OUT ? "out" : "changed";
}

static void print_entry(gpointer user, const DiffEntry *entry)
{
    g_autofree char *changes = changes_of(entry);
    printf("%-8s %s/%s  ", way_of(entry), entry->source, entry->id);
    if (entry->kinds & (DIFF_IN | DIFF_OUT))
        printf("%s", entry->from ? entry->from : entry->to);
    else if (entry->kinds & DIFF_VERDICT)
        printf("%s: %s -> %s", changes, entry->from, entry->to);
    else
        printf("%s", changes);
    putchar('\n');
}

static void print_entry_json(gpointer user, const DiffEntry *entry)
{
    g_autofree char *changes = changes_of(entry);
    g_auto(GStrv) names = g_strsplit(changes, ",", -1);
    json_t *kinds = json_array();
    for (char **name = names; *name; name++)
        json_array_append_new(kinds, json_text(*name));
    g_autoptr(json_t) object = json_object();
    json_object_set_new(object, "way", json_text(way_of(entry)));
    json_object_set_new(object, "source", json_text(entry->source));
    json_object_set_new(object, "id", json_text(entry->id));
    json_object_set_new(object, "changes", kinds);
    json_object_set_new(object, "from", json_text(entry->from));
    json_object_set_new(object, "to", json_text(entry->to));
    json_object_set_new(object, "tokens", json_pack("[I, I]", (json_int_t)entry->tokens[0], (json_int_t)entry->tokens[1]));
    g_autofree char *line = json_write(object);
    puts(line);
}

/* ---- The summary ------------------------------------------------------------------------------------------------ */

static char *value_text(const json_t *value)
{
    g_autofree char *text = json_write(value);
    if (strlen(text) <= VALUE_WIDTH)
        return g_steal_pointer(&text);
    *g_utf8_find_prev_char(text, text + VALUE_WIDTH + 1) = '\0';
    return g_strconcat(text, "...", NULL);
}

static void print_settings(const json_t *settings)
{
    gsize index;
    json_t *setting;
    if (json_array_size(settings))
        puts("settings");
    json_array_foreach((json_t *)settings, index, setting) {
        g_autofree char *from = value_text(json_object_get(setting, "from")), *to = value_text(json_object_get(setting, "to"));
        printf("  %s: %s -> %s\n", json_get_string(setting, "path"), from, to);
    }
}

static void print_pair(const json_t *pair)
{
    g_autofree char *before = format_count((guint64)json_integer_value(json_array_get(pair, 0)));
    g_autofree char *after = format_count((guint64)json_integer_value(json_array_get(pair, 1)));
    g_autofree char *text = g_strdup_printf("%s -> %s", before, after);
    printf(" %26s", text);
}

static void print_number(const json_t *value)
{
    g_autofree char *count = format_count((guint64)json_integer_value(value));
    printf(" %10s", count);
}

/* Of stores with in, out and changed; of manifests, which know no documents, with their number. */
static void print_sources(const json_t *sources)
{
    static const char *const numbers[] = {"in", "out", "changed", "verdicts"};
    gboolean walked = json_object_get(json_array_get(sources, 0), "in") != NULL;
    gsize index;
    json_t *source;
    if (json_array_size(sources) == 0)
        return;
    printf(walked ? "%-20s %10s %10s %10s %10s %26s %26s\n" : "%-20s %26s %26s %26s\n", "source", walked ? "in" : "documents",
           walked ? "out" : "kept", walked ? "changed" : "tokens", "verdicts", "kept", "tokens");
    json_array_foreach((json_t *)sources, index, source) {
        printf("%-20s", json_get_string(source, "tag"));
        for (gsize i = 0; walked && i < G_N_ELEMENTS(numbers); i++)
            print_number(json_object_get(source, numbers[i]));
        if (!walked)
            print_pair(json_object_get(source, "documents"));
        print_pair(json_object_get(source, "kept"));
        print_pair(json_object_get(source, "tokens"));
        puts(json_is_true(json_object_get(source, "repeats_differ")) ? "  documents of one id differ, too" : "");
    }
}

static void print_verdicts(const json_t *verdicts)
{
    gsize index;
    json_t *verdict;
    if (json_array_size(verdicts))
        puts("verdicts");
    json_array_foreach((json_t *)verdicts, index, verdict) {
        const char *rule = json_get_string(verdict, "rule");
        const json_t *documents = json_object_get(verdict, "documents");
        if (rule)
            printf("  %-18s %s: %lld -> %lld\n", json_get_string(verdict, "source"), rule,
                   (long long)json_integer_value(json_array_get(documents, 0)), (long long)json_integer_value(json_array_get(documents, 1)));
        else
            printf("  %-18s %lld: %s -> %s\n", json_get_string(verdict, "source"), (long long)json_integer_value(documents),
                   json_get_string(verdict, "from"), json_get_string(verdict, "to"));
    }
}

/* Where nothing above says why the roots differ. */
static void print_manifest(const json_t *diff)
{
    gsize index;
    json_t *path;
    if (json_array_size(json_object_get(diff, "sources")))
        return;
    json_array_foreach(json_object_get(diff, "manifest"), index, path)
        printf("manifest %s\n", json_string_value(path));
}

static void print_diff(const json_t *diff)
{
    if (json_is_true(json_object_get(diff, "same")))
        return;
    print_settings(json_object_get(diff, "settings"));
    print_sources(json_object_get(diff, "sources"));
    print_verdicts(json_object_get(diff, "verdicts"));
    print_manifest(diff);
}

/* ---- Two of a kind ----------------------------------------------------------------------------------------------- */

static json_t *load_manifest(const char *path, GError **error)
{
    g_autofree char *inside = g_file_test(path, G_FILE_TEST_IS_DIR) ? g_build_filename(path, STORE_MANIFEST, NULL) : g_strdup(path);
    g_autofree char *text = NULL;
    gsize length;
    if (!file_read(inside, MANIFEST_LIMIT, &text, &length, error))
        return NULL;
    g_autoptr(json_t) manifest = json_parse(text, length, inside, error);
    if (manifest && json_get_string(manifest, "root"))
        return g_steal_pointer(&manifest);
    if (manifest)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s is no manifest of a store: it has no root", inside);
    return NULL;
}

static json_t *diff_manifests(char *const *paths, GError **error)
{
    g_autoptr(json_t) before = load_manifest(paths[0], error);
    g_autoptr(json_t) after = before ? load_manifest(paths[1], error) : NULL;
    return after ? build_diff_manifests(before, after) : NULL;
}

static json_t *diff_stores(char *const *paths, const Options *options, GError **error)
{
    g_autoptr(Store) before = store_open(paths[0], STORE_READ, error);
    if (!before)
        return NULL;
    struct stat ours, theirs; /* LMDB opens a store once in a process */
    gboolean one = stat(paths[0], &ours) == 0 && stat(paths[1], &theirs) == 0 && ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
    g_autoptr(Store) other = one ? NULL : store_open(paths[1], STORE_READ, error);
    if (!one && !other)
        return NULL;
    g_autoptr(Progress) progress = progress_new();
    Screen *screen = screen_start(progress, options->quiet || options->list);
    DiffVisit visit = !options->list ? NULL : options->json ? print_entry_json : print_entry;
    json_t *diff = build_diff_stores(before, one ? before : other, options->jobs > 0 ? (unsigned)options->jobs : default_jobs(),
                                     progress, visit, NULL, error);
    screen_stop(screen);
    return diff;
}

static int report(json_t *diff, const Options *options)
{
    int status = json_is_true(json_object_get(diff, "same")) ? EXIT_GOOD : EXIT_FINDINGS;
    if (options->json && !options->list) {
        json_object_set_new(diff, "version", json_integer(1));
        print_json(json_incref(diff));
    } else if (!options->list) {
        print_diff(diff);
    }
    return status;
}

static int run(const Command *command, int argc, char **argv)
{
    Options options = {0};
    const GOptionEntry entries[] = {
        {"list", 0, 0, G_OPTION_ARG_NONE, &options.list, "Name each document that differs, one a line, instead of counting them", NULL},
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &options.jobs, "Threads (one for each processor)", "N"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print JSON; with --list an object a line", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "Show no progress", NULL},
        {NULL},
    };
    int status;
    if (!command_parse_exactly(command, entries, 2, &argc, &argv, &status))
        return status;
    gboolean manifests = g_file_test(argv[1], G_FILE_TEST_IS_REGULAR) || g_file_test(argv[2], G_FILE_TEST_IS_REGULAR);
    if (manifests && options.list)
        return command_usage(command, "a manifest knows no documents, so --list needs two stores");
    GError *error = NULL;
    g_autoptr(json_t) diff = manifests ? diff_manifests(argv + 1, &error) : diff_stores(argv + 1, &options, &error);
    return diff ? report(diff, &options) : command_fail(error);
}

const Command command_diff = {
    .name = "diff",
    .arguments = "A B",
    .summary = "compare two builds: settings, documents in, out and changed, verdicts, tokens",
    .details = "A and B are stores, or one of them or both a manifest.json, which knows counts but no documents. Documents are\n"
               "told by source and id. Exit status 0 and no output where both are the same, 1 where they differ. A store keeps\n"
               "the manifest of the build before as manifest.previous.json.\n\n"
               "Examples:\n"
               "  galen diff old.galen new.galen\n"
               "  galen diff old.galen new.galen --list | grep 'dropped clean/too-short'\n"
               "  galen diff corpus.galen/manifest.previous.json corpus.galen",
    .run = run,
};
