/* SPDX-License-Identifier: Apache-2.0
 * galen sources show: the facts of a source, and its settings with defaults filled in. */
#include <stdio.h>

#include "cli/sources.h"
#include "store/recipe_settings.h"

#define COLUMN 22 /* where values stand */

static json_t *facts_of(const SourceFile *file)
{
    json_t *facts = json_object();
    json_object_set_new(facts, "publisher", json_text(file->publisher));
    json_object_set_new(facts, "homepage", json_text(file->homepage));
    json_object_set_new(facts, "audience", json_text(file->audience));
    json_object_set_new(facts, "country", json_text(file->country));
    json_object_set_new(facts, "expected_documents", json_integer((json_int_t)file->expected.documents));
    json_object_set_new(facts, "expected_ktokens", json_integer((json_int_t)file->expected.ktokens));
    json_object_set_new(facts, "tests", json_integer(file->tests_count));
    json_object_set_new(facts, "notes", json_text(file->notes));
    json_object_set_new(facts, "file", json_text(file->path));
    return facts;
}

/* One line; what is no string as JSON. */
static void print_scalar(const char *key, const json_t *value, int indent)
{
    g_autofree char *text = json_is_string(value) ? g_strchomp(g_strdup(json_string_value(value))) : NULL;
    char *other = text ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
    printf("%*s%-*s%s\n", indent, "", COLUMN - indent, key, text ? text : other);
    free(other);
}

static void print_value(const char *key, const json_t *value, int indent)
{
    const char *member;
    gsize index;
    json_t *child;
    if (json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0))
        return;
    if (json_is_object(value)) {
        printf("%*s%s\n", indent, "", key);
        json_object_foreach((json_t *)value, member, child)
            print_value(member, child, indent + 2);
    } else if (json_is_array(value)) {
        json_array_foreach(value, index, child)
            print_scalar(index == 0 ? key : "", child, indent);
    } else {
        print_scalar(key, value, indent);
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
    GError *error = NULL;
    if (!command_parse_exactly(command, entries, 1, &argc, &argv, &status))
        return status;
    g_autoptr(SourceFile) file = sources_open(argv[1], &error);
    if (!file)
        return command_fail(error);
    g_autoptr(json_t) settings = recipe_source_settings(&file->source), facts = facts_of(file);
    json_object_del(settings, "source_file");
    if (json) {
        print_json(json_pack("{s:i, s:O, s:O}", "version", 1, "facts", facts, "settings", settings));
        return EXIT_GOOD;
    }
    const char *key;
    json_t *value;
    json_object_foreach(facts, key, value)
        print_value(key, value, 0);
    putchar('\n');
    json_object_foreach(settings, key, value)
        print_value(key, value, 0);
    return EXIT_GOOD;
}

const Command command_sources_show = {
    .name = "sources show",
    .arguments = "TAG|FILE",
    .summary = "print a source's facts, and its settings with the defaults filled in",
    .details = "Examples:\n"
               "  galen sources show nice\n"
               "  galen sources show ./riverside.yaml --json",
    .run = run,
};
