/* SPDX-License-Identifier: Apache-2.0
 * Attention as a graph of cuDNN; see train/cuda/cudnn_pattern.h.
 *
 * cuDNN has no descriptor for causal attention before 9.21; it finds the pattern of operations that its documents draw, and
 * only if every tensor inside has the type that it expects: float, but bfloat16 for what goes into a second product. Products
 * take their second factor as it is multiplied, so that keys (and in backward values) are described transposed, by strides
 * alone. A matrix is transposed for a product by a reshape to exchanged sizes and strides, which moves nothing. */
#include "train/cuda/cudnn_pattern.h"

typedef cudnnBackendDescriptor_t Tensor;

typedef struct Pattern {
    CudnnGraph *graph;
    const CudnnShape *shape;
    CudnnSizes scores; /* [sequences, heads, length, length] */
    CudnnSizes rows;   /* [sequences, heads, length, 1] */
    Tensor scale;
} Pattern;

static Pattern begin(CudnnGraph *graph, const CudnnShape *s)
{
    return (Pattern){
        .graph = graph,
        .shape = s,
        .scores = {{s->sequences, s->heads, s->length, s->length}},
        .rows = {{s->sequences, s->heads, s->length, 1}},
        .scale = cudnn_graph_scalar(graph, CUDNN_ID_SCALE),
    };
}

static CudnnSizes transposed(CudnnSizes x)
{
    return (CudnnSizes){{x.at[0], x.at[1], x.at[3], x.at[2]}};
}

/* ---- Tensors ------------------------------------------------------------------------------------------------- */

/* Heads of a row of qkv. */
static gint64 qkv_heads(const CudnnShape *s)
{
    return s->heads + 2 * s->kv_heads;
}

/* `heads` heads of rows that have `of` of them. */
static Tensor heads_of(const Pattern *p, CudnnId id, gint64 heads, gint64 of, gboolean transpose)
{
    const CudnnShape *s = p->shape;
    CudnnSizes sizes = {{s->sequences, heads, s->length, s->head_size}};
    CudnnSizes strides = {{s->length * of * s->head_size, s->head_size, of * s->head_size, 1}};
    return transpose ? cudnn_graph_outer(p->graph, id, CUDNN_DATA_BFLOAT16, transposed(sizes), transposed(strides))
                     : cudnn_graph_outer(p->graph, id, CUDNN_DATA_BFLOAT16, sizes, strides);
}

static Tensor row_numbers(const Pattern *p, CudnnId id)
{
    return cudnn_graph_outer(p->graph, id, CUDNN_DATA_FLOAT, p->rows, cudnn_graph_dense(p->rows));
}

static Tensor between(const Pattern *p, cudnnDataType_t type, CudnnSizes sizes)
{
    return cudnn_graph_between(p->graph, type, sizes, cudnn_graph_dense(sizes));
}

/* ---- Operations that give a tensor inside the graph ---------------------------------------------------------- */

static Tensor compute(const Pattern *p, cudnnPointwiseMode_t mode, CudnnSizes sizes, Tensor x, Tensor b)
{
    Tensor y = between(p, CUDNN_DATA_FLOAT, sizes);
    cudnn_graph_pointwise(p->graph, (CudnnPointwise){mode, CUDNN_DATA_FLOAT, 0}, y, x, b, NULL);
    return y;
}

static Tensor reduce(const Pattern *p, cudnnReduceTensorOp_t how, Tensor x)
{
    Tensor y = between(p, CUDNN_DATA_FLOAT, p->rows);
    cudnn_graph_reduce(p->graph, how, y, x);
    return y;
}

static Tensor product_of_scores(const Pattern *p, Tensor a, Tensor b)
{
    Tensor c = between(p, CUDNN_DATA_FLOAT, p->scores);
    cudnn_graph_matmul(p->graph, c, a, b);
    return c;
}

static Tensor index_along(const Pattern *p, Tensor scores, gint64 axis)
{
    Tensor y = between(p, CUDNN_DATA_INT32, p->scores);
    cudnn_graph_pointwise(p->graph, (CudnnPointwise){CUDNN_POINTWISE_GEN_INDEX, CUDNN_DATA_FLOAT, axis}, y, scores, NULL, NULL);
    return y;
}

