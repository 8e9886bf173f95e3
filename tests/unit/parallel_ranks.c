/* SPDX-License-Identifier: Apache-2.0
 * train/engine.h on many ranks, in double precision: what tests/parallel.test starts under mpirun with eight processes.
 *
 * A tiny Llama learns for a few steps in many arrangements of ranks. Each is compared with one rank that has all of it: losses,
 * norms, gradients and weights to 1e-12. Pipelines, their chunks, ZeRO-1 and recomputation are compared bit for bit with the
 * arrangement of as many tensor and data ranks without them. What deferred communicators do, as ZeRO-1 gathering weights, happens as
 * late as it may. Prints TAP on rank 0; an argument is the number of ranks to use
 * at most. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tests/unit/fake_shard.h"
#include "tests/unit/late_communicator.h"
#include "train/engine.h"

#define STEPS 3
#define SEQUENCES 8
#define TOLERANCE 1e-12

typedef struct Case {
    unsigned tensor, data, pipeline, chunks;
    gboolean sequence;
    unsigned zero;
    Recompute recompute;
    gsize micro_batch;
    gboolean tied, document_mask;
} Case;

static const Case cases[] = {
    /* One thing at a time, */
    {2, 1, 1, 1, FALSE, 0, RECOMPUTE_NONE, 2, FALSE, FALSE},
    {4, 1, 1, 1, FALSE, 0, RECOMPUTE_NONE, 2, FALSE, FALSE},
    {2, 1, 1, 1, TRUE, 0, RECOMPUTE_NONE, 2, FALSE, FALSE},
    {4, 1, 1, 1, TRUE, 0, RECOMPUTE_SELECTIVE, 2, FALSE, TRUE},
    {1, 2, 1, 1, FALSE, 0, RECOMPUTE_NONE, 2, FALSE, FALSE},
    {1, 8, 1, 1, FALSE, 1, RECOMPUTE_NONE, 1, FALSE, FALSE},
    {1, 4, 1, 1, FALSE, 1, RECOMPUTE_NONE, 2, TRUE, FALSE},
    {1, 1, 2, 1, FALSE, 0, RECOMPUTE_NONE, 2, FALSE, FALSE},
    {1, 1, 4, 1, FALSE, 0, RECOMPUTE_FULL, 1, FALSE, TRUE},
    {1, 1, 8, 1, FALSE, 0, RECOMPUTE_NONE, 1, FALSE, FALSE},
    {1, 1, 2, 2, FALSE, 0, RECOMPUTE_NONE, 1, FALSE, FALSE},
    {1, 1, 2, 4, FALSE, 0, RECOMPUTE_SELECTIVE, 2, FALSE, FALSE},
    {1, 1, 4, 2, FALSE, 0, RECOMPUTE_NONE, 2, TRUE, FALSE},
    {1, 1, 1, 1, FALSE, 0, RECOMPUTE_FULL, 3, TRUE, TRUE},
    /* and all of them together. */
    {2, 2, 2, 1, TRUE, 1, RECOMPUTE_NONE, 1, FALSE, FALSE},
    {2, 2, 2, 2, TRUE, 1, RECOMPUTE_FULL, 1, FALSE, TRUE},
    {2, 2, 2, 2, FALSE, 1, RECOMPUTE_SELECTIVE, 2, TRUE, FALSE},
    {2, 1, 4, 2, TRUE, 0, RECOMPUTE_SELECTIVE, 1, TRUE, TRUE},
    {4, 2, 1, 1, TRUE, 1, RECOMPUTE_FULL, 2, TRUE, TRUE},
    {1, 2, 4, 1, FALSE, 1, RECOMPUTE_NONE, 1, TRUE, FALSE},
};

/* What a run came to. Gradients and weights: of what lies on this rank, laid out as its table says. */
typedef struct Outcome {
    double losses[STEPS][SEQUENCES * 16];
    double norms[STEPS];
    wide *gradients; /* of the first step */
    real *weights;
    guint64 digest; /* of losses, norms and all weights, in whatever arrangement */
    ParameterTable *table;
    ModelPart part;
    unsigned data_rank;
    gboolean sharded;
} Outcome;

static Backend *backend, *late_backend;
static BatchPlan *plan;
static ModelShape shape = {.vocabulary = FAKE_VOCABULARY,
                           .hidden = 32,
                           .layers = 9,
                           .heads = 8,
                           .kv_heads = 4,
                           .intermediate = 24,
                           .context = 16,
                           .rope_theta = 10000,
                           .norm_epsilon = 1e-5};

