/* SPDX-License-Identifier: Apache-2.0
 * train/config.h: defaults, every key, and errors that point. */
#include "train/config.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static char *path;

static TrainConfig *load(const char *text, GError **error)
{
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return train_config_load(path, error);
}

static void test_what_is_left_out_has_its_default(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TrainConfig) config = load("output: runs/a\nmodel: {heads: 8}\n", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(config->output, ==, "runs/a");
    g_assert_null(config->store);
    g_assert_null(config->log);
    g_assert_cmpuint(config->model.heads, ==, 8);
    g_assert_cmpuint(config->model.kv_heads, ==, 8); /* as many as heads */
    g_assert_cmpfloat(config->optimizer.beta2, ==, 0.95);
    g_assert_cmpfloat(config->optimizer.clip, ==, 1);
    g_assert_cmpuint(config->steps, ==, 1000);
    g_assert_cmpuint(config->schedule.horizon, ==, 1000); /* the steps */
    g_assert_false(config->model.tied);
    g_assert_cmpint(config->attention, ==, ATTENTION_OWN);
    g_assert_true(config->deterministic);
    g_assert_true(config->graphs);
}

static void test_every_key_reaches_its_setting(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TrainConfig) config = load(
        "store: corpus.galen\noutput: out\nseed: 0\n"
        "model: {hidden: 64, layers: 3, heads: 8, kv_heads: 2, intermediate: 100, context: 77, rope_theta: 5e5,\n"
        "        norm_eps: 1e-6, tied: true, vocabulary: 10, rope_scaling: {factor: 8, original_context: 40}}\n"
        "parallel: {tensor: 2, pipeline: 3, data: 5, sequence: false, interleave: 1, zero: 1, recompute: selective}\n"
        "optimizer: {lr: 0.002, beta1: 0.8, beta2: 0.99, eps: 1e-8, weight_decay: 0, clip: 0}\n"
        "schedule: {kind: wsd, warmup: 0, horizon: 500, decay: 100, min_ratio: 0, steps: 250}\n"
        "batch: {sequences: 30, micro_batch: 3, document_mask: true}\n"
        "checkpoint: {every: 20, keep: 0}\neval: {every: 30, sequences: 7}\nlog: {path: a.jsonl, documents: true, tensorboard: false, peak_tflops: 989}\n"
        "spike: {threshold: 8.5, window: 40}\nverify: false\ncuda: {attention: cudnn, deterministic: false, matrix: fp8, graphs: false}\n", &error);
    g_assert_no_error(error);
    g_autoptr(json_t) fingerprint = train_config_fingerprint(config);
    g_autofree char *text = json_write(fingerprint);
    g_assert_cmpstr(text, ==,
                    "{\"batch\":{\"document_mask\":true,\"sequences\":30},\"cuda\":{\"matrix\":\"fp8\"},"
                    "\"model\":{\"context\":77,\"heads\":8,\"hidden\":64,\"intermediate\":100,\"kv_heads\":2,\"layers\":3,"
                    "\"norm_eps\":9.9999999999999995e-7,\"rope_scaling\":{\"factor\":8.0,\"high_freq_factor\":4.0,"
                    "\"low_freq_factor\":1.0,\"original_context\":40},\"rope_theta\":500000.0,\"tied\":true,\"vocabulary\":10},"
                    "\"optimizer\":{\"beta1\":0.80000000000000004,\"beta2\":0.98999999999999999,\"clip\":0.0,\"eps\":1e-8,"
                    "\"lr\":0.002,\"weight_decay\":0.0},"
                    "\"schedule\":{\"decay\":100,\"horizon\":500,\"kind\":\"wsd\",\"min_ratio\":0.0,\"warmup\":0},\"seed\":0}");
    g_assert_cmpuint(config->micro_batch, ==, 3);
    g_assert_cmpuint(config->parallel.tensor, ==, 2);
    g_assert_cmpuint(config->parallel.pipeline, ==, 3);
    g_assert_cmpuint(config->parallel.data, ==, 5);
    g_assert_cmpuint(config->parallel.zero, ==, 1);
    g_assert_cmpint(config->parallel.recompute, ==, RECOMPUTE_SELECTIVE);
    g_assert_cmpstr(config->store, ==, "corpus.galen");
    g_assert_cmpstr(config->log, ==, "a.jsonl");
    g_assert_cmpuint(config->steps, ==, 250);
    g_assert_cmpuint(config->checkpoint_every, ==, 20);
    g_assert_cmpuint(config->checkpoint_keep, ==, 0);
    g_assert_cmpuint(config->eval_every, ==, 30);
    g_assert_cmpuint(config->eval_sequences, ==, 7);
    g_assert_true(config->log_documents);
    g_assert_false(config->tensorboard);
    g_assert_cmpfloat(config->peak_tflops, ==, 989);
    g_assert_cmpfloat(config->spike_threshold, ==, 8.5);
    g_assert_cmpuint(config->spike_window, ==, 40);
    g_assert_false(config->verify);
    g_assert_cmpint(config->attention, ==, ATTENTION_CUDNN);
    g_assert_false(config->deterministic);
    g_assert_false(config->graphs);
}

