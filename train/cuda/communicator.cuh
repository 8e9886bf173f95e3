/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/communicator.cuh - how communicator.cu finds its several ranks: nccl.cu, or nccl_none.cu without
 * NCCL. */
#ifndef TRAIN_CUDA_COMMUNICATOR_CUH
#define TRAIN_CUDA_COMMUNICATOR_CUH

#include "train/cuda/device.cuh"

static inline gsize cuda_number_bytes(NumberType type)
{
    return type == NUMBER_REAL ? sizeof(real) : sizeof(wide);
}

/* `comm` has at least two ranks. */
Communicator *cuda_communicator_of_ranks(Backend *backend, Comm *comm, gboolean deferred, GError **error);

#endif
