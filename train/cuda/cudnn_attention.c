/* SPDX-License-Identifier: Apache-2.0
 * Plans of cuDNN for attention: chosen, kept, queued; see train/cuda/cudnn_attention.h. */
#include "train/cuda/cudnn_attention.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "train/cuda/cudnn_pattern.h"

#define OLDEST_VERSION 91600
#define HEURISTICS_AT_ONCE 16
#define WORKSPACE_ALIGNMENT 256
#define ARRAYS 16

typedef struct PlanKey {
    CudnnShape shape;
    gint64 direction;
} PlanKey;

struct CudnnPlan {
    PlanKey key;
    cudnnHandle_t handle; /* borrowed */
    gboolean deterministic;
    CudnnGraph *graph;
    cudnnBackendDescriptor_t engine, plan;
    gint64 own; /* bytes of workspace that are cuDNN's alone */
    float scale, masked, one;
};

struct CudnnAttention {
    cudnnHandle_t handle;            /* NULL: without a GPU */
    cudnnBackendDescriptor_t device; /* NULL: with one */
    gboolean deterministic;
    GHashTable *plans;
};

gboolean cudnn_is_built(void)
{
    return TRUE;
}

/* ---- Descriptors --------------------------------------------------------------------------------------------- */

static gboolean make(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t *descriptor, GError **error)
{
    return cudnn_good(cudnnBackendCreateDescriptor(type, descriptor), "a descriptor", error);
}

static void drop(cudnnBackendDescriptor_t *descriptor)
{
    if (*descriptor)
        cudnnBackendDestroyDescriptor(*descriptor);
    *descriptor = NULL;
}

static gboolean set(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, gint64 count,
                    const void *values, const char *what, GError **error)
{
    return cudnn_good(cudnnBackendSetAttribute(descriptor, name, type, count, values), what, error);
}

/* Either of them says for which GPU. */
static gboolean set_device(const CudnnAttention *attention, cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t handle,
                           cudnnBackendAttributeName_t device, GError **error)
{
    if (attention->handle)
        return set(descriptor, handle, CUDNN_TYPE_HANDLE, 1, &attention->handle, "the handle", error);
    return set(descriptor, device, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &attention->device, "the GPU's properties", error);
}

/* ---- Opening ------------------------------------------------------------------------------------------------- */

static guint key_hash(gconstpointer data)
{
    const PlanKey *key = data;
    const CudnnShape *s = &key->shape;
    guint64 hash = (guint64)key->direction;
    const gint64 parts[] = {s->sequences, s->length, s->heads, s->kv_heads, s->head_size};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        hash = (hash ^ (guint64)parts[i]) * 0x9e3779b97f4a7c15u;
    return (guint)(hash >> 32);
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(PlanKey)) == 0;
}

static void plan_free(gpointer data)
{
    CudnnPlan *plan = data;
    drop(&plan->plan);
    drop(&plan->engine);
    cudnn_graph_free(plan->graph);
    g_free(plan);
}

static gboolean open_device(CudnnAttention *attention, const char *device, GError **error)
{
    if (!device)
        return cudnn_good(cudnnCreate(&attention->handle), "cudnnCreate", error);
    return make(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &attention->device, error) &&
           set(attention->device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, (gint64)strlen(device) + 1, device,
               "the GPU's properties", error) &&
           cudnn_good(cudnnBackendFinalize(attention->device), "the GPU's properties", error);
}

CudnnAttention *cudnn_attention_new(const char *device, gboolean deterministic, GError **error)
{
    gsize version = cudnnGetVersion();
    if (version < OLDEST_VERSION) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                    "the cuDNN of this machine is %" G_GSIZE_FORMAT ".%" G_GSIZE_FORMAT ", but attention needs 9.16 or later; install it, or set "
                    "cuda.attention to own",
                    version / 10000, version / 100 % 100);
        return NULL;
    }
    g_autoptr(CudnnAttention) attention = g_new0(CudnnAttention, 1);
    attention->deterministic = deterministic;
    attention->plans = g_hash_table_new_full(key_hash, key_equal, NULL, plan_free);
    return open_device(attention, device, error) ? g_steal_pointer(&attention) : NULL;
}

void cudnn_attention_free(CudnnAttention *attention)
{
    if (!attention)
        return;
    g_hash_table_unref(attention->plans);
    drop(&attention->device);
    if (attention->handle)
        cudnnDestroy(attention->handle);
    g_free(attention);
}

/* ---- Choosing a plan ----------------------------------------------------------------------------------------- */

static gboolean ask_heuristics(const CudnnAttention *attention, const CudnnGraph *graph, cudnnBackendHeurMode_t mode,
                               cudnnBackendDescriptor_t *heuristics, GError **error)
{
    return make(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, heuristics, error) &&
           set(*heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &graph->finished, "heuristics", error) &&
           set(*heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode, "the mode of heuristics", error) &&
           (attention->handle || set(*heuristics, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &attention->device,
                                     "the GPU's properties", error)) &&
           cudnn_good(cudnnBackendFinalize(*heuristics), "heuristics", error);
}

