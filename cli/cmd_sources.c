/* SPDX-License-Identifier: Apache-2.0
 * galen sources: the curator's bench; a table of sub-verbs, and the choice of one. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/sources.h"

static const Command *const verbs[] = {
    &command_sources_list, &command_sources_show, &command_sources_new, &command_sources_test, &command_sources_check,
};

SourceFile *sources_open(const char *name, GError **error)
{
    g_autofree char *path = source_file_find(name, NULL, error);
    return path ? source_file_load(path, error) : NULL;
}

GPtrArray *sources_named(int argc, char **argv)
{
    if (argc < 2)
        return source_file_tags();
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (int i = 1; i < argc; i++)
        g_ptr_array_add(names, g_strdup(argv[i]));
    return names;
}

static int print_help(const Command *command)
{
    printf("Usage:\n  galen sources VERB [OPTION...] ARGUMENT...\n\n%s\n\n", command->summary);
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
        printf("  %-5s  %s\n", verbs[i]->name + strlen("sources "), verbs[i]->summary);
    printf("\n%s\n", command->details);
    return EXIT_GOOD;
}

static int run(const Command *command, int argc, char **argv)
{
    if (argc < 2)
        return command_usage(command, "say what to do: list, show, new, test or check");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print_help(command);
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (strcmp(verbs[i]->name + strlen("sources "), argv[1]) == 0)
            return verbs[i]->run(verbs[i], argc - 1, argv + 1);
    return command_usage(command, "there is no '%s'; use list, show, new, test or check", argv[1]);
}

const Command command_sources = {
    .name = "sources",
    .arguments = "list|show|new|test|check ...",
    .summary = "list, draft, test and check the files that describe sources",
    .details = "A source file holds everything about one source: how it is crawled, what of its pages is text, its licence,\n"
               "and tests of its own. A recipe takes one in with 'use: TAG'. docs/adding-a-source.md walks through a new one.\n"
               "Files are looked for in the folders of GALEN_SOURCES (separated by colons) and where Galen is installed.\n\n"
               "'galen sources VERB --help' explains a verb, with examples.",
    .run = run,
};
