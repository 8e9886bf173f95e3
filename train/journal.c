/* SPDX-License-Identifier: Apache-2.0
 * What is written about a run; see train/journal.h. */
#include "train/journal.h"

#include <math.h>

#include "train/flops.h"
#include "train/run_log.h"
#include "train/spike.h"
#include "train/tensorboard.h"

#define SUSPECTS 8 /* documents of a spike that are reported; the log has all */

struct Journal {
    const TrainConfig *config;
    const ShardReader *reader;
    RunLog *log;
    Tensorboard *board; /* NULL where none is wanted */
    SpikeWatch *watch;
    GArray *sources, *eval_sources; /* of TrainSourceLoss */
    GArray *suspects;               /* of TrainDocumentLoss */
};

char *journal_path(const char *output, const char *log)
{
    return log ? g_strdup(log) : g_build_filename(output, "log.jsonl", NULL);
}

static void remember_step(const json_t *line, gpointer user)
{
    const json_t *loss = json_object_get(line, "loss");
    SpikeScore unused;
    if (loss)
        spike_watch_see(user, json_number_value(loss), json_number_value(json_object_get(line, "grad_norm")), &unused);
}

static gboolean write_header(Journal *journal, double unigram_entropy, GError **error)
{
    const TrainConfig *config = journal->config;
    char digest[SHA256_HEX_SIZE];
    sha256_hex(shard_reader_digest(journal->reader), digest);
    g_autoptr(json_t) line = json_pack(
        "{s:i, s:{s:I, s:I, s:s, s:o, s:f, s:o}}", "step", 0, "run", "parameters",
        (json_int_t)model_shape_parameters(&config->model), "train_tokens", (json_int_t)shard_reader_tokens(journal->reader),
        "shards", digest, "store", config->store ? json_text(config->store) : json_null(), "unigram_entropy",
        unigram_entropy, "config", train_config_fingerprint(config));
    return run_log_write(journal->log, line, error);
}

Journal *journal_open(const TrainConfig *config, const ShardReader *reader, guint64 resumed, double unigram_entropy,
                      GError **error)
{
    g_autoptr(Journal) journal = g_new0(Journal, 1);
    journal->config = config;
    journal->reader = reader;
    journal->watch = spike_watch_new(config->spike_threshold, config->spike_window);
    journal->sources = g_array_new(FALSE, FALSE, sizeof(TrainSourceLoss));
    journal->eval_sources = g_array_new(FALSE, FALSE, sizeof(TrainSourceLoss));
    journal->suspects = g_array_new(FALSE, FALSE, sizeof(TrainDocumentLoss));
    g_autofree char *path = journal_path(config->output, config->log);
    journal->log = run_log_open(path, resumed, remember_step, journal->watch, error);
    if (!journal->log || (run_log_is_empty(journal->log) && !write_header(journal, unigram_entropy, error)))
        return NULL;
    if (!config->tensorboard)
        return g_steal_pointer(&journal);
    g_autofree char *folder = g_build_filename(config->output, "tensorboard", NULL);
    journal->board = tensorboard_open(folder, resumed, error);
    return journal->board ? g_steal_pointer(&journal) : NULL;
}

void journal_free(Journal *journal)
{
    if (!journal)
        return;
    run_log_free(journal->log);
    tensorboard_free(journal->board);
    spike_watch_free(journal->watch);
    g_array_unref(journal->sources);
    g_array_unref(journal->eval_sources);
    g_array_unref(journal->suspects);
    g_free(journal);
}

gboolean journal_sync(Journal *journal, GError **error)
{
    return run_log_sync(journal->log, error);
}

/* The means over each source. */
static void split_by_source(const ShardReader *reader, const Batch *batch, const double *losses, GArray *sources)
{
    g_autoptr(GArray) by_source = batch_losses(batch, losses, BATCH_BY_SOURCE);
    g_array_set_size(sources, 0);
    for (guint i = 0; i < by_source->len; i++) {
        const BatchLoss *loss = &g_array_index(by_source, BatchLoss, i);
        TrainSourceLoss source = {shard_reader_source(reader, (guint32)loss->key), loss->loss, loss->tokens};
        g_array_append_val(sources, source);
    }
}

