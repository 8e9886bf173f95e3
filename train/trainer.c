/* SPDX-License-Identifier: Apache-2.0
 * The training loop; see train/trainer.h. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "train/batch.h"
#include "train/checkpoint_model.h"
#include "train/engine.h"
#include "train/journal.h"
#include "train/peak.h"
#include "train/spike.h"
#include "train/unigram.h"

typedef struct Run {
    TrainConfig config; /* a copy that borrows its strings, with the store's vocabulary */
    Comm *comm;         /* of all ranks; borrowed; NULL: one */
    Backend *backend;
    ShardReader *reader, *valid;
    BatchPlan *plan, *valid_plan; /* valid ones only where the run evaluates */
    Engine *engine;
    guint64 parameters; /* of the whole model */
    Journal *journal; /* rank 0's; NULL on others */
    CheckpointWriter *writer;
    ModelFiles *files; /* rank 0's */
    Progress *progress;
    double entropy;
    guint64 resumed;
    gboolean stopped;
    Batch batch, valid_batch;
    double *losses; /* of one batch, a number for each target */
} Run;

static void run_clear(Run *run)
{
    journal_free(run->journal);
    checkpoint_writer_free(run->writer);
    model_files_free(run->files);
    engine_free(run->engine);
    if (run->backend)
        run->backend->destroy(run->backend);
    batch_clear(&run->batch);
    batch_clear(&run->valid_batch);
    batch_plan_free(run->plan);
    batch_plan_free(run->valid_plan);
    g_clear_pointer(&run->reader, shard_reader_free);
    g_clear_pointer(&run->valid, shard_reader_free);
    g_free(run->losses);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* Each rank takes some. */
static gboolean verify_shards(const Run *run, const ShardReader *reader, GError **error)
{
    unsigned first = comm_rank(run->comm), ranks = comm_size(run->comm);
    for (unsigned shard = first; run->config.verify && shard < shard_reader_shards(reader); shard += ranks)
        if (!shard_reader_verify(reader, shard, error))
            return FALSE;
    return TRUE;
}

/* Rank 0 reads all tokens once for all. */
static gboolean find_entropy(Run *run, GError **error)
{
    if (comm_rank(run->comm) == 0 && !unigram_entropy(run->reader, &run->entropy, error))
        return FALSE;
    return comm_broadcast(run->comm, &run->entropy, sizeof run->entropy, 0, error);
}

static gboolean open_data(Run *run, Store *store, GError **error)
{
    const TrainConfig *config = &run->config;
    run->reader = shard_reader_open(store, "train", error);
    if (!run->reader)
        return FALSE;
    if (!train_config_take_vocabulary(&run->config, shard_reader_vocabulary(run->reader), error))
        return FALSE;
    run->plan = batch_plan_new(run->reader, "train", config->model.context, config->sequences, config->seed, error);
    if (!run->plan || !verify_shards(run, run->reader, error) || !find_entropy(run, error))
        return FALSE;
    if (!config->eval_every)
        return TRUE;
    run->valid = shard_reader_open(store, "valid", error);
    if (!run->valid || !verify_shards(run, run->valid, error))
        return FALSE;
    run->valid_plan =
        batch_plan_new(run->valid, "valid", config->model.context, config->eval_sequences, config->seed, error);
    if (!run->valid_plan)
        return FALSE;
    run->valid_plan->sequences = MIN(run->valid_plan->sequences, run->valid_plan->windows);
    return batch_read_spread(run->valid_plan, &run->valid_batch, error);
}

static gboolean choose_matrix(const Run *run, GError **error)
{
    if (!run->config.fp8)
        return TRUE;
    if (run->backend->use_fp8)
        return run->backend->use_fp8(run->backend, TRUE, error);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "cuda.matrix is fp8, but the backend %s has no products in eight bits; set it to bfloat16, or train with --backend cuda",
                run->backend->name);
    return FALSE;
}

static gboolean open_model(Run *run, GError **error)
{
    TrainConfig *config = &run->config;
    if (!parallel_resolve(&config->parallel, &config->model, config->sequences, config->micro_batch, comm_size(run->comm), error))
        return FALSE;
    EngineSettings settings = {
        .shape = config->model,
        .optimizer = config->optimizer,
        .parallel = config->parallel,
        .sequences = config->sequences,
        .micro_batch = config->micro_batch,
        .document_mask = config->document_mask,
    };
    BackendSettings backend = {
        .threads = config->threads,
        .attention = config->attention,
        .deterministic = config->deterministic,
        .graphs = config->graphs,
    };
    run->backend = backend_open(&backend, run->comm, error);
    if (!run->backend || !choose_matrix(run, error))
        return FALSE;
    run->engine = engine_new(&settings, run->backend, run->comm, error);
    run->losses = g_new(double, MAX(config->sequences, run->valid_plan ? run->valid_plan->sequences : 0) * config->model.context);
    run->parameters = model_shape_parameters(&config->model);
    return run->engine != NULL;
}