/* FALSE where cuDNN notes that the engine's sums depend on which block comes first. */
static gboolean repeats(cudnnBackendDescriptor_t choice)
{
    cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
    cudnnBackendDescriptor_t engine = NULL;
    gint64 count = 0, engines = 0;
    gboolean good = make(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine, NULL) &&
                    cudnnBackendGetAttribute(choice, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &engines, &engine) ==
                        CUDNN_STATUS_SUCCESS &&
                    cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, G_N_ELEMENTS(notes), &count,
                                             notes) == CUDNN_STATUS_SUCCESS;
    drop(&engine);
    for (gint64 i = 0; i < MIN(count, (gint64)G_N_ELEMENTS(notes)); i++)
        good &= notes[i] != CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
    return good;
}

/* The choice becomes the plan's where it can be built. */
static gboolean try_choice(const CudnnAttention *attention, CudnnPlan *plan, cudnnBackendDescriptor_t *choice, GError **error)
{
    gint64 count = 0;
    if (attention->deterministic && !repeats(*choice)) {
        g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "it has only kernels whose bits do not repeat");
        return FALSE;
    }
    if (make(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &plan->plan, error) &&
        set_device(attention, plan->plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, error) &&
        set(plan->plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, choice, "a plan", error) &&
        cudnn_good(cudnnBackendFinalize(plan->plan), "a plan", error) &&
        cudnn_good(cudnnBackendGetAttribute(plan->plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count, &plan->own),
                   "the workspace of a plan", error)) {
        plan->engine = g_steal_pointer(choice);
        return TRUE;
    }
    drop(&plan->plan);
    return FALSE;
}

/* The error is that of the last choice. */
static gboolean choose(const CudnnAttention *attention, CudnnPlan *plan, cudnnBackendHeurMode_t mode, GError **error)
{
    cudnnBackendDescriptor_t heuristics = NULL, choices[HEURISTICS_AT_ONCE] = {0};
    gint64 count = 0;
    gboolean good = ask_heuristics(attention, plan->graph, mode, &heuristics, error), chosen = FALSE;
    for (gsize i = 0; good && i < HEURISTICS_AT_ONCE; i++)
        good = make(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &choices[i], error);
    good = good && cudnn_good(cudnnBackendGetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                                       HEURISTICS_AT_ONCE, &count, choices),
                              "results of heuristics", error);
    if (good && !count)
        g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "it knows no kernel for this shape on this GPU");
    for (gint64 i = 0; good && !chosen && i < MIN(count, HEURISTICS_AT_ONCE); i++) {
        g_clear_error(error);
        chosen = try_choice(attention, plan, &choices[i], error);
    }
    for (gsize i = 0; i < HEURISTICS_AT_ONCE; i++)
        drop(&choices[i]);
    drop(&heuristics);
    return chosen;
}

static gboolean build(const CudnnAttention *attention, CudnnPlan *plan, GError **error)
{
    g_autoptr(GError) first = NULL;
    const CudnnShape *shape = &plan->key.shape;
    plan->graph =
        plan->key.direction == CUDNN_FORWARD ? cudnn_pattern_forward(shape) : cudnn_pattern_backward(shape, attention->deterministic);
    if (!cudnn_graph_finish(plan->graph, attention->handle, error))
        return FALSE;
    if (choose(attention, plan, CUDNN_HEUR_MODE_A, &first) || choose(attention, plan, CUDNN_HEUR_MODE_FALLBACK, NULL))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&first));
    return FALSE;
}

const CudnnPlan *cudnn_attention_plan(CudnnAttention *attention, const CudnnShape *shape, CudnnDirection direction, GError **error)
{
    PlanKey key = {*shape, direction};
    CudnnPlan *plan = g_hash_table_lookup(attention->plans, &key);
    if (plan)
        return plan;
    plan = g_new0(CudnnPlan, 1);
    plan->key = key;
    plan->handle = attention->handle;
    plan->deterministic = attention->deterministic;
    plan->scale = (float)(1 / sqrt((double)shape->head_size));
    plan->masked = -INFINITY;
    plan->one = 1;
    if (build(attention, plan, error)) {
        g_hash_table_insert(attention->plans, &plan->key, plan);
        return plan;
    }
    plan_free(plan);
    g_prefix_error(error,
                   "cuDNN has no plan for %s attention of %" G_GINT64_FORMAT " sequences of %" G_GINT64_FORMAT " tokens, %" G_GINT64_FORMAT
                   " heads over %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " (set cuda.attention to own): ",
                   direction == CUDNN_FORWARD ? "the forward" : "the backward", shape->sequences, shape->length, shape->heads, shape->kv_heads,
                   shape->head_size);
    return NULL;
}

/* ---- Queueing it --------------------------------------------------------------------------------------------- */

static gsize aligned(gsize bytes)
{
    return (bytes + WORKSPACE_ALIGNMENT - 1) / WORKSPACE_ALIGNMENT * WORKSPACE_ALIGNMENT;
}

