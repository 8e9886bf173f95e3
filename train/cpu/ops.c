/* SPDX-License-Identifier: Apache-2.0
 * The CPU's table of operations and its memory; see train/ops.h. */
#include <string.h>

#include "train/cpu/cpu.h"

static void *cpu_allocate(Backend *backend, gsize bytes)
{
    return g_try_malloc0(MAX(bytes, 1));
}

static void cpu_release(Backend *backend, void *memory)
{
    g_free(memory);
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
    .embedding_forward = cpu_embedding_forward,
    .embedding_backward = cpu_embedding_backward,
    .rmsnorm_forward = cpu_rmsnorm_forward,
    .rmsnorm_backward = cpu_rmsnorm_backward,
    .add_rmsnorm_forward = cpu_add_rmsnorm_forward,
    .rope = cpu_rope,
    .attention_forward = cpu_attention_forward,
    .attention_backward = cpu_attention_backward,
    .swiglu_forward = cpu_swiglu_forward,
    .swiglu_backward = cpu_swiglu_backward,
    .linear_forward = cpu_linear_forward,
    .linear_backward_input = cpu_linear_backward_input,
    .linear_backward_weight = cpu_linear_backward_weight,
    .cross_entropy_forward = cpu_cross_entropy_forward,
    .cross_entropy_rescale = cpu_cross_entropy_rescale,
    .cross_entropy_losses = cpu_cross_entropy_losses,
    .cross_entropy_backward = cpu_cross_entropy_backward,
    .add = cpu_add,
    .accumulate = cpu_accumulate,
    .square_sums = cpu_square_sums,
    .adamw = cpu_adamw,
    .communicator_new = cpu_communicator_new,
};

Backend *backend_cpu_new(unsigned threads)
{
    Backend *backend = g_new(Backend, 1);
    *backend = cpu_backend;
    backend->state = cpu_pool_new(threads ? threads : g_get_num_processors());
    /* The threads are ours, over rows and heads: the way OpenBLAS cuts a product among its own threads, and with it the
     * rounding, would follow their number. */
    openblas_set_num_threads(1);
    return backend;
}
