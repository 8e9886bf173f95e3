/* SPDX-License-Identifier: Apache-2.0
 * galen sample: text from a trained model. */
#include <stdio.h>

#include "cli/commands.h"
#include "store/tokenizer_store.h"
#include "train/sample.h"

static void print_piece(const char *text, gpointer user)
{
    fputs(text, stdout);
    fflush(stdout);
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *prompt = NULL;
    double temperature = 0.8;
    int tokens = 100, top_k = 40, threads = 0, status;
    gint64 seed = 0;
    const GOptionEntry entries[] = {
        {"prompt", 'p', 0, G_OPTION_ARG_STRING, &prompt, "The beginning of the text (empty)", "TEXT"},
        {"tokens", 'n', 0, G_OPTION_ARG_INT, &tokens, "New tokens at most (100)", "N"},
        {"temperature", 't', 0, G_OPTION_ARG_DOUBLE, &temperature, "0 is always the likeliest token (0.8)", "T"},
        {"top-k", 'k', 0, G_OPTION_ARG_INT, &top_k, "Draw among so many likeliest tokens; 0 for all (40)", "K"},
        {"seed", 's', 0, G_OPTION_ARG_INT64, &seed, "The same seed gives the same text (0)", "N"},
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &threads, "Threads (one for each processor)", "N"},
        {NULL},
    };
    if (!command_parse_exactly(command, entries, 2, &argc, &argv, &status))
        return status;
    if (tokens < 1 || temperature < 0 || top_k < 0)
        return command_usage(command, "--tokens is 1 or more, --temperature and --top-k are 0 or more");
    SampleRequest request = {
        .checkpoint = argv[2],
        .prompt = prompt ? prompt : "",
        .tokens = (gsize)tokens,
        .temperature = temperature,
        .top_k = (gsize)top_k,
        .seed = (guint64)seed,
        .threads = (unsigned)MAX(threads, 0),
    };
    GError *error = NULL;
    g_autoptr(Store) store = store_open(argv[1], STORE_READ, &error);
    g_autoptr(Tokenizer) tokenizer = store ? tokenizer_from_store(store, &error) : NULL;
    if (!tokenizer)
        return command_fail(error);
    fputs(request.prompt, stdout);
    if (!sample_run(&request, tokenizer, NULL, print_piece, NULL, &error))
        return command_fail(error);
    putchar('\n');
    return EXIT_GOOD;
}

const Command command_sample = {
    .name = "sample",
    .arguments = "STORE MODEL",
    .summary = "let a trained model write",
    .details = "STORE gives the tokenizer; MODEL is a checkpoint, or the output folder of 'galen train': then its newest.\n\n"
               "Examples:\n"
               "  galen sample corpus.galen runs/first --prompt 'Children with fever' --tokens 60",
    .run = run,
};
