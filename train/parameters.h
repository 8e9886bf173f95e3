/* SPDX-License-Identifier: Apache-2.0
 * train/parameters.h - where each tensor that a rank holds lies in its one array of parameters.
 *
 * The table gives every tensor of the rank's part of the model its Hugging Face name, its whole shape, the rectangle of it
 * that lies here, and its offset. Gradients and the optimizer's moments are arrays of the same layout. Within a layer the
 * query, key and value matrices are neighbours, and so are gate and up: each group is one matrix to the model and several
 * tensors to a file. Tensor parallelism cuts q, k, v, gate, up and both vocabulary matrices by rows, o and down by columns
 * (Shoeybi et al. 2019); norms are on every rank.
 *
 * The array is a row of buckets: the embedding; each layer; the last norm with the head. A bucket is what data-parallel ranks
 * add up at once, and what ZeRO-1 cuts into `shares` equal parts. Places between tensors and at the ends of buckets belong to
 * nobody and stay 0; rows of vocabulary matrices are padded to the same number on each rank.
 *
 * A tied head is the embedding. Where both lie on one rank, they are one tensor with two gradients: the head's behind all
 * others in the array of gradients, which is therefore longer. Where the head lies on another rank, that rank has a copy of
 * the embedding's matrix. In both cases the gradients are added up once a step, in the same order.
 */
#ifndef TRAIN_PARAMETERS_H
#define TRAIN_PARAMETERS_H

#include "train/ops.h"
#include "train/layout.h"
#include "train/real.h"
#include "train/shape.h"

typedef struct ParameterTensor {
    char name[64];
    gsize index;                               /* among the tensors of the whole model */
    gsize rows;                                /* of the whole tensor */
    gsize columns;                             /* 0: a vector of `rows` elements */
    gsize row, row_count, column, column_count; /* what lies here; column_count is 1 for a vector */
    gsize offset;                              /* of that, in elements */
    gboolean everywhere; /* on all ranks of the tensor group: a norm */
    gboolean copy;       /* the embedding's matrix, as the head of another rank: the embedding's rank speaks for it */
} ParameterTensor;

typedef struct ParameterBucket {
    gsize offset, elements; /* a multiple of the shares */
} ParameterBucket;

/* Offsets of what one layer computes with. */
typedef struct LayerOffsets {
    gsize input_norm, qkv, output, post_norm, gate_up, down;
    gsize bucket;
} LayerOffsets;

typedef struct ParameterTable {
    ParameterTensor *tensors;
    gsize count;
    gsize elements;          /* of the array of parameters */
    gsize gradient_elements; /* of the array of gradients */
    LayerOffsets *layers;    /* those of all chunks of the part, in turn */
    ParameterBucket *buckets;
    gsize bucket_count;
    unsigned shares;
    ClassRange classes; /* of the vocabulary, on this rank */
    gsize embedding, norm, head, head_gradient;
    gsize embedding_bucket, head_bucket;
    gboolean has_embedding, has_head;
    gsize whole_count; /* tensors of the whole model */
} ParameterTable;

/* shares: into how many equal parts each bucket can be cut. */
ParameterTable *parameter_table_new(const ModelShape *shape, const ModelPart *part, unsigned shares);
void parameter_table_free(ParameterTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParameterTable, parameter_table_free)
gsize parameter_tensor_elements(const ParameterTensor *tensor); /* of what lies here */
/* Whether of the ranks that hold the same of a tensor this is the one to count or write it; data-parallel ranks aside. */
gboolean parameter_tensor_counts_here(const ParameterTensor *tensor, const ModelPart *part);

/* A piece of a tensor: elements [begin, begin + count) of what lies here, row by row. */
typedef struct ParameterPiece {
    gsize tensor;      /* in table->tensors */
    gsize begin, count;
    gsize offset;      /* in the array of parameters */
    gsize share;       /* of its bucket, that holds it */
    gsize compact;     /* in an array that holds the pieces of one share alone, bucket after bucket */
} ParameterPiece;

/* The tensors, cut at the borders of shares: an array of ParameterPiece, in order. */
GArray *parameter_table_pieces(const ParameterTable *table);
gsize parameter_table_share_elements(const ParameterTable *table); /* of the array of one share */

/* Fills values[elements] with what lies here of the first weights: norms 1; matrices normal with standard deviation 0.02,
 * those that add to the residual stream (o_proj, down_proj) divided by sqrt(2 layers), as in GPT-2 (Radford et al. 2019).
 * Each element is a pure function of the seed, the tensor's name and the element's number in the whole tensor. */
void parameters_initialise(const ParameterTable *table, const ModelShape *shape, guint64 seed, wide *values);

#endif
