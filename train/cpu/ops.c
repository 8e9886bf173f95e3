/* SPDX-License-Identifier: Apache-2.0
 * The CPU's table of operations and its memory; see train/ops.h. */
#include <cblas.h>
#include <string.h>

#include "train/cpu/cpu.h"
#include "train/cpu/level.h"
#include "train/cpu/memory.h"

static void *cpu_allocate(Backend *backend, gsize bytes)
{
    return cpu_memory_new(bytes);
}

static void cpu_release(Backend *backend, void *memory)
{
    cpu_memory_free(memory);
}

static void cpu_copy(Backend *backend, void *to, const void *from, gsize bytes)
{
    if (to != from)
        memcpy(to, from, bytes);
}

static void cpu_clear(Backend *backend, void *memory, gsize bytes)
{
    memset(memory, 0, bytes);
}

/* One type on the CPU. */
static void cpu_narrow(Backend *backend, real *to, const wide *from, gsize count)
{
    cpu_copy(backend, to, from, count * sizeof(real));
}

/* A call costs less than to look it up. */
static void cpu_section(Backend *backend, gconstpointer key, gsize bytes, void (*work)(gpointer user), gpointer user)
{
    work(user);
}

static void cpu_destroy(Backend *backend)
{
    cpu_pool_free(backend->state);
    g_free(backend);
}

/* The processor's loops do not fail. */
static gboolean cpu_check(Backend *backend, GError **error)
{
    return TRUE;
}

/* The rest of the table is the level's. */
static const Backend cpu_backend = {
    .name = "cpu",
    .destroy = cpu_destroy,
    .check = cpu_check,
    .allocate = cpu_allocate,
    .release = cpu_release,
    .upload = cpu_copy,
    .download = cpu_copy,
    .copy = cpu_copy,
    .clear = cpu_clear,
    .narrow = cpu_narrow,
    .section = cpu_section,
    .communicator_new = cpu_communicator_new,
};

Backend *cpu_backend_at(const CpuLevel *level, unsigned threads)
{
    Backend *backend = g_new(Backend, 1);
    *backend = cpu_backend;
    level->fill(backend);
    backend->state = cpu_pool_new(threads ? threads : g_get_num_processors());
    /* The threads are ours, over rows and heads: the way OpenBLAS cuts a product among its own threads, and with it the
     * rounding, would follow their number. */
    openblas_set_num_threads(1);
    return backend;
}

Backend *backend_cpu_new(unsigned threads)
{
    gsize best;
    const CpuLevel *levels = cpu_levels(&best);
    while (!levels[--best].runs())
        continue;
    return cpu_backend_at(&levels[best], threads);
}
