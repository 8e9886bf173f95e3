/* SPDX-License-Identifier: Apache-2.0
 * tests/gpu/emulator/nccl.h - as much of NCCL as train/cuda/nccl.cu uses, between ranks of one process, over queues.h. What is
 * sent is read when the stream comes to it, and a receive waits for what was sent. */
#ifndef EMULATOR_NCCL_H
#define EMULATOR_NCCL_H

#include <cuda_runtime.h>

typedef enum { ncclSuccess = 0 } ncclResult_t;
typedef enum { ncclFloat32, ncclBfloat16 } ncclDataType_t;
typedef enum { ncclMax } ncclRedOp_t;
typedef struct EmulatorNccl *ncclComm_t;
typedef struct ncclUniqueId {
    char internal[128];
} ncclUniqueId;

const char *ncclGetErrorString(ncclResult_t result);
ncclResult_t ncclGetUniqueId(ncclUniqueId *id);
ncclResult_t ncclCommInitRank(ncclComm_t *nccl, int size, ncclUniqueId id, int rank);
ncclResult_t ncclCommDestroy(ncclComm_t nccl);
ncclResult_t ncclCommAbort(ncclComm_t nccl);
ncclResult_t ncclCommGetAsyncError(ncclComm_t nccl, ncclResult_t *result);
ncclResult_t ncclGroupStart(void);
ncclResult_t ncclGroupEnd(void);
ncclResult_t ncclSend(const void *values, size_t count, ncclDataType_t type, int to, ncclComm_t nccl, cudaStream_t stream);
ncclResult_t ncclRecv(void *values, size_t count, ncclDataType_t type, int from, ncclComm_t nccl, cudaStream_t stream);
ncclResult_t ncclAllGather(const void *mine, void *all, size_t count, ncclDataType_t type, ncclComm_t nccl, cudaStream_t stream);
ncclResult_t ncclAllReduce(const void *mine, void *all, size_t count, ncclDataType_t type, ncclRedOp_t operation, ncclComm_t nccl,
                           cudaStream_t stream);

#endif
