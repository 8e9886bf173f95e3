/* SPDX-License-Identifier: Apache-2.0
 * Matrix products on the GPU through cublasLt; see train/ops.h.
 *
 * cublasLt thinks in columns: a row-major [r, c] is its column-major c x r. Each of the three products is
 * therefore computed transposed, and no matrix is moved: forward          out^T [outputs, rows]   = weight
 * [inputs, outputs]^T  x^T [inputs, rows] backward input   dx^T [inputs, rows]     = weight [inputs, outputs]
 * dout^T [outputs, rows] backward weight  dweight^T [inputs, outputs] += x^T [inputs, rows]     dout^T
 * [outputs, rows]^T Inputs are bfloat16 and sums float. The gradient of the weights is float too, and adding
 * to it is part of the product (beta 1): micro-batches lose nothing to rounding, and no second pass over
 * memory is needed.
 *
 * A Plan holds a shape's descriptors and algorithm. It is made once, because asking the heuristic costs more
 * host time than a launch, and because a choice that never changes is what makes a run repeatable: the
 * heuristic is a function of shapes and GPU, whereas timing candidates would choose by chance. Algorithms
 * that split the inner dimension may add partial sums through the workspace, in a fixed order; those that add
 * in place are ruled out.
 *
 * In eight bits (fp8.cuh) the same three products are written with the first factor transposed and the second
 * not, over the inner dimension that is contiguous in both after the cast. Sums and results are as before: float
 * and bfloat16. Forward may add with fewer bits between the steps in which Hopper's tensor cores hand over
 * their sums ("fast accumulation"); backward, whose sums are gradients, may not. */
#include "train/cuda/fp8.cuh"

typedef enum {
    PRODUCT_FORWARD,
    PRODUCT_BACKWARD_INPUT,
    PRODUCT_BACKWARD_WEIGHT,
    PRODUCT_FP8_FORWARD,
    PRODUCT_FP8_BACKWARD_INPUT,
    PRODUCT_FP8_BACKWARD_WEIGHT
} Product;

typedef struct PlanKey {
    guint64 product, rows, inputs, outputs;
    guint64 align_a, align_b, align_c; /* bytes; the heuristic takes 256 for granted unless told */
} PlanKey;

typedef struct Plan {
    PlanKey key;
    cublasLtMatmulDesc_t product;
    cublasLtMatrixLayout_t a, b, c;
    cublasLtMatmulAlgo_t algorithm;
} Plan;

/* Column-major: a is m x k, or k x m to be transposed; b is k x n, or n x k; c is m x n. */
typedef struct Shape {
    guint64 m, n, k;
    cublasOperation_t a, b;
    cudaDataType_t type; /* of c */
    float beta;
    cudaDataType_t a_type, b_type;
} Shape;

static Shape shape_of(const PlanKey *key)
{
    switch ((Product)key->product) {
    case PRODUCT_FORWARD:
        return {key->outputs, key->rows, key->inputs, CUBLAS_OP_T, CUBLAS_OP_N, CUDA_R_16BF, 0, CUDA_R_16BF, CUDA_R_16BF};
    case PRODUCT_BACKWARD_INPUT:
        return {key->inputs, key->rows, key->outputs, CUBLAS_OP_N, CUBLAS_OP_N, CUDA_R_16BF, 0, CUDA_R_16BF, CUDA_R_16BF};
    case PRODUCT_BACKWARD_WEIGHT:
        return {key->inputs, key->outputs, key->rows, CUBLAS_OP_N, CUBLAS_OP_T, CUDA_R_32F, 1, CUDA_R_16BF, CUDA_R_16BF};
    case PRODUCT_FP8_FORWARD:
        return {key->outputs, key->rows, key->inputs, CUBLAS_OP_T, CUBLAS_OP_N, CUDA_R_16BF, 0, CUDA_R_8F_E4M3, CUDA_R_8F_E4M3};
    case PRODUCT_FP8_BACKWARD_INPUT:
        return {key->inputs, key->rows, key->outputs, CUBLAS_OP_T, CUBLAS_OP_N, CUDA_R_16BF, 0, CUDA_R_8F_E4M3, CUDA_R_8F_E5M2};
    default:
        return {key->inputs, key->outputs, key->rows, CUBLAS_OP_T, CUBLAS_OP_N, CUDA_R_32F, 1, CUDA_R_8F_E4M3, CUDA_R_8F_E5M2};
    }
}

static guint plan_hash(gconstpointer data)
{
    const PlanKey *key = static_cast<const PlanKey *>(data);
    guint64 hash = key->product;
    for (guint64 part : {key->rows, key->inputs, key->outputs, key->align_a, key->align_b, key->align_c})
        hash = (hash ^ part) * 0x9e3779b97f4a7c15u;
    return (guint)(hash >> 32);
}

