/* SPDX-License-Identifier: Apache-2.0
 * train/cpu/pool.h - threads that share the pieces of a loop.
 *
 * cpu_pool_run calls task(piece, user) once for each piece in [0, pieces), on the calling thread and on up to
 * threads - 1 others, and returns when all are done. Pieces must write to different places; what a piece does must follow
 * from its number alone, so that the number of threads changes no bit.
 *
 * Why not OpenMP: its threads wait for one another by spinning. On a machine that is busy with something else, a step of
 * a small model then took eight times as long. Here the caller takes pieces itself and waits only for those that another
 * thread has begun.
 */
#ifndef TRAIN_CPU_POOL_H
#define TRAIN_CPU_POOL_H

#include <glib.h>

typedef void (*CpuTask)(gsize piece, gconstpointer user);

typedef struct CpuPool CpuPool;
CpuPool *cpu_pool_new(unsigned threads); /* the caller's thread is one of them */
void cpu_pool_free(CpuPool *pool);
/* `work`, in additions or so, decides whether others are worth waking. */
void cpu_pool_run(CpuPool *pool, gsize work, gsize pieces, CpuTask task, gconstpointer user);
unsigned cpu_pool_threads(const CpuPool *pool); /* the caller's included */

/* Memory for the time of one piece, from any thread. It begins at a multiple of 64 bytes and holds what the last piece left there; the
 * pool keeps it for the next. */
void *cpu_pool_borrow(CpuPool *pool, gsize bytes);
void cpu_pool_give_back(CpuPool *pool, void *memory);

#endif
