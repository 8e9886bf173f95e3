/* SPDX-License-Identifier: Apache-2.0
 * Operations of cuDNN as descriptors; see train/cuda/cudnn_graph.h. */
#include "train/cuda/cudnn_graph.h"

#include <stdbool.h>

#include "base/error.h"

#define FIRST_BETWEEN 1000
#define ALIGNMENT 16

/* The reason that cuDNN keeps for the thread's last failure says more than the status. */
gboolean cudnn_good(cudnnStatus_t status, const char *what, GError **error)
{
    char reason[1024] = "";
    if (status == CUDNN_STATUS_SUCCESS)
        return TRUE;
    cudnnGetLastErrorString(reason, sizeof reason);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cuDNN, %s: %s%s%s", what, cudnnGetErrorString(status), reason[0] ? ": " : "",
                g_strstrip(reason));
    return FALSE;
}

static gboolean good(CudnnGraph *graph, cudnnStatus_t status, const char *what)
{
    g_autoptr(GError) error = NULL;
    if (cudnn_good(status, what, &error))
        return TRUE;
    graph->failure = g_strdup(error->message);
    return FALSE;
}

static void destroy_descriptor(gpointer descriptor)
{
    cudnnBackendDestroyDescriptor(descriptor);
}

CudnnGraph *cudnn_graph_new(void)
{
    CudnnGraph *graph = g_new0(CudnnGraph, 1);
    graph->descriptors = g_ptr_array_new_with_free_func(destroy_descriptor);
    graph->operations = g_ptr_array_new();
    graph->last_between = FIRST_BETWEEN;
    return graph;
}

void cudnn_graph_free(CudnnGraph *graph)
{
    if (!graph)
        return;
    /* Those that hold others are younger than these. */
    while (graph->descriptors->len)
        g_ptr_array_remove_index(graph->descriptors, graph->descriptors->len - 1);
    g_ptr_array_unref(graph->descriptors);
    g_ptr_array_unref(graph->operations);
    g_free(graph->failure);
    g_free(graph);
}

/* ---- One descriptor ------------------------------------------------------------------------------------------ */

/* NULL after a failure, as everywhere below. */
static cudnnBackendDescriptor_t make(CudnnGraph *graph, cudnnBackendDescriptorType_t type, const char *what)
{
    cudnnBackendDescriptor_t descriptor = NULL;
    if (graph->failure || !good(graph, cudnnBackendCreateDescriptor(type, &descriptor), what))
        return NULL;
    g_ptr_array_add(graph->descriptors, descriptor);
    return descriptor;
}

static void set(CudnnGraph *graph, cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                gint64 count, const void *values, const char *what)
{
    if (!graph->failure)
        good(graph, cudnnBackendSetAttribute(descriptor, name, type, count, values), what);
}

static void set_type(CudnnGraph *graph, cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name, cudnnDataType_t type,
                     const char *what)
{
    set(graph, descriptor, name, CUDNN_TYPE_DATA_TYPE, 1, &type, what);
}

static void set_descriptor(CudnnGraph *graph, cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                           cudnnBackendDescriptor_t value, const char *what)
{
    if (value)
        set(graph, descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value, what);
}

static cudnnBackendDescriptor_t finish(CudnnGraph *graph, cudnnBackendDescriptor_t descriptor, const char *what)
{
    return !graph->failure && good(graph, cudnnBackendFinalize(descriptor), what) ? descriptor : NULL;
}

static void finish_operation(CudnnGraph *graph, cudnnBackendDescriptor_t descriptor, const char *what)
{
    if (finish(graph, descriptor, what))
        g_ptr_array_add(graph->operations, descriptor);
}

/* ---- Tensors ------------------------------------------------------------------------------------------------- */

CudnnSizes cudnn_graph_dense(CudnnSizes sizes)
{
    CudnnSizes strides;
    gint64 stride = 1;
    for (int i = CUDNN_GRAPH_SIZES - 1; i >= 0; i--) {
        strides.at[i] = stride;
        stride *= sizes.at[i];
    }
    return strides;
}

static cudnnBackendDescriptor_t begin_tensor(CudnnGraph *graph, gint64 id, cudnnDataType_t type, CudnnSizes sizes, CudnnSizes strides)
{
    const gint64 alignment = ALIGNMENT;
    cudnnBackendDescriptor_t tensor = make(graph, CUDNN_BACKEND_TENSOR_DESCRIPTOR, "a tensor");
    set(graph, tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &id, "the id of a tensor");
    set_type(graph, tensor, CUDNN_ATTR_TENSOR_DATA_TYPE, type, "the type of a tensor");
    set(graph, tensor, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, CUDNN_GRAPH_SIZES, sizes.at, "the sizes of a tensor");
    set(graph, tensor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, CUDNN_GRAPH_SIZES, strides.at, "the strides of a tensor");
    set(graph, tensor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment, "the alignment of a tensor");
    return tensor;
}

