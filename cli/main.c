/* SPDX-License-Identifier: Apache-2.0
 * galen: the table of verbs, and the choice of one. */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
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

/* A result that did not reach its file is a failure, whatever the verb thinks; but a reader like head(1), which closes
 * its pipe when it has enough, is content. */
static int check_output(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    int saved = errno;
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (saved == EPIPE || (poll(&out, 1, 0) == 1 && (out.revents & POLLERR)))
        return status;
    fprintf(stderr, "galen: cannot write to standard output: %s\n", saved ? g_strerror(saved) : "what was printed is not whole");
    return EXIT_SYSTEM;
}

int main(int argc, char **argv)
{
    /* A full disk or a closed pipe is an error to report, not a signal to die by. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    setlocale(LC_CTYPE, "C.UTF-8");
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return check_output(EXIT_GOOD);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("galen " PACKAGE_VERSION);
        return check_output(EXIT_GOOD);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i]->name, argv[1]) == 0)
            return check_output(commands[i]->run(commands[i], argc - 1, argv + 1));
    return unknown_verb(argv[1]);
}
