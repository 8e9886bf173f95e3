/* SPDX-License-Identifier: Apache-2.0
 * In the place of nccl.cu where configure found no NCCL. */
#include "train/cuda/communicator.cuh"

Communicator *cuda_communicator_of_ranks(Backend *backend, Comm *comm, gboolean deferred, GError **error)
{
    g_set_error(
        error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
        "this galen-train was built without NCCL and trains on one GPU, but %u processes were started; "
        "install NCCL and configure again, or start one",
        comm_size(comm));
    return NULL;
}
