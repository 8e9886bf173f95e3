/* SPDX-License-Identifier: Apache-2.0
 * train/optimizer.h - AdamW over the model's tensors, with the gradient clipped by its norm, on one rank or many.
 *
 * Weight decay is decoupled and falls on matrices only: norms keep their scale. The gradient of all tensors together is
 * scaled to a Euclidean norm of at most `clip` (0: never), as torch.nn.utils.clip_grad_norm_ does.
 *
 * Sequence, each step: model_backward of all micro-batches, in the course of which optimizer_reduce_bucket is called for each
 * bucket that is complete (model->ready); optimizer_reduce for what is left; optimizer_gradient_norm; optimizer_step. The next
 * model_forward calls optimizer_await_bucket before it uses a bucket (model->needed); who else reads weights calls
 * optimizer_await first.
 *
 * Ranks: data-parallel ranks add up their gradients. With ZeRO-1 each then has the sum, the moments and the master weights of
 * one share of every bucket alone, updates it, and gathers the weights of the others, bucket by bucket in the order in which the
 * next forward wants them. Over a deferred communicator the sums go on beside the backward, and the gathering beside the
 * updates of later buckets and beside the forward of earlier ones. The norm is a sum over pieces of
 * tensors, cut at the borders of shares and taken in one order on all ranks: neither ZeRO-1 nor the pipeline changes a bit
 * of it.
 * With one type for weights and masters (train/real.h) the weights are the masters.
 */
#ifndef TRAIN_OPTIMIZER_H
#define TRAIN_OPTIMIZER_H

#include "train/model.h"

typedef struct OptimizerSettings {
    double beta1, beta2, epsilon, decay, clip;
} OptimizerSettings;

/* Communicators, all borrowed; NULL: one rank. */
typedef struct OptimizerRanks {
    Communicator *data;  /* with as many ranks as the model's buckets have shares */
    Communicator *ends;  /* the first and the last rank of a pipeline with a tied head */
    Comm *world;
} OptimizerRanks;

typedef struct Optimizer {
    OptimizerSettings settings;
    OptimizerRanks ranks;
    gboolean sharded;     /* ZeRO-1 */
    Model *model;         /* borrowed */
    GArray *pieces;       /* of ParameterPiece: of all shares */
    gsize state_elements; /* of each of the arrays below, in the backend's memory */
    wide *master;         /* the weights themselves, where these are wide */
    wide *m, *v;          /* moments */
    gboolean *reduced;    /* buckets */
    gboolean *gathering;  /* buckets whose weights nobody has waited for since the update */
    gsize *marks;         /* of those: of ranks.data, when they were begun */
} Optimizer;

Optimizer *optimizer_new(const OptimizerSettings *settings, Model *model, const OptimizerRanks *ranks, gboolean sharded, GError **error);
void optimizer_free(Optimizer *optimizer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Optimizer, optimizer_free)

/* Whether this rank has the state of a piece, and where it lies in the arrays of state. */
gboolean optimizer_owns(const Optimizer *optimizer, const ParameterPiece *piece);
gsize optimizer_state_offset(const Optimizer *optimizer, const ParameterPiece *piece);

/* First weights, or loaded ones: values[table->elements] in ordinary memory, of which masters and weights are made. */
void optimizer_set_weights(Optimizer *optimizer, const wide *values);

/* Adds up a bucket's gradients over data-parallel ranks; once for each bucket and step. */
void optimizer_reduce_bucket(Optimizer *optimizer, gsize bucket);
/* ... those of all buckets that were not, and waits. FALSE where ranks could not talk. */
gboolean optimizer_reduce(Optimizer *optimizer, GError **error);
/* The norm of the gradient, before clipping; the same on all ranks. */
gboolean optimizer_gradient_norm(const Optimizer *optimizer, double *norm, GError **error);
/* Updates the parameters from the gradients; `step` counts from 0, `norm` is optimizer_gradient_norm's. Weights are good to read
 * after optimizer_await. */
void optimizer_step(Optimizer *optimizer, guint64 step, double rate, double norm);
/* Operations queued later see the new weights of the bucket, or of all. */
void optimizer_await_bucket(const Optimizer *optimizer, gsize bucket);
void optimizer_await(const Optimizer *optimizer);

#endif
