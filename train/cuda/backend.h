/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/backend.h - the backend of NVIDIA GPUs: the operations of train/ops.h in bfloat16 with sums in float.
 *
 * Sequence: b = backend_cuda_new(-1, e); operations as train/ops.h has them; backend_cuda_check(b, e) once a step;
 * b->destroy(b). One backend has one GPU; a process that drives several has one backend for each.
 *
 * All arrays of a backend lie on its GPU. Work is queued on one stream and done in the order of the calls; download and
 * square_sums wait for what was queued before. What upload is given may be written again when it returns.
 *
 * Determinism: the same inputs give the same bits on the same GPU model, with the same cublasLt (its algorithms are chosen
 * once for each shape of a product, without timing them). Kernels of ours do not depend on the GPU either.
 *
 * Errors: GALEN_ERROR_SYSTEM where there is no GPU or too little memory on it. Operations cannot fail (train/ops.h); the
 * first failure of a launch or a library is kept, what comes after it is of no use, and backend_cuda_check says so.
 * Needs compute capability 8.0 (Ampere) or later, which brought bfloat16.
 */
#ifndef TRAIN_CUDA_BACKEND_H
#define TRAIN_CUDA_BACKEND_H

#include "train/ops.h"

#define CUDA_ANY_DEVICE (-1)

/* `device` counts from 0 as CUDA_VISIBLE_DEVICES orders them. CUDA_ANY_DEVICE: the first. */
Backend *backend_cuda_new(int device, GError **error);

/* GPUs that this process may use; 0 also where there is no driver. `reason`, which may be NULL, then says why (static). */
unsigned backend_cuda_devices(const char **reason);

/* Waits for all that was queued. FALSE with the first failure since backend_cuda_new. */
gboolean backend_cuda_check(Backend *backend, GError **error);

/* "NVIDIA H100 80GB HBM3, compute capability 9.0, 132 multiprocessors, 79.6 GiB"; g_free. */
char *backend_cuda_describe(Backend *backend);

/* Ways to compute attention of heads of 64 and 128 (train/cuda/attention.h). A new backend has the first. The others are for
 * Hopper, have been run on an emulator alone, and are to be preferred once `tests/gpu/run` has passed with them on a GPU. */
typedef enum CudaAttention {
    CUDA_ATTENTION_WARPS,     /* mma.sync, with which every GPU from Ampere on computes */
    CUDA_ATTENTION_GROUPS,    /* products of warp groups */
    CUDA_ATTENTION_PRODUCERS, /* these, by producers and consumers */
    CUDA_ATTENTION_COUNT
} CudaAttention;

/* From now on attention is computed so, if the GPU can; returns whether it is. */
gboolean backend_cuda_use_attention(Backend *backend, CudaAttention attention);

/* For benchmarks: from now on products are computed by the candidate-th algorithm that cublasLt's heuristic names, counted from
 * 0, or the last where there are fewer; with `any` also by those that add in whatever order, and whose bits may differ from run
 * to run. What this is compared with is candidate 0 without `any`, which a new backend takes. */
#define CUDA_PRODUCT_CANDIDATES 8u
void backend_cuda_try_product(Backend *backend, unsigned candidate, gboolean any);

/* From now on attention is computed by cuDNN, if `use` is TRUE, where its plans fit (train/cuda/cudnn_attention.h: sequences of
 * one length, heads of 64 or 128), and by our kernels elsewhere. `deterministic`: backward repeats its bits, for more memory.
 * FALSE: this program was built without cuDNN, or cuDNN cannot be used; attention stays with our kernels. */
gboolean backend_cuda_use_cudnn(Backend *backend, gboolean use, gboolean deterministic, GError **error);

/* From now on sections (train/ops.h) are recorded as CUDA graphs when they come a second time, and replayed from then on, if
 * `use` is TRUE. A new backend does not. Bits are the same. */
void backend_cuda_use_graphs(Backend *backend, gboolean use);
/* How many sections are graphs at present. */
unsigned backend_cuda_graphs(Backend *backend);

#endif
