/* SPDX-License-Identifier: Apache-2.0
 * A batch on all ranks; see train/engine.h. */
#include "train/engine.h"

#include <string.h>

#include "base/error.h"
#include "train/pipeline_schedule.h"

/* Tags of messages along the pipeline. */
enum { TAG_FORWARD, TAG_BACKWARD };

/* One micro-batch's rows, here and in the backend's memory. */
typedef struct Rows {
    guint32 *numbers; /* ids, targets, positions */
    wide *weights;
    guint32 *backend_numbers;
    wide *backend_weights;
    GArray *starts;
} Rows;

struct Engine {
    EngineSettings settings;
    Backend *backend;
    Layout *layout;
    ModelPart part;
    Communicator *tensor, *data, *pipeline, *ends;
    Model *model;
    Optimizer *optimizer;
    Rows rows;
    wide *losses, *host_losses; /* of this rank's sequences of a batch */
    wide *pass_losses;          /* of the micro-batch in a forward pass */
    gsize losses_room;
};

/* What is under way in one call of engine_compute. */
typedef struct Work {
    Engine *engine;
    const Batch *batch;
    gboolean train;
    double *losses;
    gsize first, end;      /* this rank's sequences */
    gsize micro_batches;
    gsize *slots;          /* of each chunk and micro-batch */
    gboolean *slot_is_used;
} Work;

/* ---- Making one ---------------------------------------------------------------------------------------------- */

static gboolean open_communicators(Engine *engine, GError **error)
{
    Backend *b = engine->backend;
    const Layout *layout = engine->layout;
    engine->tensor = b->communicator_new(b, layout->tensor, FALSE, error);
    engine->data = engine->tensor ? b->communicator_new(b, layout->data_group, TRUE, error) : NULL;
    engine->pipeline = engine->data ? b->communicator_new(b, layout->pipeline, FALSE, error) : NULL;
    engine->ends = engine->pipeline ? b->communicator_new(b, layout->ends, FALSE, error) : NULL;
    return engine->ends != NULL;
}

static gsize micro_batches_of(const Engine *engine, gsize sequences)
{
    return (sequences + engine->settings.micro_batch - 1) / engine->settings.micro_batch;
}

static gsize rows_of_micro_batch(const Engine *engine)
{
    return engine->settings.micro_batch * engine->settings.shape.context;
}

static void bucket_is_ready(gsize bucket, gpointer user)
{
    optimizer_reduce_bucket(user, bucket);
}

static void bucket_is_needed(gsize bucket, gpointer user)
{
    optimizer_await_bucket(user, bucket);
}

/* Whether passes queue the same for each micro-batch, so that the backend may keep them. Alone, a rank has nothing to tell about
 * buckets. */
static gboolean repeats(const Engine *engine)
{
    return engine->tensor->size == 1 && engine->data->size == 1 && engine->pipeline->size == 1 && !engine->settings.document_mask;
}

static GArray *schedule_of(const Engine *engine, gsize micro_batches, gboolean train)
{
    return pipeline_schedule(engine->part.pipeline, engine->part.pipeline_rank, engine->part.chunks, micro_batches, train);
}

static gboolean open_model(Engine *engine, GError **error)
{
    const EngineSettings *settings = &engine->settings;
    g_autoptr(GArray) passes = schedule_of(engine, micro_batches_of(engine, settings->sequences / engine->layout->data), TRUE);
    ModelOptions options = {
        .use = MODEL_TRAIN,
        .max_rows = rows_of_micro_batch(engine),
        .slots = pipeline_schedule_slots(passes),
        .recompute = settings->parallel.recompute,
        .shares = engine->layout->data,
        .tensor = engine->tensor,
    };
    OptimizerRanks ranks = {.data = engine->data, .ends = engine->ends, .world = engine->layout->world};
    engine->model = model_new(&settings->shape, &engine->part, engine->backend, &options, error);
    if (!engine->model)
        return FALSE;
    engine->optimizer = optimizer_new(&settings->optimizer, engine->model, &ranks, settings->parallel.zero > 0, error);
    if (!repeats(engine)) {
        engine->model->ready = bucket_is_ready;
        engine->model->needed = bucket_is_needed;
        engine->model->bucket_user = engine->optimizer;
    }
    return engine->optimizer != NULL;
}

