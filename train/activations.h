/* SPDX-License-Identifier: Apache-2.0
 * train/activations.h - what a model keeps of a forward pass, and its scratch, cut from one allocation. For train/model.c and plans.
 *
 * Shapes are model.h's, with R = max_rows, H = hidden, S = R / tensor under sequence parallelism, else R:
 *   of each layer of a slot   x, norm1, middle, norm2 [S, H]; qkv [R, q + k + v of this rank]; attention [R, q]; lse [R, heads];
 *                             gate_up [R, 2 inner]; swiglu [R, inner]; inverse1, inverse2 [S]
 *   of each slot, with a head last, normed [S, H]; inverse [S]
 * RECOMPUTE_SELECTIVE keeps one norm1, norm2 and swiglu for all layers; RECOMPUTE_FULL one of everything but x.
 * logits [ACTIVATIONS_HEAD_ROWS at most, classes]: the head works on so many rows at once.
 */
#ifndef TRAIN_ACTIVATIONS_H
#define TRAIN_ACTIVATIONS_H

#include "train/model.h"

#define ACTIVATIONS_HEAD_ROWS 1024

/* Bytes of the allocation, by part: what slots keep, the head's rows, and scratch. */
typedef struct ActivationBytes {
    gsize kept, head, scratch;
} ActivationBytes;

/* Of a model that is not made, for a plan; `real_bytes` are those of a `real`. */
ActivationBytes activations_measure(const ModelShape *shape, const ModelPart *part, const ModelOptions *options,
                                    ParameterTable *table, gsize real_bytes);

/* With shape, part, options and table set. FALSE when there is not enough memory for model->activation_bytes. */
gboolean activations_allocate(Model *model);
void activations_release(Model *model);

#endif
