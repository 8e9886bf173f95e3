/* SPDX-License-Identifier: Apache-2.0
 * train/angles.h - the cosines and sines of rotary position embedding (RoPE: Su et al. 2021).
 *
 * The pair (i, i + head_size / 2) of a head turns by position * theta^(-2 i / head_size), or more slowly where the shape says
 * so (model_shape_rope_frequency).
 */
#ifndef TRAIN_ANGLES_H
#define TRAIN_ANGLES_H

#include "train/real.h"
#include "train/shape.h"

/* table[context, head size]: the cosines, then the sines, of each position. */
void angles_fill(const ModelShape *shape, wide *table);

#endif
