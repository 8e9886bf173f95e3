/* SPDX-License-Identifier: Apache-2.0
 * train/engine.h: the order in which a training step asks for computation and for communication. What goes on beside what on a
 * GPU follows from it: a deferred communicator works beside all that is queued before it is waited for. */
#include "train/engine.h"

#include <string.h>

#include "tests/unit/fake_shard.h"

/* What was asked for since the last take_log, one word each:
 *   u d     numbers to the backend, and from it, which the host waits for
 *   e f h   embedding, one layer's attention, the head's backward within the forward
 *   b E     one layer's attention and the embedding, backward
 *   a       updates of one bucket
 *   r g w   bucket so and so: gradients summed, weights gathered, those waited for
 *   W       all of the communicator waited for */
static GString *ops;
static const Backend *cpu;
static Engine *engine;

static void note(const char *word)
{
    gsize length = strlen(word);
    gboolean again = *word == 'a' && ops->len > length && strcmp(ops->str + ops->len - length - 1, "a ") == 0;
    if (!again)
        g_string_append_printf(ops, "%s ", word);
}

static char *take_log(void)
{
    char *text = g_strchomp(g_strdup(ops->str));
    g_string_truncate(ops, 0);
    return text;
}

/* ---- A backend that takes notes ------------------------------------------------------------------------------ */

static void upload(Backend *b, void *to, const void *from, gsize bytes)
{
    note("u");
    cpu->upload(b, to, from, bytes);
}

static void download(Backend *b, void *to, const void *from, gsize bytes)
{
    note("d");
    cpu->download(b, to, from, bytes);
}

static void embedding_forward(Backend *b, real *out, const real *weight, const guint32 *ids, const ClassRange *range, gsize rows, gsize width)
{
    note("e");
    cpu->embedding_forward(b, out, weight, ids, range, rows, width);
}

static void embedding_backward(Backend *b, wide *dweight, const real *dout, const guint32 *ids, const ClassRange *range, gsize rows,
                               gsize width)
{
    note("E");
    cpu->embedding_backward(b, dweight, dout, ids, range, rows, width);
}

static void attention_forward(Backend *b, const AttentionShape *shape, real *out, wide *lse, const real *qkv)
{
    note("f");
    cpu->attention_forward(b, shape, out, lse, qkv);
}

static void attention_backward(Backend *b, const AttentionShape *shape, real *dqkv, const real *dout, const real *out, const wide *lse,
                               const real *qkv)
{
    note("b");
    cpu->attention_backward(b, shape, dqkv, dout, out, lse, qkv);
}

static void cross_entropy_backward(Backend *b, real *logits, const wide *lse, const guint32 *targets, const wide *weights,
                                   const ClassRange *range, gsize rows)
{
    note("h");
    cpu->cross_entropy_backward(b, logits, lse, targets, weights, range, rows);
}

static void adamw(Backend *b, real *parameters, wide *master, wide *m, wide *v, const wide *gradients, gsize count, const AdamW *step)
{
    note("a");
    cpu->adamw(b, parameters, master, m, v, gradients, count, step);
}

/* ---- A second data rank that is not there -------------------------------------------------------------------- */

static void note_bucket(char what, gsize offset)
{
    const ParameterTable *table = engine_model(engine)->table;
    gsize bucket = 0;
    while (table->buckets[bucket].offset + table->buckets[bucket].elements <= offset)
        bucket++;
    g_string_append_printf(ops, "%c%" G_GSIZE_FORMAT " ", what, bucket);
}

static void scatter_sum(Communicator *communicator, void *mine, void *all, gsize count, NumberType type)
{
    note_bucket('r', (gsize)((wide *)all - engine_model(engine)->gradients));
}

static void gather(Communicator *communicator, void *all, const void *mine, gsize count, NumberType type)
{
    gsize offset = (gsize)((real *)all - engine_model(engine)->parameters);
    communicator->state = GSIZE_TO_POINTER(offset);
    note_bucket('g', offset);
}

static gsize mark(Communicator *communicator)
{
    return GPOINTER_TO_SIZE(communicator->state);
}

static void wait_until(Communicator *communicator, gsize offset)
{
    note_bucket('w', offset);
}

static void wait_for_all(Communicator *communicator)
{
    note("W");
}

static void destroy(Communicator *communicator)
{
    g_free(communicator);
}

/* Data-parallel ranks are the only ones that a training step does not wait for at once. */
static Communicator *communicator_new(Backend *b, Comm *comm, gboolean deferred, GError **error)
{
    if (!deferred)
        return cpu->communicator_new(b, comm, deferred, error);
    Communicator *communicator = g_new0(Communicator, 1);
    *communicator = (Communicator){
        .size = 2,
        .destroy = destroy,
        .gather = gather,
        .scatter_sum = scatter_sum,
        .wait = wait_for_all,
        .mark = mark,
        .wait_until = wait_until,
    };
    return communicator;
}

