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

double flops_6n(const ModelShape *shape)
{
    return 6 * (double)model_shape_parameters(shape);
}
