/* SPDX-License-Identifier: Apache-2.0
 * train/parameters.h - where each tensor of the model lies in the one array of parameters.
 *
 * The table gives every tensor its Hugging Face name, shape and offset, in the order of the layers, without gaps.
 * Gradients and the optimizer's moments are arrays of the same layout. Within a layer the query, key and value matrices
 * are neighbours, and so are gate and up: each group is one matrix to the model and several tensors to a file.
 */
#ifndef TRAIN_PARAMETERS_H
#define TRAIN_PARAMETERS_H

#include "train/real.h"
#include "train/shape.h"

typedef struct ParameterTensor {
    char name[64];
    gsize offset; /* in elements */
    gsize rows;
    gsize columns; /* 0: a vector of `rows` elements */
} ParameterTensor;

/* Offsets of what one layer computes with. */
typedef struct LayerOffsets {
    gsize input_norm, qkv, output, post_norm, gate_up, down;
} LayerOffsets;

typedef struct ParameterTable {
    ParameterTensor *tensors;
    gsize count;
    gsize elements;
    LayerOffsets *layers;
    gsize embedding, norm, head; /* head equals embedding where they are tied */
} ParameterTable;

ParameterTable *parameter_table_new(const ModelShape *shape);
void parameter_table_free(ParameterTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParameterTable, parameter_table_free)
gsize parameter_tensor_elements(const ParameterTensor *tensor);

/* Fills values[elements]: norms 1; matrices normal with standard deviation 0.02, those that add to the residual stream
 * (o_proj, down_proj) divided by sqrt(2 layers), as in GPT-2 (Radford et al. 2019). Each element is a pure function of
 * the seed, the tensor's name and the element's number. */
void parameters_initialise(const ParameterTable *table, const ModelShape *shape, guint64 seed, real *values);

#endif
