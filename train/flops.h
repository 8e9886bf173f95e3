/* SPDX-License-Identifier: Apache-2.0
 * train/flops.h - floating-point operations for one token of training, forward and backward, by two counts.
 *
 * Megatron's (Narayanan et al. 2021): 6 for each weight of a matrix that multiplies, the output matrix among them, and
 * 6 * layers * hidden * context for attention, halved from the full square because half of it is masked. The other is
 * the plain 6 N of all parameters. What recomputation does again counts in neither: both are of the model, not of the
 * machine.
 */
#ifndef TRAIN_FLOPS_H
#define TRAIN_FLOPS_H

#include "train/shape.h"

double flops_per_token(const ModelShape *shape); /* Megatron's */
double flops_6n(const ModelShape *shape);

#endif
