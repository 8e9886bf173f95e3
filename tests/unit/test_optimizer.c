/* SPDX-License-Identifier: Apache-2.0
 * train/optimizer.h and train/schedule.h in double precision, against the formulas written one element at a time. */
#include "train/optimizer.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "train/schedule.h"

static const ModelShape shape = {7, 8, 2, 2, 1, 12, 4, 10000, 1e-5, FALSE};
static Backend *backend;

static Optimizer *new_optimizer(double decay, double clip)
{
    g_autoptr(GError) error = NULL;
    OptimizerSettings settings = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-5, .decay = decay, .clip = clip};
    ModelOptions options = {.use = MODEL_TRAIN, .max_rows = 4};
    Model *model = model_new(&shape, &model_part_whole, backend, &options, &error);
    g_assert_no_error(error);
    parameters_initialise(model->table, &shape, 1, model->parameters);
    Optimizer *optimizer = optimizer_new(&settings, model, NULL, FALSE, &error);
    g_assert_no_error(error);
    return optimizer;
}

static void free_with_model(Optimizer *optimizer)
{
    Model *model = optimizer->model;
    optimizer_free(optimizer);
    model_free(model);
}

static void set_gradients(Optimizer *optimizer, guint64 step, double size)
{
    const ParameterTable *table = optimizer->model->table;
    for (gsize t = 0; t < table->count; t++) {
        gsize begin = table->tensors[t].offset, end = begin + parameter_tensor_elements(&table->tensors[t]);
        for (gsize i = begin; i < end; i++)
            optimizer->model->gradients[i] = size * (random_unit_at(step, "gradient", i) - 0.5);
    }
}

typedef struct Element {
    double p, m, v;
} Element;

static void reference_step(Element *e, double g, int t, double rate, double decay)
{
    e->p -= rate * decay * e->p;
    e->m = 0.9 * e->m + 0.1 * g;
    e->v = 0.95 * e->v + 0.05 * g * g;
    e->p -= rate * (e->m / (1 - pow(0.9, t))) / (sqrt(e->v / (1 - pow(0.95, t))) + 1e-5);
}

/* Ten steps whose gradients are clipped in half of the steps. */
static void test_adamw_follows_its_formula_for_ten_steps(void)
{
    Optimizer *optimizer = new_optimizer(0.1, 1.0);
    Model *model = optimizer->model;
    gsize count = model->table->elements;
    g_autofree Element *elements = g_new0(Element, count);
    for (gsize i = 0; i < count; i++)
        elements[i].p = model->parameters[i];
    for (int step = 0; step < 10; step++) {
        double norm = 0, rate = 1e-2 / (step + 1);
        set_gradients(optimizer, (guint64)step, step % 2 ? 1.0 : 1e-3);
        for (gsize i = 0; i < count; i++)
            norm += model->gradients[i] * model->gradients[i];
        norm = sqrt(norm);
        double got;
        g_assert_true(optimizer_gradient_norm(optimizer, &got, NULL));
        g_assert_cmpfloat(fabs(got - norm), <, 1e-12 * norm);
        g_assert_true((norm > 1) == (step % 2 == 1));
        optimizer_step(optimizer, (guint64)step, rate, norm);
        for (gsize t = 0; t < model->table->count; t++) {
            const ParameterTensor *tensor = &model->table->tensors[t];
            for (gsize i = tensor->offset; i < tensor->offset + parameter_tensor_elements(tensor); i++)
                reference_step(&elements[i], model->gradients[i] * MIN(1, 1 / (norm + 1e-6)), step + 1, rate,
                               strstr(tensor->name, "norm") ? 0 : 0.1);
        }
    }
    for (gsize i = 0; i < count; i++)
        g_assert_cmpfloat(fabs(model->parameters[i] - elements[i].p), <, 1e-12);
    free_with_model(optimizer);
}

