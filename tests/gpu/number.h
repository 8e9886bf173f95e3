/* SPDX-License-Identifier: Apache-2.0
 * tests/gpu/number.h - from double to the numbers of a side, and back; see side.h.
 */
#ifndef TESTS_GPU_NUMBER_H
#define TESTS_GPU_NUMBER_H

#include <math.h>
#include <string.h>

#include "train/real.h"

#ifdef TRAIN_BFLOAT16
/* To nearest, ties to even. */
static inline real real_from_double(double x)
{
    float value = (float)x;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (real){isnan(x) ? 0x7fff : (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

static inline double real_to_double(real x)
{
    uint32_t bits = (uint32_t)x.bits << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}
#else
static inline real real_from_double(double x)
{
    return (real)x;
}

static inline double real_to_double(real x)
{
    return (double)x;
}
#endif

#endif