static gboolean allocate_rows(Engine *engine, GError **error)
{
    Backend *b = engine->backend;
    gsize rows = rows_of_micro_batch(engine);
    engine->rows = (Rows){
        .numbers = g_new(guint32, 3 * rows),
        .weights = g_new(wide, rows),
        .backend_numbers = b->allocate(b, 3 * rows * sizeof(guint32)),
        .backend_weights = b->allocate(b, rows * sizeof(wide)),
        .starts = g_array_new(FALSE, FALSE, sizeof(guint32)),
    };
    engine->pass_losses = b->allocate(b, rows * sizeof(wide));
    if (engine->rows.backend_numbers && engine->rows.backend_weights && engine->pass_losses)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "not enough memory for the rows of a micro-batch");
    return FALSE;
}

Engine *engine_new(const EngineSettings *settings, Backend *backend, Comm *world, GError **error)
{
    g_autoptr(Engine) engine = g_new0(Engine, 1);
    engine->settings = *settings;
    engine->backend = backend;
    if (!model_shape_check(&settings->shape, error))
        return NULL;
    engine->layout = layout_new(&settings->parallel, world, error);
    if (!engine->layout)
        return NULL;
    engine->part = layout_part(engine->layout);
    if (!open_communicators(engine, error) || !open_model(engine, error) || !allocate_rows(engine, error))
        return NULL;
    return g_steal_pointer(&engine);
}

static void close_communicator(Communicator *communicator)
{
    if (communicator)
        communicator->destroy(communicator);
}

void engine_free(Engine *engine)
{
    if (!engine)
        return;
    Backend *b = engine->backend;
    optimizer_free(engine->optimizer);
    model_free(engine->model);
    b->release(b, engine->rows.backend_numbers);
    b->release(b, engine->rows.backend_weights);
    b->release(b, engine->losses);
    b->release(b, engine->pass_losses);
    close_communicator(engine->ends);
    close_communicator(engine->pipeline);
    close_communicator(engine->data);
    close_communicator(engine->tensor);
    layout_free(engine->layout);
    g_free(engine->rows.numbers);
    g_free(engine->rows.weights);
    g_clear_pointer(&engine->rows.starts, g_array_unref);
    g_free(engine->host_losses);
    g_free(engine);
}

Model *engine_model(const Engine *engine)
{
    return engine->model;
}

Optimizer *engine_optimizer(const Engine *engine)
{
    return engine->optimizer;
}

const Layout *engine_layout(const Engine *engine)
{
    return engine->layout;
}

/* ---- The rows of a micro-batch ------------------------------------------------------------------------------- */

static void fill_positions(const Engine *engine, gsize rows, guint32 *positions)
{
    const guint32 *starts = (const guint32 *)(gconstpointer)engine->rows.starts->data;
    gsize context = engine->settings.shape.context, segment = 0;
    for (gsize r = 0; r < rows; r++) {
        while (starts[segment + 1] <= r)
            segment++;
        positions[r] = (guint32)(engine->settings.document_mask ? r - starts[segment] : r % context);
    }
}

/* Splits the micro-batch's sequences into inputs and targets. */
static gsize fill_rows(const Work *work, gsize micro_batch)
{
    Engine *engine = work->engine;
    const Batch *batch = work->batch;
    gsize context = batch->context, capacity = rows_of_micro_batch(engine);
    gsize first = work->first + micro_batch * engine->settings.micro_batch;
    gsize count = MIN(engine->settings.micro_batch, work->end - first), rows = count * context;
    guint32 *ids = engine->rows.numbers, *targets = ids + capacity;
    for (gsize s = 0; s < count; s++) {
        const guint32 *tokens = batch->ids + (first + s) * (context + 1);
        memcpy(ids + s * context, tokens, context * sizeof *ids);
        memcpy(targets + s * context, tokens + 1, context * sizeof *ids);
    }
    g_array_set_size(engine->rows.starts, 0);
    batch_starts(batch, first, count, engine->settings.document_mask, engine->rows.starts);
    fill_positions(engine, rows, targets + capacity);
    for (gsize r = 0; r < rows; r++)
        engine->rows.weights[r] = batch_leaves_out(batch, first * context + r) ? 0 : (wide)(1 / (double)batch_targets(batch));
    return rows;
}

