/* SPDX-License-Identifier: Apache-2.0
 * The training configuration from YAML; see train/config.h. */
#include "train/config.h"

#include <string.h>

#include "base/error.h"
#include "train/checkpoint.h"
#include "train/checkpoint_files.h"
#include "train/config_file.h"
#include "train/presets.h"

/* The one place of the defaults: those of MEDITRON (arXiv 2311.16079) where it names a value. The model's are those of the
 * preset, which also has the learning rate. */
static const TrainConfig defaults = {
    .seed = 1,
    .parallel = {.tensor = 1, .pipeline = 1, .interleave = 1},
    .optimizer = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-5, .decay = 0.1, .clip = 1},
    .schedule = {.min_ratio = 0.1, .warmup = 2000},
    .steps = 1000,
    .sequences = 16,
    .micro_batch = 4,
    .checkpoint_keep = 2,
    .eval_sequences = 64,
    .tensorboard = TRUE,
    .spike_threshold = 6,
    .spike_window = 128,
    .verify = TRUE,
    .deterministic = TRUE,
    .graphs = TRUE,
};
#define DEFAULT_PRESET "tiny"
#define WEIGHTS_RATE 3e-4 /* of MEDITRON-7B */

/* What Llama 3.1 scales its rotary embeddings by; a factor must be named. */
static const RopeScaling default_scaling = {.low_frequency = 1, .high_frequency = 4, .original_context = 8192};

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

static void take_count(unsigned *to, const uint64_t *value)
{
    if (value)
        *to = (unsigned)MIN(*value, G_MAXUINT);
}

/* The number of `word` among `names`; NULL keeps *choice. */
static gboolean take_word(const char *key, const char *word, const char *const *names, int *choice, GError **error)
{
    for (int i = 0; word && names[i]; i++)
        if (g_str_equal(word, names[i])) {
            *choice = i;
            return TRUE;
        }
    if (!word)
        return TRUE;
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s is \"%s\", but must be one of %s", key, word, all);
    return FALSE;
}

static gboolean take_scaling(RopeScaling *scaling, const FileRopeScaling *file, GError **error)
{
    if (!file)
        return TRUE;
    *scaling = default_scaling;
    take_number(&scaling->factor, file->factor);
    take_number(&scaling->low_frequency, file->low_freq_factor);
    take_number(&scaling->high_frequency, file->high_freq_factor);
    take_size(&scaling->original_context, file->original_context);
    if (file->factor)
        return TRUE;
    g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "model.rope_scaling has no factor; add one (Llama 3.1 has 8, the small models of Llama 3.2 have 32)");
    return FALSE;
}

/* The sizes of the weights that a run begins with: those of a folder, or of the newest checkpoint in it. */
static gboolean read_shape(const char *weights, ModelShape *shape, GError **error)
{
    g_autofree char *directory = checkpoint_resolve(weights, error);
    g_autofree char *what = directory ? g_build_filename(directory, "config.json", NULL) : NULL;
    g_autoptr(json_t) sizes = directory ? checkpoint_read_json(directory, "config.json", error) : NULL;
    if (sizes && model_shape_from_json(sizes, what, shape, error))
        return TRUE;
    g_prefix_error(error, "the sizes of weights, which stand in for a model.preset: ");
    return FALSE;
}

/* What the file's own sizes are set over. */
static gboolean take_base(TrainConfig *config, const FileModel *file, GError **error)
{
    if (config->weights && !file->preset) {
        config->schedule.peak = WEIGHTS_RATE;
        return read_shape(config->weights, &config->model, error);
    }
    const TrainPreset *preset = train_preset_find(file->preset ? file->preset : DEFAULT_PRESET, error);
    if (!preset)
        return FALSE;
    config->model = preset->shape;
    config->schedule.peak = preset->rate;
    return TRUE;
}

static gboolean take_model(TrainConfig *config, const FileModel *file, GError **error)
{
    if (!take_base(config, file, error))
        return FALSE;
    ModelShape *model = &config->model;
    take_size(&model->vocabulary, file->vocabulary);
    take_size(&model->hidden, file->hidden);
    take_size(&model->layers, file->layers);
    take_size(&model->heads, file->heads);
    if (file->heads)
        model->kv_heads = model->heads;
    take_size(&model->kv_heads, file->kv_heads);
    take_size(&model->intermediate, file->intermediate);
    take_size(&model->context, file->context);
    take_number(&model->rope_theta, file->rope_theta);
    take_number(&model->norm_epsilon, file->norm_eps);
    take_flag(&model->tied, file->tied);
    return take_scaling(&model->rope_scaling, file->rope_scaling, error);
}