/* Scores of keys behind their query become minus infinity. */
static Tensor mask(const Pattern *p, Tensor scores)
{
    Tensor masked = cudnn_graph_scalar(p->graph, CUDNN_ID_MASKED);
    Tensor query = index_along(p, scores, 2), key = index_along(p, scores, 3);
    Tensor seen = between(p, CUDNN_DATA_BOOLEAN, p->scores), y = between(p, CUDNN_DATA_FLOAT, p->scores);
    cudnn_graph_pointwise(p->graph, (CudnnPointwise){CUDNN_POINTWISE_CMP_GE, CUDNN_DATA_BOOLEAN, 0}, seen, query, key, NULL);
    cudnn_graph_pointwise(p->graph, (CudnnPointwise){CUDNN_POINTWISE_BINARY_SELECT, CUDNN_DATA_FLOAT, 0}, y, scores, masked, seen);
    return y;
}

/* ---- Forward ------------------------------------------------------------------------------------------------- */

/* The statistics go out on the way. */
static Tensor softmax(const Pattern *p, Tensor scores)
{
    Tensor largest = reduce(p, CUDNN_REDUCE_TENSOR_MAX, scores);
    Tensor powers = compute(p, CUDNN_POINTWISE_EXP, p->scores, compute(p, CUDNN_POINTWISE_SUB, p->scores, scores, largest), NULL);
    Tensor sum = reduce(p, CUDNN_REDUCE_TENSOR_ADD, powers);
    Tensor log_sum = compute(p, CUDNN_POINTWISE_LOG, p->rows, sum, NULL);
    Tensor probabilities = between(p, CUDNN_DATA_BFLOAT16, p->scores);
    cudnn_graph_pointwise(p->graph, (CudnnPointwise){CUDNN_POINTWISE_ADD, CUDNN_DATA_FLOAT, 0}, row_numbers(p, CUDNN_ID_STATISTICS),
                          largest, log_sum, NULL);
    cudnn_graph_pointwise(p->graph, (CudnnPointwise){CUDNN_POINTWISE_DIV, CUDNN_DATA_FLOAT, 0}, probabilities, powers, sum, NULL);
    return probabilities;
}

CudnnGraph *cudnn_pattern_forward(const CudnnShape *s)
{
    Pattern p = begin(cudnn_graph_new(), s);
    Tensor q = heads_of(&p, CUDNN_ID_Q, s->heads, qkv_heads(s), FALSE);
    Tensor k = heads_of(&p, CUDNN_ID_K, s->kv_heads, qkv_heads(s), TRUE);
    Tensor v = heads_of(&p, CUDNN_ID_V, s->kv_heads, qkv_heads(s), FALSE);
    Tensor out = heads_of(&p, CUDNN_ID_OUT, s->heads, s->heads, FALSE);
    Tensor scores = compute(&p, CUDNN_POINTWISE_MUL, p.scores, product_of_scores(&p, q, k), p.scale);
    cudnn_graph_matmul(p.graph, out, softmax(&p, mask(&p, scores)), v);
    return p.graph;
}

/* ---- Backward ------------------------------------------------------------------------------------------------ */

/* The sum of dout * out over each row. It is an array because it is needed before and inside the main loop. */
static Tensor sum_rows(const Pattern *p, Tensor dout, Tensor out)
{
    const CudnnShape *s = p->shape;
    CudnnSizes heads = {{s->sequences, s->heads, s->length, s->head_size}};
    Tensor one = cudnn_graph_scalar(p->graph, CUDNN_ID_ONE), sums = row_numbers(p, CUDNN_ID_ROW_SUMS);
    Tensor sum = reduce(p, CUDNN_REDUCE_TENSOR_ADD, compute(p, CUDNN_POINTWISE_MUL, heads, dout, out));
    cudnn_graph_pointwise(p->graph, (CudnnPointwise){CUDNN_POINTWISE_MUL, CUDNN_DATA_FLOAT, 0}, sums, sum, one, NULL);
    return sums;
}

/* Probabilities, from the statistics that forward left. */
static Tensor probabilities_again(const Pattern *p, Tensor q, Tensor k, Tensor statistics)
{
    Tensor scores = compute(p, CUDNN_POINTWISE_MUL, p->scores, product_of_scores(p, q, k), p->scale);
    Tensor logarithms = compute(p, CUDNN_POINTWISE_SUB, p->scores, scores, statistics);
    return compute(p, CUDNN_POINTWISE_EXP, p->scores, mask(p, logarithms), NULL);
}

