/* SPDX-License-Identifier: Apache-2.0
 * galen convert: models of Hugging Face to checkpoints, and back. */
#include <stdio.h>

#include "cli/commands.h"
#include "train/convert.h"

static void print_names(const char *what, const json_t *names)
{
    size_t i;
    json_t *name;
    if (!json_array_size(names))
        return;
    g_autoptr(GString) line = g_string_new(what);
    json_array_foreach (names, i, name)
        g_string_append_printf(line, "%s %s", i ? "," : "", json_string_value(name));
    puts(line->str);
}

static void print_tokens(const json_t *tokens)
{
    size_t i, p;
    json_t *token, *piece;
    json_array_foreach (tokens, i, token) {
        const json_t *pieces = json_object_get(token, "pieces");
        printf("added %s as %lld, the mean of", json_get_string(token, "token"), (long long)json_integer_value(json_object_get(token, "id")));
        json_array_foreach (pieces, p, piece)
            printf(" %lld", (long long)json_integer_value(piece));
        putchar('\n');
    }
}

static guint64 get_count(const json_t *report, const char *key)
{
    return (guint64)json_integer_value(json_object_get(report, key));
}

static void print_report(const json_t *report, const char *to)
{
    g_autofree char *parameters = format_count(get_count(report, "parameters")), *tensors = format_count(get_count(report, "tensors"));
    guint64 before = get_count(report, "vocabulary_before"), after = get_count(report, "vocabulary"), files = get_count(report, "files");
    printf("%s to %s, %s: %s tensors, %s parameters of %s, %" G_GUINT64_FORMAT " file%s\n", json_get_string(report, "from"), to,
           g_str_equal(json_get_string(report, "to"), "galen") ? "for galen" : "for Hugging Face", tensors, parameters, json_get_string(report, "type"), files,
           files == 1 ? "" : "s");
    print_tokens(json_object_get(report, "tokens"));
    if (before != after)
        printf("vocabulary: %" G_GUINT64_FORMAT " rows, before %" G_GUINT64_FORMAT "\n", after, before);
    print_names("copied:", json_object_get(report, "copied"));
    print_names("left behind:", json_object_get(report, "left"));
    print_names("tensors that no Llama has, kept:", json_object_get(report, "unknown"));
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *type = NULL, *tokenizer = NULL;
    g_auto(GStrv) tokens = NULL;
    gint64 vocabulary = 0;
    gboolean json = FALSE, quiet = FALSE;
    int status;
    const GOptionEntry entries[] = {
        {"dtype", 0, 0, G_OPTION_ARG_STRING, &type, "Write numbers as F32, F16 or BF16 (as they are)", "TYPE"},
        {"add-token", 0, 0, G_OPTION_ARG_STRING_ARRAY, &tokens, "A token behind the tokenizer's last (may be repeated)", "TEXT"},
        {"tokenizer", 0, 0, G_OPTION_ARG_FILENAME, &tokenizer, "Which takes new tokens apart (tokenizer.model or .json in FROM)", "FILE"},
        {"vocabulary", 0, 0, G_OPTION_ARG_INT64, &vocabulary, "Rows of the embedding: cut off, or padded to so many", "N"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print what was done as JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Show no progress", NULL},
        {NULL},
    };
    if (!command_parse_exactly(command, entries, 2, &argc, &argv, &status))
        return status;
    if (vocabulary < 0)
        return command_usage(command, "--vocabulary is a number of rows");
    ConvertRequest request = {
        .from = argv[1],
        .to = argv[2],
        .type = type,
        .vocabulary = (gsize)vocabulary,
        .tokenizer = tokenizer,
        .tokens = (const char *const *)tokens,
        .token_count = tokens ? g_strv_length(tokens) : 0,
    };
    GError *error = NULL;
    g_autoptr(Progress) progress = progress_new();
    Screen *screen = screen_start(progress, quiet);
    g_autoptr(json_t) report = convert_run(&request, progress, &error);
    screen_stop(screen);
    if (!report)
        return command_fail(error);
    if (json)
        print_json(g_steal_pointer(&report));
    else
        print_report(report, request.to);
    return EXIT_GOOD;
}

const Command command_convert = {
    .name = "convert",
    .arguments = "FROM TO",
    .summary = "turn a Llama of Hugging Face into a checkpoint, or back",
    .details = "FROM is a folder of Hugging Face (config.json, model.safetensors or several with an index), or a checkpoint,\n"
               "or the output folder of 'galen train': then its newest. TO must not exist.\n"
               "If nothing is to be changed, all files keep their bytes, there and back. The optimizer's stay behind.\n"
               "A new token begins with the mean of the rows of the pieces that its text had before. Rows that pad the\n"
               "vocabulary are the mean of all.\n\n"
               "Examples:\n"
               "  galen convert Llama-2-7b-hf llama.galen --add-token '[bib_ref]' --add-token '[/bib_ref]'\n"
               "  galen convert runs/first first-hf --dtype BF16",
    .run = run,
};
