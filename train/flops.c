/* SPDX-License-Identifier: Apache-2.0
 * Operations of a token; see train/flops.h. */
#include "train/flops.h"

static double layer_matrices(const ModelShape *shape)
{
    double hidden = (double)shape->hidden;
    return hidden * (double)model_shape_qkv_width(shape) + hidden * hidden + 3 * hidden * (double)shape->intermediate;
}

double flops_per_token(const ModelShape *shape)
{
    double layers = (double)shape->layers, hidden = (double)shape->hidden;
    double matrices = layers * layer_matrices(shape) + hidden * (double)shape->vocabulary;
    return 6 * matrices + 6 * layers * hidden * (double)shape->context;
}

gsize model_parameters(const ModelShape *shape)
{
    gsize embedding = shape->vocabulary * shape->hidden;
    gsize layer = (gsize)layer_matrices(shape) + 2 * shape->hidden;
    return shape->layers * layer + shape->hidden + embedding * (shape->tied ? 1 : 2);
}

double flops_6n(const ModelShape *shape)
{
    return 6 * (double)model_parameters(shape);
}
