/* SPDX-License-Identifier: Apache-2.0
 * galen tokenize: text on standard input to token ids. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "cli/commands.h"
#include "store/tokenizer.h"

#define CHUNK 65536

static gboolean print_ids(const Tokenizer *tokenizer, const char *text, gsize length, GArray *ids, GError **error)
{
    g_array_set_size(ids, 0);
    if (!tokenizer_encode(tokenizer, text, length, ids, error))
        return FALSE;
    for (guint i = 0; i < ids->len; i++)
        printf(i ? " %u" : "%u", g_array_index(ids, guint32, i));
    putchar('\n');
    return TRUE;
}

static gboolean tokenize_lines(const Tokenizer *tokenizer, GArray *ids, GError **error)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t got;
    gboolean good = TRUE;
    while (good && (got = getline(&line, &capacity, stdin)) >= 0) {
        if (got > 0 && line[got - 1] == '\n')
            got--;
        good = print_ids(tokenizer, line, (gsize)got, ids, error);
    }
    free(line);
    return good;
}

static gboolean tokenize_whole(const Tokenizer *tokenizer, GArray *ids, GError **error)
{
    g_autoptr(GByteArray) text = g_byte_array_new();
    guint8 chunk[CHUNK];
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, stdin)) > 0)
        g_byte_array_append(text, chunk, (guint)got);
    return print_ids(tokenizer, (const char *)text->data, text->len, ids, error);
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *model = NULL;
    g_auto(GStrv) special = NULL;
    gboolean lines = FALSE;
    int status;
    const GOptionEntry entries[] = {
        {"model", 'm', 0, G_OPTION_ARG_FILENAME, &model, "A SentencePiece model, or a byte-level tokenizer.json", "FILE"},
        {"special", 0, 0, G_OPTION_ARG_STRING_ARRAY, &special, "A special token behind the model's pieces (may be repeated)", "TEXT"},
        {"lines", 'l', 0, G_OPTION_ARG_NONE, &lines, "Each line by itself, its ids on one line", NULL},
        {NULL},
    };
    if (!command_parse_exactly(command, entries, 0, &argc, &argv, &status))
        return status;
    if (!model)
        return command_usage(command, "say which model: --model FILE");
    GError *error = NULL;
    g_autoptr(Tokenizer) tokenizer = tokenizer_load(model, (const char *const *)special, special ? g_strv_length(special) : 0, &error);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (!tokenizer || !(lines ? tokenize_lines(tokenizer, ids, &error) : tokenize_whole(tokenizer, ids, &error)))
        return command_fail(error);
    return EXIT_GOOD;
}

const Command command_tokenize = {
    .name = "tokenize",
    .arguments = "--model FILE",
    .summary = "print the token ids of standard input",
    .details = "Examples:\n"
               "  echo 'Give 5 mg/kg orally.' | galen tokenize --model tokenizer.model --lines",
    .run = run,
};
