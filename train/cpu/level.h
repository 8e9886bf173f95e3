/* SPDX-License-Identifier: Apache-2.0
 * train/cpu/level.h - levels of processors: one set of operations compiled for each, chosen when the program runs.
 *
 * A program for every x86-64 may use SSE2 alone, and then does 4 numbers at once where the processor can do 16. So the
 * operations are compiled for each level, and backend_cpu_new takes the best that runs here:
 *
 *   baseline   what the compiler was told, by default what every processor of the architecture has
 *   avx2       x86-64 with AVX2 and FMA (Haswell, Zen): 8 numbers at once
 *   avx512     the same with AVX-512 F, BW, DQ and VL (Skylake-SP, Zen 4): 16
 *
 * Levels round differently (train/cpu/cpu.h), as processor models do in OpenBLAS; at one level, results depend on
 * nothing but their inputs. Addition of arrays and AdamW round alike at all levels, so that ranks on machines of different levels
 * keep the same weights from the same gradients.
 *
 *   gsize count;
 *   const CpuLevel *levels = cpu_levels(&count);
 *   if (levels[1].runs())
 *       b = cpu_backend_at(&levels[1], threads);
 */
#ifndef TRAIN_CPU_LEVEL_H
#define TRAIN_CPU_LEVEL_H

#include "train/ops.h"

typedef struct CpuLevel {
    const char *name;
    gboolean (*runs)(void); /* on this processor, under this system */
    void (*fill)(Backend *backend); /* in its operations */
} CpuLevel;

/* All that this program holds, the best last; the first, the baseline, runs everywhere. */
const CpuLevel *cpu_levels(gsize *count);

/* As backend_cpu_new, at a level that runs here. */
Backend *cpu_backend_at(const CpuLevel *level, unsigned threads);

#endif
