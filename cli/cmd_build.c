/* SPDX-License-Identifier: Apache-2.0
 * galen build: a recipe to a finished store. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/build.h"
#include "cli/commands.h"
#include "cli/pipeline.h"
#include "cli/ranks.h"
#include "scrapers/source_crawls.h"
#include "store/manifest.h"

typedef struct Options {
    const char *recipe, *output, *inputs, *until, *memory;
    int jobs, batch;
    gboolean json, quiet, timings, offline, redistributable;
} Options;

static int report(Store *store, const Options *options, const BadInputs *bad_inputs, GError **error)
{
    g_autoptr(json_t) status = status_compute(store, error);
    if (!status)
        return EXIT_SYSTEM;
    if (options->json)
        print_json(json_incref(status));
    else
        print_status(status);
    fflush(stdout);
    if (bad_inputs->records)
        fprintf(stderr, "galen: %" G_GUINT64_FORMAT " damaged files or malformed records; all else is in the store.\n"
                        "       'galen list %s --bad-input' names them\n", bad_inputs->records, store_directory(store));
    if (bad_inputs->tables)
        fprintf(stderr, "galen: %" G_GUINT64_FORMAT " tables of citations with damage or bad lines; all else in them was used.\n"
                        "       \"tables\" in the manifest has the counts\n", bad_inputs->tables);
    return bad_inputs->records || bad_inputs->tables ? EXIT_BAD_INPUT : EXIT_GOOD;
}

static guint64 sum_counts(StoreTxn *txn, const char *stage, const char *what)
{
    g_auto(StageRun) run = {0};
    g_autofree char *suffix = g_strconcat("/", what, NULL);
    guint64 sum = 0;
    const char *key;
    json_t *count;
    if (!stage_load(txn, stage, &run, NULL))
        return 0;
    json_object_foreach(run.counts, key, count) {
        if (g_str_has_suffix(key, suffix))
            sum += (guint64)json_integer_value(count);
    }
    return sum;
}

/* A line a stage: its seconds by the clock and of the processors, and its speed over the bytes that went into it. */
static void print_timings(Store *store, const GArray *timings)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, NULL);
    if (!txn)
        return;
    double raw = (double)sum_counts(txn, "ingest", "bytes"), extracted = (double)sum_counts(txn, "clean", "characters_in");
    fprintf(stderr, "%-10s %9s %9s %9s   (over %.1f MB of records for ingest, %.1f MB of text for the others)\n", "stage", "seconds", "cpu s",
            "MB/s", raw / 1e6, extracted / 1e6);
    for (guint i = 0; i < timings->len; i++) {
        const StageTiming *timing = &g_array_index(timings, StageTiming, i);
        double bytes = strcmp(timing->stage, "ingest") == 0 ? raw : extracted;
        fprintf(stderr, "%-10s %9.3f %9.3f %9.1f\n", timing->stage, timing->seconds, timing->processor,
                timing->seconds > 0 ? bytes / 1e6 / timing->seconds : 0);
    }
}

/* Crawls that are finished are not gone on with, so a build of finished crawls needs no network. */
static gboolean may_build(const Store *store, const Recipe *recipe, const Options *options, GError **error)
{
    if (!options->offline)
        return TRUE;
    g_autoptr(GArray) crawls = source_crawls(recipe, store_directory(store), NULL, error);
    return crawls && source_crawls_finished(crawls, error);
}

/* "512M", "8G", "1T" or a number of bytes; 0: none of these. */
static guint64 parse_size(const char *text)
{
    static const char units[] = "KMGT";
    char *end;
    guint64 number = g_ascii_strtoull(text, &end, 10);
    const char *unit = *end ? strchr(units, g_ascii_toupper(*end)) : NULL;
    guint64 size = unit ? number << 10 * (unit - units + 1) : number;
    gboolean whole = end != text && g_ascii_isdigit(*text) && end[unit != NULL] == '\0';
    return whole && number <= G_MAXUINT64 >> 40 ? size : 0;
}