static void outcome_clear(Outcome *outcome)
{
    g_free(outcome->gradients);
    g_free(outcome->weights);
    g_clear_pointer(&outcome->table, parameter_table_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outcome, outcome_clear)

static void require(gboolean good, GError *error)
{
    if (!good)
        g_error("%s", error ? error->message : "failed without an error");
}

/* The first number in the whole tensor of row r of what lies here. */
static gsize whole_index(const ParameterTensor *tensor, gsize r)
{
    return (tensor->row + r) * MAX(tensor->columns, 1) + tensor->column;
}

/* A sum over numbers and their places, so that it does not matter which rank adds which. */
static guint64 digest_weights(const Outcome *outcome)
{
    guint64 sum = 0;
    for (gsize t = 0; t < outcome->table->count; t++) {
        const ParameterTensor *tensor = &outcome->table->tensors[t];
        if (outcome->data_rank > 0 || !parameter_tensor_counts_here(tensor, &outcome->part))
            continue;
        for (gsize i = 0; i < parameter_tensor_elements(tensor); i++) {
            gsize place = whole_index(tensor, i / tensor->column_count) + i % tensor->column_count;
            sum += hash64(&outcome->weights[tensor->offset + i], sizeof(real), hash64(tensor->name, strlen(tensor->name), place));
        }
    }
    return sum;
}

static void finish_outcome(Engine *engine, const Case *c, Comm *world, Outcome *outcome)
{
    GError *error = NULL;
    const Model *model = engine_model(engine);
    const Layout *layout = engine_layout(engine);
    outcome->part = model->part;
    outcome->data_rank = layout->data_rank;
    outcome->sharded = c->zero && layout->data > 1;
    outcome->table = parameter_table_new(&model->shape, &model->part, layout->data);
    optimizer_await(engine_optimizer(engine));
    outcome->weights = g_memdup2(model->parameters, model->table->elements * sizeof(real));
    outcome->digest = digest_weights(outcome);
    require(comm_all_reduce(world, &outcome->digest, 1, COMM_U64, COMM_SUM, &error), error);
    outcome->digest ^= hash64(outcome->losses, sizeof outcome->losses, 1) ^ hash64(outcome->norms, sizeof outcome->norms, 2);
}

static Outcome learn(const Case *c, Backend *on, Comm *world)
{
    GError *error = NULL;
    Outcome outcome = {0};
    EngineSettings settings = {
        .shape = shape,
        .optimizer = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-5, .decay = 0.1, .clip = 0.5},
        .parallel = {.tensor = c->tensor, .pipeline = c->pipeline, .data = c->data, .interleave = c->chunks, .sequence = c->sequence,
                     .zero = c->zero, .recompute = c->recompute},
        .sequences = SEQUENCES,
        .micro_batch = c->micro_batch,
        .document_mask = c->document_mask,
    };
    settings.shape.tied = c->tied;
    g_autoptr(Engine) engine = engine_new(&settings, on, world, &error);
    require(engine != NULL, error);
    Model *model = engine_model(engine);
    g_autofree wide *values = g_new(wide, model->table->elements);
    parameters_initialise(model->table, &settings.shape, 5, values);
    optimizer_set_weights(engine_optimizer(engine), values);
    g_auto(Batch) batch = {0};
    for (int step = 0; step < STEPS; step++) {
        require(batch_read(plan, (guint64)step, &batch, &error), error);
        require(engine_compute(engine, &batch, TRUE, outcome.losses[step], &error), error);
        require(engine_gradient_norm(engine, &outcome.norms[step], &error), error);
        if (step == 0)
            outcome.gradients = g_memdup2(model->gradients, model->table->elements * sizeof(wide));
        require(engine_update(engine, (guint64)step, 1e-2, outcome.norms[step], &error), error);
    }
    finish_outcome(engine, c, world, &outcome);
    return outcome;
}

/* ---- Comparisons --------------------------------------------------------------------------------------------- */

static double distance(const double *a, const double *b, gsize count)
{
    double difference = 0, size = 0;
    for (gsize i = 0; i < count; i++) {
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        size += b[i] * b[i];
    }
    return sqrt(difference / MAX(size, 1e-300));
}

static const ParameterTensor *find_tensor(const ParameterTable *table, gsize index)
{
    for (gsize t = 0; t < table->count; t++)
        if (table->tensors[t].index == index)
            return &table->tensors[t];
    g_assert_not_reached();
}

/* The largest distance of the tensors that lie here from those of one rank, in relation to the whole tensor's size. Under
 * ZeRO-1 a rank has the gradients of its share alone. */
static double tensor_distance(const Outcome *here, const wide *mine, const Outcome *one, const wide *whole, gboolean gradients)
{
    double worst = 0;
    g_autoptr(GArray) pieces = parameter_table_pieces(here->table);
    for (guint p = 0; p < pieces->len; p++) {
        const ParameterPiece *piece = &g_array_index(pieces, ParameterPiece, p);
        const ParameterTensor *tensor = &here->table->tensors[piece->tensor], *full = find_tensor(one->table, tensor->index);
        double difference = 0, size = 0;
        if (gradients && here->sharded && piece->share != here->data_rank)
            continue;
        for (gsize i = 0; i < parameter_tensor_elements(full); i++)
            size += whole[full->offset + i] * whole[full->offset + i];
        for (gsize i = piece->begin; i < piece->begin + piece->count; i++) {
            gsize place = whole_index(tensor, i / tensor->column_count) + i % tensor->column_count;
            double d = mine[tensor->offset + i] - whole[full->offset + place];
            difference += d * d;
        }
        worst = MAX(worst, sqrt(difference / MAX(size, 1e-300)));
    }
    return worst;
}

