/* SPDX-License-Identifier: Apache-2.0
 * train/cpu/memory.h - the CPU backend's arrays: zeroed, at cache lines, and in huge pages where they are large.
 *
 * A step walks through all arrays of a model several times. In pages of 4 KiB the processor looked up more addresses than it
 * keeps; with pages of 2 MiB, a step of a model of 10 M parameters took a sixth less time, and a run faulted a ninth as
 * often (MADV_HUGEPAGE: advice, which a system without huge pages ignores). Vectors of 64 bytes that begin at cache lines
 * touch one line each, not two.
 *
 *   real *x = cpu_memory_new(count * sizeof *x);
 *   cpu_memory_free(x);
 *
 * Large arrays take memory from the system when they are first written.
 */
#ifndef TRAIN_CPU_MEMORY_H
#define TRAIN_CPU_MEMORY_H

#include <glib.h>

#define CPU_MEMORY_ALIGNMENT 64

void *cpu_memory_new(gsize bytes); /* zeroed; NULL where there is not enough */
void cpu_memory_free(void *memory); /* NULL is none */

#endif