/* What the command line asks for is asked for by the recipe. */
static Recipe *load_recipe(const Options *options, GError **error)
{
    Recipe *recipe = recipe_load(options->recipe, options->inputs, error);
    if (recipe && options->redistributable)
        recipe->redistributable = true;
    return recipe;
}

static gboolean same_meta(StoreTxn *txn, const char *name, const char *text)
{
    g_autofree char *present = store_get_meta(txn, name, NULL);
    return g_strcmp0(present, text) == 0;
}

static gboolean put_meta(StoreTxn *txn, const char *name, const char *text, GError **error)
{
    return text ? store_put_meta(txn, name, text, error) : store_delete(txn, TABLE_META, name, strlen(name), error);
}

typedef struct Place {
    char *recipe, *inputs;
} Place;

static gboolean put_place(StoreTxn *txn, gpointer user, GError **error)
{
    const Place *place = user;
    return put_meta(txn, RECIPE_PATH_META, place->recipe, error) && put_meta(txn, RECIPE_INPUTS_META, place->inputs, error);
}

/* For verbs that need the recipe again and are not given it. */
static gboolean note_place(Store *store, const Options *options, GError **error)
{
    g_autofree char *recipe = g_canonicalize_filename(options->recipe, NULL);
    g_autofree char *inputs = options->inputs ? g_canonicalize_filename(options->inputs, NULL) : NULL;
    Place place = {recipe, inputs};
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn)
        return FALSE;
    gboolean same = same_meta(txn, RECIPE_PATH_META, recipe) && same_meta(txn, RECIPE_INPUTS_META, inputs);
    g_clear_pointer(&txn, store_read_end);
    return same || store_write(store, put_place, &place, error);
}

static int build(const Options *options, Comm *comm, GError **error)
{
    g_autoptr(Recipe) recipe = load_recipe(options, error);
    g_autoptr(Store) store = recipe ? store_open(options->output, STORE_CREATE, error) : NULL;
    if (!store || !may_build(store, recipe, options, error) || !note_place(store, options, error) || !comm_barrier(comm, error))
        return EXIT_SYSTEM;
    g_autoptr(Progress) progress = progress_new();
    g_autoptr(GString) notices = g_string_new(NULL);
    StageContext context = {
        .store = store,
        .progress = progress,
        .jobs = options->jobs > 0 ? (unsigned)options->jobs : ranks_jobs(comm),
        .memory = options->memory ? parse_size(options->memory) : 0,
        .batch_documents = (unsigned)MAX(options->batch, 0),
        .notices = notices,
        .comm = comm,
    };
    BadInputs bad_inputs;
    g_autoptr(GArray) timings = g_array_new(FALSE, FALSE, sizeof(StageTiming));
    Screen *screen = screen_start(progress, options->quiet);
    gboolean good = pipeline_build(&context, recipe, options->until, &bad_inputs, timings, error);
    screen_stop(screen);
    fputs(notices->str, stderr);
    if (good && options->timings)
        print_timings(store, timings);
    return good ? report(store, options, &bad_inputs, error) : EXIT_SYSTEM;
}

/* What a rank other than the first does. It looks at the recipe only when the first one has found it good: one message for a
 * mistake is enough. */
static int follow(const Options *options, Comm *comm, GError **error)
{
    if (!comm_barrier(comm, error))
        return EXIT_SYSTEM;
    g_autoptr(Recipe) recipe = load_recipe(options, error);
    StageContext context = {
        .jobs = options->jobs > 0 ? (unsigned)options->jobs : ranks_jobs(comm),
        .memory = options->memory ? parse_size(options->memory) : 0,
        .batch_documents = (unsigned)MAX(options->batch, 0),
        .comm = comm,
    };
    return recipe && pipeline_follow(&context, options->output, recipe, options->until, error) ? EXIT_GOOD : EXIT_SYSTEM;
}

