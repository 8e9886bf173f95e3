/* SPDX-License-Identifier: Apache-2.0
 * train/layer.h - one decoder layer of a Llama on one rank, forward and backward. For train/model.c.
 *
 * A layer is x -> middle = x + o(attention(norm1(x))) -> middle + down(swiglu(norm2(middle))). The second sum is left to the
 * caller, who adds the branch to `middle` together with what comes next.
 *
 * Where tensor parallelism divides the matrices (Megatron's way), the products of o and down are one term each of a sum over
 * ranks. With sequence parallelism norms and sums see this rank's rows alone: rows are gathered before q, k, v, gate and up,
 * and the sum is scattered behind o and down; backward mirrors it.
 */
#ifndef TRAIN_LAYER_H
#define TRAIN_LAYER_H

#include "train/model.h"

/* Rows of this rank's hidden states. */
gsize layer_hidden_rows(const Model *model, gsize rows);
/* All rows of hidden states of which this rank has a part: themselves, or a gathered copy in model->spread. */
const real *layer_spread(Model *model, const real *hidden, gsize rows);
/* Where a term of a sum over ranks of all rows is to be written whose sum goes to `to`; layer_join makes the sum. */
real *layer_term(Model *model, real *to);
void layer_join(Model *model, real *to, gsize rows);

/* norm1 and inverse1 from x. */
void layer_enter(Model *model, gsize layer, const ModelLayer *at, gsize rows);
/* From norm1 to model->branch, which is still to be added to `middle`. */
void layer_forward(Model *model, gsize layer, const ModelLayer *at, const ModelInput *input);
/* model->dx: in, the derivative by the layer's output; out, by x. */
void layer_backward(Model *model, gsize layer, const ModelLayer *at, const ModelInput *input);

#endif
