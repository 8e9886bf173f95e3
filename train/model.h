/* SPDX-License-Identifier: Apache-2.0
 * train/model.h - a Llama (Touvron et al. 2023): RMSNorm, rotary embeddings, grouped-query attention, SwiGLU; or the part of
 * one that a rank holds (train/layout.h).
 *
 * A part has chunks, each a run of layers; chunk 0 of the first rank begins with the embedding, the last of the last rank
 * ends with norm and head. A micro-batch passes forward and later backward through a chunk, and keeps its activations in a
 * slot in between: as many can be under way as there are slots.
 *
 * Sequence, training: model_new; the backend's upload into `parameters`; for each micro-batch and chunk
 *   (model_entry is filled with the hidden states, but for the first chunk); model_forward; (model_exit is passed on); in the
 *   last chunk model_losses with input->weights; and later, in the same order of micro-batches, (model->dx is filled with the
 *   derivative by the exit, but for the last chunk); model_backward, which adds to the gradients; (model->dx is passed back).
 *   Then the optimizer; model_clear_gradients.
 * Sequence, evaluation: the same without weights and without model_backward.
 * Sequence, inference: MODEL_INFER; upload; model_forward, model_logits. All layers share one set of activations.
 *
 * Rows: with sequence parallelism a rank has the hidden states of input->rows / tensor rows, else of all. The number of
 * elements of an entry, an exit and dx is model_hidden_elements.
 * Memory: one allocation each for parameters, gradients and activations, in the backend's memory; backend and communicator
 * are borrowed. A model serves one thread.
 */
#ifndef TRAIN_MODEL_H
#define TRAIN_MODEL_H

#include "train/ops.h"
#include "train/layout.h"
#include "train/parameters.h"

typedef enum { MODEL_INFER, MODEL_TRAIN } ModelUse;

/* Rows of tokens. Arrays are borrowed and lie in the backend's memory, but for `starts`. */
typedef struct ModelInput {
    gsize rows;
    const guint32 *ids;       /* of the first chunk */
    const guint32 *targets;   /* the id to predict at each row; for model_losses */
    const guint32 *positions; /* below the context */
    const wide *weights;      /* of each target in the loss whose gradient is wanted; NULL: none is */
    const guint32 *starts;    /* in ordinary memory: first row of each segment that attends only to itself, then `rows` */
    gsize segments;
    gboolean last; /* no later micro-batch adds to the gradients */
} ModelInput;

typedef struct ModelLayer {
    real *x, *norm1, *qkv, *attention, *middle, *norm2, *gate_up, *swiglu;
    wide *inverse1, *lse, *inverse2;
} ModelLayer;

/* The activations of one micro-batch in one chunk. */
typedef struct ModelSlot {
    ModelLayer *layers;
    real *last, *normed; /* around the last norm */
    wide *inverse;
} ModelSlot;

typedef struct ModelOptions {
    ModelUse use;
    gsize max_rows;
    gsize slots; /* 0: one */
    Recompute recompute;
    unsigned shares;        /* of each bucket of parameters; 0: one */
    Communicator *tensor;   /* of the tensor group; NULL: this rank alone */
} ModelOptions;

typedef struct Model {
    ModelShape shape;
    ModelPart part;
    ModelOptions options;
    Backend *backend;
    ParameterTable *table;
    gsize *first_layers; /* of each chunk, and their end, in table->layers */
    real *parameters;    /* [table->elements] */
    wide *gradients;     /* [table->gradient_elements]; NULL for inference */
    wide *angles;        /* cosines and sines of rotary embeddings: [context, head size] */
    void *activations;
    gsize activation_bytes;
    /* Parts of `activations`. */
    ModelSlot *slots;
    real *exit, *branch, *logits;
    wide *largest, *own, *sum, *logit_lse;
    real *dx, *dhidden, *dnarrow, *dwide; /* of backward */
    real *spread, *partial;               /* all rows, where hidden states are divided */
    /* Called in model_backward when the gradients of a bucket are complete, and in model_forward before its weights are used;
     * either may be NULL. */
    void (*ready)(gsize bucket, gpointer user);
    void (*needed)(gsize bucket, gpointer user);
    gpointer bucket_user;
} Model;

Model *model_new(const ModelShape *shape, const ModelPart *part, Backend *backend, const ModelOptions *options, GError **error);
void model_free(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)

gsize model_hidden_elements(const Model *model, const ModelInput *input);
real *model_entry(const Model *model, gsize slot);
const real *model_exit(const Model *model);

void model_forward(Model *model, unsigned chunk, gsize slot, const ModelInput *input);
/* losses[rows], in the backend's memory: of each target, in nats. After model_forward of the last chunk. With weights, adds
 * the head's gradients, for the sum of weights times losses. */
void model_losses(Model *model, gsize slot, const ModelInput *input, wide *losses);
void model_backward(Model *model, unsigned chunk, gsize slot, const ModelInput *input);
/* The logits of one row, in ordinary memory: `real` numbers. After model_forward of a whole model. */
void model_logits(Model *model, gsize row, real *logits);
void model_clear_gradients(Model *model);

#endif
