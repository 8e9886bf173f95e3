/* SPDX-License-Identifier: Apache-2.0
 * cli/command.h - what every verb of the command line is made of.
 *
 * A verb is one file cmd_NAME.c with one Command in the table of main_build.c. Its options are GOptionEntry tables, which both
 * parse and make --help. Results go to standard output, progress and messages to standard error. Only cli/ prints.
 * Exit status: 0 good, 1 findings, 2 usage, 3 bad input, 4 system.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <glib.h>

#include "base/json.h"
#include "base/progress.h"
#include "store/stage.h"

#define EXIT_GOOD 0
#define EXIT_FINDINGS 1
#define EXIT_USAGE 2
#define EXIT_BAD_INPUT 3
#define EXIT_SYSTEM 4

typedef struct Command {
    const char *name;
    const char *arguments; /* "RECIPE -o STORE" */
    const char *summary;   /* one line */
    const char *details;   /* examples, for --help */
    int (*run)(const struct Command *command, int argc, char **argv);
    gboolean hidden;
} Command;

/* Parses the options of a verb; what is left in argv are its arguments, from argv[1] on. FALSE: *status says how to exit
 * (help was printed, or the usage was wrong and has been explained). */
gboolean command_parse(const Command *command, const GOptionEntry *entries, int *argc, char ***argv, int *status);
/* The same, and checks the number of arguments left. */
gboolean command_parse_exactly(const Command *command, const GOptionEntry *entries, int arguments, int *argc, char ***argv, int *status);
int command_usage(const Command *command, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Prints "galen: message" and returns the exit status that the error stands for. */
int command_fail(GError *error);

void print_json(json_t *value); /* pretty, to standard output; takes the reference */
void print_status(const json_t *status); /* the table of counts by source */
char *format_count(guint64 count); /* "1,234,567"; g_free */
char *wrap_text(const char *text, unsigned indent, unsigned width); /* in lines of at most so many bytes, where words allow; g_free */
unsigned default_jobs(void);

/* Shows `progress` on standard error until screen_stop: a bar on a terminal, else a line every few seconds; nothing for
 * tasks under a second. `quiet` shows nothing. */
typedef struct Screen Screen;
Screen *screen_start(Progress *progress, gboolean quiet);
void screen_stop(Screen *screen);

/* The document that a person names: a number, SOURCE/ID, or an ID that only one source has. */
gboolean resolve_document(StoreTxn *txn, const char *name, Docno *docno, GError **error);

#endif
