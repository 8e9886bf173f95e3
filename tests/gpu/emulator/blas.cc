/* SPDX-License-Identifier: Apache-2.0
 * Matrix products on the processor; see cublasLt.h beside this. */
#include "cublasLt.h"

#include <vector>

#include "cuda_bf16.h"
#include "cuda_fp8.h"

const char *cublasLtGetStatusString(cublasStatus_t status)
{
    return status == CUBLAS_STATUS_SUCCESS ? "success" : "invalid value";
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    *handle = NULL;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t)
{
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *product, cublasComputeType_t, cudaDataType_t)
{
    *product = new EmulatorProduct{{CUBLAS_OP_N, CUBLAS_OP_N}, {NULL, NULL}};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t product, cublasLtMatmulDescAttributes_t which,
                                              const void *value, size_t bytes)
{
    bool scale = which >= CUBLASLT_MATMUL_DESC_A_SCALE_POINTER;
    void *to = scale ? (void *)&product->scale[which - CUBLASLT_MATMUL_DESC_A_SCALE_POINTER]
                     : (void *)&product->operation[which == CUBLASLT_MATMUL_DESC_TRANSB];
    if (which == CUBLASLT_MATMUL_DESC_FAST_ACCUM) /* sums are exact here */
        return bytes == 1 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
    if (bytes != (scale ? sizeof product->scale[0] : sizeof product->operation[0]))
        return CUBLAS_STATUS_INVALID_VALUE;
    memcpy(to, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t product)
{
    delete product;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, cudaDataType_t type, uint64_t rows,
                                          uint64_t columns, int64_t leading)
{
    *layout = new EmulatorLayout{type, rows, columns, leading};
    return leading < (int64_t)rows ? CUBLAS_STATUS_INVALID_VALUE : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout)
{
    delete layout;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference)
{
    *preference = new EmulatorPreference{};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t which, const void *value,
                                                    size_t bytes)
{
    if (bytes != (which == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES ? sizeof(uint64_t) : sizeof(uint32_t)))
        return CUBLAS_STATUS_INVALID_VALUE;
    if (which >= CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES)
        memcpy(&preference->alignments[which - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES], value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference)
{
    delete preference;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t *results, int *found)
{
    for (int i = 0; i < 4; i++)
        results->algo.alignments[i] = preference->alignments[i] ? preference->alignments[i] : 256;
    *found = wanted > 0;
    return CUBLAS_STATUS_SUCCESS;
}

static double element(const void *matrix, const EmulatorLayout *layout, uint64_t row, uint64_t column)
{
    uint64_t at = column * (uint64_t)layout->leading + row;
    if (layout->type == CUDA_R_8F_E4M3 || layout->type == CUDA_R_8F_E5M2)
        return (double)emulator_fp8_value(((const uint8_t *)matrix)[at], layout->type == CUDA_R_8F_E4M3 ? __NV_E4M3 : __NV_E5M2);
    return layout->type == CUDA_R_32F ? (double)((const float *)matrix)[at]
                                      : (double)__bfloat162float(((const __nv_bfloat16 *)matrix)[at]);
}

/* Lines of the product's inner dimension: for a the rows of op(a), for b the columns of op(b). */
static std::vector<double> lines(const void *matrix, const EmulatorLayout *layout, bool by_rows)
{
    uint64_t count = by_rows ? layout->rows : layout->columns, inner = by_rows ? layout->columns : layout->rows;
    std::vector<double> numbers(count * inner);
    for (uint64_t line = 0; line < count; line++)
        for (uint64_t k = 0; k < inner; k++)
            numbers[line * inner + k] = by_rows ? element(matrix, layout, line, k) : element(matrix, layout, k, line);
    return numbers;
}

static void set_element(void *matrix, const EmulatorLayout *layout, uint64_t row, uint64_t column, double value)
{
    uint64_t at = column * (uint64_t)layout->leading + row;
    if (layout->type == CUDA_R_32F)
        ((float *)matrix)[at] = (float)value;
    else
        ((__nv_bfloat16 *)matrix)[at] = __float2bfloat16_rn((float)value);
}

static bool is_fp8(const EmulatorLayout *layout)
{
    return layout->type == CUDA_R_8F_E4M3 || layout->type == CUDA_R_8F_E5M2;
}

/* In eight bits the library multiplies only so, and not two factors with little precision. */
static bool takes_fp8(const EmulatorProduct *product, const EmulatorLayout *a, const EmulatorLayout *b, const EmulatorLayout *d)
{
    if (!is_fp8(a) && !is_fp8(b))
        return true;
    return is_fp8(a) && is_fp8(b) && (a->type == CUDA_R_8F_E4M3 || b->type == CUDA_R_8F_E4M3) &&
           product->operation[0] == CUBLAS_OP_T && product->operation[1] == CUBLAS_OP_N && a->rows % 16 == 0 &&
           d->rows % 16 == 0 && d->columns % 16 == 0;
}

static bool aligned(const cublasLtMatmulAlgo_t *algorithm, const void *a, const void *b, const void *c, const void *d)
{
    return (uintptr_t)a % algorithm->alignments[0] == 0 && (uintptr_t)b % algorithm->alignments[1] == 0 &&
           (uintptr_t)c % algorithm->alignments[2] == 0 && (uintptr_t)d % algorithm->alignments[3] == 0;
}

struct Factor {
    const void *matrix;
    const EmulatorLayout *layout;
    bool by_rows;
};

/* Not looked at by sanitizers, which would make minutes of it: it reads what `lines` has read for it, under their eyes. */
__attribute__((no_sanitize("address", "undefined"))) static double dot(const double *left, const double *right, uint64_t count)
{
    double sum = 0;
    for (uint64_t k = 0; k < count; k++)
        sum += left[k] * right[k];
    return sum;
}

/* d = scale a b + kept c. With kept 0 the library does not read c, which may hold NaN. */
static void multiply(Factor a, Factor b, uint64_t inner, float scale, float kept, const void *c, const EmulatorLayout *c_layout,
                     void *d, const EmulatorLayout *d_layout)
{
    std::vector<double> left = lines(a.matrix, a.layout, a.by_rows), right = lines(b.matrix, b.layout, b.by_rows);
    for (uint64_t column = 0; column < d_layout->columns; column++)
        for (uint64_t row = 0; row < d_layout->rows; row++) {
            double sum = dot(left.data() + row * inner, right.data() + column * inner, inner);
            double old = kept != 0 ? kept * element(c, c_layout, row, column) : 0;
            set_element(d, d_layout, row, column, scale * sum + old);
        }
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t product, const void *alpha, const void *a,
                              cublasLtMatrixLayout_t a_layout, const void *b, cublasLtMatrixLayout_t b_layout,
                              const void *beta, const void *c, cublasLtMatrixLayout_t c_layout, void *d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t *algorithm, void *, size_t,
                              cudaStream_t)
{
    cublasOperation_t ta = product->operation[0], tb = product->operation[1];
    uint64_t inner = ta == CUBLAS_OP_N ? a_layout->columns : a_layout->rows;
    double scale = *(const float *)alpha, kept = *(const float *)beta;
    for (const float *factor : product->scale)
        scale *= factor ? *factor : 1;
    if (!takes_fp8(product, a_layout, b_layout, d_layout) || !aligned(algorithm, a, b, c, d) || inner != (tb == CUBLAS_OP_N ? b_layout->rows : b_layout->columns) ||
        d_layout->rows != (ta == CUBLAS_OP_N ? a_layout->rows : a_layout->columns) ||
        d_layout->columns != (tb == CUBLAS_OP_N ? b_layout->columns : b_layout->rows))
        return CUBLAS_STATUS_INVALID_VALUE;
    EmulatorLayout al = *a_layout, bl = *b_layout, cl = *c_layout, dl = *d_layout;
    emulator_perform([=]() {
        multiply({a, &al, ta == CUBLAS_OP_N}, {b, &bl, tb == CUBLAS_OP_T}, inner, scale, kept, c, &cl, d, &dl);
    });
    return CUBLAS_STATUS_SUCCESS;
}
