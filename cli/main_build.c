/* SPDX-License-Identifier: Apache-2.0
 * galen-build: the table of verbs, and the choice of one. Nobody starts it but galen, for what it does not do itself (main.c). */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/program.h"
#include "config.h"

static const Command *const commands[] = {
    &command_build,   &command_scrape, &command_status, &command_list,     &command_show,    &command_why,          &command_audit, &command_diff,
    &command_clean,   &command_dedup,   &command_duplicates, &command_extract, &command_forget, &command_export, &command_report, &command_train, &command_trace, &command_sample, &command_convert, &command_tokenize, &command_sources,     &command_parse_worker,
};

static void print_help(FILE *out)
{
    fputs("usage: galen VERB [OPTION...] ARGUMENT...\n\n"
          "Galen builds corpora for medical language models, and trains on them.\n\n",
          out);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (!commands[i]->hidden)
            fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n'galen VERB --help' explains a verb, with examples. 'galen --version' tells the version.\n"
          "Exit status: 0 good, 1 findings, 2 usage, 3 bad input, 4 system.\n",
          out);
}

/* Edits (insert, delete, replace) from one short word to another: Levenshtein's distance, one row at a time. */
static unsigned edit_distance(const char *from, const char *to)
{
    unsigned row[64];
    gsize width = MIN(strlen(to), G_N_ELEMENTS(row) - 1);
    for (gsize i = 0; i <= width; i++)
        row[i] = (unsigned)i;
    for (gsize i = 1; from[i - 1]; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (gsize j = 1; j <= width; j++) {
            unsigned replace = diagonal + (from[i - 1] != to[j - 1]);
            diagonal = row[j];
            row[j] = MIN(replace, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[width];
}

/* The verb that was probably meant. */
static const char *nearest(const char *name)
{
    const char *best = NULL;
    unsigned least = 3;
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        unsigned distance = edit_distance(name, commands[i]->name);
        if (!commands[i]->hidden && distance < least) {
            least = distance;
            best = commands[i]->name;
        }
    }
    return best;
}

static int unknown_verb(const char *name)
{
    const char *near = nearest(name);
    fprintf(stderr, "galen: there is no verb '%s'", name);
    if (near)
        fprintf(stderr, "; did you mean '%s'?", near);
    fputs("\ntry 'galen --help'\n", stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    program_begin();
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return program_end(EXIT_GOOD);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("galen " PACKAGE_VERSION);
        return program_end(EXIT_GOOD);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i]->name, argv[1]) == 0)
            return program_end(commands[i]->run(commands[i], argc - 1, argv + 1));
    return unknown_verb(argv[1]);
}
