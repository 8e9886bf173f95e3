/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/cudnn_graph.h - a graph of cuDNN's operations, built call by call. For train/cuda/cudnn_attention.c alone.
 *
 * Sequence: g = cudnn_graph_new(); tensors and operations in the order of their computation; cudnn_graph_finish(g, NULL, e);
 *           what a plan makes of it; cudnn_graph_free(g).
 *
 * Tensors have four sizes and four strides, in elements, outermost first. They are of three kinds: `outer` ones are arrays on
 * the GPU, told apart by an id of the caller; `scalar` ones are floats in ordinary memory, handed over with the arrays;
 * `between` ones exist inside the graph alone. cuDNN finds its fused kernels by the pattern of operations and the types of
 * what lies between them, so that a graph for them has to be made as its documents describe it.
 *
 * Memory: the graph owns every descriptor that it returns.
 * Errors: calls return nothing to check. The first failure is kept, later calls do nothing, and cudnn_graph_finish is FALSE
 * with GALEN_ERROR_SYSTEM: it names the descriptor and what cuDNN says. No call needs a GPU.
 * Source: cuDNN Backend API reference, version 9 (CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR and those that it is made of).
 */
#ifndef TRAIN_CUDA_CUDNN_GRAPH_H
#define TRAIN_CUDA_CUDNN_GRAPH_H

#include <cudnn.h>
#include <glib.h>

#define CUDNN_GRAPH_SIZES 4

typedef struct CudnnGraph {
    GPtrArray *descriptors; /* all that were made */
    GPtrArray *operations;  /* those among them that compute */
    gint64 last_between;    /* id of a tensor inside the graph */
    char *failure;          /* the first; NULL: none */
    cudnnBackendDescriptor_t finished;
} CudnnGraph;

typedef struct CudnnSizes {
    gint64 at[CUDNN_GRAPH_SIZES];
} CudnnSizes;

CudnnGraph *cudnn_graph_new(void);
void cudnn_graph_free(CudnnGraph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CudnnGraph, cudnn_graph_free)

/* Sizes of a tensor whose elements lie one behind the other. */
CudnnSizes cudnn_graph_dense(CudnnSizes sizes);

/* `id` is positive and below 1000. Addresses must be multiples of 16. */
cudnnBackendDescriptor_t cudnn_graph_outer(CudnnGraph *graph, gint64 id, cudnnDataType_t type, CudnnSizes sizes, CudnnSizes strides);
cudnnBackendDescriptor_t cudnn_graph_scalar(CudnnGraph *graph, gint64 id);
cudnnBackendDescriptor_t cudnn_graph_between(CudnnGraph *graph, cudnnDataType_t type, CudnnSizes sizes, CudnnSizes strides);

/* y = mode(x, b, t); `b` and `t` are NULL where the mode takes fewer. `compute` is the type that it computes in. */
typedef struct CudnnPointwise {
    cudnnPointwiseMode_t mode;
    cudnnDataType_t compute;
    gint64 axis; /* of CUDNN_POINTWISE_GEN_INDEX */
} CudnnPointwise;
void cudnn_graph_pointwise(CudnnGraph *graph, CudnnPointwise how, cudnnBackendDescriptor_t y, cudnnBackendDescriptor_t x,
                           cudnnBackendDescriptor_t b, cudnnBackendDescriptor_t t);
/* c = a b over the last two sizes; sums are float. A size before them that is smaller in one is shared. */
void cudnn_graph_matmul(CudnnGraph *graph, cudnnBackendDescriptor_t c, cudnnBackendDescriptor_t a, cudnnBackendDescriptor_t b);
/* Over the sizes that are smaller in y. */
void cudnn_graph_reduce(CudnnGraph *graph, cudnnReduceTensorOp_t how, cudnnBackendDescriptor_t y, cudnnBackendDescriptor_t x);
/* The same elements under y's sizes and strides. */
void cudnn_graph_reshape(CudnnGraph *graph, cudnnBackendDescriptor_t y, cudnnBackendDescriptor_t x);

/* `handle`, which may be NULL, says for which GPU; without one, those that use the graph say it. */
gboolean cudnn_graph_finish(CudnnGraph *graph, cudnnHandle_t handle, GError **error);

/* ---- Descriptors, for what is made of a graph ------------------------------------------------------------------ */

/* FALSE with "WHAT: STATUS, and cuDNN's own reason". */
gboolean cudnn_good(cudnnStatus_t status, const char *what, GError **error);

#endif
