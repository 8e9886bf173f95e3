/* SPDX-License-Identifier: Apache-2.0
 * AdamW with clipping; see train/optimizer.h. */
#include "train/optimizer.h"

#include <math.h>

#include "base/error.h"

/* Keeps the division finite for a gradient of zero; the value of torch's clip_grad_norm_. */
#define CLIP_EPSILON 1e-6

/* ---- State --------------------------------------------------------------------------------------------------- */

static unsigned data_size(const Optimizer *optimizer)
{
    return optimizer->ranks.data ? optimizer->ranks.data->size : 1;
}

static unsigned data_rank(const Optimizer *optimizer)
{
    return optimizer->ranks.data ? optimizer->ranks.data->rank : 0;
}

static gboolean allocate_state(Optimizer *optimizer, GError **error)
{
    Model *model = optimizer->model;
    Backend *backend = model->backend;
    gsize bytes = optimizer->state_elements * sizeof(wide);
    optimizer->m = backend->allocate(backend, bytes);
    optimizer->v = backend->allocate(backend, bytes);
    if (!REAL_IS_WIDE)
        optimizer->master = backend->allocate(backend, bytes);
    if (optimizer->m && optimizer->v && (optimizer->master || REAL_IS_WIDE))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "not enough memory for the optimizer's state of %" G_GSIZE_FORMAT " parameters",
                optimizer->state_elements);
    return FALSE;
}

Optimizer *optimizer_new(const OptimizerSettings *settings, Model *model, const OptimizerRanks *ranks, gboolean sharded, GError **error)
{
    g_autoptr(Optimizer) optimizer = g_new0(Optimizer, 1);
    optimizer->settings = *settings;
    optimizer->model = model;
    if (ranks)
        optimizer->ranks = *ranks;
    optimizer->sharded = sharded && data_size(optimizer) > 1;
    optimizer->pieces = parameter_table_pieces(model->table);
    optimizer->state_elements = optimizer->sharded ? parameter_table_share_elements(model->table) : model->table->elements;
    optimizer->reduced = g_new0(gboolean, model->table->bucket_count);
    optimizer->gathering = g_new0(gboolean, model->table->bucket_count);
    optimizer->marks = g_new0(gsize, model->table->bucket_count);
    return allocate_state(optimizer, error) ? g_steal_pointer(&optimizer) : NULL;
}

void optimizer_free(Optimizer *optimizer)
{
    if (!optimizer)
        return;
    Backend *backend = optimizer->model->backend;
    optimizer_await(optimizer); /* the model's weights go next, and must not be gathered any more */
    backend->release(backend, optimizer->m);
    backend->release(backend, optimizer->v);
    backend->release(backend, optimizer->master);
    g_array_free(optimizer->pieces, TRUE);
    g_free(optimizer->reduced);
    g_free(optimizer->gathering);
    g_free(optimizer->marks);
    g_free(optimizer);
}

gboolean optimizer_owns(const Optimizer *optimizer, const ParameterPiece *piece)
{
    return !optimizer->sharded || piece->share == data_rank(optimizer);
}

gsize optimizer_state_offset(const Optimizer *optimizer, const ParameterPiece *piece)
{
    return optimizer->sharded ? piece->compact : piece->offset;
}

/* Where the master weights of a piece lie. */
static wide *master_of(const Optimizer *optimizer, const ParameterPiece *piece)
{
    if (REAL_IS_WIDE)
        return (wide *)(gpointer)(optimizer->model->parameters + piece->offset);
    return optimizer->master + optimizer_state_offset(optimizer, piece);
}

/* Through the array of gradients, which is as large as any and of the type. */
void optimizer_set_weights(Optimizer *optimizer, const wide *values)
{
    Model *model = optimizer->model;
    Backend *b = model->backend;
    b->upload(b, model->gradients, values, model->table->elements * sizeof *values);
    b->narrow(b, model->parameters, model->gradients, model->table->elements);
    for (guint i = 0; !REAL_IS_WIDE && i < optimizer->pieces->len; i++) {
        const ParameterPiece *piece = &g_array_index(optimizer->pieces, ParameterPiece, i);
        if (optimizer_owns(optimizer, piece))
            b->copy(b, master_of(optimizer, piece), model->gradients + piece->offset, piece->count * sizeof(wide));
    }
    model_clear_gradients(model);
}