cudnnBackendDescriptor_t cudnn_graph_outer(CudnnGraph *graph, gint64 id, cudnnDataType_t type, CudnnSizes sizes, CudnnSizes strides)
{
    return finish(graph, begin_tensor(graph, id, type, sizes, strides), "an outer tensor");
}

cudnnBackendDescriptor_t cudnn_graph_scalar(CudnnGraph *graph, gint64 id)
{
    const CudnnSizes one = {{1, 1, 1, 1}};
    const bool yes = true;
    cudnnBackendDescriptor_t tensor = begin_tensor(graph, id, CUDNN_DATA_FLOAT, one, one);
    set(graph, tensor, CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, &yes, "a tensor of one number");
    return finish(graph, tensor, "a tensor of one number");
}

cudnnBackendDescriptor_t cudnn_graph_between(CudnnGraph *graph, cudnnDataType_t type, CudnnSizes sizes, CudnnSizes strides)
{
    const bool yes = true;
    cudnnBackendDescriptor_t tensor = begin_tensor(graph, graph->last_between++, type, sizes, strides);
    set(graph, tensor, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &yes, "a tensor inside the graph");
    return finish(graph, tensor, "a tensor inside the graph");
}

/* ---- Operations ---------------------------------------------------------------------------------------------- */

void cudnn_graph_pointwise(CudnnGraph *graph, CudnnPointwise how, cudnnBackendDescriptor_t y, cudnnBackendDescriptor_t x,
                           cudnnBackendDescriptor_t b, cudnnBackendDescriptor_t t)
{
    const char *what = "a pointwise operation";
    cudnnBackendDescriptor_t kind = make(graph, CUDNN_BACKEND_POINTWISE_DESCRIPTOR, what);
    set(graph, kind, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &how.mode, what);
    set_type(graph, kind, CUDNN_ATTR_POINTWISE_MATH_PREC, how.compute, what);
    if (how.mode == CUDNN_POINTWISE_GEN_INDEX)
        set(graph, kind, CUDNN_ATTR_POINTWISE_AXIS, CUDNN_TYPE_INT64, 1, &how.axis, what);
    kind = finish(graph, kind, what);
    cudnnBackendDescriptor_t operation = make(graph, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, kind, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_POINTWISE_TDESC, t, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y, what);
    finish_operation(graph, operation, what);
}

void cudnn_graph_matmul(CudnnGraph *graph, cudnnBackendDescriptor_t c, cudnnBackendDescriptor_t a, cudnnBackendDescriptor_t b)
{
    const char *what = "a product of matrices";
    cudnnBackendDescriptor_t kind = make(graph, CUDNN_BACKEND_MATMUL_DESCRIPTOR, what);
    set_type(graph, kind, CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_DATA_FLOAT, what);
    kind = finish(graph, kind, what);
    cudnnBackendDescriptor_t operation = make(graph, CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_MATMUL_DESC, kind, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_MATMUL_ADESC, a, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_MATMUL_BDESC, b, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_MATMUL_CDESC, c, what);
    finish_operation(graph, operation, what);
}

void cudnn_graph_reduce(CudnnGraph *graph, cudnnReduceTensorOp_t how, cudnnBackendDescriptor_t y, cudnnBackendDescriptor_t x)
{
    const char *what = "a reduction";
    cudnnBackendDescriptor_t kind = make(graph, CUDNN_BACKEND_REDUCTION_DESCRIPTOR, what);
    set(graph, kind, CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, 1, &how, what);
    set_type(graph, kind, CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_DATA_FLOAT, what);
    kind = finish(graph, kind, what);
    cudnnBackendDescriptor_t operation = make(graph, CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_REDUCTION_DESC, kind, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_REDUCTION_XDESC, x, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_REDUCTION_YDESC, y, what);
    finish_operation(graph, operation, what);
}

void cudnn_graph_reshape(CudnnGraph *graph, cudnnBackendDescriptor_t y, cudnnBackendDescriptor_t x)
{
    const char *what = "a reshape";
    cudnnBackendDescriptor_t operation = make(graph, CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_RESHAPE_XDESC, x, what);
    set_descriptor(graph, operation, CUDNN_ATTR_OPERATION_RESHAPE_YDESC, y, what);
    finish_operation(graph, operation, what);
}

gboolean cudnn_graph_finish(CudnnGraph *graph, cudnnHandle_t handle, GError **error)
{
    const char *what = "a graph of operations";
    cudnnBackendDescriptor_t whole = make(graph, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, what);
    set(graph, whole, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, graph->operations->len, graph->operations->pdata, what);
    if (handle)
        set(graph, whole, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle, what);
    graph->finished = finish(graph, whole, what);
    if (graph->finished)
        return TRUE;
    g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, graph->failure);
    return FALSE;
}