static ModelInput input_of(const Work *work, gsize micro_batch)
{
    Engine *engine = work->engine;
    Backend *b = engine->backend;
    gsize capacity = rows_of_micro_batch(engine), rows = fill_rows(work, micro_batch);
    guint32 *numbers = engine->rows.backend_numbers;
    b->upload(b, numbers, engine->rows.numbers, 3 * capacity * sizeof *numbers);
    b->upload(b, engine->rows.backend_weights, engine->rows.weights, rows * sizeof(wide));
    return (ModelInput){
        .rows = rows,
        .ids = numbers,
        .targets = numbers + capacity,
        .positions = numbers + 2 * capacity,
        .weights = work->train ? engine->rows.backend_weights : NULL,
        .starts = (const guint32 *)(gconstpointer)engine->rows.starts->data,
        .segments = engine->rows.starts->len - 1,
        .last = micro_batch + 1 == work->micro_batches,
    };
}

/* ---- Passes -------------------------------------------------------------------------------------------------- */

static unsigned rank_before(const Engine *engine)
{
    return (engine->part.pipeline_rank + engine->part.pipeline - 1) % engine->part.pipeline;
}

static unsigned rank_behind(const Engine *engine)
{
    return (engine->part.pipeline_rank + 1) % engine->part.pipeline;
}

static gsize take_slot(Work *work)
{
    gsize slot = 0;
    while (work->slot_is_used[slot])
        slot++;
    work->slot_is_used[slot] = TRUE;
    return slot;
}

/* Where the losses of a micro-batch go until the batch is done: a download in between would make the host wait, and then the
 * backend for the host. */
static wide *losses_of(const Work *work, gsize micro_batch)
{
    return work->engine->losses + micro_batch * work->engine->settings.micro_batch * work->batch->context;
}

/* Copies the losses of this rank's sequences to their place in the batch. One rank of a tensor group speaks for all. */
static void keep_losses(const Work *work)
{
    Engine *engine = work->engine;
    gsize at = work->first * work->batch->context, rows = (work->end - work->first) * work->batch->context;
    if (engine->part.tensor_rank > 0 || !model_part_is_last(&engine->part, engine->part.chunks - 1))
        return;
    engine->backend->download(engine->backend, engine->host_losses, engine->losses, rows * sizeof(wide));
    for (gsize r = 0; r < rows; r++)
        work->losses[at + r] = batch_leaves_out(work->batch, at + r) ? 0 : engine->host_losses[r];
}

/* All that a pass queues depends on, but for what its arrays hold; without padding, for its bytes are a key. */
typedef struct SectionKey {
    guint64 direction, chunk, slot, rows, train, last;
} SectionKey;

typedef struct Section {
    Engine *engine;
    const Pass *pass;
    gsize slot;
    const ModelInput *input;
} Section;

static void run_section(const Work *work, const Section *section, void (*compute)(gpointer user))
{
    Engine *engine = work->engine;
    SectionKey key = {
        .direction = section->pass->direction,
        .chunk = section->pass->chunk,
        .slot = section->slot,
        .rows = section->input->rows,
        .train = (guint64)work->train,
        .last = (guint64)section->input->last,
    };
    engine->backend->section(engine->backend, repeats(engine) ? &key : NULL, sizeof key, compute, (gpointer)section);
}

static void compute_forward(gpointer user)
{
    const Section *s = user;
    model_forward(s->engine->model, s->pass->chunk, s->slot, s->input);
    if (model_part_is_last(&s->engine->part, s->pass->chunk))
        model_losses(s->engine->model, s->slot, s->input, s->engine->pass_losses);
}

static void compute_backward(gpointer user)
{
    const Section *s = user;
    model_backward(s->engine->model, s->pass->chunk, s->slot, s->input);
}

static void pass_forward(Work *work, const Pass *pass)
{
    Engine *engine = work->engine;
    Communicator *pipeline = engine->pipeline;
    Model *model = engine->model;
    gsize slot = take_slot(work);
    ModelInput input = input_of(work, pass->micro_batch);
    gsize hidden = model_hidden_elements(model, &input);
    work->slots[pass->chunk * work->micro_batches + pass->micro_batch] = slot;
    if (!model_part_is_first(&engine->part, pass->chunk))
        pipeline->receive(pipeline, model_entry(model, slot), hidden, NUMBER_REAL, rank_before(engine), TAG_FORWARD);
    run_section(work, &(Section){engine, pass, slot, &input}, compute_forward);
    if (!model_part_is_last(&engine->part, pass->chunk))
        pipeline->send(pipeline, model_exit(model), hidden, NUMBER_REAL, rank_behind(engine), TAG_FORWARD);
    else
        engine->backend->copy(engine->backend, losses_of(work, pass->micro_batch), engine->pass_losses, input.rows * sizeof(wide));
    if (!work->train)
        work->slot_is_used[slot] = FALSE;
}

