/* SPDX-License-Identifier: Apache-2.0
 * sections - train/cuda/graph.cu: what was recorded computes what was not, on the emulator or a GPU.
 *
 * Two backends train one small model on the same rows; one of them records. After each step they must have the same bits. */
#include <string.h>

#include "base/error.h"
#include "train/cuda/backend.h"
#include "train/model.h"

#define ROWS ((gsize)24)
#define STEPS 4

typedef struct Side {
    Backend *backend;
    Model *model;
    guint32 *numbers; /* ids, targets, positions; the backend's */
    wide *weights, *losses;
    ModelInput input;
    guint computed; /* how often the section's work was called */
} Side;

static const ModelShape shape = {.vocabulary = 50, .hidden = 32, .layers = 2, .heads = 4, .kv_heads = 2, .intermediate = 40,
                                 .context = ROWS / 2, .rope_theta = 10000, .norm_epsilon = 1e-5};
static const guint32 starts[] = {0, ROWS / 2, ROWS};

static Backend *open_backend(gboolean graphs)
{
    g_autoptr(GError) error = NULL;
    Backend *backend = backend_cuda_new(CUDA_ANY_DEVICE, &error);
    g_assert_no_error(error);
    backend_cuda_use_graphs(backend, graphs);
    return backend;
}

static void set_parameters(const Side *side)
{
    gsize count = side->model->table->elements;
    g_autofree wide *drawn = g_new(wide, count);
    Backend *b = side->backend;
    wide *there = b->allocate(b, count * sizeof *drawn);
    for (gsize i = 0; i < count; i++)
        drawn[i] = (wide)((double)(i * 7919 % 1000) / 5000 - 0.1);
    b->upload(b, there, drawn, count * sizeof *drawn);
    b->narrow(b, side->model->parameters, there, count);
    b->release(b, there);
}

static Side open_side(gboolean graphs)
{
    g_autoptr(GError) error = NULL;
    Side side = {.backend = open_backend(graphs)};
    Backend *b = side.backend;
    const ModelOptions options = {.use = MODEL_TRAIN, .max_rows = ROWS};
    side.model = model_new(&shape, &model_part_whole, b, &options, &error);
    g_assert_no_error(error);
    set_parameters(&side);
    side.numbers = b->allocate(b, 3 * ROWS * sizeof *side.numbers);
    side.weights = b->allocate(b, ROWS * sizeof(wide));
    side.losses = b->allocate(b, ROWS * sizeof(wide));
    side.input = (ModelInput){.rows = ROWS, .ids = side.numbers, .targets = side.numbers + ROWS, .positions = side.numbers + 2 * ROWS,
                              .weights = side.weights, .starts = starts, .segments = 2, .last = TRUE};
    return side;
}

static void close_side(Side *side)
{
    Backend *b = side->backend;
    model_free(side->model);
    b->release(b, side->numbers);
    b->release(b, side->weights);
    b->release(b, side->losses);
    b->destroy(b);
}

static void upload_step(const Side *side, guint32 step)
{
    guint32 numbers[3 * ROWS];
    wide weights[ROWS];
    for (guint32 r = 0; r < ROWS; r++) {
        numbers[r] = (r * 5 + step * 11) % 50;
        numbers[ROWS + r] = (r * 3 + step) % 50;
        numbers[2 * ROWS + r] = r % (ROWS / 2);
        weights[r] = (wide)(r + step) / 100;
    }
    side->backend->upload(side->backend, side->numbers, numbers, sizeof numbers);
    side->backend->upload(side->backend, side->weights, weights, sizeof weights);
}

static void compute(gpointer user)
{
    Side *side = user;
    side->computed++;
    model_forward(side->model, 0, 0, &side->input);
    model_losses(side->model, 0, &side->input, side->losses);
    model_backward(side->model, 0, 0, &side->input);
}

static void take_step(Side *side, guint32 step)
{
    g_autoptr(GError) error = NULL;
    const guint64 key = 1;
    upload_step(side, step);
    side->backend->section(side->backend, &key, sizeof key, compute, side);
    g_assert_true(backend_cuda_check(side->backend, &error));
    g_assert_no_error(error);
}

static void assert_same(const Side *a, const Side *b)
{
    gsize elements = a->model->table->gradient_elements;
    g_autofree wide *one = g_new(wide, elements), *other = g_new(wide, elements);
    wide losses[ROWS], other_losses[ROWS];
    a->backend->download(a->backend, one, a->model->gradients, elements * sizeof(wide));
    b->backend->download(b->backend, other, b->model->gradients, elements * sizeof(wide));
    a->backend->download(a->backend, losses, a->losses, sizeof losses);
    b->backend->download(b->backend, other_losses, b->losses, sizeof losses);
    g_assert_cmpmem(losses, sizeof losses, other_losses, sizeof losses);
    g_assert_cmpmem(one, elements * sizeof(wide), other, elements * sizeof(wide));
    g_assert_cmpfloat(losses[0], >, 0.1F);
}

