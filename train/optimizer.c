/* SPDX-License-Identifier: Apache-2.0
 * AdamW with clipping; see train/optimizer.h. */
#include "train/optimizer.h"

#include <math.h>

#include "base/error.h"

/* Keeps the division finite for a gradient of zero; the value of torch's clip_grad_norm_. */
#define CLIP_EPSILON 1e-6

Optimizer *optimizer_new(const OptimizerSettings *settings, Model *model, GError **error)
{
    Backend *backend = model->backend;
    g_autoptr(Optimizer) optimizer = g_new0(Optimizer, 1);
    optimizer->settings = *settings;
    optimizer->model = model;
    optimizer->m = backend->allocate(backend, model->table->elements);
    optimizer->v = backend->allocate(backend, model->table->elements);
    if (optimizer->m && optimizer->v)
        return g_steal_pointer(&optimizer);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                "not enough memory for the optimizer's moments of %" G_GSIZE_FORMAT " parameters",
                model->table->elements);
    return NULL;
}

void optimizer_free(Optimizer *optimizer)
{
    if (!optimizer)
        return;
    Backend *backend = optimizer->model->backend;
    backend->release(backend, optimizer->m);
    backend->release(backend, optimizer->v);
    g_free(optimizer);
}

double optimizer_gradient_norm(const Optimizer *optimizer)
{
    Backend *backend = optimizer->model->backend;
    return sqrt(backend->square_sum(backend, optimizer->model->gradients, optimizer->model->table->elements));
}

void optimizer_step(Optimizer *optimizer, guint64 step, double rate, double norm)
{
    Model *model = optimizer->model;
    const OptimizerSettings *settings = &optimizer->settings;
    AdamW update = {
        .rate = rate,
        .beta1 = settings->beta1,
        .beta2 = settings->beta2,
        .epsilon = settings->epsilon,
        .correction1 = 1 - pow(settings->beta1, (double)(step + 1)),
        .correction2 = 1 - pow(settings->beta2, (double)(step + 1)),
        .scale = settings->clip > 0 ? MIN(1, settings->clip / (norm + CLIP_EPSILON)) : 1,
    };
    for (gsize t = 0; t < model->table->count; t++) {
        const ParameterTensor *tensor = &model->table->tensors[t];
        gsize at = tensor->offset;
        update.decay = tensor->columns ? settings->decay : 0;
        model->backend->adamw(model->backend, model->parameters + at, optimizer->m + at, optimizer->v + at,
                              model->gradients + at, parameter_tensor_elements(tensor), &update);
    }
}