/* The transposed scores times x, summed over the query heads that share a key head, to the array of this id. */
static void gather_for_keys(const Pattern *p, CudnnId id, Tensor scores, Tensor x)
{
    const CudnnShape *s = p->shape;
    CudnnSizes all_heads = {{s->sequences, s->heads, s->length, s->head_size}};
    Tensor turned = cudnn_graph_between(p->graph, CUDNN_DATA_BFLOAT16, transposed(p->scores), transposed(cudnn_graph_dense(p->scores)));
    Tensor y = heads_of(p, id, s->kv_heads, qkv_heads(s), FALSE);
    cudnn_graph_reshape(p->graph, turned, scores);
    if (s->heads == s->kv_heads) {
        cudnn_graph_matmul(p->graph, y, turned, x);
        return;
    }
    Tensor of_each = between(p, CUDNN_DATA_BFLOAT16, all_heads);
    cudnn_graph_matmul(p->graph, of_each, turned, x);
    cudnn_graph_reduce(p->graph, CUDNN_REDUCE_TENSOR_ADD, y, of_each);
}

static void gather_for_queries(const Pattern *p, Tensor dscores, Tensor transposed_keys, gboolean deterministic)
{
    const CudnnShape *s = p->shape;
    gint64 row = qkv_heads(s) * s->head_size;
    CudnnSizes sizes = {{s->sequences, s->heads, s->length, s->head_size}};
    Tensor dq = heads_of(p, CUDNN_ID_DQ, s->heads, qkv_heads(s), FALSE);
    Tensor keys = cudnn_graph_between(p->graph, CUDNN_DATA_BFLOAT16, (CudnnSizes){{s->sequences, s->kv_heads, s->length, s->head_size}},
                                      (CudnnSizes){{s->length * row, s->head_size, row, 1}});
    cudnn_graph_reshape(p->graph, keys, transposed_keys);
    if (deterministic) {
        cudnn_graph_matmul(p->graph, dq, dscores, keys);
        return;
    }
    Tensor sums = cudnn_graph_outer(p->graph, CUDNN_ID_DQ_SUMS, CUDNN_DATA_FLOAT, sizes, cudnn_graph_dense(sizes));
    cudnn_graph_matmul(p->graph, sums, dscores, keys);
    cudnn_graph_pointwise(p->graph, (CudnnPointwise){CUDNN_POINTWISE_IDENTITY, CUDNN_DATA_FLOAT, 0}, dq, sums, NULL, NULL);
}

CudnnGraph *cudnn_pattern_backward(const CudnnShape *s, gboolean deterministic)
{
    Pattern p = begin(cudnn_graph_new(), s);
    Tensor q = heads_of(&p, CUDNN_ID_Q, s->heads, qkv_heads(s), FALSE);
    Tensor k = heads_of(&p, CUDNN_ID_K, s->kv_heads, qkv_heads(s), TRUE);
    Tensor v = heads_of(&p, CUDNN_ID_V, s->kv_heads, qkv_heads(s), TRUE);
    Tensor out = heads_of(&p, CUDNN_ID_OUT, s->heads, s->heads, FALSE);
    Tensor dout = heads_of(&p, CUDNN_ID_DOUT, s->heads, s->heads, FALSE);
    Tensor sums = sum_rows(&p, dout, out);
    Tensor probabilities = probabilities_again(&p, q, k, row_numbers(&p, CUDNN_ID_STATISTICS));
    gather_for_keys(&p, CUDNN_ID_DV, probabilities, dout);
    Tensor behind_sums = compute(&p, CUDNN_POINTWISE_SUB, p.scores, product_of_scores(&p, dout, v), sums);
    Tensor weighted = compute(&p, CUDNN_POINTWISE_MUL, p.scores, behind_sums, probabilities);
    Tensor dscores = compute(&p, CUDNN_POINTWISE_MUL, p.scores, weighted, p.scale);
    gather_for_keys(&p, CUDNN_ID_DK, dscores, q);
    gather_for_queries(&p, dscores, k, deterministic);
    return p.graph;
}
