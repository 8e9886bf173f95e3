/* SPDX-License-Identifier: Apache-2.0
 * train/cpu/exp.h - e^x in a form that compilers turn into vector instructions.
 *
 * The exponentials of softmax and SwiGLU took a third of a step of a small model with libm's scalar expf. In float32: x is
 * split into n ln 2 + r with |r| <= ln 2 / 2, e^r is the polynomial of Cephes (Moshier), 2^n goes into the exponent bits.
 * Relative error below 2e-7. Below -87 and above 88 the result stays that of the border, a normal number either way;
 * NaN gives NaN. In double precision it is libm's exp.
 */
#ifndef TRAIN_CPU_EXP_H
#define TRAIN_CPU_EXP_H

#include <math.h>
#include <stdint.h>

#include "train/real.h"

#ifdef TRAIN_FLOAT64
static inline double cpu_exp(double x)
{
    return exp(x);
}
#else
static inline float cpu_exp(float x)
{
    const float to_integer = 12582912.0f; /* 1.5 * 2^23: a sum with it has no fraction bits left */
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    float n = x * 1.44269504f + to_integer - to_integer;
    float r = x - n * 0.693359375f;
    r += n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    union {
        int32_t bits;
        float value;
    } power = {.bits = (int32_t)((uint32_t)((int32_t)(n == n ? n : 0.0f) + 127) << 23)};
    return (p * r * r + r + 1.0f) * power.value;
}
#endif

#endif