static gboolean plan_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(PlanKey)) == 0;
}

static void plan_free(gpointer data)
{
    Plan *plan = static_cast<Plan *>(data);
    if (plan->c)
        cublasLtMatrixLayoutDestroy(plan->c);
    if (plan->b)
        cublasLtMatrixLayoutDestroy(plan->b);
    if (plan->a)
        cublasLtMatrixLayoutDestroy(plan->a);
    if (plan->product)
        cublasLtMatmulDescDestroy(plan->product);
    g_free(plan);
}

GHashTable *cuda_plans_new(void)
{
    return g_hash_table_new_full(plan_hash, plan_equal, NULL, plan_free);
}

static bool blas_good(CudaState *state, cublasStatus_t status, const char *what)
{
    if (status == CUBLAS_STATUS_SUCCESS)
        return true;
    cuda_failed(state, what, cublasLtGetStatusString(status));
    return false;
}

template <typename T>
static bool set(CudaState *state, const Plan *plan, cublasLtMatmulDescAttributes_t which, T value)
{
    return blas_good(state, cublasLtMatmulDescSetAttribute(plan->product, which, &value, sizeof value),
                     "cublasLtMatmulDescSetAttribute");
}

static bool lay_out(CudaState *state, cublasLtMatrixLayout_t *layout, cudaDataType_t type, guint64 rows, guint64 columns)
{
    return blas_good(state, cublasLtMatrixLayoutCreate(layout, type, rows, columns, (int64_t)rows), "cublasLtMatrixLayoutCreate");
}

static bool describe(CudaState *state, Plan *plan, const Shape *shape)
{
    bool ta = shape->a == CUBLAS_OP_T, tb = shape->b == CUBLAS_OP_T;
    return blas_good(state, cublasLtMatmulDescCreate(&plan->product, CUBLAS_COMPUTE_32F, CUDA_R_32F),
                     "cublasLtMatmulDescCreate") &&
           set(state, plan, CUBLASLT_MATMUL_DESC_TRANSA, shape->a) && set(state, plan, CUBLASLT_MATMUL_DESC_TRANSB, shape->b) &&
           (plan->key.product != PRODUCT_FP8_FORWARD || set(state, plan, CUBLASLT_MATMUL_DESC_FAST_ACCUM, (int8_t)1)) &&
           lay_out(state, &plan->a, shape->a_type, ta ? shape->k : shape->m, ta ? shape->m : shape->k) &&
           lay_out(state, &plan->b, shape->b_type, tb ? shape->n : shape->k, tb ? shape->k : shape->n) &&
           lay_out(state, &plan->c, shape->type, shape->m, shape->n);
}

template <typename T>
static bool prefer(CudaState *state, cublasLtMatmulPreference_t preference,
                   cublasLtMatmulPreferenceAttributes_t which, T value)
{
    return blas_good(state, cublasLtMatmulPreferenceSetAttribute(preference, which, &value, sizeof value),
                     "cublasLtMatmulPreferenceSetAttribute");
}