/* ---- Gradients of several ranks ------------------------------------------------------------------------------ */

/* Under sequence parallelism each rank of a tensor group saw other rows. */
static void sum_norms_of_rows(Optimizer *optimizer, const ParameterBucket *bucket)
{
    Model *model = optimizer->model;
    Communicator *tensor = model->options.tensor;
    for (gsize t = 0; model->part.sequence && t < model->table->count; t++) {
        const ParameterTensor *at = &model->table->tensors[t];
        if (at->everywhere && at->offset >= bucket->offset && at->offset < bucket->offset + bucket->elements)
            tensor->sum(tensor, model->gradients + at->offset, parameter_tensor_elements(at), NUMBER_WIDE);
    }
}

static gboolean waits_for_tie(const Optimizer *optimizer, gsize bucket)
{
    const ParameterTable *table = optimizer->model->table;
    return optimizer->model->shape.tied &&
           ((table->has_embedding && bucket == table->embedding_bucket) || (table->has_head && bucket == table->head_bucket));
}

static void reduce(Optimizer *optimizer, gsize number)
{
    Model *model = optimizer->model;
    Communicator *data = optimizer->ranks.data;
    const ParameterBucket *bucket = &model->table->buckets[number];
    wide *gradients = model->gradients + bucket->offset;
    gsize share = bucket->elements / model->table->shares;
    optimizer->reduced[number] = TRUE;
    sum_norms_of_rows(optimizer, bucket);
    if (optimizer->sharded)
        data->scatter_sum(data, gradients + data->rank * share, gradients, share, NUMBER_WIDE);
    else if (data)
        data->sum(data, gradients, bucket->elements, NUMBER_WIDE);
}

void optimizer_reduce_bucket(Optimizer *optimizer, gsize bucket)
{
    if (!waits_for_tie(optimizer, bucket))
        reduce(optimizer, bucket);
}

/* The embedding's gradient and the head's, in this order wherever they lie. */
static void tie_gradients(Optimizer *optimizer)
{
    Model *model = optimizer->model;
    const ParameterTable *table = model->table;
    Backend *b = model->backend;
    Communicator *ends = optimizer->ranks.ends;
    gsize count = table->classes.stride * model->shape.hidden;
    if (table->has_embedding && table->has_head)
        b->accumulate(b, model->gradients + table->embedding, model->gradients + table->head_gradient, count);
    else if (ends && (table->has_embedding || table->has_head))
        ends->sum(ends, model->gradients + (table->has_embedding ? table->embedding : table->head), count, NUMBER_WIDE);
}

gboolean optimizer_reduce(Optimizer *optimizer, GError **error)
{
    Communicator *data = optimizer->ranks.data, *ends = optimizer->ranks.ends, *tensor = optimizer->model->options.tensor;
    optimizer_await(optimizer); /* a mark is good until the next wait */
    if (optimizer->model->shape.tied)
        tie_gradients(optimizer);
    for (gsize bucket = 0; bucket < optimizer->model->table->bucket_count; bucket++) {
        if (!optimizer->reduced[bucket])
            reduce(optimizer, bucket);
        optimizer->reduced[bucket] = FALSE;
    }
    if (data)
        data->wait(data);
    return (!data || communicator_check(data, error)) && (!ends || communicator_check(ends, error)) &&
           (!tensor || communicator_check(tensor, error));
}

/* ---- The norm ------------------------------------------------------------------------------------------------ */

/* Whether this rank speaks for a piece of which others may have the same gradient. */
static gboolean speaks_for(const Optimizer *optimizer, const ParameterPiece *piece)
{
    const Model *model = optimizer->model;
    const ParameterTensor *tensor = &model->table->tensors[piece->tensor];
    gboolean data = optimizer->sharded ? piece->share == data_rank(optimizer) : data_rank(optimizer) == 0;
    return data && parameter_tensor_counts_here(tensor, &model->part);
}

