/* SPDX-License-Identifier: Apache-2.0
 * The trainer beside Hugging Face's LlamaForCausalLM in PyTorch: logits, loss, every gradient, and ten steps of AdamW.
 * tests/fixtures/llama/make wrote what is expected, and says how. */
#include <math.h>
#include <string.h>

#include "train/checkpoint_model.h"
#include "train/engine.h"
#include "train/schedule.h"

enum { CONTEXT = 24, SEQUENCES = 2, STEPS = 10, ROWS = CONTEXT * SEQUENCES, IDS = SEQUENCES * (CONTEXT + 1) };

typedef struct Reference {
    char *folder;
    TensorReader *reader; /* of expected.safetensors and model.safetensors */
    Backend *backend;
    Engine *engine;
    ModelShape shape;
} Reference;

static void read_tensor(const Reference *r, const char *name, gsize rows, gsize columns, float *values)
{
    g_autoptr(GError) error = NULL;
    TensorSlice slice = tensor_slice_whole(name, TENSOR_F32, rows, columns, values);
    tensor_reader_read(r->reader, &slice, 1, &error);
    g_assert_no_error(error);
}

static float *read_like(const Reference *r, const char *prefix, const ParameterTensor *tensor)
{
    g_autofree char *name = g_strconcat(prefix, tensor->name, NULL);
    float *values = g_new(float, parameter_tensor_elements(tensor));
    read_tensor(r, name, tensor->rows, tensor->columns, values);
    return values;
}

static void load_weights(Reference *r)
{
    const ParameterTable *table = engine_model(r->engine)->table;
    g_autofree wide *weights = g_new0(wide, table->elements);
    for (gsize t = 0; t < table->count; t++) {
        const ParameterTensor *tensor = &table->tensors[t];
        g_autofree float *values = read_like(r, "", tensor);
        memcpy(weights + tensor->offset, values, parameter_tensor_elements(tensor) * sizeof *values);
    }
    optimizer_set_weights(engine_optimizer(r->engine), weights);
}

static Reference open_reference(const char *name)
{
    g_autoptr(GError) error = NULL;
    Reference r = {.folder = g_test_build_filename(G_TEST_DIST, "fixtures", "llama", name, NULL)};
    r.backend = backend_cpu_new(2);
    r.reader = tensor_reader_new(r.folder);
    tensor_reader_add(r.reader, "model", &error);
    g_assert_no_error(error);
    tensor_reader_add(r.reader, "expected", &error);
    g_assert_no_error(error);
    g_autoptr(Model) model = checkpoint_load_model(r.folder, r.backend, &error);
    g_assert_no_error(error);
    r.shape = model->shape;
    EngineSettings settings = {
        .shape = model->shape,
        .optimizer = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-5, .decay = 0.1, .clip = 0.5},
        .parallel = {.tensor = 1, .pipeline = 1, .data = 1, .interleave = 1},
        .sequences = SEQUENCES,
        .micro_batch = SEQUENCES,
    };
    r.engine = engine_new(&settings, r.backend, NULL, &error);
    g_assert_no_error(error);
    load_weights(&r);
    return r;
}

static void close_reference(Reference *r)
{
    engine_free(r->engine);
    r->backend->destroy(r->backend);
    tensor_reader_free(r->reader);
    g_free(r->folder);
}

/* The tokens of a step as a batch; `batch` owns nothing. */
static void fill_batch(const Reference *r, int step, Batch *batch, guint32 *ids, guint64 *windows)
{
    g_autofree float *all = g_new(float, (1 + STEPS) * IDS);
    read_tensor(r, "ids", 1 + STEPS, IDS, all);
    for (gsize i = 0; i < IDS; i++)
        ids[i] = (guint32)all[(gsize)step * IDS + i];
    for (gsize s = 0; s < SEQUENCES; s++)
        windows[s] = s;
    *batch = (Batch){.context = CONTEXT, .sequences = SEQUENCES, .ids = ids, .windows = windows};
}

static double relative(const float *got, const float *expected, gsize count)
{
    double difference = 0, size = 0;
    for (gsize i = 0; i < count; i++) {
        difference += ((double)got[i] - expected[i]) * ((double)got[i] - expected[i]);
        size += (double)expected[i] * expected[i];
    }
    g_assert_cmpfloat(size, >, 0);
    return sqrt(difference / size);
}

static double mean(const double *losses)
{
    double sum = 0;
    for (gsize i = 0; i < ROWS; i++)
        sum += losses[i];
    return sum / ROWS;
}

