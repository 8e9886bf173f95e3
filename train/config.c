/* SPDX-License-Identifier: Apache-2.0
 * The training configuration from YAML; see train/config.h. */
#include "train/config.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/yaml.h"

/* The one place of the defaults: those of MEDITRON (arXiv 2311.16079) where it names a value, on a small model. */
static const TrainConfig defaults = {
    .seed = 1,
    .model = {.hidden = 128, .layers = 4, .heads = 4, .kv_heads = 4, .intermediate = 344, .context = 256,
              .rope_theta = 10000, .norm_epsilon = 1e-5, .tied = FALSE},
    .optimizer = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-5, .decay = 0.1, .clip = 1},
    .schedule = {.peak = 3e-4, .min_ratio = 0.1, .warmup = 100},
    .steps = 1000,
    .sequences = 16,
    .micro_batch = 4,
    .checkpoint_keep = 2,
    .eval_sequences = 64,
};

/* The file as libcyaml loads it: a pointer to each value that is there, NULL for what is left out. */
typedef struct FileModel {
    uint64_t *hidden, *layers, *heads, *kv_heads, *intermediate, *context;
    double *rope_theta, *norm_eps;
    bool *tied;
} FileModel;

typedef struct FileOptimizer {
    double *lr, *beta1, *beta2, *eps, *weight_decay, *clip;
} FileOptimizer;

typedef struct FileSchedule {
    uint64_t *warmup, *horizon, *steps;
    double *min_ratio;
} FileSchedule;

typedef struct FileBatch {
    uint64_t *sequences, *micro_batch;
    bool *document_mask;
} FileBatch;

typedef struct FilePace {
    uint64_t *every, *keep, *sequences;
} FilePace;

typedef struct FileLog {
    char *path;
    bool *documents;
} FileLog;

typedef struct FileConfig {
    char *store, *output;
    uint64_t *seed;
    FileModel model;
    FileOptimizer optimizer;
    FileSchedule schedule;
    FileBatch batch;
    FilePace checkpoint, eval;
    FileLog log;
} FileConfig;

#define OPTIONAL CYAML_FLAG_OPTIONAL