/* sums[tensor of the whole model][tensor rank][share], of which this rank knows some and leaves the others 0. */
static void fill_square_sums(const Optimizer *optimizer, double *sums)
{
    const Model *model = optimizer->model;
    const ParameterTable *table = model->table;
    g_autofree Piece *pieces = g_new(Piece, optimizer->pieces->len);
    g_autofree gsize *places = g_new(gsize, optimizer->pieces->len);
    g_autofree double *values = g_new(double, optimizer->pieces->len);
    gsize count = 0;
    for (guint i = 0; i < optimizer->pieces->len; i++) {
        const ParameterPiece *piece = &g_array_index(optimizer->pieces, ParameterPiece, i);
        if (!speaks_for(optimizer, piece))
            continue;
        pieces[count] = (Piece){piece->offset, piece->count};
        places[count++] = (table->tensors[piece->tensor].index * model->part.tensor + model->part.tensor_rank) * table->shares + piece->share;
    }
    model->backend->square_sums(model->backend, values, model->gradients, pieces, count);
    for (gsize i = 0; i < count; i++)
        sums[places[i]] = values[i];
}

gboolean optimizer_gradient_norm(const Optimizer *optimizer, double *norm, GError **error)
{
    const Model *model = optimizer->model;
    gsize count = model->table->whole_count * model->part.tensor * model->table->shares;
    g_autofree double *sums = g_new0(double, count);
    fill_square_sums(optimizer, sums);
    if (!comm_all_reduce(optimizer->ranks.world, sums, count, COMM_DOUBLE, COMM_SUM, error))
        return FALSE;
    double sum = 0;
    for (gsize i = 0; i < count; i++)
        sum += sums[i];
    *norm = sqrt(sum);
    return TRUE;
}

/* ---- The update ---------------------------------------------------------------------------------------------- */

static void gather_bucket(Optimizer *optimizer, gsize number)
{
    const Model *model = optimizer->model;
    Communicator *data = optimizer->ranks.data;
    const ParameterBucket *bucket = &model->table->buckets[number];
    gsize share = bucket->elements / model->table->shares;
    real *weights = model->parameters + bucket->offset;
    data->gather(data, weights, weights + data->rank * share, share, NUMBER_REAL);
    optimizer->marks[number] = data->mark(data);
    optimizer->gathering[number] = TRUE;
}

void optimizer_await_bucket(const Optimizer *optimizer, gsize bucket)
{
    Communicator *data = optimizer->ranks.data;
    if (optimizer->gathering[bucket])
        data->wait_until(data, optimizer->marks[bucket]);
    optimizer->gathering[bucket] = FALSE;
}

void optimizer_await(const Optimizer *optimizer)
{
    for (gsize bucket = 0; bucket < optimizer->model->table->bucket_count; bucket++)
        optimizer_await_bucket(optimizer, bucket);
}

static AdamW update_of(const Optimizer *optimizer, guint64 step, double rate, double norm)
{
    const OptimizerSettings *settings = &optimizer->settings;
    return (AdamW){
        .rate = rate,
        .beta1 = settings->beta1,
        .beta2 = settings->beta2,
        .epsilon = settings->epsilon,
        .correction1 = 1 - pow(settings->beta1, (double)(step + 1)),
        .correction2 = 1 - pow(settings->beta2, (double)(step + 1)),
        .scale = settings->clip > 0 ? MIN(1, settings->clip / (norm + CLIP_EPSILON)) : 1,
    };
}

static void update_piece(Optimizer *optimizer, const ParameterPiece *piece, AdamW update)
{
    Model *model = optimizer->model;
    Backend *b = model->backend;
    gsize state = optimizer_state_offset(optimizer, piece);
    update.decay = model->table->tensors[piece->tensor].columns ? optimizer->settings.decay : 0;
    b->adamw(b, model->parameters + piece->offset, master_of(optimizer, piece), optimizer->m + state, optimizer->v + state,
             model->gradients + piece->offset, piece->count, &update);
}

/* Pieces are in the order of buckets, and these in that of the forward. */
void optimizer_step(Optimizer *optimizer, guint64 step, double rate, double norm)
{
    const ParameterTable *table = optimizer->model->table;
    AdamW update = update_of(optimizer, step, rate, norm);
    optimizer_await(optimizer);
    guint next = 0;
    for (gsize bucket = 0; bucket < table->bucket_count; bucket++) {
        gsize end = table->buckets[bucket].offset + table->buckets[bucket].elements;
        for (; next < optimizer->pieces->len; next++) {
            const ParameterPiece *piece = &g_array_index(optimizer->pieces, ParameterPiece, next);
            if (piece->offset >= end)
                break;
            if (optimizer_owns(optimizer, piece))
                update_piece(optimizer, piece, update);
        }
        if (optimizer->sharded)
            gather_bucket(optimizer, bucket);
    }
}