static void check_logits(const Reference *r)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Model) model = checkpoint_load_model(r->folder, r->backend, &error);
    g_assert_no_error(error);
    g_autofree float *expected = g_new(float, ROWS * r->shape.vocabulary), *got = g_new(float, ROWS * r->shape.vocabulary);
    guint32 ids[IDS], positions[CONTEXT], starts[2] = {0, CONTEXT};
    guint64 windows[SEQUENCES];
    Batch batch;
    read_tensor(r, "logits", ROWS, r->shape.vocabulary, expected);
    fill_batch(r, 0, &batch, ids, windows);
    for (guint32 i = 0; i < CONTEXT; i++)
        positions[i] = i;
    for (gsize s = 0; s < SEQUENCES; s++) {
        ModelInput input = {.rows = CONTEXT, .ids = ids + s * (CONTEXT + 1), .positions = positions, .starts = starts, .segments = 1};
        model_forward(model, 0, 0, &input);
        for (gsize row = 0; row < CONTEXT; row++)
            model_logits(model, row, got + (s * CONTEXT + row) * r->shape.vocabulary);
    }
    g_assert_cmpfloat(relative(got, expected, ROWS * r->shape.vocabulary), <, 1e-5);
}

static void check_gradients(const Reference *r)
{
    g_autoptr(GError) error = NULL;
    const Model *model = engine_model(r->engine);
    double losses[ROWS];
    float loss;
    guint32 ids[IDS];
    guint64 windows[SEQUENCES];
    Batch batch;
    fill_batch(r, 0, &batch, ids, windows);
    g_assert_true(engine_compute(r->engine, &batch, TRUE, losses, &error));
    read_tensor(r, "loss", 1, 0, &loss);
    g_assert_cmpfloat(fabs(mean(losses) - loss), <, 1e-6 * loss);
    for (gsize t = 0; t < model->table->count; t++) {
        const ParameterTensor *tensor = &model->table->tensors[t];
        g_autofree float *expected = read_like(r, "grad.", tensor);
        double distance = relative(model->gradients + tensor->offset, expected, parameter_tensor_elements(tensor));
        if (distance >= 1e-4)
            g_error("the gradient of %s is %g away from PyTorch's", tensor->name, distance);
    }
}

static void check_training(const Reference *r)
{
    static const Schedule schedule = {.peak = 1e-2, .min_ratio = 0.1, .warmup = 2, .horizon = 10};
    g_autoptr(GError) error = NULL;
    const Model *model = engine_model(r->engine);
    double losses[ROWS], norm;
    float expected_losses[STEPS], expected_norms[STEPS];
    guint32 ids[IDS];
    guint64 windows[SEQUENCES];
    Batch batch;
    read_tensor(r, "losses", STEPS, 0, expected_losses);
    read_tensor(r, "norms", STEPS, 0, expected_norms);
    for (int step = 0; step < STEPS; step++) {
        fill_batch(r, step + 1, &batch, ids, windows);
        g_assert_true(engine_compute(r->engine, &batch, TRUE, losses, &error));
        g_assert_true(engine_gradient_norm(r->engine, &norm, &error));
        g_assert_cmpfloat(fabs(mean(losses) - expected_losses[step]), <, 1e-5 * expected_losses[step]);
        g_assert_cmpfloat(fabs(norm - expected_norms[step]), <, 1e-4 * expected_norms[step]);
        g_assert_true(engine_update(r->engine, (guint64)step, schedule_rate(&schedule, (guint64)step), norm, &error));
    }
    for (gsize t = 0; t < model->table->count; t++) {
        const ParameterTensor *tensor = &model->table->tensors[t];
        g_autofree float *expected = read_like(r, "trained.", tensor);
        g_assert_cmpfloat(relative(model->parameters + tensor->offset, expected, parameter_tensor_elements(tensor)), <, 1e-4);
    }
}

static void test_reference(gconstpointer name)
{
    Reference r = open_reference(name);
    check_logits(&r);
    check_gradients(&r);
    check_training(&r);
    close_reference(&r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/llama/logits, gradients and ten steps of AdamW are PyTorch's", "plain", test_reference);
    g_test_add_data_func("/llama/so they are where the head is the embedding", "tied", test_reference);
    g_test_add_data_func("/llama/and where rotations are scaled as in Llama 3.1", "scaled", test_reference);
    return g_test_run();
}