static int run_ranks(const Options *options)
{
    GError *error = NULL;
    g_autoptr(Comm) comm = comm_open(&error);
    int status = error ? EXIT_SYSTEM : comm_rank(comm) == 0 ? build(options, comm, &error) : follow(options, comm, &error);
    return error ? ranks_fail(comm, error) : status;
}

int build_command(const Command *command, int argc, char **argv, const char *fixed)
{
    g_autofree char *output = NULL, *inputs = NULL, *until = g_strdup(fixed), *memory = NULL;
    Options options = {0};
    const GOptionEntry entries[] = {
        {"until", 0, 0, G_OPTION_ARG_STRING, &until, "Stop after this stage: ingest, updates, chapters, metadata, rights, clean, dedup, containment, passages, contamination, tokenise, mix, pack", "STAGE"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The store to make or go on with", "STORE"},
        {"inputs", 0, 0, G_OPTION_ARG_FILENAME, &inputs, "Where relative paths of the recipe start (its own folder)", "FOLDER"},
        {"offline", 0, 0, G_OPTION_ARG_NONE, &options.offline, "Read sites from finished crawls only; fetch nothing", NULL},
        {"from-warc", 0, 0, G_OPTION_ARG_NONE, &options.offline, "The same as --offline", NULL},
        {"redistributable", 0, 0, G_OPTION_ARG_NONE, &options.redistributable, "Leave out documents that may not be passed on under their licences", NULL},
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &options.jobs, "Threads (one for each processor); never changes the result", "N"},
        {"memory", 0, 0, G_OPTION_ARG_STRING, &memory, "What deduplication may take to sort (1G); beyond, it sorts on disk; never changes the result", "SIZE"},
        {"batch", 0, 0, G_OPTION_ARG_INT, &options.batch, "Documents in one transaction, at most; never changes the result", "N"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print the result as JSON", NULL},
        {"timings", 0, 0, G_OPTION_ARG_NONE, &options.timings, "Print each stage's seconds, of the clock and of processors, and speed to standard error", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "Show no progress", NULL},
        {NULL},
    };
    int status;
    if (!command_parse_exactly(command, entries + (fixed != NULL), 1, &argc, &argv, &status))
        return status;
    options.recipe = argv[1];
    options.output = output;
    options.inputs = inputs;
    options.until = until;
    options.memory = memory;
    if (!output)
        return command_usage(command, "say where the store goes: -o STORE");
    if (memory && parse_size(memory) == 0)
        return command_usage(command, "--memory is a size like 512M or 8G, not '%s'", memory);
    if (until && !pipeline_has_stage(until))
        return command_usage(command, "there is no stage '%s'; the stages are ingest, updates, chapters, metadata, rights, clean, dedup, containment, passages, contamination, tokenise, mix, pack", until);
    return run_ranks(&options);
}

static int run(const Command *command, int argc, char **argv)
{
    return build_command(command, argc, argv, NULL);
}

const Command command_build = {
    .name = "build",
    .arguments = "RECIPE -o STORE",
    .summary = "build a corpus from a recipe, or go on with it",
    .details = "Reads all sources of the recipe, cleans, removes duplicates, mixes, tokenises and packs. Killed at any\n"
               "moment, the same command goes on where it was; stages whose inputs and settings are unchanged are skipped.\n\n"
               "Examples:\n"
               "  galen build manifests/demo.yaml -o demo.galen\n"
               "  galen build recipe.yaml -o corpus.galen --until dedup\n"
               "  galen build recipe.yaml -o corpus.galen --from-warc    (new rules over the pages that are there)\n"
               "  mpirun -np 4 galen build recipe.yaml -o corpus.galen   (only duplicates are found by all: 'galen dedup --help')\n\n"
               "Exit status 3 with a finished store means that some inputs were damaged: 'galen list STORE --bad-input'.",
    .run = run,
};
