/* SPDX-License-Identifier: Apache-2.0
 * galen sources list: a line for each source file. */
#include <stdio.h>

#include "cli/sources.h"

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static json_t *describe(const SourceFile *file)
{
    json_t *object = json_object();
    json_object_set_new(object, "tag", json_text(file->source.tag));
    json_object_set_new(object, "name", json_text(file->source.name ? file->source.name : file->source.tag));
    json_object_set_new(object, "country", json_text(file->country));
    json_object_set_new(object, "audience", json_text(file->audience));
    json_object_set_new(object, "licence", json_text(file->source.licence));
    json_object_set_new(object, "redistributable", json_boolean(file->source.redistributable));
    json_object_set_new(object, "expected_documents", json_integer((json_int_t)file->expected.documents));
    json_object_set_new(object, "expected_ktokens", json_integer((json_int_t)file->expected.ktokens));
    json_object_set_new(object, "path", json_text(file->path));
    return object;
}

static void print_line(const SourceFile *file)
{
    g_autofree char *documents = format_count(file->expected.documents);
    printf("%-10s %-44.44s %-13s %-8s %-5s %10s  %s\n", file->source.tag, file->source.name ? file->source.name : file->source.tag,
           or_dash(file->country), or_dash(file->audience), file->source.redistributable ? "open" : "no", documents,
           or_dash(file->source.licence));
}

/* An empty list is more likely a folder not found than a wish for none. */
static int no_files(void)
{
    g_autoptr(GPtrArray) folders = source_file_folders();
    fputs("galen: there are no source files in these folders:\n", stderr);
    for (guint i = 0; i < folders->len; i++)
        fprintf(stderr, "  %s\n", (const char *)folders->pdata[i]);
    fputs("set GALEN_SOURCES to the folder that holds them\n", stderr);
    return EXIT_BAD_INPUT;
}

static int run(const Command *command, int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
        {NULL},
    };
    int status = EXIT_GOOD;
    if (!command_parse_exactly(command, entries, 0, &argc, &argv, &status))
        return status;
    g_autoptr(GPtrArray) tags = source_file_tags();
    if (tags->len == 0)
        return no_files();
    g_autoptr(json_t) sources = json_array();
    if (!json)
        printf("%-10s %-44s %-13s %-8s %-5s %10s  %s\n", "tag", "name", "country", "audience", "open", "documents", "licence");
    for (guint i = 0; i < tags->len; i++) {
        GError *error = NULL;
        g_autoptr(SourceFile) file = sources_open(tags->pdata[i], &error);
        if (!file)
            status = command_fail(error);
        else if (json)
            json_array_append_new(sources, describe(file));
        else
            print_line(file);
    }
    if (json)
        print_json(json_pack("{s:i, s:O}", "version", 1, "sources", sources));
    return status;
}

const Command command_sources_list = {
    .name = "sources list",
    .arguments = "",
    .summary = "list all source files, with country, audience, licence and expected size",
    .details = "'open' says whether the source allows its texts to be passed on.",
    .run = run,
};
