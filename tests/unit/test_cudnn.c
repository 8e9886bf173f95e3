/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/cudnn_attention.h without a GPU: cuDNN itself says whether it knows what we describe, and compiles the kernels
 * that an H100 would run. What they compute can be seen on a GPU only (tests/gpu/ops). */
#include "train/cuda/cudnn_attention.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "train/cuda/cudnn_pattern.h"

/* cuDNN lets go of its compiler with memory of its own still held, in libraries whose names are gone by then, so that its leaks
 * cannot be told from others. Those of cudnn_attention.c would be seen in tests/gpu/ops_emulated, over a cuDNN of ours. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

/* As CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION has it. */
static const char h100[] = "{\"deviceName\": \"NVIDIA H100 80GB HBM3\", \"deviceVer\": 900, \"driverVer\": 13000, \"cudaDeviceId\": 0,"
                           " \"pciDeviceId\": 0, \"multiProcessorCount\": 132, \"warpSize\": 32, \"regsPerBlock\": 65536,"
                           " \"maxRegistersPerSM\": 65536, \"maxThreadsPerBlock\": 1024, \"maxThreadsPerSM\": 2048, \"maxCtasPerSM\": 32,"
                           " \"maxBlockSize\": [1024, 1024, 64], \"maxGridSize\": [2147483647, 65535, 65535],"
                           " \"maxSharedMemoryPerBlock\": 49152, \"maxSharedMemoryPerBlockOptin\": 232448,"
                           " \"reservedSharedMemoryPerBlock\": 1024, \"totalGlobalMem\": 85520809984, \"l2CacheSize\": 52428800,"
                           " \"smClockRateKHz\": 1980000, \"memClockRateKHz\": 2619000, \"isTccDriver\": 0, \"supportCoopLaunch\": 1}";

static const CudnnShape many_groups = {1, 1024, 16, 4, 128};
static const CudnnShape one_group = {2, 200, 3, 3, 64};

static CudnnAttention *open_h100(gboolean deterministic)
{
    g_autoptr(GError) error = NULL;
    CudnnAttention *attention = cudnn_attention_new(h100, deterministic, &error);
    g_assert_no_error(error);
    return attention;
}

static void assert_finishes(CudnnGraph *graph, guint operations)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(cudnn_graph_finish(graph, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(graph->operations->len, ==, operations);
    cudnn_graph_free(graph);
}

static void test_both_directions_are_described_without_a_gpu(void)
{
    assert_finishes(cudnn_pattern_forward(&many_groups), 14);
    assert_finishes(cudnn_pattern_backward(&many_groups, FALSE), 24);
    assert_finishes(cudnn_pattern_backward(&many_groups, TRUE), 23);
    assert_finishes(cudnn_pattern_backward(&one_group, TRUE), 21);
}

static void test_the_first_failure_of_a_graph_is_told(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CudnnGraph) graph = cudnn_graph_new();
    const CudnnSizes none = {{1, 1, -4, 1}}, good = {{1, 1, 4, 1}};
    cudnnBackendDescriptor_t bad = cudnn_graph_outer(graph, 1, CUDNN_DATA_FLOAT, none, none);
    cudnn_graph_reduce(graph, CUDNN_REDUCE_TENSOR_ADD, cudnn_graph_outer(graph, 2, CUDNN_DATA_FLOAT, good, good), bad);
    g_assert_false(cudnn_graph_finish(graph, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, "tensor"));
    g_assert_null(strstr(error->message, "reduction"));
}

static gsize workspace_of(CudnnAttention *attention, const CudnnShape *shape, CudnnDirection direction)
{
    g_autoptr(GError) error = NULL;
    const CudnnPlan *plan = cudnn_attention_plan(attention, shape, direction, &error);
    g_assert_no_error(error);
    g_assert_true(plan == cudnn_attention_plan(attention, shape, direction, &error));
    g_autofree char *description = cudnn_plan_describe(plan);
    g_test_message("%s, %" G_GSIZE_FORMAT " bytes of workspace", description, cudnn_plan_workspace(plan));
    return cudnn_plan_workspace(plan);
}

static void test_an_h100_has_kernels_and_a_shape_keeps_its_plan(void)
{
    g_autoptr(CudnnAttention) attention = open_h100(FALSE);
    gsize rows = (gsize)(many_groups.sequences * many_groups.heads * many_groups.length);
    workspace_of(attention, &many_groups, CUDNN_FORWARD);
    workspace_of(attention, &one_group, CUDNN_FORWARD);
    /* Sums of rows and of dq lie in it. */
    g_assert_cmpuint(workspace_of(attention, &many_groups, CUDNN_BACKWARD), >=, rows * sizeof(float) * (1 + (gsize)many_groups.head_size));
}

static void test_a_backward_that_repeats_keeps_the_derivatives_of_scores(void)
{
    g_autoptr(CudnnAttention) attention = open_h100(TRUE);
    gsize scores = (gsize)(many_groups.sequences * many_groups.heads * many_groups.length * many_groups.length);
    g_assert_cmpuint(workspace_of(attention, &many_groups, CUDNN_BACKWARD), >=, scores * 2);
    workspace_of(attention, &one_group, CUDNN_BACKWARD);
}

static void test_a_shape_without_a_kernel_is_refused_with_its_sizes(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CudnnAttention) attention = open_h100(TRUE);
    const CudnnShape strange = {1, 64, 2, 1, 1000};
    g_assert_null(cudnn_attention_plan(attention, &strange, CUDNN_BACKWARD, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, "no plan for the backward attention of 1 sequences of 64 tokens, 2 heads over 1 of 1000"));
    g_assert_nonnull(strstr(error->message, "cuda.attention"));
}

static void test_what_was_planned_without_a_gpu_cannot_be_queued(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CudnnAttention) attention = open_h100(TRUE);
    const CudnnPlan *plan = cudnn_attention_plan(attention, &one_group, CUDNN_FORWARD, &error);
    g_assert_no_error(error);
    g_assert_false(cudnn_plan_forward(plan, NULL, NULL, NULL, NULL, NULL, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, "without a GPU"));
}

static void test_a_gpu_that_cannot_be_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(cudnn_attention_new("{\"deviceName\": \"none\"}", TRUE, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, "properties"));
}

/* cuDNN looks for libcuda.so.1 and finds that which is loaded. */
static gboolean load_driver(const char *program)
{
    g_autofree char *folder = g_path_get_dirname(program), *path = g_build_filename(folder, "libcuda.so.1", NULL);
    return dlopen(path, RTLD_NOW | RTLD_GLOBAL) != NULL;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(load_driver(argv[0]));
    g_test_add_func("/cudnn/both directions are described without a GPU", test_both_directions_are_described_without_a_gpu);
    g_test_add_func("/cudnn/the first failure of a graph is told", test_the_first_failure_of_a_graph_is_told);
    g_test_add_func("/cudnn/an H100 has kernels, and a shape keeps its plan", test_an_h100_has_kernels_and_a_shape_keeps_its_plan);
    g_test_add_func("/cudnn/a backward that repeats keeps the derivatives of scores", test_a_backward_that_repeats_keeps_the_derivatives_of_scores);
    g_test_add_func("/cudnn/a shape without a kernel is refused with its sizes", test_a_shape_without_a_kernel_is_refused_with_its_sizes);
    g_test_add_func("/cudnn/what was planned without a GPU cannot be queued", test_what_was_planned_without_a_gpu_cannot_be_queued);
    g_test_add_func("/cudnn/a GPU that cannot be is refused", test_a_gpu_that_cannot_be_is_refused);
    return g_test_run();
}