static void assert_refused(const char *text, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TrainConfig) config = load(text, &error);
    g_assert_null(config);
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, path));
    if (!strstr(error->message, why))
        g_error("\"%s\" does not say \"%s\"", error->message, why);
}

static void test_an_unknown_key_is_shown_with_its_line(void)
{
    assert_refused("output: a\nmodel:\n  hiden: 64\n", "3 |   hiden: 64\n    |   ^");
    assert_refused("model: {hidden: 64}\n", "output");
}

static void test_values_that_cannot_be_are_named(void)
{
    assert_refused("output: a\nmodel: {hidden: 130}\n", "model.hidden is 130");
    assert_refused("output: a\nmodel: {heads: 4, kv_heads: 3}\n", "model.kv_heads is 3");
    assert_refused("output: a\nmodel: {layers: 0}\n", "model.layers is 0");
    assert_refused("output: a\nbatch: {sequences: 4, micro_batch: 5}\n", "batch.micro_batch is 5");
    assert_refused("output: a\noptimizer: {lr: -1}\n", "optimizer.lr is -1");
    assert_refused("output: a\noptimizer: {lr: nan}\n", "optimizer.lr is nan");
    assert_refused("output: a\nmodel: {rope_scaling: {low_freq_factor: 2}}\n", "model.rope_scaling has no factor");
    assert_refused("output: a\nmodel: {rope_scaling: {factor: 0.5}}\n", "the factor must be at least 1");
    assert_refused("output: a\nschedule: {kind: linear}\n", "schedule.kind is \"linear\", but must be one of cosine, wsd, constant");
    assert_refused("output: a\ncuda: {matrix: fp16}\n", "cuda.matrix is \"fp16\", but must be one of bfloat16, fp8");
    assert_refused("output: a\nschedule: {decay: 10}\n", "schedule.decay is 10");
    assert_refused("output: a\nschedule: {kind: wsd, warmup: 50, decay: 60, horizon: 100}\n", "schedule.horizon is 100, but must be from 110");
    assert_refused("output: a\ncuda: {attention: flash}\n", "cuda.attention is \"flash\", but must be one of own, wgmma, cudnn");
    assert_refused("output: a\nspike: {window: 2}\n", "spike.window is 2");
    assert_refused("output: a\nschedule: {steps: 0}\n", "schedule.steps is 0");
    assert_refused("output: a\nschedule: {warmup: 50, horizon: 40}\n", "schedule.horizon is 40");
}

static void test_a_preset_gives_the_sizes_that_the_file_leaves_out(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TrainConfig) config = load("output: a\nmodel: {preset: llama2-70b, context: 2048}\n", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(config->model.layers, ==, 80);
    g_assert_cmpuint(config->model.kv_heads, ==, 8);
    g_assert_cmpuint(config->model.context, ==, 2048);
    g_assert_cmpfloat(config->schedule.peak, ==, 1.5e-4);
    assert_refused("output: a\nmodel: {preset: llama4}\n",
                   "model.preset is \"llama4\", but must be one of tiny, 125m, 1b, llama2-7b, llama2-70b");
}

static void test_weights_give_the_sizes_where_no_preset_does(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("galen-config.XXXXXX", NULL), *sizes = g_build_filename(directory, "config.json", NULL);
    g_autofree char *plain = g_strdup_printf("output: o\nweights: %s\nmodel: {context: 32}\n", directory);
    g_autofree char *preset = g_strdup_printf("output: o\nweights: %s\nmodel: {preset: tiny}\n", directory);
    g_autoptr(TrainConfig) without = load(plain, &error);
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "config.json"));
    g_clear_error(&error);
    g_assert_null(without);
    g_assert_true(g_file_set_contents(sizes, "{\"model_type\": \"llama\", \"vocab_size\": 99, \"hidden_size\": 48, \"num_hidden_layers\": 5,"
                                             "\"num_attention_heads\": 6, \"num_key_value_heads\": 3, \"intermediate_size\": 80,"
                                             "\"max_position_embeddings\": 64, \"tie_word_embeddings\": true}", -1, NULL));
    g_autoptr(TrainConfig) config = load(plain, &error), other = load(preset, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(config->model.vocabulary, ==, 99);
    g_assert_cmpuint(config->model.hidden, ==, 48);
    g_assert_cmpuint(config->model.kv_heads, ==, 3);
    g_assert_cmpuint(config->model.context, ==, 32);
    g_assert_true(config->model.tied);
    g_assert_cmpuint(other->model.vocabulary, ==, 0);
    g_assert_cmpuint(other->model.hidden, !=, 48);
    g_assert_false(train_config_take_vocabulary(config, 100, &error));
    g_assert_nonnull(strstr(error->message, "galen convert --add-token"));
    g_unlink(sizes);
    g_rmdir(directory);
}