static gboolean take_parallel(ParallelSettings *parallel, const FileParallel *file, GError **error)
{
    static const char *const names[] = {"none", "selective", "full", NULL};
    int recompute = RECOMPUTE_NONE;
    take_size(&parallel->tensor, file->tensor);
    take_size(&parallel->pipeline, file->pipeline);
    take_size(&parallel->data, file->data);
    take_flag(&parallel->sequence, file->sequence);
    take_size(&parallel->interleave, file->interleave);
    take_count(&parallel->zero, file->zero);
    if (!take_word("parallel.recompute", file->recompute, names, &recompute, error))
        return FALSE;
    parallel->recompute = recompute;
    return TRUE;
}

static void take_optimizer(TrainConfig *config, const FileOptimizer *optimizer)
{
    take_number(&config->schedule.peak, optimizer->lr);
    take_number(&config->optimizer.beta1, optimizer->beta1);
    take_number(&config->optimizer.beta2, optimizer->beta2);
    take_number(&config->optimizer.epsilon, optimizer->eps);
    take_number(&config->optimizer.decay, optimizer->weight_decay);
    take_number(&config->optimizer.clip, optimizer->clip);
}

static gboolean take_schedule(TrainConfig *config, const FileSchedule *file, GError **error)
{
    static const char *const names[] = {"cosine", "wsd", "constant", NULL};
    Schedule *schedule = &config->schedule;
    int kind = SCHEDULE_COSINE;
    if (!take_word("schedule.kind", file->kind, names, &kind, error))
        return FALSE;
    schedule->kind = kind;
    take_size(&config->steps, file->steps);
    schedule->horizon = config->steps;
    take_size(&schedule->horizon, file->horizon);
    schedule->warmup = MIN(schedule->warmup, config->steps / 10);
    take_size(&schedule->warmup, file->warmup);
    schedule->decay = kind == SCHEDULE_WSD ? schedule->horizon / 10 : 0;
    take_size(&schedule->decay, file->decay);
    take_number(&schedule->min_ratio, file->min_ratio);
    return TRUE;
}

static gboolean take_cuda(TrainConfig *config, const FileCuda *file, GError **error)
{
    static const char *const names[] = {"own", "wgmma", "cudnn", NULL}, *const matrices[] = {"bfloat16", "fp8", NULL};
    int attention = ATTENTION_OWN, matrix = 0;
    if (!take_word("cuda.attention", file->attention, names, &attention, error) ||
        !take_word("cuda.matrix", file->matrix, matrices, &matrix, error))
        return FALSE;
    config->attention = (AttentionKernels)attention;
    config->fp8 = matrix == 1;
    take_flag(&config->deterministic, file->deterministic);
    take_flag(&config->graphs, file->graphs);
    return TRUE;
}

static TrainConfig *resolve(const FileConfig *file, GError **error)
{
    g_autoptr(TrainConfig) config = g_memdup2(&defaults, sizeof defaults);
    config->store = g_strdup(file->store);
    config->output = g_strdup(file->output);
    config->weights = g_strdup(file->weights);
    config->log = g_strdup(file->log.path);
    take_size(&config->seed, file->seed);
    if (!take_model(config, &file->model, error) || !take_parallel(&config->parallel, &file->parallel, error) ||
        !take_schedule(config, &file->schedule, error) || !take_cuda(config, &file->cuda, error))
        return NULL;
    take_optimizer(config, &file->optimizer);
    take_size(&config->sequences, file->batch.sequences);
    config->micro_batch = MIN(config->micro_batch, config->sequences);
    take_size(&config->micro_batch, file->batch.micro_batch);
    take_flag(&config->document_mask, file->batch.document_mask);
    take_size(&config->checkpoint_every, file->checkpoint.every);
    take_size(&config->checkpoint_keep, file->checkpoint.keep);
    take_size(&config->eval_every, file->eval.every);
    take_size(&config->eval_sequences, file->eval.sequences);
    take_flag(&config->log_documents, file->log.documents);
    take_flag(&config->tensorboard, file->log.tensorboard);
    take_number(&config->peak_tflops, file->log.peak_tflops);
    take_number(&config->spike_threshold, file->spike.threshold);
    take_size(&config->spike_window, file->spike.window);
    take_flag(&config->verify, file->verify);
    return g_steal_pointer(&config);
}