/* The first key, as "optimizer.lr", whose values differ, and both values; NULL where all agree. */
static char *find_difference(const char *prefix, const json_t *then, const json_t *now)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)now, key, value) {
        const json_t *other = json_object_get(then, key);
        g_autofree char *name = g_strconcat(prefix, key, NULL);
        if (json_is_object(value) && json_is_object(other)) {
            g_autofree char *inner = g_strconcat(name, ".", NULL);
            char *difference = find_difference(inner, other, value);
            if (difference)
                return difference;
        } else if (!other || !json_equal(other, value)) {
            g_autofree char *before = other ? json_dumps(other, JSON_ENCODE_ANY) : g_strdup("not set");
            g_autofree char *after = json_dumps(value, JSON_ENCODE_ANY);
            return g_strdup_printf("%s was %s, and is now %s", name, before, after);
        }
    }
    return NULL;
}

static gboolean check_state(const Run *run, const char *path, const CheckpointState *state, GError **error)
{
    g_autoptr(json_t) fingerprint = train_config_fingerprint(&run->config);
    g_autofree char *difference = find_difference("", state->fingerprint, fingerprint);
    if (difference) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "cannot go on from %s: %s; set it back, or choose another output directory", path, difference);
        return FALSE;
    }
    if (memcmp(&state->shards, shard_reader_digest(run->reader), sizeof(Sha256)) != 0) {
        g_set_error(
            error, GALEN_ERROR, GALEN_ERROR_INPUT,
            "cannot go on from %s: it was trained on other tokens than this store's; choose another output directory",
            path);
        return FALSE;
    }
    return TRUE;
}

/* Loads the newest checkpoint, or the first weights: those that the configuration names, or random ones. */
static gboolean begin_or_resume(Run *run, GError **error)
{
    const char *output = run->config.output;
    g_autoptr(GError) cause = NULL;
    g_autofree char *path = checkpoint_find_newest_together(output, run->comm, &cause);
    if (cause) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    if (!path && run->config.weights)
        return checkpoint_load_weights(run->config.weights, engine_optimizer(run->engine), run->comm, error);
    if (!path) {
        const ParameterTable *table = engine_model(run->engine)->table;
        g_autofree wide *values = g_new(wide, table->elements);
        parameters_initialise(table, &run->config.model, run->config.seed, values);
        optimizer_set_weights(engine_optimizer(run->engine), values);
        return TRUE;
    }
    g_auto(CheckpointState) state = {0};
    if (!checkpoint_load_state(path, &state, error) || !check_state(run, path, &state, error) ||
        !checkpoint_load(path, engine_optimizer(run->engine), run->comm, error))
        return FALSE;
    run->resumed = state.step;
    return TRUE;
}

static double mean_loss(const Run *run, const Batch *batch)
{
    gsize targets = batch->sequences * batch->context;
    double sum = 0;
    for (gsize i = 0; i < targets; i++)
        sum += run->losses[i];
    return sum / (double)MAX(batch_targets(batch), 1);
}

static gboolean evaluate(Run *run, TrainReport *report, GError **error)
{
    return engine_compute(run->engine, &run->valid_batch, FALSE, run->losses, error) &&
           (!run->journal || journal_validation(run->journal, run->valid, &run->valid_batch, run->losses, report, error));
}

/* The journal is on disk before the checkpoint behind it has its name. */
static gboolean save(Run *run, guint64 step, GError **error)
{
    CheckpointState state = {.step = step, .shards = *shard_reader_digest(run->reader)};
    g_autoptr(json_t) fingerprint = train_config_fingerprint(&run->config);
    state.fingerprint = fingerprint;
    return (!run->journal || journal_sync(run->journal, error)) &&
           checkpoint_model_begin(run->writer, &state, engine_optimizer(run->engine), error);
}

/* Forward, backward and update; fills the report but for its sources. */
static gboolean learn(Run *run, guint64 step, TrainReport *report, GError **error)
{
    if (!batch_read(run->plan, step, &run->batch, error) ||
        !engine_compute(run->engine, &run->batch, TRUE, run->losses, error) ||
        !engine_gradient_norm(run->engine, &report->gradient_norm, error))
        return FALSE;
    report->step = step + 1;
    report->loss = mean_loss(run, &run->batch);
    report->rate = schedule_rate(&run->config.schedule, step);
    report->tokens = (step + 1) * run->config.sequences * run->config.model.context;
    report->token_hash = run->batch.hash;
    if (!isfinite(report->loss) || !isfinite(report->gradient_norm)) {
        g_autofree char *suspects = spike_name_documents(&run->batch, run->losses, report->loss, run->reader);
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "training diverged at step %" G_GUINT64_FORMAT
                    ": loss %g, gradient norm %g; documents of the step, the suspects first: %s; try a lower optimizer.lr or a "
                    "longer schedule.warmup",
                    step + 1, report->loss, report->gradient_norm, suspects);
        return FALSE;
    }
    return engine_update(run->engine, step, report->rate, report->gradient_norm, error);
}