static void test_a_layout_that_does_not_divide_names_a_number_that_does(void)
{
    assert_refused("output: a\nmodel: {preset: llama2-70b}\nparallel: {tensor: 16}\n",
                   "must divide model.kv_heads, which is 8; set parallel.tensor to 8");
    assert_refused("output: a\nmodel: {preset: llama2-7b}\nparallel: {pipeline: 33}\n", "set parallel.pipeline to at most 32");
    assert_refused("output: a\nmodel: {preset: llama2-7b}\nparallel: {interleave: 2}\n", "set parallel.interleave to 1");
    assert_refused("output: a\nparallel: {data: 3}\n", "must be a multiple of parallel.data (3) times batch.micro_batch (4); set batch.sequences to 24");
    assert_refused("output: a\nparallel: {pipeline: 2, interleave: 2}\nbatch: {sequences: 12}\n", "set batch.sequences to 16");
    assert_refused("output: a\nmodel: {context: 255}\nparallel: {tensor: 2, sequence: true}\n", "must divide model.context");
    assert_refused("output: a\nparallel: {zero: 3}\n", "parallel.zero is 3, but must be from 0 to 1");
    assert_refused("output: a\nparallel: {recompute: some}\n", "must be one of none, selective, full");
}

static void test_the_ranks_that_are_left_share_the_data(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TrainConfig) config = load("output: a\nparallel: {tensor: 2, pipeline: 2}\n", &error);
    g_assert_no_error(error);
    ParallelSettings parallel = config->parallel;
    g_assert_true(parallel_resolve(&parallel, &config->model, 16, 4, 16, &error));
    g_assert_cmpuint(parallel.data, ==, 4);
    g_assert_cmpuint(parallel_micro_batches(&parallel, 16, 4), ==, 1);
    parallel.data = 0;
    g_assert_false(parallel_resolve(&parallel, &config->model, 16, 4, 6, &error));
    g_assert_nonnull(strstr(error->message, "needs a multiple of 4"));
}

static void test_rates_of_each_kind_of_schedule(void)
{
    Schedule schedule = {.kind = SCHEDULE_WSD, .peak = 2, .min_ratio = 0.5, .warmup = 4, .horizon = 100, .decay = 10};
    g_assert_cmpfloat(schedule_rate(&schedule, 1), ==, 1);
    g_assert_cmpfloat(schedule_rate(&schedule, 4), ==, 2);
    g_assert_cmpfloat(schedule_rate(&schedule, 90), ==, 2);
    g_assert_cmpfloat(schedule_rate(&schedule, 95), ==, 1.5);
    g_assert_cmpfloat(schedule_rate(&schedule, 100), ==, 1);
    g_assert_cmpfloat(schedule_rate(&schedule, 1000), ==, 1);
    schedule.kind = SCHEDULE_CONSTANT;
    g_assert_cmpfloat(schedule_rate(&schedule, 1000), ==, 2);
}

/* Wavelengths against the numbers of Hugging Face's function for Llama 3.1 8B, worked out by hand from its formula. */
static void test_scaled_rotations_keep_short_waves_and_slow_long_ones(void)
{
    ModelShape shape = {.hidden = 4096, .heads = 32, .rope_theta = 500000,
                        .rope_scaling = {.factor = 8, .low_frequency = 1, .high_frequency = 4, .original_context = 8192}};
    ModelShape plain = shape;
    plain.rope_scaling.factor = 0;
    g_assert_cmpfloat(model_shape_rope_frequency(&shape, 0), ==, 1);
    for (gsize pair = 0; pair < 64; pair++) {
        double ratio = model_shape_rope_frequency(&shape, pair) / model_shape_rope_frequency(&plain, pair);
        double turns = 8192 * model_shape_rope_frequency(&plain, pair) / (2 * G_PI);
        double expected = turns >= 4 ? 1 : turns <= 1 ? 0.125 : 0.125 + 0.875 * (turns - 1) / 3;
        g_assert_cmpfloat(fabs(ratio - expected), <, 1e-12);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *directory = g_dir_make_tmp("galen-config-XXXXXX", NULL);
    path = g_build_filename(directory, "train.yaml", NULL);
    g_test_add_func("/train config/what is left out has its default", test_what_is_left_out_has_its_default);
    g_test_add_func("/train config/every key reaches its setting", test_every_key_reaches_its_setting);
    g_test_add_func("/train config/an unknown key is shown with its line", test_an_unknown_key_is_shown_with_its_line);
    g_test_add_func("/train config/values that cannot be are named", test_values_that_cannot_be_are_named);
    g_test_add_func("/train config/a preset gives the sizes that the file leaves out", test_a_preset_gives_the_sizes_that_the_file_leaves_out);
    g_test_add_func("/train config/weights give the sizes where no preset does", test_weights_give_the_sizes_where_no_preset_does);
    g_test_add_func("/train config/a layout that does not divide names a number that does", test_a_layout_that_does_not_divide_names_a_number_that_does);
    g_test_add_func("/train config/the ranks that are left share the data", test_the_ranks_that_are_left_share_the_data);
    g_test_add_func("/train config/rates of each kind of schedule", test_rates_of_each_kind_of_schedule);
    g_test_add_func("/train config/scaled rotations keep short waves and slow long ones", test_scaled_rotations_keep_short_waves_and_slow_long_ones);
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    if (system(command) != 0)
        result = 1;
    g_free(path);
    return result;
}
