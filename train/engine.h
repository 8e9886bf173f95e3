/* SPDX-License-Identifier: Apache-2.0
 * train/engine.h - the model and its optimizer on all ranks of a job, and how they compute a batch together.
 *
 * Sequence, on every rank: e = engine_new(&settings, backend, world, error); engine_set_weights; for each step
 *   engine_compute(e, batch, TRUE, losses, error), engine_gradient_norm, engine_update; engine_compute(..., FALSE, ...)
 *   evaluates; engine_free before the world is closed.
 * Each data-parallel rank takes an equal run of the batch's sequences, in micro-batches; with a pipeline these are under way
 * between ranks in the order of train/pipeline_schedule.h.
 *
 * Results, losses and norms are the same on all ranks. What of them depends on the arrangement of ranks is said in
 * train/layout.h.
 * Memory: backend and world are borrowed. All functions are collective.
 */
#ifndef TRAIN_ENGINE_H
#define TRAIN_ENGINE_H

#include "train/batch.h"
#include "train/optimizer.h"

typedef struct EngineSettings {
    ModelShape shape;
    OptimizerSettings optimizer;
    ParallelSettings parallel; /* resolved */
    gsize sequences;        /* of a training batch */
    gsize micro_batch;      /* sequences */
    gboolean document_mask; /* no attention across documents; positions start again with each */
} EngineSettings;

typedef struct Engine Engine;

/* `world` NULL: one rank. Settings that cannot be are GALEN_ERROR_INPUT. */
Engine *engine_new(const EngineSettings *settings, Backend *backend, Comm *world, GError **error);
void engine_free(Engine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_free)

Model *engine_model(const Engine *engine); /* what this rank has of it */
Optimizer *engine_optimizer(const Engine *engine);
const Layout *engine_layout(const Engine *engine);

/* losses[sequences * context], in ordinary memory: of every target of the batch, in nats. With `train` the gradients of their
 * mean are there afterwards. */
gboolean engine_compute(Engine *engine, const Batch *batch, gboolean train, double *losses, GError **error);
gboolean engine_gradient_norm(Engine *engine, double *norm, GError **error);
gboolean engine_update(Engine *engine, guint64 step, double rate, double norm, GError **error);

#endif