/* A launcher's signal may reach ranks in different steps: one is enough. */
static gboolean ask_stop(const Run *run, gboolean *stop, GError **error)
{
    guint32 asked = run->config.stop && g_atomic_int_get(run->config.stop);
    if (!comm_all_reduce(run->comm, &asked, 1, COMM_U32, COMM_MAX, error))
        return FALSE;
    *stop = asked > 0;
    return TRUE;
}

static gboolean is_due(guint64 every, guint64 step)
{
    return every && step % every == 0;
}

static gboolean run_step(Run *run, guint64 step, TrainReportFunction report_function, gpointer user, GError **error)
{
    const TrainConfig *config = &run->config;
    TrainReport report = {
        .steps = config->steps,
        .resumed = run->resumed,
        .parameters = run->parameters,
        .eval_loss = NAN,
        .unigram_entropy = run->entropy,
    };
    gint64 started = g_get_monotonic_time();
    if (!learn(run, step, &report, error))
        return FALSE;
    report.seconds = (double)(g_get_monotonic_time() - started) / G_USEC_PER_SEC;
    if (run->journal && !journal_step(run->journal, &run->batch, run->losses, &report, error))
        return FALSE;
    gboolean last = report.step == config->steps;
    if (config->eval_every && (last || is_due(config->eval_every, report.step)) && !evaluate(run, &report, error))
        return FALSE;
    if (!last && !ask_stop(run, &run->stopped, error))
        return FALSE;
    report.stopped = run->stopped;
    if (!checkpoint_writer_poll(run->writer, error))
        return FALSE;
    if ((last || run->stopped || is_due(config->checkpoint_every, report.step)) && !save(run, report.step, error))
        return FALSE;
    progress_add(run->progress, 1);
    if (report_function && comm_rank(run->comm) == 0)
        report_function(&report, user);
    return TRUE;
}

/* By rank 0, once it is known where the weights are from: of that folder, or the newest checkpoint in it. */
static gboolean gather_files(Run *run, Store *store, GError **error)
{
    const char *from = run->resumed ? run->config.output : run->config.weights;
    g_autofree char *directory = from ? checkpoint_resolve(from, error) : NULL;
    if (from && !directory)
        return FALSE;
    run->files = model_files_read(directory, error);
    return run->files && (model_files_have_tokenizer(run->files) || model_files_add_tokenizer(run->files, store, error));
}

/* Of a CPU nobody knows by heart what it can do. By rank 0, while the others wait. */
static void find_peak(Run *run)
{
    if (run->config.peak_tflops == 0 && g_str_equal(run->backend->name, "cpu"))
        run->config.peak_tflops = peak_measure(run->backend);
}

static gboolean prepare(Run *run, Store *store, GError **error)
{
    if (!train_config_check(&run->config, error) || !open_data(run, store, error) || !open_model(run, error))
        return FALSE;
    if (!directory_make(run->config.output, error) || !begin_or_resume(run, error))
        return FALSE;
    if (comm_rank(run->comm) == 0 && !gather_files(run, store, error))
        return FALSE;
    run->writer = checkpoint_model_writer_new(run->config.output, run->config.checkpoint_keep, TRUE, run->files, engine_optimizer(run->engine),
                                              run->comm);
    if (comm_rank(run->comm) > 0)
        return TRUE;
    find_peak(run);
    run->journal = journal_open(&run->config, run->reader, run->resumed, run->entropy, error);
    return run->journal != NULL;
}

gboolean train_run(const TrainConfig *config, Store *store, Comm *comm, Progress *progress, TrainReportFunction report,
                   gpointer user, GError **error)
{
    g_auto(Run) run = {.config = *config, .comm = comm, .progress = progress};
    if (!prepare(&run, store, error))
        return FALSE;
    progress_begin(progress, "train", "steps", config->steps);
    progress_add(progress, run.resumed);
    gboolean good = TRUE;
    for (guint64 step = run.resumed; good && !run.stopped && step < config->steps; step++)
        good = run_step(&run, step, report, user, error);
    good = good && checkpoint_writer_finish(run.writer, error);
    progress_end(progress);
    return good;
}
