/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/cudnn_pattern.h - attention as cuDNN's operations: what it recognises as flash attention. For cudnn_attention.c.
 *
 * Tensors are [sequences, heads, length, head_size]. What a plan has to be given are the arrays of these ids.
 */
#ifndef TRAIN_CUDA_CUDNN_PATTERN_H
#define TRAIN_CUDA_CUDNN_PATTERN_H

#include "train/cuda/cudnn_attention.h"
#include "train/cuda/cudnn_graph.h"

typedef enum {
    CUDNN_ID_Q = 1,
    CUDNN_ID_K,
    CUDNN_ID_V,
    CUDNN_ID_OUT,
    CUDNN_ID_STATISTICS,
    CUDNN_ID_DOUT,
    CUDNN_ID_DQ,
    CUDNN_ID_DK,
    CUDNN_ID_DV,
    CUDNN_ID_ROW_SUMS, /* of dout * out, float [sequences, heads, length, 1]; workspace */
    CUDNN_ID_DQ_SUMS,  /* float, as q but dense; workspace, unless deterministic */
    CUDNN_ID_SCALE,    /* of scores; a number, as the next two */
    CUDNN_ID_MASKED,   /* what a score becomes that the mask takes out */
    CUDNN_ID_ONE,
} CudnnId;

/* Not finished. */
CudnnGraph *cudnn_pattern_forward(const CudnnShape *shape);
CudnnGraph *cudnn_pattern_backward(const CudnnShape *shape, gboolean deterministic);

#endif