static void test_without_a_gradient_only_matrices_decay(void)
{
    Optimizer *optimizer = new_optimizer(0.5, 0);
    Model *model = optimizer->model;
    g_autofree real *before = g_memdup2(model->parameters, model->table->elements * sizeof(real));
    optimizer_step(optimizer, 0, 0.1, 0);
    for (gsize t = 0; t < model->table->count; t++) {
        const ParameterTensor *tensor = &model->table->tensors[t];
        double kept = strstr(tensor->name, "norm") ? 1 : 0.95;
        for (gsize i = tensor->offset; i < tensor->offset + parameter_tensor_elements(tensor); i++)
            g_assert_cmpfloat(fabs(model->parameters[i] - kept * before[i]), <, 1e-15);
    }
    free_with_model(optimizer);
}

static void test_initial_weights_have_the_deviation_of_their_kind(void)
{
    static const ModelShape wide_shape = {500, 64, 8, 2, 2, 96, 4, 10000, 1e-5, FALSE};
    g_autoptr(ParameterTable) table = parameter_table_new(&wide_shape, &model_part_whole, 1);
    g_autofree real *values = g_new(real, table->elements), *again = g_new(real, table->elements);
    parameters_initialise(table, &wide_shape, 1, values);
    parameters_initialise(table, &wide_shape, 2, again);
    for (gsize t = 0; t < table->count; t++) {
        const ParameterTensor *tensor = &table->tensors[t];
        gsize n = parameter_tensor_elements(tensor);
        double sum = 0, squares = 0;
        for (gsize i = 0; i < n; i++) {
            sum += values[tensor->offset + i];
            squares += values[tensor->offset + i] * values[tensor->offset + i];
        }
        if (!tensor->columns) {
            g_assert_true(sum == (double)n && squares == (double)n);
            continue;
        }
        double expected = strstr(tensor->name, "o_proj") || strstr(tensor->name, "down_proj") ? 0.02 / 4 : 0.02;
        g_assert_cmpfloat(fabs(sqrt(squares / (double)n) / expected - 1), <, 0.06);
        g_assert_cmpfloat(fabs(sum / (double)n), <, 0.1 * expected);
        g_assert_true(memcmp(values + tensor->offset, again + tensor->offset, n * sizeof(real)) != 0);
    }
}

static void test_the_rate_warms_up_falls_as_a_cosine_and_stays(void)
{
    Schedule schedule = {.peak = 2.0, .min_ratio = 0.1, .warmup = 4, .horizon = 104};
    g_assert_cmpfloat(schedule_rate(&schedule, 0), ==, 0.5);
    g_assert_cmpfloat(schedule_rate(&schedule, 3), ==, 2.0);
    g_assert_cmpfloat(schedule_rate(&schedule, 4), ==, 2.0);
    g_assert_cmpfloat(fabs(schedule_rate(&schedule, 54) - 1.1), <, 1e-12);
    g_assert_cmpfloat(fabs(schedule_rate(&schedule, 29) - 2 * (0.1 + 0.9 * 0.5 * (1 + sqrt(0.5)))), <, 1e-12);
    g_assert_cmpfloat(schedule_rate(&schedule, 104), ==, 0.2);
    g_assert_cmpfloat(schedule_rate(&schedule, 100000), ==, 0.2);
    for (guint64 step = 4; step < 104; step++)
        g_assert_cmpfloat(schedule_rate(&schedule, step + 1), <, schedule_rate(&schedule, step));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    backend = backend_cpu_new(2);
    g_test_add_func("/optimizer/AdamW follows its formula for ten steps, clipped and not",
                    test_adamw_follows_its_formula_for_ten_steps);
    g_test_add_func("/optimizer/without a gradient only matrices decay", test_without_a_gradient_only_matrices_decay);
    g_test_add_func("/parameters/initial weights have the deviation of their kind",
                    test_initial_weights_have_the_deviation_of_their_kind);
    g_test_add_func("/schedule/the rate warms up, falls as a cosine and stays",
                    test_the_rate_warms_up_falls_as_a_cosine_and_stays);
    int result = g_test_run();
    backend->destroy(backend);
    return result;
}
