/* SPDX-License-Identifier: Apache-2.0
 * galen train: train a Llama on a store, or go on with it. */
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/backend.h"
#include "cli/commands.h"
#include "cli/train.h"
#include "train/trainer.h"

#define TABLE_INTERVAL (5 * G_USEC_PER_SEC)

/* What the lines on standard output need to know from one report to the next. */
typedef struct Console {
    gboolean begun;
    gint64 last_line; /* monotonic time */
    guint64 resumed;
} Console;

static void print_heading(const TrainReport *report)
{
    g_autofree char *parameters = format_count(report->parameters);
    printf("%s parameters; the unigram entropy of the training tokens is %.3f nats: a loss below it comes from context\n", parameters,
           report->unigram_entropy);
    if (report->resumed)
        printf("going on from the checkpoint of step %" G_GUINT64_FORMAT "\n", report->resumed);
    printf("%7s %8s %9s %8s %9s  loss by source\n", "step", "loss", "rate", "gradient", "tokens/s");
}

static void print_step(const TrainReport *report)
{
    printf("%7" G_GUINT64_FORMAT " %8.4f %9.2e %8.3f %9.0f ", report->step, report->loss, report->rate, report->gradient_norm,
           report->tokens_per_second);
    for (gsize i = 0; i < report->sources_count; i++)
        printf(" %s %.3f", report->sources[i].source, report->sources[i].loss);
    putchar('\n');
    if (isfinite(report->eval_loss))
        printf("%7s %8.4f on the held-out split\n", "", report->eval_loss);
    fflush(stdout);
}

static void report_step(const TrainReport *report, gpointer user)
{
    Console *console = user;
    gint64 now = g_get_monotonic_time();
    if (!console->begun)
        print_heading(report);
    gboolean due = !console->begun || report->step == report->steps || isfinite(report->eval_loss) || now - console->last_line >= TABLE_INTERVAL;
    console->begun = TRUE;
    if (!due)
        return;
    print_step(report);
    console->last_line = now;
}

static int train(const TrainConfig *config, gboolean quiet, GError **error)
{
    if (!config->store) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "the configuration names no store; add 'store: FOLDER' or give --store FOLDER");
        return EXIT_USAGE;
    }
    g_autoptr(Store) store = store_open(config->store, STORE_READ, error);
    if (!store)
        return EXIT_BAD_INPUT;
    Console console = {0};
    g_autoptr(Progress) progress = progress_new();
    Screen *screen = screen_start(progress, quiet || !isatty(STDERR_FILENO) || isatty(STDOUT_FILENO));
    gboolean good = train_run(config, store, progress, quiet ? NULL : report_step, &console, error);
    screen_stop(screen);
    if (good && !quiet && !console.begun)
        printf("nothing to do: all %" G_GUINT64_FORMAT " steps are done; raise schedule.steps to go on\n", config->steps);
    return good ? EXIT_GOOD : EXIT_SYSTEM;
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *store = NULL, *output = NULL;
    g_autofree char *precision = NULL, *backend = NULL;
    g_autofree char **given = g_memdup2(argv, ((gsize)argc + 1) * sizeof *argv); /* parsing takes options out of argv */
    int threads = 0, ranks = 0, status;
    gboolean quiet = FALSE, dry_run = FALSE, as_json = FALSE;
    const GOptionEntry entries[] = {
        {"store", 0, 0, G_OPTION_ARG_FILENAME, &store, "The store to train on, instead of the configuration's", "STORE"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Where checkpoints and the log go, instead of the configuration's", "FOLDER"},
        {"backend", 0, 0, G_OPTION_ARG_STRING, &backend, backend_help, "NAME"},
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &threads, "Threads (one for each processor); never changes the result", "N"},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, "Train nothing: print the memory of each rank, the bytes between them and the pipeline", NULL},
        {"ranks", 0, 0, G_OPTION_ARG_INT, &ranks, "With --dry-run: on so many ranks, instead of those that the layout asks for", "N"},
        {"precision", 0, 0, G_OPTION_ARG_STRING, &precision, "With --dry-run: f32 (the default) or bf16 with float32 masters", "NAME"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "With --dry-run: print JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Print nothing; the log has it all", NULL},
        {NULL},
    };
    if (!command_parse_exactly(command, entries, 1, &argc, &argv, &status))
        return status;
    if (!dry_run && !backend_is_here(command, backend, given, &status))
        return status;
    GError *error = NULL;
    g_autoptr(TrainConfig) config = train_config_load(argv[1], &error);
    if (!config)
        return command_fail(error);
    if (store) {
        g_free(config->store);
        config->store = g_steal_pointer(&store);
    }
    if (output) {
        g_free(config->output);
        config->output = g_steal_pointer(&output);
    }
    config->threads = (unsigned)MAX(threads, 0);
    if (dry_run)
        return train_plan(config, ranks, precision, as_json);
    if (ranks || precision || as_json)
        return command_usage(command, "--ranks, --precision and --json go with --dry-run");
    status = train(config, quiet, &error);
    return error ? command_fail(error) : status;
}

const Command command_train = {
    .name = "train",
    .arguments = "CONFIG",
    .summary = "train a Llama on a store's shards, or go on with it",
    .details = "Prints a line every few seconds; the log (OUTPUT/log.jsonl) has one for every step, with the loss of each source.\n"
               "Killed at any moment, the same command goes on from the newest checkpoint, bit for bit.\n\n"
               "Examples:\n"
               "  galen train manifests/demo-train.yaml\n"
               "  galen train config.yaml --store corpus.galen -o runs/first\n"
               "  galen train config.yaml --backend cuda\n"
               "  galen train 70b.yaml --dry-run --ranks 128 --precision bf16",
    .run = run,
};
