/* SPDX-License-Identifier: Apache-2.0
 * train/cpu/fma.h - a * b + c, rounded once where the processor has an instruction for it, else twice: a libm that imitates
 * the instruction would be slower than the whole loop. */
#ifndef TRAIN_CPU_FMA_H
#define TRAIN_CPU_FMA_H

#include "train/real.h"

#if !defined __FMA__
#define CPU_FMA(a, b, c) ((a) * (b) + (c))
#elif defined TRAIN_FLOAT64
#define CPU_FMA __builtin_fma
#else
#define CPU_FMA __builtin_fmaf
#endif

static inline real cpu_fma(real a, real b, real c)
{
    return CPU_FMA(a, b, c);
}

#endif