static double compare(const Outcome *here, const Outcome *one, Comm *world)
{
    GError *error = NULL;
    double worst = tensor_distance(here, here->gradients, one, one->gradients, TRUE);
    worst = MAX(worst, tensor_distance(here, here->weights, one, one->weights, FALSE));
    worst = MAX(worst, distance(here->norms, one->norms, STEPS));
    for (int step = 0; step < STEPS; step++)
        worst = MAX(worst, distance(here->losses[step], one->losses[step], G_N_ELEMENTS(here->losses[step])));
    require(comm_all_reduce(world, &worst, 1, COMM_DOUBLE, COMM_MAX, &error), error);
    return worst;
}

/* The digest of the same tensor and data ranks with nothing else, on the first of these ranks; others do nothing. */
static guint64 plain_digest(const Case *c, Comm *world)
{
    GError *error = NULL;
    Case plain = *c;
    Comm *part = NULL;
    guint64 digest = 0;
    unsigned ranks = c->tensor * c->data;
    plain.pipeline = plain.chunks = 1;
    plain.zero = 0;
    plain.recompute = RECOMPUTE_NONE;
    require(comm_split(world, comm_rank(world) < ranks ? 0 : 1, comm_rank(world), &part, &error), error);
    if (comm_rank(world) < ranks) {
        g_auto(Outcome) outcome = learn(&plain, backend, part);
        digest = outcome.digest;
    }
    comm_close(part);
    require(comm_broadcast(world, &digest, sizeof digest, 0, &error), error);
    return digest;
}

static char *describe(const Case *c)
{
    static const char *const recomputes[] = {"", ", norms recomputed", ", all recomputed"};
    return g_strdup_printf("%u tensor%s, %u data%s, %u pipeline ranks of %u chunks, micro-batches of %zu%s%s%s", c->tensor,
                           c->sequence ? " (sequences divided)" : "", c->data, c->zero ? " (ZeRO-1)" : "", c->pipeline, c->chunks,
                           c->micro_batch, recomputes[c->recompute], c->tied ? ", tied" : "", c->document_mask ? ", documents apart" : "");
}

/* Two lines of TAP on rank 0. */
static gboolean run_case(const Case *c, Comm *world, unsigned number)
{
    Case alone = {.tensor = 1, .data = 1, .pipeline = 1, .chunks = 1, .micro_batch = 1, .tied = c->tied, .document_mask = c->document_mask};
    g_auto(Outcome) one = learn(&alone, backend, NULL);
    g_auto(Outcome) here = learn(c, late_backend, world);
    double worst = compare(&here, &one, world);
    gboolean close = worst <= TOLERANCE, same = here.digest == plain_digest(c, world);
    g_autofree char *text = describe(c);
    if (comm_rank(world) > 0)
        return close && same;
    printf("%sok %u - %s: as one rank to 1e-12\n", close ? "" : "not ", 2 * number + 1, text);
    if (!close)
        printf("# the worst relative distance is %g: losses %.17g and %.17g, norms %.17g and %.17g\n", worst, here.losses[0][0], one.losses[0][0],
               here.norms[0], one.norms[0]);
    printf("%sok %u - %s: bit for bit as tensor and data ranks alone\n", same ? "" : "not ", 2 * number + 2, text);
    fflush(stdout);
    return close && same;
}

int main(int argc, char **argv)
{
    GError *error = NULL;
    Comm *world = comm_open(&error), *part = NULL;
    require(!error, error);
    unsigned limit = argc > 1 ? (unsigned)atoi(argv[1]) : comm_size(world);
    gboolean good = TRUE;
    fake_shard_configure(20000, 0, 0);
    g_autoptr(ShardReader) reader = shard_reader_open(NULL, "train", &error);
    backend = backend_cpu_new(1);
    late_backend = late_backend_new(backend);
    plan = batch_plan_new(reader, "train", shape.context, SEQUENCES, 3, &error);
    require(plan != NULL, error);
    if (comm_rank(world) == 0)
        printf("1..%zu\n", 2 * G_N_ELEMENTS(cases));
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        unsigned ranks = cases[i].tensor * cases[i].data * cases[i].pipeline;
        if (ranks > MIN(limit, comm_size(world))) {
            if (comm_rank(world) == 0)
                printf("ok %u # SKIP needs %u ranks\nok %u # SKIP needs %u ranks\n", 2 * i + 1, ranks, 2 * i + 2, ranks);
            continue;
        }
        require(comm_split(world, comm_rank(world) < ranks ? 0 : 1, comm_rank(world), &part, &error), error);
        if (comm_rank(world) < ranks)
            good = run_case(&cases[i], part, i) && good;
        comm_close(part);
    }
    batch_plan_free(plan);
    late_backend_free(late_backend);
    backend->destroy(backend);
    comm_close(world);
    return good ? 0 : 1;
}