static const cyaml_schema_field_t model_fields[] = {
    CYAML_FIELD_UINT_PTR("hidden", OPTIONAL, FileModel, hidden),
    CYAML_FIELD_UINT_PTR("layers", OPTIONAL, FileModel, layers),
    CYAML_FIELD_UINT_PTR("heads", OPTIONAL, FileModel, heads),
    CYAML_FIELD_UINT_PTR("kv_heads", OPTIONAL, FileModel, kv_heads),
    CYAML_FIELD_UINT_PTR("intermediate", OPTIONAL, FileModel, intermediate),
    CYAML_FIELD_UINT_PTR("context", OPTIONAL, FileModel, context),
    CYAML_FIELD_FLOAT_PTR("rope_theta", OPTIONAL, FileModel, rope_theta),
    CYAML_FIELD_FLOAT_PTR("norm_eps", OPTIONAL, FileModel, norm_eps),
    CYAML_FIELD_BOOL_PTR("tied", OPTIONAL, FileModel, tied),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t optimizer_fields[] = {
    CYAML_FIELD_FLOAT_PTR("lr", OPTIONAL, FileOptimizer, lr),
    CYAML_FIELD_FLOAT_PTR("beta1", OPTIONAL, FileOptimizer, beta1),
    CYAML_FIELD_FLOAT_PTR("beta2", OPTIONAL, FileOptimizer, beta2),
    CYAML_FIELD_FLOAT_PTR("eps", OPTIONAL, FileOptimizer, eps),
    CYAML_FIELD_FLOAT_PTR("weight_decay", OPTIONAL, FileOptimizer, weight_decay),
    CYAML_FIELD_FLOAT_PTR("clip", OPTIONAL, FileOptimizer, clip),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t schedule_fields[] = {
    CYAML_FIELD_UINT_PTR("warmup", OPTIONAL, FileSchedule, warmup),
    CYAML_FIELD_UINT_PTR("horizon", OPTIONAL, FileSchedule, horizon),
    CYAML_FIELD_UINT_PTR("steps", OPTIONAL, FileSchedule, steps),
    CYAML_FIELD_FLOAT_PTR("min_ratio", OPTIONAL, FileSchedule, min_ratio),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t batch_fields[] = {
    CYAML_FIELD_UINT_PTR("sequences", OPTIONAL, FileBatch, sequences),
    CYAML_FIELD_UINT_PTR("micro_batch", OPTIONAL, FileBatch, micro_batch),
    CYAML_FIELD_BOOL_PTR("document_mask", OPTIONAL, FileBatch, document_mask),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t checkpoint_fields[] = {
    CYAML_FIELD_UINT_PTR("every", OPTIONAL, FilePace, every),
    CYAML_FIELD_UINT_PTR("keep", OPTIONAL, FilePace, keep),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t eval_fields[] = {
    CYAML_FIELD_UINT_PTR("every", OPTIONAL, FilePace, every),
    CYAML_FIELD_UINT_PTR("sequences", OPTIONAL, FilePace, sequences),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t log_fields[] = {
    CYAML_FIELD_STRING_PTR("path", OPTIONAL, FileLog, path, 1, 4096),
    CYAML_FIELD_BOOL_PTR("documents", OPTIONAL, FileLog, documents),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t config_fields[] = {
    CYAML_FIELD_STRING_PTR("store", OPTIONAL, FileConfig, store, 1, 4096),
    CYAML_FIELD_STRING_PTR("output", 0, FileConfig, output, 1, 4096),
    CYAML_FIELD_UINT_PTR("seed", OPTIONAL, FileConfig, seed),
    CYAML_FIELD_MAPPING("model", OPTIONAL, FileConfig, model, model_fields),
    CYAML_FIELD_MAPPING("optimizer", OPTIONAL, FileConfig, optimizer, optimizer_fields),
    CYAML_FIELD_MAPPING("schedule", OPTIONAL, FileConfig, schedule, schedule_fields),
    CYAML_FIELD_MAPPING("batch", OPTIONAL, FileConfig, batch, batch_fields),
    CYAML_FIELD_MAPPING("checkpoint", OPTIONAL, FileConfig, checkpoint, checkpoint_fields),
    CYAML_FIELD_MAPPING("eval", OPTIONAL, FileConfig, eval, eval_fields),
    CYAML_FIELD_MAPPING("log", OPTIONAL, FileConfig, log, log_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t config_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, FileConfig, config_fields)};

static void take_size(gsize *to, const uint64_t *value)
{
    if (value)
        *to = *value;
}

static void take_number(double *to, const double *value)
{
    if (value)
        *to = *value;
}

static void take_flag(gboolean *to, const bool *value)
{
    if (value)
        *to = *value;
}

static void take_model(ModelShape *model, const FileModel *file)
{
    take_size(&model->hidden, file->hidden);
    take_size(&model->layers, file->layers);
    take_size(&model->heads, file->heads);
    model->kv_heads = model->heads;
    take_size(&model->kv_heads, file->kv_heads);
    take_size(&model->intermediate, file->intermediate);
    take_size(&model->context, file->context);
    take_number(&model->rope_theta, file->rope_theta);
    take_number(&model->norm_epsilon, file->norm_eps);
    take_flag(&model->tied, file->tied);
}

static void take_learning(TrainConfig *config, const FileOptimizer *optimizer, const FileSchedule *schedule)
{
    take_number(&config->schedule.peak, optimizer->lr);
    take_number(&config->optimizer.beta1, optimizer->beta1);
    take_number(&config->optimizer.beta2, optimizer->beta2);
    take_number(&config->optimizer.epsilon, optimizer->eps);
    take_number(&config->optimizer.decay, optimizer->weight_decay);
    take_number(&config->optimizer.clip, optimizer->clip);
    take_size(&config->steps, schedule->steps);
    config->schedule.horizon = config->steps;
    config->schedule.warmup = MIN(config->schedule.warmup, config->steps / 10);
    take_size(&config->schedule.warmup, schedule->warmup);
    take_size(&config->schedule.horizon, schedule->horizon);
    take_number(&config->schedule.min_ratio, schedule->min_ratio);
}

static TrainConfig *resolve(const FileConfig *file)
{
    TrainConfig *config = g_memdup2(&defaults, sizeof defaults);
    config->store = g_strdup(file->store);
    config->output = g_strdup(file->output);
    config->log = g_strdup(file->log.path);
    take_size(&config->seed, file->seed);
    take_model(&config->model, &file->model);
    take_learning(config, &file->optimizer, &file->schedule);
    take_size(&config->sequences, file->batch.sequences);
    config->micro_batch = MIN(config->micro_batch, config->sequences);
    take_size(&config->micro_batch, file->batch.micro_batch);
    take_flag(&config->document_mask, file->batch.document_mask);
    take_size(&config->checkpoint_every, file->checkpoint.every);
    take_size(&config->checkpoint_keep, file->checkpoint.keep);
    take_size(&config->eval_every, file->eval.every);
    take_size(&config->eval_sequences, file->eval.sequences);
    take_flag(&config->log_documents, file->log.documents);
    return config;
}

TrainConfig *train_config_load(const char *path, GError **error)
{
    gpointer file = NULL;
    if (!yaml_read(path, &config_schema, &file, error))
        return NULL;
    g_autoptr(TrainConfig) config = resolve(file);
    yaml_release(&config_schema, file);
    if (train_config_check(config, error))
        return g_steal_pointer(&config);
    g_prefix_error(error, "%s: ", path);
    return NULL;
}

void train_config_free(TrainConfig *config)
{
    if (!config)
        return;
    g_free(config->store);
    g_free(config->output);
    g_free(config->log);
    g_free(config);
}

static gboolean check_range(const char *key, double value, double low, double high, GError **error)
{
    if (value >= low && value <= high)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s is %g, but must be from %g to %g", key, value, low, high);
    return FALSE;
}

static gboolean check_ranges(const TrainConfig *config, GError **error)
{
    const struct {
        const char *key;
        double value, low, high;
    } ranges[] = {
        {"optimizer.lr", config->schedule.peak, 0, 10},
        {"optimizer.beta1", config->optimizer.beta1, 0, 0.999999},
        {"optimizer.beta2", config->optimizer.beta2, 0, 0.999999},
        {"optimizer.eps", config->optimizer.epsilon, 1e-12, 1},
        {"optimizer.weight_decay", config->optimizer.decay, 0, 10},
        {"optimizer.clip", config->optimizer.clip, 0, 1e9},
        {"schedule.min_ratio", config->schedule.min_ratio, 0, 1},
        {"schedule.steps", (double)config->steps, 1, 1e9},
        {"schedule.warmup", (double)config->schedule.warmup, 0, 1e9},
        {"schedule.horizon", (double)config->schedule.horizon, (double)config->schedule.warmup, 1e9},
        {"batch.sequences", (double)config->sequences, 1, 65536},
        {"batch.micro_batch", (double)config->micro_batch, 1, (double)config->sequences},
        {"batch.micro_batch times model.context", (double)config->micro_batch * (double)config->model.context, 1, 16777216},
        {"eval.sequences", (double)config->eval_sequences, 1, 65536},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(ranges); i++)
        if (!check_range(ranges[i].key, ranges[i].value, ranges[i].low, ranges[i].high, error))
            return FALSE;
    return TRUE;
}

gboolean train_config_check(const TrainConfig *config, GError **error)
{
    ModelShape model = config->model;
    model.vocabulary = 1;
    return check_ranges(config, error) && model_shape_check(&model, error);
}

json_t *train_config_fingerprint(const TrainConfig *config)
{
    const ModelShape *model = &config->model;
    const OptimizerSettings *optimizer = &config->optimizer;
    const Schedule *schedule = &config->schedule;
    return json_pack("{s:I, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:b}, s:{s:f, s:f, s:f, s:f, s:f, s:f},"
                     " s:{s:I, s:I, s:f}, s:{s:I, s:I, s:b}}",
                     "seed", (json_int_t)config->seed,
                     "model", "vocabulary", (json_int_t)model->vocabulary, "hidden", (json_int_t)model->hidden,
                     "layers", (json_int_t)model->layers, "heads", (json_int_t)model->heads, "kv_heads", (json_int_t)model->kv_heads,
                     "intermediate", (json_int_t)model->intermediate, "context", (json_int_t)model->context,
                     "rope_theta", model->rope_theta, "norm_eps", model->norm_epsilon, "tied", (int)model->tied,
                     "optimizer", "lr", schedule->peak, "beta1", optimizer->beta1, "beta2", optimizer->beta2,
                     "eps", optimizer->epsilon, "weight_decay", optimizer->decay, "clip", optimizer->clip,
                     "schedule", "warmup", (json_int_t)schedule->warmup, "horizon", (json_int_t)schedule->horizon,
                     "min_ratio", schedule->min_ratio,
                     "batch", "sequences", (json_int_t)config->sequences, "micro_batch", (json_int_t)config->micro_batch,
                     "document_mask", (int)config->document_mask);
}
