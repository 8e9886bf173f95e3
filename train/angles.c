/* SPDX-License-Identifier: Apache-2.0
 * Angles of rotary embedding; see train/angles.h. */
#include "train/angles.h"

#include <math.h>

void angles_fill(const ModelShape *shape, wide *table)
{
    gsize size = model_shape_head_size(shape), half = size / 2;
    for (gsize position = 0; position < shape->context; position++)
        for (gsize i = 0; i < half; i++) {
            double angle = (double)position * model_shape_rope_frequency(shape, i);
            table[position * size + i] = (wide)cos(angle);
            table[position * size + half + i] = (wide)sin(angle);
        }
}