/* {"cdc": {"loss": 5.1, "tokens": 2048}} */
static json_t *sources_to_json(const GArray *sources)
{
    json_t *object = json_object();
    for (guint i = 0; i < sources->len; i++) {
        const TrainSourceLoss *source = &g_array_index(sources, TrainSourceLoss, i);
        json_object_set_new(object, source->source,
                            json_pack("{s:f, s:I}", "loss", source->loss, "tokens", (json_int_t)source->tokens));
    }
    return object;
}

static json_t *documents_to_json(const Batch *batch, const double *losses)
{
    g_autoptr(GArray) documents = batch_losses(batch, losses, BATCH_BY_DOCUMENT);
    json_t *object = json_object();
    for (guint i = 0; i < documents->len; i++) {
        const BatchLoss *loss = &g_array_index(documents, BatchLoss, i);
        g_autofree char *name = g_strdup_printf("%" G_GUINT64_FORMAT, loss->key);
        json_object_set_new(object, name,
                            json_pack("{s:f, s:I}", "loss", loss->loss, "tokens", (json_int_t)loss->tokens));
    }
    return object;
}

static void find_suspects(Journal *journal, const Batch *batch, const double *losses, double usual)
{
    g_autoptr(GArray) documents = spike_documents(batch, losses, usual);
    for (guint i = 0; i < MIN(documents->len, SUSPECTS); i++) {
        const SpikeDocument *document = &g_array_index(documents, SpikeDocument, i);
        TrainDocumentLoss suspect = {document->docno, shard_reader_source(journal->reader, document->source),
                                     document->loss, document->tokens};
        g_array_append_val(journal->suspects, suspect);
    }
}

static void judge(Journal *journal, const Batch *batch, const double *losses, TrainReport *report)
{
    SpikeScore score;
    report->spike = spike_watch_see(journal->watch, report->loss, report->gradient_norm, &score);
    report->loss_z = score.loss_z;
    report->gradient_z = score.gradient_z;
    g_array_set_size(journal->suspects, 0);
    if (report->spike)
        find_suspects(journal, batch, losses, score.usual_loss);
    report->documents = (const TrainDocumentLoss *)(gconstpointer)journal->suspects->data;
    report->documents_count = journal->suspects->len;
}

static void measure_speed(const Journal *journal, const Batch *batch, TrainReport *report)
{
    const TrainConfig *config = journal->config;
    const ParallelSettings *parallel = &config->parallel;
    double ranks = (double)(parallel->tensor * parallel->pipeline * MAX(parallel->data, 1));
    double tokens = (double)(batch->sequences * batch->context) / MAX(report->seconds, 1e-6);
    report->tokens_per_second = tokens;
    report->tflops = tokens * flops_per_token(&config->model) / ranks / 1e12;
    double peak = config->peak_tflops > 0 ? config->peak_tflops : NAN;
    report->mfu = report->tflops / peak;
    report->mfu_6n = tokens * flops_6n(&config->model) / ranks / 1e12 / peak;
}

static json_t *timing_to_json(const TrainReport *report)
{
    json_t *timing = json_pack("{s:f, s:f, s:f}", "seconds", report->seconds, "tokens_per_second",
                               report->tokens_per_second, "tflops", report->tflops);
    if (isfinite(report->mfu)) {
        json_object_set_new(timing, "mfu", json_real(report->mfu));
        json_object_set_new(timing, "mfu_6n", json_real(report->mfu_6n));
    }
    return timing;
}