static gsize row_count(const CudnnPlan *plan)
{
    const CudnnShape *s = &plan->key.shape;
    return (gsize)(s->sequences * s->heads * s->length);
}

/* cuDNN's own, then the sums of rows, then those of dq. */
gsize cudnn_plan_workspace(const CudnnPlan *plan)
{
    gsize bytes = aligned((gsize)plan->own);
    if (plan->key.direction == CUDNN_BACKWARD)
        bytes += aligned(row_count(plan) * sizeof(float));
    if (plan->key.direction == CUDNN_BACKWARD && !plan->deterministic)
        bytes += row_count(plan) * (gsize)plan->key.shape.head_size * sizeof(float);
    return bytes;
}

char *cudnn_plan_describe(const CudnnPlan *plan)
{
    cudnnBackendDescriptor_t engine = NULL;
    gint64 index = -1, count = 0;
    if (make(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine, NULL) &&
        cudnnBackendGetAttribute(plan->engine, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &engine) ==
            CUDNN_STATUS_SUCCESS)
        cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &count, &index);
    drop(&engine);
    return g_strdup_printf("cuDNN %" G_GSIZE_FORMAT ", engine %" G_GINT64_FORMAT, cudnnGetVersion(), index);
}

typedef struct Arrays {
    gint64 ids[ARRAYS];
    void *at[ARRAYS];
    gsize count;
} Arrays;

static void add(Arrays *arrays, CudnnId id, const void *at)
{
    g_assert(arrays->count < ARRAYS);
    arrays->ids[arrays->count] = id;
    arrays->at[arrays->count++] = (void *)at;
}

/* `qkv` or its derivative: queries, keys, values. */
static void add_heads(Arrays *arrays, const CudnnPlan *plan, const void *qkv, CudnnId q, CudnnId k, CudnnId v)
{
    const CudnnShape *s = &plan->key.shape;
    const guint16 *heads = qkv;
    add(arrays, q, heads);
    add(arrays, k, heads + s->heads * s->head_size);
    add(arrays, v, heads + (s->heads + s->kv_heads) * s->head_size);
}

static gboolean queue(const CudnnPlan *plan, const Arrays *arrays, void *workspace, void *stream, GError **error)
{
    cudnnBackendDescriptor_t pack = NULL;
    if (!plan->handle) {
        g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "this plan was made without a GPU and cannot be computed");
        return FALSE;
    }
    gboolean good =
        cudnn_good(cudnnSetStream(plan->handle, stream), "cudnnSetStream", error) && make(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, &pack, error) &&
        set(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, (gint64)arrays->count, arrays->ids, "ids of arrays", error) &&
        set(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, (gint64)arrays->count, arrays->at, "arrays", error) &&
        set(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace, "the workspace", error) &&
        cudnn_good(cudnnBackendFinalize(pack), "a pack of arrays", error) &&
        cudnn_good(cudnnBackendExecute(plan->handle, plan->plan, pack), "cudnnBackendExecute", error);
    drop(&pack);
    return good;
}

gboolean cudnn_plan_forward(const CudnnPlan *plan, void *out, float *statistics, const void *qkv, void *workspace, void *stream,
                            GError **error)
{
    Arrays arrays = {0};
    add_heads(&arrays, plan, qkv, CUDNN_ID_Q, CUDNN_ID_K, CUDNN_ID_V);
    add(&arrays, CUDNN_ID_OUT, out);
    add(&arrays, CUDNN_ID_STATISTICS, statistics);
    add(&arrays, CUDNN_ID_SCALE, &plan->scale);
    add(&arrays, CUDNN_ID_MASKED, &plan->masked);
    return queue(plan, &arrays, workspace, stream, error);
}

gboolean cudnn_plan_backward(const CudnnPlan *plan, void *dqkv, const void *dout, const void *out, const float *statistics,
                             const void *qkv, void *workspace, void *stream, GError **error)
{
    char *sums = (char *)workspace + aligned((gsize)plan->own);
    Arrays arrays = {0};
    add_heads(&arrays, plan, qkv, CUDNN_ID_Q, CUDNN_ID_K, CUDNN_ID_V);
    add_heads(&arrays, plan, dqkv, CUDNN_ID_DQ, CUDNN_ID_DK, CUDNN_ID_DV);
    add(&arrays, CUDNN_ID_OUT, out);
    add(&arrays, CUDNN_ID_DOUT, dout);
    add(&arrays, CUDNN_ID_STATISTICS, statistics);
    add(&arrays, CUDNN_ID_ROW_SUMS, sums);
    if (!plan->deterministic)
        add(&arrays, CUDNN_ID_DQ_SUMS, sums + aligned(row_count(plan) * sizeof(float)));
    add(&arrays, CUDNN_ID_SCALE, &plan->scale);
    add(&arrays, CUDNN_ID_MASKED, &plan->masked);
    add(&arrays, CUDNN_ID_ONE, &plan->one);
    return queue(plan, &arrays, workspace, stream, error);
}
