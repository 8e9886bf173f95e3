/* SPDX-License-Identifier: Apache-2.0
 * train/tensor.h - types of numbers in tensors, a part of a tensor, and sums that find damage.
 *
 * Types carry the names of safetensors ("BF16"). Numbers of all types may be moved; only floating-point ones may be
 * converted. tensor_convert goes through float32 and rounds to the nearest, ties to even; a number too large for the new
 * type becomes infinite, NaN stays NaN.
 *
 * A TensorSlice is what one rank has to do with one tensor: of a whole tensor it holds a rectangle (a tensor-parallel
 * rank: some rows or some columns), and of that rectangle, read row by row, it writes or reads the elements [begin, end)
 * (a data-parallel rank under ZeRO-1: its share).
 *
 * tensor_sum adds up a hash of each element and its place, modulo 2^64. So the sum of a tensor is that of its parts, cut
 * in whatever way, which no hash of a row of bytes gives. A single changed element always shows, several changed or
 * swapped ones but for a chance of 2^-64. It protects against disks and cables, not against forgery.
 */
#ifndef TRAIN_TENSOR_H
#define TRAIN_TENSOR_H

#include <glib.h>

typedef enum {
    TENSOR_F32,
    TENSOR_BF16,
    TENSOR_F16,
    TENSOR_F64,
    TENSOR_BOOL,
    TENSOR_U8,
    TENSOR_I8,
    TENSOR_F8_E4M3,
    TENSOR_F8_E5M2,
    TENSOR_U16,
    TENSOR_I16,
    TENSOR_U32,
    TENSOR_I32,
    TENSOR_U64,
    TENSOR_I64,
    TENSOR_TYPES
} TensorType;

const char *tensor_type_name(TensorType type);
gboolean tensor_type_from_name(const char *name, TensorType *type);
gsize tensor_type_size(TensorType type);       /* bytes of an element: 1, 2, 4 or 8 */
gboolean tensor_type_converts(TensorType type); /* F64, F32, F16, BF16 */

typedef struct TensorSlice {
    const char *name; /* borrowed */
    TensorType type;  /* of `data` */
    gsize rows;       /* of the whole tensor */
    gsize columns;    /* of the whole tensor; 0: a vector of `rows` elements */
    gsize row, row_count;
    gsize column, column_count; /* 0 and 0 for a vector */
    gsize begin, end;           /* elements of the rectangle; begin = end: nothing */
    void *data;                 /* borrowed; its first element is `begin` */
} TensorSlice;

TensorSlice tensor_slice_whole(const char *name, TensorType type, gsize rows, gsize columns, void *data);
/* Whether the rectangle lies in the tensor, and [begin, end) in the rectangle. Otherwise GALEN_ERROR_USAGE. */
gboolean tensor_slice_check(const TensorSlice *slice, GError **error);

/* Elements that lie together in the whole tensor. */
typedef struct TensorRun {
    gsize at;    /* first element in the whole tensor */
    gsize from;  /* first element in `data` */
    gsize count;
} TensorRun;
/* The runs of a slice, one after the other; *position is 0 at first. */
gboolean tensor_slice_next(const TensorSlice *slice, gsize *position, TensorRun *run);

/* Both types must be ones that convert, or be the same. */
void tensor_convert(void *to, TensorType to_type, const void *from, TensorType from_type, gsize count);
/* Of `count` elements of `size` bytes, of which the first is element `first` of its tensor. */
guint64 tensor_sum(const void *data, gsize size, gsize first, gsize count);

#endif
