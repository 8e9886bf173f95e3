/* SPDX-License-Identifier: Apache-2.0
 * What the verbs share: options, errors, numbers; see cli/command.h. */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static GOptionContext *context_for(const Command *command, const GOptionEntry *entries)
{
    g_autofree char *summary = g_strdup_printf("%s", command->summary);
    GOptionContext *context = g_option_context_new(command->arguments);
    g_option_context_set_summary(context, summary);
    if (command->details)
        g_option_context_set_description(context, command->details);
    if (entries)
        g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_help_enabled(context, FALSE);
    return context;
}

static gboolean wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return TRUE;
    return FALSE;
}

gboolean command_parse(const Command *command, const GOptionEntry *entries, int *argc, char ***argv, int *status)
{
    g_autoptr(GOptionContext) context = context_for(command, entries);
    g_autofree char *program = g_strconcat("galen ", command->name, NULL);
    g_set_prgname(program);
    if (wants_help(*argc, *argv)) {
        g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
        fputs(help, stdout);
        *status = EXIT_GOOD;
        return FALSE;
    }
    g_autoptr(GError) error = NULL;
    if (g_option_context_parse(context, argc, argv, &error))
        return TRUE;
    *status = command_usage(command, "%s", error->message);
    return FALSE;
}

gboolean command_parse_exactly(const Command *command, const GOptionEntry *entries, int arguments, int *argc, char ***argv, int *status)
{
    if (!command_parse(command, entries, argc, argv, status))
        return FALSE;
    if (*argc == arguments + 1)
        return TRUE;
    *status = command_usage(command, "it takes %d argument%s, not %d", arguments, arguments == 1 ? "" : "s", *argc - 1);
    return FALSE;
}

int command_usage(const Command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fprintf(stderr, "galen %s: %s\nusage: galen %s %s\ntry 'galen %s --help'\n", command->name, message, command->name, command->arguments,
            command->name);
    return EXIT_USAGE;
}

int command_fail(GError *error)
{
    fflush(stdout);
    fprintf(stderr, "galen: %s\n", error->message);
    int status = galen_error_status(error);
    g_error_free(error);
    return status;
}

void print_json(json_t *value)
{
    g_autofree char *text = json_pretty(value);
    fputs(text, stdout);
    json_decref(value);
}

char *format_count(guint64 count)
{
    char digits[32];
    int length = g_snprintf(digits, sizeof digits, "%" G_GUINT64_FORMAT, count);
    GString *text = g_string_new(NULL);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            g_string_append_c(text, ',');
        g_string_append_c(text, digits[i]);
    }
    return g_string_free(text, FALSE);
}

char *wrap_text(const char *text, unsigned indent, unsigned width)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    GString *out = g_string_new(NULL);
    gsize line = 0;
    for (char **word = words; *word; word++) {
        gsize length = strlen(*word);
        gboolean fits = line && line + 1 + length <= width;
        if (line && !fits)
            g_string_append_c(out, '\n');
        if (fits)
            g_string_append_c(out, ' ');
        else
            g_string_append_printf(out, "%*s", (int)indent, "");
        line = fits ? line + 1 + length : indent + length;
        g_string_append(out, *word);
    }
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}

unsigned default_jobs(void)
{
    return g_get_num_processors();
}