static gboolean write_line(Journal *journal, const Batch *batch, const double *losses, const TrainReport *report,
                           GError **error)
{
    g_autoptr(json_t) line = json_pack(
        "{s:I, s:f, s:f, s:f, s:I, s:s, s:o, s:o}", "step", (json_int_t)report->step, "loss", report->loss, "lr",
        report->rate, "grad_norm", report->gradient_norm, "tokens", (json_int_t)report->tokens, "token_hash",
        report->token_hash, "loss_by_source", sources_to_json(journal->sources), "timing", timing_to_json(report));
    if (report->spike)
        json_object_set_new(line, "spike",
                            json_pack("{s:f, s:f}", "loss_z", report->loss_z, "gradient_z", report->gradient_z));
    if (report->spike || journal->config->log_documents)
        json_object_set_new(line, "loss_by_document", documents_to_json(batch, losses));
    return run_log_write(journal->log, line, error);
}

/* "loss_by_source/cdc" for each source; the tags are freed with `tags`. */
static void add_scalars(GArray *scalars, GPtrArray *tags, const char *group, const GArray *sources)
{
    for (guint i = 0; i < sources->len; i++) {
        const TrainSourceLoss *source = &g_array_index(sources, TrainSourceLoss, i);
        g_ptr_array_add(tags, g_strdup_printf("%s/%s", group, source->source));
        TensorboardScalar scalar = {g_ptr_array_index(tags, tags->len - 1), source->loss};
        g_array_append_val(scalars, scalar);
    }
}

static gboolean draw(Journal *journal, guint64 step, const TensorboardScalar *first, gsize count, const char *group,
                     const GArray *sources, GError **error)
{
    if (!journal->board)
        return TRUE;
    g_autoptr(GArray) scalars = g_array_new(FALSE, FALSE, sizeof(TensorboardScalar));
    g_autoptr(GPtrArray) tags = g_ptr_array_new_with_free_func(g_free);
    g_array_append_vals(scalars, first, (guint)count);
    add_scalars(scalars, tags, group, sources);
    return tensorboard_write(journal->board, step, (const TensorboardScalar *)(gconstpointer)scalars->data,
                             scalars->len, error);
}

gboolean journal_step(Journal *journal, const Batch *batch, const double *losses, TrainReport *report, GError **error)
{
    split_by_source(journal->reader, batch, losses, journal->sources);
    report->sources = (const TrainSourceLoss *)(gconstpointer)journal->sources->data;
    report->sources_count = journal->sources->len;
    measure_speed(journal, batch, report);
    judge(journal, batch, losses, report);
    const TensorboardScalar scalars[] = {
        {"train/loss", report->loss},
        {"train/gradient_norm", report->gradient_norm},
        {"train/learning_rate", report->rate},
        {"train/tokens", (double)report->tokens},
        {"speed/tokens_per_second", report->tokens_per_second},
        {"speed/tflops", report->tflops},
        {"speed/mfu", report->mfu},
        {"speed/mfu_6n", report->mfu_6n},
    };
    return write_line(journal, batch, losses, report, error) &&
           draw(journal, report->step, scalars, G_N_ELEMENTS(scalars), "train_loss_by_source", journal->sources, error);
}

static double mean_of(const Batch *batch, const double *losses)
{
    gsize targets = batch->sequences * batch->context;
    double sum = 0;
    for (gsize i = 0; i < targets; i++)
        sum += losses[i];
    return sum / (double)MAX(batch_targets(batch), 1);
}

gboolean journal_validation(Journal *journal, const ShardReader *valid, const Batch *batch, const double *losses,
                            TrainReport *report, GError **error)
{
    report->eval_loss = mean_of(batch, losses);
    split_by_source(valid, batch, losses, journal->eval_sources);
    report->eval_sources = (const TrainSourceLoss *)(gconstpointer)journal->eval_sources->data;
    report->eval_sources_count = journal->eval_sources->len;
    g_autoptr(json_t) line =
        json_pack("{s:I, s:{s:f, s:I, s:o}}", "step", (json_int_t)report->step, "eval", "loss", report->eval_loss,
                  "tokens", (json_int_t)batch_targets(batch), "loss_by_source",
                  sources_to_json(journal->eval_sources));
    const TensorboardScalar scalar = {"valid/loss", report->eval_loss};
    return run_log_write(journal->log, line, error) &&
           draw(journal, report->step, &scalar, 1, "valid_loss_by_source", journal->eval_sources, error);
}
