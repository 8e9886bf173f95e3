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
#include "train/run_log.h"
#include "train/unigram.h"

typedef struct Run {
    TrainConfig config; /* a copy that borrows its strings, with the store's vocabulary */
    Backend *backend;
    ShardReader *reader, *valid;
    BatchPlan *plan, *valid_plan; /* valid ones only where the run evaluates */
    Engine *engine;
    guint64 parameters; /* of the whole model */
    RunLog *log;
    Progress *progress;
    double entropy;
    guint64 resumed;
    Batch batch, valid_batch;
    double *losses; /* of one batch, a number for each target */
} Run;

static void run_clear(Run *run)
{
    engine_free(run->engine);
    if (run->backend)
        run->backend->destroy(run->backend);
    batch_clear(&run->batch);
    batch_clear(&run->valid_batch);
    batch_plan_free(run->plan);
    batch_plan_free(run->valid_plan);
    g_clear_pointer(&run->reader, shard_reader_free);
    g_clear_pointer(&run->valid, shard_reader_free);
    run_log_free(run->log);
    g_free(run->losses);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static gboolean open_data(Run *run, Store *store, GError **error)
{
    const TrainConfig *config = &run->config;
    run->reader = shard_reader_open(store, "train", error);
    if (!run->reader)
        return FALSE;
    if (!train_config_take_vocabulary(&run->config, shard_reader_vocabulary(run->reader), error))
        return FALSE;
    run->plan = batch_plan_new(run->reader, "train", config->model.context, config->sequences, config->seed, error);
    if (!run->plan || !unigram_entropy(run->reader, &run->entropy, error))
        return FALSE;
    if (!config->eval_every)
        return TRUE;
    run->valid = shard_reader_open(store, "valid", error);
    if (!run->valid)
        return FALSE;
    run->valid_plan =
        batch_plan_new(run->valid, "valid", config->model.context, config->eval_sequences, config->seed, error);
    if (!run->valid_plan)
        return FALSE;
    run->valid_plan->sequences = MIN(run->valid_plan->sequences, run->valid_plan->windows);
    return batch_read_spread(run->valid_plan, &run->valid_batch, error);
}

static gboolean open_model(Run *run, GError **error)
{
    TrainConfig *config = &run->config;
    if (!parallel_resolve(&config->parallel, &config->model, config->sequences, config->micro_batch, 1, error))
        return FALSE;
    EngineSettings settings = {
        .shape = config->model,
        .optimizer = config->optimizer,
        .parallel = config->parallel,
        .sequences = config->sequences,
        .micro_batch = config->micro_batch,
        .document_mask = config->document_mask,
    };
    run->backend = backend_open(config->threads, NULL, error);
    if (!run->backend)
        return FALSE;
    run->engine = engine_new(&settings, run->backend, NULL, error);
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

/* Loads the newest checkpoint, or the first weights. */
static gboolean begin_or_resume(Run *run, GError **error)
{
    const char *output = run->config.output;
    g_autoptr(GError) cause = NULL;
    g_autofree char *path = checkpoint_find_newest(output, &cause);
    if (cause) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    if (!path) {
        const ParameterTable *table = engine_model(run->engine)->table;
        g_autofree wide *values = g_new(wide, table->elements);
        parameters_initialise(table, &run->config.model, run->config.seed, values);
        optimizer_set_weights(engine_optimizer(run->engine), values);
        return TRUE;
    }
    g_auto(CheckpointState) state = {0};
    if (!checkpoint_load_state(path, &state, error) || !check_state(run, path, &state, error) ||
        !checkpoint_load(path, engine_optimizer(run->engine), NULL, error))
        return FALSE;
    run->resumed = state.step;
    return TRUE;
}

static gboolean write_header(Run *run, GError **error)
{
    char digest[SHA256_HEX_SIZE];
    sha256_hex(shard_reader_digest(run->reader), digest);
    g_autoptr(json_t) line =
        json_pack("{s:i, s:{s:I, s:I, s:s, s:f, s:o}}", "step", 0, "run", "parameters",
                  (json_int_t)run->parameters, "train_tokens", (json_int_t)shard_reader_tokens(run->reader),
                  "shards", digest, "unigram_entropy", run->entropy, "config", train_config_fingerprint(&run->config));
    return run_log_write(run->log, line, error);
}

static gboolean open_log(Run *run, GError **error)
{
    g_autofree char *path =
        run->config.log ? g_strdup(run->config.log) : g_build_filename(run->config.output, "log.jsonl", NULL);
    run->log = run_log_open(path, run->resumed, error);
    return run->log && (!run_log_is_empty(run->log) || write_header(run, error));
}

static double mean_loss(const Run *run, const Batch *batch)
{
    gsize targets = batch->sequences * batch->context;
    double sum = 0;
    for (gsize i = 0; i < targets; i++)
        sum += run->losses[i];
    return sum / (double)targets;
}

/* {"cdc": {"loss": 5.1, "tokens": 2048}}; documents go by their number. */
static json_t *losses_to_json(const Run *run, const ShardReader *reader, const GArray *losses, BatchKey key)
{
    json_t *object = json_object();
    for (guint i = 0; i < losses->len; i++) {
        const BatchLoss *loss = &g_array_index(losses, BatchLoss, i);
        g_autofree char *name = key == BATCH_BY_SOURCE ? g_strdup(shard_reader_source(reader, (guint32)loss->key))
                                                       : g_strdup_printf("%" G_GUINT64_FORMAT, loss->key);
        json_object_set_new(object, name,
                            json_pack("{s:f, s:I}", "loss", loss->loss, "tokens", (json_int_t)loss->tokens));
    }
    return object;
}

static gboolean log_step(Run *run, const TrainReport *report, const GArray *by_source, double seconds, GError **error)
{
    g_autoptr(json_t) line = json_pack(
        "{s:I, s:f, s:f, s:f, s:I, s:s, s:o, s:{s:f, s:f}}", "step", (json_int_t)report->step, "loss", report->loss,
        "lr", report->rate, "grad_norm", report->gradient_norm, "tokens", (json_int_t)report->tokens, "token_hash",
        report->token_hash, "loss_by_source", losses_to_json(run, run->reader, by_source, BATCH_BY_SOURCE), "timing",
        "seconds", seconds, "tokens_per_second", report->tokens_per_second);
    if (run->config.log_documents) {
        g_autoptr(GArray) by_document = batch_losses(&run->batch, run->losses, BATCH_BY_DOCUMENT);
        json_object_set_new(line, "loss_by_document", losses_to_json(run, run->reader, by_document, BATCH_BY_DOCUMENT));
    }
    return run_log_write(run->log, line, error);
}

static gboolean evaluate(Run *run, guint64 step, double *loss, GError **error)
{
    if (!engine_compute(run->engine, &run->valid_batch, FALSE, run->losses, error))
        return FALSE;
    *loss = mean_loss(run, &run->valid_batch);
    g_autoptr(GArray) by_source = batch_losses(&run->valid_batch, run->losses, BATCH_BY_SOURCE);
    g_autoptr(json_t) line = json_pack("{s:I, s:{s:f, s:I, s:o}}", "step", (json_int_t)step, "eval", "loss", *loss,
                                       "tokens", (json_int_t)(run->valid_batch.sequences * run->valid_batch.context),
                                       "loss_by_source", losses_to_json(run, run->valid, by_source, BATCH_BY_SOURCE));
    return run_log_write(run->log, line, error);
}

static gboolean save(Run *run, guint64 step, GError **error)
{
    CheckpointState state = {.step = step, .shards = *shard_reader_digest(run->reader)};
    g_autoptr(json_t) fingerprint = train_config_fingerprint(&run->config);
    state.fingerprint = fingerprint;
    return run_log_sync(run->log, error) && checkpoint_save(run->config.output, &state, engine_optimizer(run->engine), error) &&
           checkpoint_prune(run->config.output, run->config.checkpoint_keep, error);
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
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "training diverged at step %" G_GUINT64_FORMAT
                    ": loss %g, gradient norm %g; try a lower optimizer.lr or a longer "
                    "schedule.warmup",
                    step + 1, report->loss, report->gradient_norm);
        return FALSE;
    }
    return engine_update(run->engine, step, report->rate, report->gradient_norm, error);
}

