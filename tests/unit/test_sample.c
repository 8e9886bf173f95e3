/* SPDX-License-Identifier: Apache-2.0
 * train/sample.h: draws from known logits, and text from a model whose tokens are bytes. */
#include "train/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "train/checkpoint_model.h"

/* A tokenizer of the 256 bytes, with 0 for EOS. */
struct Tokenizer {
    guint32 vocabulary;
};

guint32 tokenizer_vocabulary(const Tokenizer *tokenizer)
{
    return tokenizer->vocabulary;
}

guint32 tokenizer_eos(const Tokenizer *tokenizer)
{
    return 0;
}

gboolean tokenizer_encode(const Tokenizer *tokenizer, const char *text, gsize length, GArray *ids, GError **error)
{
    for (gsize i = 0; i < length; i++) {
        guint32 id = (guint8)text[i];
        g_array_append_val(ids, id);
    }
    return TRUE;
}

char *tokenizer_decode(const Tokenizer *tokenizer, const guint32 *ids, gsize count, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (gsize i = 0; i < count; i++)
        g_string_append_c(text, (char)ids[i]);
    return g_utf8_make_valid(text->str, (gssize)text->len);
}

static char *directory;
static Tokenizer bytes = {256};

static void test_draws_follow_the_softmax_of_the_top_k(void)
{
    static const real logits[] = {0, 3, 1, 2};
    g_assert_cmpuint(sample_draw(logits, 4, 0, 0, 0.99), ==, 1);
    g_assert_cmpuint(sample_draw(logits, 4, 1, 1, 0.99), ==, 1);
    double sum = exp(3.0 / 2) + exp(2.0 / 2) + exp(1.0 / 2);
    guint counts[4] = {0};
    for (guint i = 0; i < 1000; i++)
        counts[sample_draw(logits, 4, 2, 3, (i + 0.5) / 1000)]++;
    g_assert_cmpuint(counts[0], ==, 0);
    for (int id = 1; id < 4; id++)
        g_assert_cmpfloat(fabs(counts[id] - 1000 * exp(logits[id] / 2) / sum), <, 1.5);
}

/* A model of bytes with random weights, large enough to have preferences. */
static char *save_model(void)
{
    g_autoptr(GError) error = NULL;
    ModelShape shape = {256, 16, 2, 2, 1, 24, 12, 10000, 1e-5, TRUE};
    OptimizerSettings settings = {0.9, 0.95, 1e-5, 0.1, 1};
    Backend *backend = backend_cpu_new(1);
    ModelOptions options = {.use = MODEL_TRAIN, .max_rows = 4};
    Model *model = model_new(&shape, &model_part_whole, backend, &options, &error);
    Optimizer *optimizer = optimizer_new(&settings, model, NULL, FALSE, &error);
    parameters_initialise(model->table, &shape, 4, model->parameters);
    for (gsize i = 0; i < model->table->elements; i++)
        model->parameters[i] *= 8;
    g_auto(CheckpointState) state = {.step = 3, .fingerprint = json_object()};
    g_autofree char *output = g_build_filename(directory, "run", NULL);
    g_assert_true(directory_make(output, &error) && checkpoint_save(output, &state, optimizer, &error));
    optimizer_free(optimizer);
    model_free(model);
    backend->destroy(backend);
    return g_steal_pointer(&output);
}

static void collect(const char *text, gpointer user)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_string_append(user, text);
}

static char *sample(const SampleRequest *request)
{
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new(NULL);
    sample_run(request, &bytes, NULL, collect, text, &error);
    g_assert_no_error(error);
    return g_string_free(text, FALSE);
}

static void test_the_same_request_gives_the_same_text(void)
{
    g_autofree char *output = save_model(), *newest = g_build_filename(output, "step-00000003", NULL);
    /* More tokens than the context of 12, so that the oldest fall out. */
    SampleRequest request = {
        .checkpoint = output, .prompt = "heart", .tokens = 30, .temperature = 1, .top_k = 40, .seed = 1};
    g_autofree char *a = sample(&request), *b = sample(&request);
    request.checkpoint = newest;
    request.threads = 3;
    g_autofree char *c = sample(&request);
    request.seed = 2;
    g_autofree char *d = sample(&request);
    g_assert_cmpuint(strlen(a), >, 0);
    g_assert_cmpstr(a, ==, b);
    g_assert_cmpstr(a, ==, c);
    g_assert_cmpstr(a, !=, d);
    g_assert_false(g_str_has_prefix(a, "heart"));
}

static void test_a_larger_tokenizer_than_the_model_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *output = g_build_filename(directory, "run", NULL);
    Tokenizer other = {257};
    SampleRequest request = {.checkpoint = output, .prompt = "", .tokens = 3};
    g_assert_false(sample_run(&request, &other, NULL, collect, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "257"));
}

static void only_low(const char *text, gpointer user)
{
    for (; *text; text++)
        g_assert_cmpuint((guint8)*text, <, 80);
    (*(int *)user)++;
}

static void test_rows_beyond_the_tokenizer_are_never_drawn(void)
{
    g_autoptr(GError) error = NULL;
    int calls = 0;
    g_autofree char *output = g_build_filename(directory, "run", NULL);
    Tokenizer low = {80};
    SampleRequest request = {.checkpoint = output, .prompt = "", .tokens = 60, .temperature = 5, .seed = 3};
    g_assert_true(sample_run(&request, &low, NULL, only_low, &calls, &error));
    g_assert_cmpint(calls, >, 0);
}

static void test_a_directory_without_a_model_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    SampleRequest request = {.checkpoint = directory, .prompt = "", .tokens = 3};
    g_assert_false(sample_run(&request, &bytes, NULL, collect, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "config.json"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-sample-XXXXXX", NULL);
    g_test_add_func("/sample/draws follow the softmax of the top k", test_draws_follow_the_softmax_of_the_top_k);
    g_test_add_func("/sample/the same request gives the same text", test_the_same_request_gives_the_same_text);
    g_test_add_func("/sample/a larger tokenizer than the model is refused", test_a_larger_tokenizer_than_the_model_is_refused);
    g_test_add_func("/sample/rows beyond the tokenizer are never drawn", test_rows_beyond_the_tokenizer_are_never_drawn);
    g_test_add_func("/sample/a directory without a model is refused", test_a_directory_without_a_model_is_refused);
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    if (system(command) != 0)
        result = 1;
    g_free(directory);
    return result;
}