TrainConfig *train_config_load(const char *path, GError **error)
{
    gpointer file = NULL;
    if (!yaml_read(path, &config_file_schema, &file, error))
        return NULL;
    g_autoptr(TrainConfig) config = resolve(file, error);
    yaml_release(&config_file_schema, file);
    if (config && train_config_check(config, error))
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
    g_free(config->weights);
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
        {"schedule.horizon", (double)config->schedule.horizon, (double)(config->schedule.warmup + config->schedule.decay), 1e9},
        {"batch.sequences", (double)config->sequences, 1, 65536},
        {"batch.micro_batch", (double)config->micro_batch, 1, (double)config->sequences},
        {"batch.micro_batch times model.context", (double)config->micro_batch * (double)config->model.context, 1, 16777216},
        {"log.peak_tflops", config->peak_tflops, 0, 1e9},
        {"spike.threshold", config->spike_threshold, 0, 1e9},
        {"spike.window", (double)config->spike_window, config->spike_threshold > 0 ? 8 : 0, 65536},
        {"eval.sequences", (double)config->eval_sequences, 1, 65536},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(ranges); i++)
        if (!check_range(ranges[i].key, ranges[i].value, ranges[i].low, ranges[i].high, error))
            return FALSE;
    return TRUE;
}

static gboolean check_decay(const Schedule *schedule, GError **error)
{
    if (schedule->kind == SCHEDULE_WSD || !schedule->decay)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "schedule.decay is %" G_GUINT64_FORMAT ", but a schedule of kind %s has none; set schedule.kind to wsd or leave it out",
                schedule->decay, schedule_kind_name(schedule->kind));
    return FALSE;
}

gboolean train_config_check(const TrainConfig *config, GError **error)
{
    ModelShape model = config->model;
    model.vocabulary = MAX(model.vocabulary, 1);
    return check_ranges(config, error) && check_decay(&config->schedule, error) && model_shape_check(&model, error) &&
           parallel_check(&config->parallel, &config->model, config->sequences, config->micro_batch, error);
}

gboolean train_config_take_vocabulary(TrainConfig *config, guint32 vocabulary, GError **error)
{
    if (!config->model.vocabulary)
        config->model.vocabulary = vocabulary;
    if (config->model.vocabulary < vocabulary && config->weights) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "the weights are to have %" G_GSIZE_FORMAT " rows of tokens, but the tokenizer of the store has %u ids: the store was built with "
                    "another tokenizer, or its new tokens have no rows yet, which 'galen convert --add-token' makes",
                    config->model.vocabulary, vocabulary);
        return FALSE;
    }
    if (config->model.vocabulary < vocabulary) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "model.vocabulary is %" G_GSIZE_FORMAT
                    ", but the tokenizer of the store has %u ids; set model.vocabulary to at least %u, or leave it out",
                    config->model.vocabulary, vocabulary, vocabulary);
        return FALSE;
    }
    return TRUE;
}

static json_t *scaling_to_json(const RopeScaling *scaling)
{
    if (!scaling->factor)
        return json_null();
    return json_pack("{s:f, s:f, s:f, s:I}", "factor", scaling->factor, "low_freq_factor", scaling->low_frequency,
                     "high_freq_factor", scaling->high_frequency, "original_context", (json_int_t)scaling->original_context);
}

json_t *train_config_fingerprint(const TrainConfig *config)
{
    const ModelShape *model = &config->model;
    const OptimizerSettings *optimizer = &config->optimizer;
    const Schedule *schedule = &config->schedule;
    return json_pack("{s:I, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:b, s:o}, s:{s:f, s:f, s:f, s:f, s:f, s:f},"
                     " s:{s:s, s:I, s:I, s:I, s:f}, s:{s:I, s:b}, s:{s:s}}",
                     "seed", (json_int_t)config->seed,
                     "model", "vocabulary", (json_int_t)model->vocabulary, "hidden", (json_int_t)model->hidden,
                     "layers", (json_int_t)model->layers, "heads", (json_int_t)model->heads, "kv_heads", (json_int_t)model->kv_heads,
                     "intermediate", (json_int_t)model->intermediate, "context", (json_int_t)model->context,
                     "rope_theta", model->rope_theta, "norm_eps", model->norm_epsilon, "tied", (int)model->tied,
                     "rope_scaling", scaling_to_json(&model->rope_scaling),
                     "optimizer", "lr", schedule->peak, "beta1", optimizer->beta1, "beta2", optimizer->beta2,
                     "eps", optimizer->epsilon, "weight_decay", optimizer->decay, "clip", optimizer->clip,
                     "schedule", "kind", schedule_kind_name(schedule->kind), "warmup", (json_int_t)schedule->warmup,
                     "horizon", (json_int_t)schedule->horizon, "decay", (json_int_t)schedule->decay, "min_ratio", schedule->min_ratio,
                     "batch", "sequences", (json_int_t)config->sequences, "document_mask", (int)config->document_mask,
                     "cuda", "matrix", config->fp8 ? "fp8" : "bfloat16");
}
