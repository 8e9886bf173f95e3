/* SPDX-License-Identifier: Apache-2.0
 * train/optimizer.h - AdamW over the model's tensors, with the gradient clipped by its norm.
 *
 * Weight decay is decoupled and falls on matrices only: norms keep their scale. The gradient of all tensors together is
 * scaled to a Euclidean norm of at most `clip` (0: never), as torch.nn.utils.clip_grad_norm_ does.
 */
#ifndef TRAIN_OPTIMIZER_H
#define TRAIN_OPTIMIZER_H

#include "train/model.h"

typedef struct OptimizerSettings {
    double beta1, beta2, epsilon, decay, clip;
} OptimizerSettings;

typedef struct Optimizer {
    OptimizerSettings settings;
    Model *model; /* borrowed */
    real *m, *v;  /* moments, laid out as the parameters, in the backend's memory */
} Optimizer;

Optimizer *optimizer_new(const OptimizerSettings *settings, Model *model, GError **error);
void optimizer_free(Optimizer *optimizer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Optimizer, optimizer_free)

/* The norm of the gradient, before clipping. */
double optimizer_gradient_norm(const Optimizer *optimizer);
/* Updates the parameters from the gradients; `step` counts from 0, `norm` is optimizer_gradient_norm's. */
void optimizer_step(Optimizer *optimizer, guint64 step, double rate, double norm);

#endif
