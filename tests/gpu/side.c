/* SPDX-License-Identifier: Apache-2.0
 * One side of the comparison; see tests/gpu/side.h. */
#include "tests/gpu/side.h"

#include "tests/gpu/number.h"
#include "tests/gpu/operations.h"
#include "train/ops.h"
#ifdef TRAIN_BFLOAT16
#include "train/cuda/backend.h"
#endif

/* Bytes before and behind each array that an operation must leave alone; a multiple of every alignment. */
#define GUARD ((gsize)1024)
#define GUARD_BYTE 0xa5
#define POISON_BYTE 0xff /* NaN in every type of number */

static gsize bytes_of(CaseNumber number)
{
    return number == CASE_REAL ? sizeof(real) : number == CASE_WIDE ? sizeof(wide) : number == CASE_U32 ? sizeof(guint32) : sizeof(double);
}

static void encode(const CaseArray *array, void *to)
{
    for (gsize i = 0; i < array->count; i++) {
        double x = array->values[i];
        if (array->number == CASE_REAL)
            ((real *)to)[i] = real_from_double(x);
        else if (array->number == CASE_WIDE)
            ((wide *)to)[i] = (wide)x;
        else if (array->number == CASE_U32)
            ((guint32 *)to)[i] = (guint32)x;
        else
            ((double *)to)[i] = x;
    }
}

static void decode(const CaseArray *array, const void *from)
{
    for (gsize i = 0; i < array->count; i++)
        array->values[i] = array->number == CASE_REAL   ? real_to_double(((const real *)from)[i])
                           : array->number == CASE_WIDE ? (double)((const wide *)from)[i]
                           : array->number == CASE_U32  ? ((const guint32 *)from)[i]
                                                        : ((const double *)from)[i];
}

/* An array between its guards, as ordinary memory holds it, and where the backend has the same bytes. */
typedef struct Placed {
    guint8 *host;
    guint8 *memory; /* NULL: the operation uses `host` */
    gsize begin, bytes, total;
} Placed;

static gboolean place(Backend *backend, const CaseArray *array, gsize shift, Placed *placed)
{
    gsize size = bytes_of(array->number);
    placed->begin = GUARD + (array->number == CASE_REAL || array->number == CASE_WIDE ? shift * size : 0);
    placed->bytes = array->count * size;
    placed->total = placed->begin + placed->bytes + GUARD;
    placed->host = g_malloc(placed->total);
    memset(placed->host, GUARD_BYTE, placed->total);
    if (array->use == CASE_OUT)
        memset(placed->host + placed->begin, POISON_BYTE, placed->bytes);
    else
        encode(array, placed->host + placed->begin);
    if (array->number == CASE_DOUBLE)
        return TRUE;
    placed->memory = backend->allocate(backend, placed->total);
    if (placed->memory)
        backend->upload(backend, placed->memory, placed->host, placed->total);
    return placed->memory != NULL;
}

static gboolean guards_hold(const Placed *placed)
{
    for (gsize i = 0; i < placed->total; i++)
        if ((i < placed->begin || i >= placed->begin + placed->bytes) && placed->host[i] != GUARD_BYTE)
            return FALSE;
    return TRUE;
}

static gboolean side_run(void *user, const CaseOperation *operation, const CaseSizes *sizes, CaseArrays *arrays, char **what)
{
    Backend *backend = user;
    Placed placed[CASE_ARRAYS] = {0};
    void *at[CASE_ARRAYS] = {0};
    gboolean good = TRUE;
    for (gsize i = 0; i < arrays->count; i++) {
        good &= place(backend, &arrays->at[i], sizes->shift, &placed[i]);
        at[i] = (placed[i].memory ? placed[i].memory : placed[i].host) + placed[i].begin;
    }
    if (good)
        operation->run(backend, sizes, at);
    else
        *what = g_strdup("not enough memory");
    for (gsize i = 0; i < arrays->count; i++) {
        if (good && placed[i].memory)
            backend->download(backend, placed[i].host, placed[i].memory, placed[i].total);
        if (good && !guards_hold(&placed[i])) {
            *what = g_strdup_printf("it wrote beside '%s'", arrays->at[i].name);
            good = FALSE;
        }
        if (good && arrays->at[i].use != CASE_IN)
            decode(&arrays->at[i], placed[i].host + placed[i].begin);
        if (placed[i].memory)
            backend->release(backend, placed[i].memory);
        g_free(placed[i].host);
    }
    return good;
}

static double side_round(CaseNumber number, double x)
{
    return number == CASE_REAL ? real_to_double(real_from_double(x)) : number == CASE_WIDE ? (double)(wide)x : number == CASE_U32 ? floor(x) : x;
}

static void side_close(void *user)
{
    Backend *backend = user;
    backend->destroy(backend);
}

#ifdef TRAIN_BFLOAT16
static void *device_open(GError **error)
{
    return backend_cuda_new(CUDA_ANY_DEVICE, error);
}

static char *device_describe(void *backend)
{
    return backend_cuda_describe(backend);
}

static gboolean device_can(void *backend, const CaseOperation *operation)
{
    Backend *b = backend;
    if (g_str_has_prefix(operation->name, "fp8")) {
        gboolean fp8 = b->use_fp8(b, TRUE, NULL);
        b->use_fp8(b, FALSE, NULL);
        return fp8;
    }
    if (g_str_has_prefix(operation->name, "attention_group") || g_str_has_prefix(operation->name, "attention_producer")) {
        gboolean hopper = backend_cuda_use_attention(backend, CUDA_ATTENTION_GROUPS);
        backend_cuda_use_attention(backend, CUDA_ATTENTION_WARPS);
        return hopper;
    }
    if (!g_str_has_prefix(operation->name, "attention_cudnn"))
        return TRUE;
    gboolean cudnn = backend_cuda_use_cudnn(backend, TRUE, TRUE, NULL);
    backend_cuda_use_cudnn(backend, FALSE, TRUE, NULL);
    return cudnn;
}

static gboolean device_run(void *backend, const CaseOperation *operation, const CaseSizes *sizes, CaseArrays *arrays, char **what)
{
    g_autoptr(GError) error = NULL;
    gboolean good = side_run(backend, operation, sizes, arrays, what);
    if (backend_cuda_check(backend, &error))
        return good;
    g_free(*what);
    *what = g_strdup(error->message);
    return FALSE;
}

const CaseSide side_device = {"device", device_open, side_close, device_describe, case_operations, device_can, side_round, device_run};
#else
static void *reference_open(GError **error)
{
    return backend_cpu_new(0);
}

static char *reference_describe(void *backend)
{
    return g_strdup("CPU, float64");
}

static gboolean reference_can(void *backend, const CaseOperation *operation)
{
    return TRUE;
}

const CaseSide side_reference = {"reference", reference_open, side_close, reference_describe, case_operations, reference_can, side_round, side_run};
#endif
