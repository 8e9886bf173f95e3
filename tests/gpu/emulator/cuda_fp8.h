/* SPDX-License-Identifier: Apache-2.0
 * tests/gpu/emulator/cuda_fp8.h - numbers of eight bits on the processor; see cuda_runtime.h beside it.
 *
 * E4M3: a bias of 7, no infinity, NaN where all bits but the sign are set. E5M2: a bias of 15, infinity and NaN as in IEEE 754.
 * tests/gpu/fp8_casts.cc holds both ways against a table of all numbers. */
#ifndef EMULATOR_CUDA_FP8_H
#define EMULATOR_CUDA_FP8_H

#include <math.h>
#include <stdint.h>

typedef enum { __NV_NOSAT, __NV_SATFINITE } __nv_saturation_t;
typedef enum { __NV_E4M3, __NV_E5M2 } __nv_fp8_interpretation_t;

struct float2 {
    float x, y;
};

static inline float emulator_fp8_value(uint8_t bits, __nv_fp8_interpretation_t format)
{
    int mantissa_bits = format == __NV_E4M3 ? 3 : 2, bias = format == __NV_E4M3 ? 7 : 15;
    int exponent = (bits & 0x7f) >> mantissa_bits, mantissa = bits & ((1 << mantissa_bits) - 1);
    float value;
    if (format == __NV_E4M3 ? (bits & 0x7f) == 0x7f : exponent == 31 && mantissa)
        value = NAN;
    else if (format == __NV_E5M2 && exponent == 31)
        value = INFINITY;
    else if (exponent == 0)
        value = ldexpf((float)mantissa, 1 - bias - mantissa_bits);
    else
        value = ldexpf((float)(mantissa | 1 << mantissa_bits), exponent - bias - mantissa_bits);
    return bits & 0x80 ? -value : value;
}

/* To nearest, ties to even; what is too large becomes the largest number. */
static inline uint8_t emulator_fp8_round(float x, __nv_fp8_interpretation_t format)
{
    int mantissa_bits = format == __NV_E4M3 ? 3 : 2, bias = format == __NV_E4M3 ? 7 : 15, exponent;
    uint8_t sign = signbit(x) ? 0x80 : 0, largest = format == __NV_E4M3 ? 0x7e : 0x7b;
    if (isnan(x))
        return 0x7f;
    float magnitude = fabsf(x);
    if (magnitude >= emulator_fp8_value(largest, format))
        return sign | largest;
    if (magnitude == 0)
        return sign;
    frexpf(magnitude, &exponent);
    exponent = exponent - 1 < 1 - bias ? 1 - bias : exponent - 1;
    /* In units of the last place; the default mode of rintf is to even. What reaches the next power of two carries. */
    int units = (int)rintf(ldexpf(magnitude, mantissa_bits - exponent));
    int bits = ((exponent + bias - 1) << mantissa_bits) + units;
    return (uint8_t)(sign | (bits > largest ? largest : bits));
}

static inline uint16_t __nv_cvt_float2_to_fp8x2(float2 x, __nv_saturation_t, __nv_fp8_interpretation_t format)
{
    return (uint16_t)(emulator_fp8_round(x.x, format) | emulator_fp8_round(x.y, format) << 8);
}

#endif