static TrainSourceLoss *name_sources(const Run *run, const GArray *by_source)
{
    TrainSourceLoss *sources = g_new(TrainSourceLoss, MAX(by_source->len, 1));
    for (guint i = 0; i < by_source->len; i++) {
        const BatchLoss *loss = &g_array_index(by_source, BatchLoss, i);
        sources[i] = (TrainSourceLoss){shard_reader_source(run->reader, (guint32)loss->key), loss->loss, loss->tokens};
    }
    return sources;
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
    double seconds = (double)(g_get_monotonic_time() - started) / G_USEC_PER_SEC;
    report.tokens_per_second = (double)(config->sequences * config->model.context) / MAX(seconds, 1e-6);
    g_autoptr(GArray) by_source = batch_losses(&run->batch, run->losses, BATCH_BY_SOURCE);
    g_autofree TrainSourceLoss *sources = name_sources(run, by_source);
    report.sources = sources;
    report.sources_count = by_source->len;
    if (!log_step(run, &report, by_source, seconds, error))
        return FALSE;
    gboolean last = report.step == config->steps;
    if (config->eval_every && (last || report.step % config->eval_every == 0) &&
        !evaluate(run, report.step, &report.eval_loss, error))
        return FALSE;
    if (last || (config->checkpoint_every && report.step % config->checkpoint_every == 0))
        if (!save(run, report.step, error))
            return FALSE;
    progress_add(run->progress, 1);
    if (report_function)
        report_function(&report, user);
    return TRUE;
}

static gboolean prepare(Run *run, Store *store, GError **error)
{
    if (!train_config_check(&run->config, error) || !open_data(run, store, error) || !open_model(run, error))
        return FALSE;
    return directory_make(run->config.output, error) && begin_or_resume(run, error) && open_log(run, error);
}

gboolean train_run(const TrainConfig *config, Store *store, Progress *progress, TrainReportFunction report,
                   gpointer user, GError **error)
{
    g_auto(Run) run = {.config = *config, .progress = progress};
    if (!prepare(&run, store, error))
        return FALSE;
    progress_begin(progress, "train", "steps", config->steps);
    progress_add(progress, run.resumed);
    gboolean good = TRUE;
    for (guint64 step = run.resumed; good && step < config->steps; step++)
        good = run_step(&run, step, report, user, error);
    progress_end(progress);
    return good;
}