static void pass_backward(Work *work, const Pass *pass)
{
    Engine *engine = work->engine;
    Communicator *pipeline = engine->pipeline;
    Model *model = engine->model;
    gsize slot = work->slots[pass->chunk * work->micro_batches + pass->micro_batch];
    ModelInput input = input_of(work, pass->micro_batch);
    gsize hidden = model_hidden_elements(model, &input);
    if (!model_part_is_last(&engine->part, pass->chunk))
        pipeline->receive(pipeline, model->dx, hidden, NUMBER_REAL, rank_behind(engine), TAG_BACKWARD);
    run_section(work, &(Section){engine, pass, slot, &input}, compute_backward);
    if (!model_part_is_first(&engine->part, pass->chunk))
        pipeline->send(pipeline, model->dx, hidden, NUMBER_REAL, rank_before(engine), TAG_BACKWARD);
    work->slot_is_used[slot] = FALSE;
}

static void run_passes(Work *work, const GArray *passes)
{
    for (guint i = 0; i < passes->len; i++) {
        const Pass *pass = &g_array_index(passes, Pass, i);
        if (pass->direction == PASS_FORWARD)
            pass_forward(work, pass);
        else
            pass_backward(work, pass);
    }
    work->engine->pipeline->wait(work->engine->pipeline);
}

/* ---- A batch ------------------------------------------------------------------------------------------------- */

static gboolean finish(const Work *work, GError **error)
{
    Engine *engine = work->engine;
    Backend *backend = engine->model->backend;
    if (work->train && !optimizer_reduce(engine->optimizer, error))
        return FALSE;
    keep_losses(work);
    return backend->check(backend, error) && communicator_check(engine->pipeline, error) && communicator_check(engine->tensor, error) &&
           comm_all_reduce(engine->layout->world, work->losses, work->batch->sequences * work->batch->context, COMM_DOUBLE, COMM_SUM, error);
}

/* Batches of evaluation may have more sequences than those of training. */
static gboolean reserve_losses(Engine *engine, gsize rows, GError **error)
{
    Backend *b = engine->backend;
    if (engine->losses_room >= rows)
        return TRUE;
    b->release(b, engine->losses);
    g_free(engine->host_losses);
    engine->host_losses = g_new(wide, rows);
    engine->losses = b->allocate(b, rows * sizeof(wide));
    engine->losses_room = engine->losses ? rows : 0;
    if (!engine->losses)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "not enough memory for %" G_GSIZE_FORMAT " losses of a batch", rows);
    return engine->losses != NULL;
}

gboolean engine_compute(Engine *engine, const Batch *batch, gboolean train, double *losses, GError **error)
{
    const Layout *layout = engine->layout;
    Work work = {.engine = engine, .batch = batch, .train = train, .losses = losses};
    work.first = batch->sequences * layout->data_rank / layout->data;
    work.end = batch->sequences * (layout->data_rank + 1) / layout->data;
    work.micro_batches = micro_batches_of(engine, work.end - work.first);
    if (!reserve_losses(engine, (work.end - work.first) * batch->context, error))
        return FALSE;
    g_autofree gsize *slots = g_new0(gsize, MAX(work.micro_batches, 1) * engine->part.chunks);
    g_autofree gboolean *used = g_new0(gboolean, engine->model->options.slots + 1);
    work.slots = slots;
    work.slot_is_used = used;
    g_autoptr(GArray) passes = schedule_of(engine, work.micro_batches, train);
    memset(losses, 0, batch->sequences * batch->context * sizeof *losses);
    if (train)
        model_clear_gradients(engine->model);
    run_passes(&work, passes);
    return finish(&work, error);
}

gboolean engine_gradient_norm(Engine *engine, double *norm, GError **error)
{
    return optimizer_gradient_norm(engine->optimizer, norm, error);
}

gboolean engine_update(Engine *engine, guint64 step, double rate, double norm, GError **error)
{
    optimizer_step(engine->optimizer, step, rate, norm);
    return communicator_check(engine->data, error);
}
