/* SPDX-License-Identifier: Apache-2.0
 * train/config.h: defaults, every key, and errors that point. */
#include "train/config.h"

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
}

static void test_every_key_reaches_its_setting(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TrainConfig) config = load(
        "store: corpus.galen\noutput: out\nseed: 0\n"
        "model: {hidden: 64, layers: 3, heads: 8, kv_heads: 2, intermediate: 100, context: 77, rope_theta: 5e5,\n"
        "        norm_eps: 1e-6, tied: true}\n"
        "optimizer: {lr: 0.002, beta1: 0.8, beta2: 0.99, eps: 1e-8, weight_decay: 0, clip: 0}\n"
        "schedule: {warmup: 0, horizon: 500, min_ratio: 0, steps: 250}\n"
        "batch: {sequences: 10, micro_batch: 3, document_mask: true}\n"
        "checkpoint: {every: 20, keep: 0}\neval: {every: 30, sequences: 7}\nlog: {path: a.jsonl, documents: true}\n", &error);
    g_assert_no_error(error);
    config->model.vocabulary = 9;
    g_autoptr(json_t) fingerprint = train_config_fingerprint(config);
    g_autofree char *text = json_write(fingerprint);
    g_assert_cmpstr(text, ==,
                    "{\"batch\":{\"document_mask\":true,\"micro_batch\":3,\"sequences\":10},"
                    "\"model\":{\"context\":77,\"heads\":8,\"hidden\":64,\"intermediate\":100,\"kv_heads\":2,\"layers\":3,"
                    "\"norm_eps\":9.9999999999999995e-7,\"rope_theta\":500000.0,\"tied\":true,\"vocabulary\":9},"
                    "\"optimizer\":{\"beta1\":0.80000000000000004,\"beta2\":0.98999999999999999,\"clip\":0.0,\"eps\":1e-8,"
                    "\"lr\":0.002,\"weight_decay\":0.0},"
                    "\"schedule\":{\"horizon\":500,\"min_ratio\":0.0,\"warmup\":0},\"seed\":0}");
    g_assert_cmpstr(config->store, ==, "corpus.galen");
    g_assert_cmpstr(config->log, ==, "a.jsonl");
    g_assert_cmpuint(config->steps, ==, 250);
    g_assert_cmpuint(config->checkpoint_every, ==, 20);
    g_assert_cmpuint(config->checkpoint_keep, ==, 0);
    g_assert_cmpuint(config->eval_every, ==, 30);
    g_assert_cmpuint(config->eval_sequences, ==, 7);
    g_assert_true(config->log_documents);
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
    assert_refused("output: a\nschedule: {steps: 0}\n", "schedule.steps is 0");
    assert_refused("output: a\nschedule: {warmup: 50, horizon: 40}\n", "schedule.horizon is 40");
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
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    if (system(command) != 0)
        result = 1;
    g_free(path);
    return result;
}
