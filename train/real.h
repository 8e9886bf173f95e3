/* SPDX-License-Identifier: Apache-2.0
 * train/real.h - the two number types of the model.
 *
 * `real` is what the model computes with: weights and activations. `wide` is what must not lose small terms: gradients of
 * weights, losses, logarithms of softmax denominators, the optimizer's moments and master weights.
 *
 *                        real       wide
 *   the program on CPUs  float32    float32   the weights are their own masters
 *   the tests            float64    float64   TRAIN_FLOAT64: central differences show a wrong gradient at a relative 1e-6
 *   the program on GPUs  bfloat16   float32   TRAIN_BFLOAT16: for C a `real` is then a place of two bytes, and no number
 *
 * The code of the trainer is compiled once for each. Only backends, and places that ask REAL_IS_WIDE, know which it is.
 */
#ifndef TRAIN_REAL_H
#define TRAIN_REAL_H

#include <stdint.h>

#if defined TRAIN_FLOAT64
typedef double real;
typedef double wide;
#define REAL_DTYPE "F64" /* as safetensors names it */
#define WIDE_DTYPE "F64"
#define REAL_IS_WIDE 1
#elif defined TRAIN_BFLOAT16
typedef struct real {
    uint16_t bits;
} real;
typedef float wide;
#define REAL_DTYPE "BF16"
#define WIDE_DTYPE "F32"
#define REAL_IS_WIDE 0
#else
typedef float real;
typedef float wide;
#define REAL_DTYPE "F32"
#define WIDE_DTYPE "F32"
#define REAL_IS_WIDE 1
#endif

#endif