static Backend noting_backend(void)
{
    Backend b = *cpu;
    b.upload = upload;
    b.download = download;
    b.embedding_forward = embedding_forward;
    b.embedding_backward = embedding_backward;
    b.attention_forward = attention_forward;
    b.attention_backward = attention_backward;
    b.cross_entropy_backward = cross_entropy_backward;
    b.adamw = adamw;
    b.communicator_new = communicator_new;
    return b;
}

/* ---- Tests --------------------------------------------------------------------------------------------------- */

typedef struct Steps {
    char *compute[2], *update[2];
} Steps;

/* Two steps of two micro-batches through three layers; buckets are the embedding (0), the layers (1 to 3) and the head (4). */
static Steps run_steps(gboolean tied)
{
    g_autoptr(GError) error = NULL;
    EngineSettings settings = {
        .shape = {FAKE_VOCABULARY, 8, 3, 2, 1, 12, 4, 10000, 1e-5, tied},
        .optimizer = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-5, .clip = 1},
        .parallel = {.tensor = 1, .pipeline = 1, .data = 1, .interleave = 1, .zero = 1},
        .sequences = 2,
        .micro_batch = 1,
    };
    Steps steps = {0};
    Backend b = noting_backend();
    fake_shard_configure(1000, 0, 0);
    g_autoptr(ShardReader) reader = shard_reader_open(NULL, "train", &error);
    BatchPlan *plan = batch_plan_new(reader, "train", settings.shape.context, settings.sequences, 3, &error);
    engine = engine_new(&settings, &b, NULL, &error);
    g_assert_no_error(error);
    g_auto(Batch) batch = {0};
    double losses[8], norm;
    g_free(take_log());
    for (guint64 step = 0; step < 2; step++) {
        g_assert_true(batch_read(plan, step, &batch, &error) && engine_compute(engine, &batch, TRUE, losses, &error));
        steps.compute[step] = take_log();
        g_assert_true(engine_gradient_norm(engine, &norm, &error) && engine_update(engine, step, 1e-2, norm, &error));
        steps.update[step] = take_log();
    }
    engine_free(engine);
    batch_plan_free(plan);
    return steps;
}

static void free_steps(Steps *steps)
{
    for (int i = 0; i < 2; i++) {
        g_free(steps->compute[i]);
        g_free(steps->update[i]);
    }
}

/* The sum of a bucket is asked for before the backward of the layer below, in the last micro-batch alone; nobody waits for it
 * before the backward is done. */
static void test_sums_go_beside_the_backward(void)
{
    Steps steps = run_steps(FALSE);
    g_assert_cmpstr(steps.compute[0], ==, "u u e f f f h u u b b b E u u e f f f h u u r4 b r3 b r2 b r1 E r0 W d");
    free_steps(&steps);
}

/* A tied matrix has two gradients, which are added up at the end. */
static void test_a_tied_matrix_is_summed_last(void)
{
    Steps steps = run_steps(TRUE);
    g_assert_cmpstr(steps.compute[0], ==, "u u e f f f h u u b b b E u u e f f f h u u b r3 b r2 b r1 E r0 r4 W d");
    free_steps(&steps);
}

/* Weights of a bucket are gathered as soon as they are updated; the next forward waits for those of a layer when it comes to
 * it, and not sooner. */
static void test_gathering_goes_beside_updates_and_the_next_forward(void)
{
    Steps steps = run_steps(FALSE);
    g_assert_cmpstr(steps.update[0], ==, "a g0 a g1 a g2 a g3 a g4");
    g_assert_true(g_str_has_prefix(steps.compute[1], "u u w0 e w1 f w2 f w3 f w4 h u u b b b E u u e f f f h u u r4 b"));
    free_steps(&steps);
}

/* Of a whole batch the host waits for the losses alone, at the end: it is free to queue the next micro-batch before. */
static void test_the_host_waits_once(void)
{
    Steps steps = run_steps(FALSE);
    for (int i = 0; i < 2; i++) {
        const char *waits = strchr(steps.compute[i], 'd');
        g_assert_nonnull(waits);
        g_assert_cmpstr(waits, ==, "d");
    }
    free_steps(&steps);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    Backend *backend = backend_cpu_new(1);
    cpu = backend;
    ops = g_string_new(NULL);
    g_test_add_func("/overlap/gradients of a bucket are summed beside the backward of the layers below", test_sums_go_beside_the_backward);
    g_test_add_func("/overlap/a tied matrix is summed when both of its gradients are there", test_a_tied_matrix_is_summed_last);
    g_test_add_func("/overlap/weights are gathered beside later updates and the next forward",
                    test_gathering_goes_beside_updates_and_the_next_forward);
    g_test_add_func("/overlap/the host waits for a batch once, for its losses", test_the_host_waits_once);
    int status = g_test_run();
    g_string_free(ops, TRUE);
    backend->destroy(backend);
    return status;
}