static void test_a_replayed_pass_has_the_bits_of_a_plain_one(void)
{
    Side plain = open_side(FALSE), recorded = open_side(TRUE);
    for (guint32 step = 0; step < STEPS; step++) {
        take_step(&plain, step);
        take_step(&recorded, step);
        assert_same(&plain, &recorded);
        g_assert_cmpuint(backend_cuda_graphs(recorded.backend), ==, step > 0);
    }
    g_assert_cmpuint(plain.computed, ==, STEPS);
    g_assert_cmpuint(recorded.computed, ==, 2); /* plainly, and to be recorded */
    close_side(&plain);
    close_side(&recorded);
}

static void test_what_is_released_makes_graphs_forgotten(void)
{
    Side plain = open_side(FALSE), recorded = open_side(TRUE);
    for (guint32 step = 0; step < STEPS; step++) {
        take_step(&plain, step);
        take_step(&recorded, step);
    }
    Backend *b = recorded.backend;
    b->release(b, b->allocate(b, 100));
    g_assert_cmpuint(backend_cuda_graphs(b), ==, 0);
    take_step(&plain, STEPS);
    take_step(&recorded, STEPS);
    assert_same(&plain, &recorded);
    close_side(&plain);
    close_side(&recorded);
}

/* ---- A section of one operation ------------------------------------------------------------------------------ */

#define MANY ((gsize)2000)

typedef struct Gather {
    Backend *backend;
    wide *dweight;
    real *dout;
    guint32 *ids;
    gsize rows; /* backward sorts them in scratch memory */
} Gather;

static void gather(gpointer user)
{
    const Gather *g = user;
    const ClassRange range = {0, 3, 3};
    g->backend->embedding_backward(g->backend, g->dweight, g->dout, g->ids, &range, g->rows, 1);
}

static Gather open_gather(void)
{
    Backend *b = open_backend(TRUE);
    g_autofree real *ones = g_new(real, MANY);
    for (gsize r = 0; r < MANY; r++)
        ones[r] = (real){0x3f80}; /* 1 */
    Gather g = {b, b->allocate(b, 3 * sizeof(wide)), b->allocate(b, MANY * sizeof(real)), b->allocate(b, MANY * sizeof(guint32)), 10};
    b->upload(b, g.dout, ones, MANY * sizeof *ones);
    return g;
}

static wide close_gather(Gather *g)
{
    g_autoptr(GError) error = NULL;
    Backend *b = g->backend;
    wide sums[3];
    b->download(b, sums, g->dweight, sizeof sums);
    g_assert_true(backend_cuda_check(b, &error));
    b->release(b, g->dweight);
    b->release(b, g->dout);
    b->release(b, g->ids);
    b->destroy(b);
    return sums[0];
}

static void run_gather(Gather *g, gconstpointer key, gsize rows)
{
    g->rows = rows;
    g->backend->section(g->backend, key, key ? sizeof(guint64) : 0, gather, g);
}

static void test_a_section_that_outgrows_scratch_memory_runs_plainly(void)
{
    const guint64 key = 5;
    Gather g = open_gather();
    run_gather(&g, &key, 10);
    run_gather(&g, &key, MANY); /* another section by right: recording it must fail, and computing it must not */
    g_assert_cmpuint(backend_cuda_graphs(g.backend), ==, 0);
    run_gather(&g, &key, MANY);
    g_assert_cmpuint(backend_cuda_graphs(g.backend), ==, 1);
    g_assert_cmpfloat(close_gather(&g), ==, 10 + 2 * MANY);
}

static void test_a_section_without_a_key_is_not_kept(void)
{
    Gather g = open_gather();
    for (guint i = 0; i < STEPS; i++)
        run_gather(&g, NULL, 10 + i);
    g_assert_cmpuint(backend_cuda_graphs(g.backend), ==, 0);
    g_assert_cmpfloat(close_gather(&g), ==, 10 + 11 + 12 + 13);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sections/a replayed pass has the bits of a plain one", test_a_replayed_pass_has_the_bits_of_a_plain_one);
    g_test_add_func("/sections/what is released makes graphs forgotten", test_what_is_released_makes_graphs_forgotten);
    g_test_add_func("/sections/a section that outgrows scratch memory runs plainly", test_a_section_that_outgrows_scratch_memory_runs_plainly);
    g_test_add_func("/sections/a section without a key is not kept", test_a_section_without_a_key_is_not_kept);
    return g_test_run();
}
