/* SPDX-License-Identifier: Apache-2.0
 * train/model.h - a Llama (Touvron et al. 2023): RMSNorm, rotary embeddings, grouped-query attention, SwiGLU.
 *
 * Sequence, training: model_new(..., MODEL_TRAIN); the backend's upload into `parameters`; for each micro-batch
 *   model_forward, model_losses, model_backward (adds to the gradients); optimizer; model_clear_gradients.
 * Sequence, inference: model_new(..., MODEL_INFER); upload; then model_forward, model_logits. The layers share one set
 *   of activations.
 * Memory: one allocation each for parameters, gradients and activations, in the backend's memory; the backend is
 * borrowed. A model serves one thread.
 */
#ifndef TRAIN_MODEL_H
#define TRAIN_MODEL_H

#include "train/ops.h"
#include "train/parameters.h"

typedef enum { MODEL_INFER, MODEL_TRAIN } ModelUse;

/* Rows of tokens; all arrays are borrowed, in ordinary memory. */
typedef struct ModelInput {
    gsize rows;
    const guint32 *ids;
    const guint32 *targets;   /* the id to predict at each row; not read by model_forward */
    const guint32 *positions; /* below the context */
    const guint32 *starts;    /* first row of each segment that attends only to itself, then `rows` */
    gsize segments;
} ModelInput;

typedef struct ModelLayer {
    real *x, *norm1, *inverse1, *qkv, *attention, *lse, *middle, *norm2, *inverse2, *gate_up, *swiglu;
} ModelLayer;

typedef struct Model {
    ModelShape shape;
    ModelUse use;
    gsize max_rows;
    Backend *backend;
    ParameterTable *table;
    real *parameters; /* [table->elements] */
    real *gradients;  /* the same; NULL for inference */
    real *activations;
    real *angles; /* cosines and sines of rotary embeddings: [context, head size] */
    /* Parts of `activations`. */
    ModelLayer *layers;
    real *last, *normed, *inverse, *logits, *logit_lse;
    real *dx, *dhidden, *dwide, *dwider; /* of backward */
} Model;

Model *model_new(const ModelShape *shape, Backend *backend, gsize max_rows, ModelUse use, GError **error);
void model_free(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)

/* All layers, up to the last norm. */
void model_forward(Model *model, const ModelInput *input);
/* losses[rows], in the backend's memory: of each target, in nats. After model_forward. */
void model_losses(Model *model, const ModelInput *input, real *losses);
/* Adds the gradient of scale * sum(losses). Once after model_losses, which it destroys. */
void model_backward(Model *model, const ModelInput *input, double scale);
/* The logits of one row, in ordinary memory. After model_forward. */
void model_logits(Model *model, gsize row, real *logits);
void model_clear_gradients(Model *model);

#endif