static bool choose(CudaState *state, Plan *plan)
{
    cublasLtMatmulPreference_t preference = NULL;
    cublasLtMatmulHeuristicResult_t results[CUDA_PRODUCT_CANDIDATES] = {};
    int wanted = state->candidate + 1, found = 0;
    if (!blas_good(state, cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate"))
        return false;
    bool good =
        prefer(state, preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, (uint64_t)CUDA_WORKSPACE) &&
        prefer(state, preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
               state->any_product ? (uint32_t)CUBLASLT_REDUCTION_SCHEME_MASK
                                  : (uint32_t)(CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE)) &&
        prefer(state, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, (uint32_t)plan->key.align_a) &&
        prefer(state, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, (uint32_t)plan->key.align_b) &&
        prefer(state, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, (uint32_t)plan->key.align_c) &&
        prefer(state, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, (uint32_t)plan->key.align_c) &&
        blas_good(state,
                  cublasLtMatmulAlgoGetHeuristic(state->blas, plan->product, plan->a, plan->b, plan->c,
                                                 plan->c, preference, wanted, results, &found),
                  "cublasLtMatmulAlgoGetHeuristic");
    cublasLtMatmulPreferenceDestroy(preference);
    if (good && !found)
        cuda_failed(state, "cublasLtMatmulAlgoGetHeuristic", "it knows no algorithm for this product");
    plan->algorithm = results[MAX(MIN(wanted, found) - 1, 0)].algo;
    return good && found;
}

void backend_cuda_try_product(Backend *backend, unsigned candidate, gboolean any)
{
    CudaState *state = cuda_state(backend);
    state->candidate = MIN(candidate, CUDA_PRODUCT_CANDIDATES - 1);
    state->any_product = any;
    g_hash_table_remove_all(state->plans);
}

/* NULL after a failure. */
static const Plan *find_plan(CudaState *state, const PlanKey *key, const Shape *shape)
{
    Plan *plan = static_cast<Plan *>(g_hash_table_lookup(state->plans, key));
    if (plan)
        return plan;
    plan = g_new0(Plan, 1);
    plan->key = *key;
    if (!describe(state, plan, shape) || !choose(state, plan)) {
        plan_free(plan);
        return NULL;
    }
    g_hash_table_insert(state->plans, &plan->key, plan);
    return plan;
}

/* The largest power of two, up to 256, that divides the address. */
static guint64 alignment(const void *address)
{
    guint64 bits = reinterpret_cast<guint64>(address) | 256;
    return bits & -bits;
}

/* In cublasLt's order. Scales lie in the GPU's memory; NULL in bfloat16, which has none. */
typedef struct Factors {
    const void *a, *b;
    const float *a_scale, *b_scale;
} Factors;

static void multiply(Backend *backend, Product product, void *c, const Factors *factors, gsize rows, gsize inputs,
                     gsize outputs)
{
    CudaState *state = cuda_state(backend);
    PlanKey key = {(guint64)product, rows, inputs, outputs, alignment(factors->a), alignment(factors->b), alignment(c)};
    if (!rows || !inputs || !outputs || state->failure)
        return;
    Shape shape = shape_of(&key);
    const Plan *plan = find_plan(state, &key, &shape);
    float alpha = 1;
    if (plan && factors->a_scale &&
        (!set(state, plan, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, factors->a_scale) ||
         !set(state, plan, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, factors->b_scale)))
        return;
    if (plan)
        blas_good(state,
                  cublasLtMatmul(state->blas, plan->product, &alpha, factors->a, plan->a, factors->b, plan->b, &shape.beta, c,
                                 plan->c, c, plan->c, &plan->algorithm, state->workspace, CUDA_WORKSPACE,
                                 state->stream),
                  "cublasLtMatmul");
}

/* casts[0] is cublasLt's a, casts[1] its b. */
static void multiply_casts(Backend *backend, Product product, void *c, Fp8Cast casts[2], gsize rows, gsize inputs,
                           gsize outputs)
{
    if (!rows || !inputs || !outputs || !cuda_fp8_cast(cuda_state(backend), casts, 2))
        return;
    Factors factors = {casts[0].to, casts[1].to, casts[0].inverse, casts[1].inverse};
    multiply(backend, product, c, &factors, rows, inputs, outputs);
}

void cuda_linear_forward(Backend *backend, real *out, const real *x, const real *weight, gsize rows,
                         gsize inputs, gsize outputs)
{
    Factors factors = {weight, x, NULL, NULL};
    Fp8Cast casts[2] = {{device_reals(weight), outputs, inputs, FP8_E4M3, false, NULL, NULL},
                        {device_reals(x), rows, inputs, FP8_E4M3, false, NULL, NULL}};
    if (cuda_fp8_fits(cuda_state(backend), rows, inputs, outputs, out, x, weight))
        multiply_casts(backend, PRODUCT_FP8_FORWARD, out, casts, rows, inputs, outputs);
    else
        multiply(backend, PRODUCT_FORWARD, out, &factors, rows, inputs, outputs);
}

void cuda_linear_backward_input(Backend *backend, real *dx, const real *dout, const real *weight, gsize rows,
                                gsize inputs, gsize outputs)
{
    Factors factors = {weight, dout, NULL, NULL};
    Fp8Cast casts[2] = {{device_reals(weight), outputs, inputs, FP8_E4M3, true, NULL, NULL},
                        {device_reals(dout), rows, outputs, FP8_E5M2, false, NULL, NULL}};
    if (cuda_fp8_fits(cuda_state(backend), rows, inputs, outputs, dx, dout, weight))
        multiply_casts(backend, PRODUCT_FP8_BACKWARD_INPUT, dx, casts, rows, inputs, outputs);
    else
        multiply(backend, PRODUCT_BACKWARD_INPUT, dx, &factors, rows, inputs, outputs);
}

void cuda_linear_backward_weight(Backend *backend, wide *dweight, const real *dout, const real *x, gsize rows,
                                 gsize inputs, gsize outputs)
{
    Factors factors = {x, dout, NULL, NULL};
    Fp8Cast casts[2] = {{device_reals(x), rows, inputs, FP8_E4M3, true, NULL, NULL},
                        {device_reals(dout), rows, outputs, FP8_E5M2, true, NULL, NULL}};
    if (cuda_fp8_fits(cuda_state(backend), rows, inputs, outputs, dweight, dout, x))
        multiply_casts(backend, PRODUCT_FP8_BACKWARD_WEIGHT, dweight, casts, rows, inputs, outputs);
    else
        multiply(backend, PRODUCT_BACKWARD_WEIGHT, dweight, &factors, rows, inputs, outputs);
}
