/* SPDX-License-Identifier: Apache-2.0
 * train/cpu/cpu.h - what the files of the CPU backend share: sizes of pieces, the operations; products of matrices are in train/cpu/matrix.h.
 *
 * Each operation is a loop over pieces (train/cpu/pool.h): a struct of its arguments, a function of one piece, and the
 * call that runs it. OpenMP serves for its simd pragmas alone; no OpenMP runtime is needed.
 *
 * The files of operations are compiled once for each level of processors (train/cpu/level.h), so all that they define is
 * static but one function each, whose name ends in the level's: CPU_AT_LEVEL(cpu_rope) is cpu_rope_avx2 when compiled for
 * AVX2. It puts the file's operations into a table. Code that is written for one level asks the compiler's own macros
 * (__AVX512F__, __FMA__).
 *
 * Rounding: the compiler contracts nothing (-ffp-contract=off). Where a product and a sum may be rounded once, cpu_fma says so.
 * So a loop's vectors and its remainder, gcc and clang round alike; levels differ where cpu_fma stands, and in sums of several
 * lanes.
 */
#ifndef TRAIN_CPU_CPU_H
#define TRAIN_CPU_CPU_H

#include "train/cpu/fma.h"
#include "train/cpu/pool.h"
#include "train/ops.h"

#ifdef OPENMP_SIMD
#define CPU_PRAGMA(text) _Pragma(#text)
#define SIMD_SUM(sum) CPU_PRAGMA(omp simd reduction(+ : sum))
#define SIMD CPU_PRAGMA(omp simd)
#else
#define SIMD_SUM(sum)
#define SIMD
#endif
/* Clang warns that it cannot: a maximum in another order could lose a NaN, which the softmax finds anyway. */
#if defined OPENMP_SIMD && !defined __clang__
#define SIMD_MAX(largest) CPU_PRAGMA(omp simd reduction(max : largest))
#else
#define SIMD_MAX(largest)
#endif

#ifndef CPU_LEVEL
#define CPU_LEVEL baseline
#endif
#define CPU_JOIN(name, level) name##_##level
#define CPU_JOIN_EXPANDED(name, level) CPU_JOIN(name, level)
#define CPU_AT_LEVEL(name) CPU_JOIN_EXPANDED(name, CPU_LEVEL)

/* Elements, and rows, that one piece of a loop takes. */
#define CPU_CHUNK 16384
#define CPU_ROWS 32

static inline gsize cpu_pieces(gsize count, gsize size)
{
    return (count + size - 1) / size;
}

static inline void cpu_run(Backend *backend, gsize work, gsize pieces, CpuTask task, gconstpointer user)
{
    cpu_pool_run(backend->state, work, pieces, task, user);
}

/* Each of these puts what its file computes into the table; cpu_fill calls them all. */
void CPU_AT_LEVEL(cpu_fill)(Backend *backend);
void CPU_AT_LEVEL(cpu_adamw)(Backend *backend);
void CPU_AT_LEVEL(cpu_attention)(Backend *backend);
void CPU_AT_LEVEL(cpu_cross_entropy)(Backend *backend);
void CPU_AT_LEVEL(cpu_embedding)(Backend *backend);
void CPU_AT_LEVEL(cpu_linear)(Backend *backend);
void CPU_AT_LEVEL(cpu_reduce)(Backend *backend);
void CPU_AT_LEVEL(cpu_rmsnorm)(Backend *backend);
void CPU_AT_LEVEL(cpu_rope)(Backend *backend);
void CPU_AT_LEVEL(cpu_swiglu)(Backend *backend);
Communicator *cpu_communicator_new(Backend *backend, Comm *comm, gboolean deferred, GError **error);

#endif
