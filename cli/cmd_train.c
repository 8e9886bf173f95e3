/* SPDX-License-Identifier: Apache-2.0
 * galen train: train a Llama on a store, or go on with it. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/backend.h"
#include "cli/commands.h"
#include "cli/ranks.h"
#include "cli/stop_signals.h"
#include "cli/train.h"
#include "cli/train_console.h"
#include "train/trainer.h"

/* With -q nobody is told, but where a run ended is still to be known. */
static void note_stop(const TrainReport *report, gpointer user)
{
    ((TrainConsole *)user)->stopped = report->stopped ? report->step : 0;
    ((TrainConsole *)user)->begun = TRUE;
}

/* Dies of the signal that stopped the run, so that scripts and schedulers see it. */
static int die_stopped(const TrainConsole *console, guint64 steps, int number)
{
    fprintf(stderr, "galen: stopped after step %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " by %s; its checkpoint is written, and the same command goes on\n",
            console->stopped, steps, number == SIGINT ? "SIGINT" : "SIGTERM");
    fflush(NULL);
    raise(number);
    return EXIT_SYSTEM;
}

/* Ranks leave by their exit status: their launcher would take a signal for an accident. */
static int leave_stopped(const TrainConsole *console, guint64 steps, int number, const Comm *comm)
{
    if (comm_size(comm) == 1)
        return die_stopped(console, steps, number);
    if (comm_rank(comm) == 0)
        fprintf(stderr, "galen: stopped after step %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " by a signal; its checkpoint is written, and the same command goes on\n",
                console->stopped, steps);
    return EXIT_SYSTEM;
}

static int train(TrainConfig *config, Comm *comm, gboolean quiet, GError **error)
{
    if (!config->store) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "the configuration names no store; add 'store: FOLDER' or give --store FOLDER");
        return EXIT_USAGE;
    }
    g_autoptr(Store) store = store_open(config->store, STORE_READ, error);
    if (!store)
        return EXIT_BAD_INPUT;
    TrainConsole console = {.output = config->output};
    g_autoptr(Progress) progress = progress_new();
    Screen *screen = screen_start(progress, quiet || comm_rank(comm) > 0 || !isatty(STDERR_FILENO) || isatty(STDOUT_FILENO));
    stop_signals_begin();
    config->stop = stop_signals_flag();
    gboolean good = train_run(config, store, comm, progress, quiet ? note_stop : train_console_report, &console, error);
    screen_stop(screen);
    int number = stop_signals_end();
    if (good && console.stopped)
        return leave_stopped(&console, config->steps, number, comm);
    if (good && !quiet && !console.begun && comm_rank(comm) == 0)
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
    if (!dry_run && (ranks || precision || as_json))
        return command_usage(command, "--ranks, --precision and --json go with --dry-run");
    GError *error = NULL;
    Comm *comm = dry_run ? NULL : comm_open(&error);
    if (error)
        return command_fail(error);
    g_autoptr(TrainConfig) config = train_config_load(argv[1], &error);
    if (!config)
        return ranks_fail(comm, error);
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
    if (!config->threads)
        config->threads = ranks_jobs(comm);
    status = train(config, comm, quiet, &error);
    if (error)
        return ranks_fail(comm, error);
    comm_close(comm);
    return status;
}

const Command command_train = {
    .name = "train",
    .arguments = "CONFIG",
    .summary = "train a Llama on a store's shards, or go on with it",
    .details = "Prints a line every few seconds; the log (OUTPUT/log.jsonl) has one for every step, with the loss of each source.\n"
               "Killed at any moment, the same command goes on from the newest checkpoint, bit for bit. SIGINT or SIGTERM lets the step end and\n"
               "writes a checkpoint first. Folder OUTPUT/tensorboard is for TensorBoard.\n\n"
               "Examples:\n"
               "  galen train manifests/demo-train.yaml\n"
               "  galen train config.yaml --store corpus.galen -o runs/first\n"
               "  galen train config.yaml --backend cuda\n"
               "  mpirun -np 8 galen train config.yaml\n"
               "  galen train 70b.yaml --dry-run --ranks 128 --precision bf16",
    .run = run,
};
