/* SPDX-License-Identifier: Apache-2.0
 * Types, slices and sums of tensors; see train/tensor.h. */
#include "train/tensor.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

static const struct {
    const char *name;
    gsize size;
    gboolean converts;
} types[TENSOR_TYPES] = {
    [TENSOR_F32] = {"F32", 4, TRUE},       [TENSOR_BF16] = {"BF16", 2, TRUE},      [TENSOR_F16] = {"F16", 2, TRUE},
    [TENSOR_F64] = {"F64", 8, TRUE},       [TENSOR_BOOL] = {"BOOL", 1, FALSE},     [TENSOR_U8] = {"U8", 1, FALSE},
    [TENSOR_I8] = {"I8", 1, FALSE},        [TENSOR_F8_E4M3] = {"F8_E4M3", 1, FALSE}, [TENSOR_F8_E5M2] = {"F8_E5M2", 1, FALSE},
    [TENSOR_U16] = {"U16", 2, FALSE},      [TENSOR_I16] = {"I16", 2, FALSE},       [TENSOR_U32] = {"U32", 4, FALSE},
    [TENSOR_I32] = {"I32", 4, FALSE},      [TENSOR_U64] = {"U64", 8, FALSE},       [TENSOR_I64] = {"I64", 8, FALSE},
};

const char *tensor_type_name(TensorType type)
{
    return types[type].name;
}

gboolean tensor_type_from_name(const char *name, TensorType *type)
{
    for (gsize i = 0; i < TENSOR_TYPES; i++)
        if (g_str_equal(types[i].name, name)) {
            *type = (TensorType)i;
            return TRUE;
        }
    return FALSE;
}

gsize tensor_type_size(TensorType type)
{
    return types[type].size;
}

gboolean tensor_type_converts(TensorType type)
{
    return types[type].converts;
}

/* ---- Slices ---- */

TensorSlice tensor_slice_whole(const char *name, TensorType type, gsize rows, gsize columns, void *data)
{
    return (TensorSlice){
        .name = name,
        .type = type,
        .rows = rows,
        .columns = columns,
        .row_count = rows,
        .column_count = columns,
        .end = rows * MAX(columns, 1),
        .data = data,
    };
}

gboolean tensor_slice_check(const TensorSlice *slice, GError **error)
{
    gboolean good = slice->row <= slice->rows && slice->row_count <= slice->rows - slice->row &&
                    slice->column <= slice->columns && slice->column_count <= slice->columns - slice->column &&
                    slice->begin <= slice->end && slice->end <= slice->row_count * (slice->columns ? slice->column_count : 1);
    if (!good)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE,
                    "tensor \"%s\" of %" G_GSIZE_FORMAT " by %" G_GSIZE_FORMAT ": the slice from row %" G_GSIZE_FORMAT
                    " and column %" G_GSIZE_FORMAT ", %" G_GSIZE_FORMAT " by %" G_GSIZE_FORMAT ", elements %" G_GSIZE_FORMAT
                    " to %" G_GSIZE_FORMAT ", does not lie in it",
                    slice->name, slice->rows, slice->columns, slice->row, slice->column, slice->row_count,
                    slice->column_count, slice->begin, slice->end);
    return good;
}

gboolean tensor_slice_next(const TensorSlice *slice, gsize *position, TensorRun *run)
{
    gsize columns = MAX(slice->columns, 1), width = slice->columns ? slice->column_count : 1;
    gsize at = slice->begin + *position, left = slice->end - at;
    if (!left)
        return FALSE;
    gsize row = at / width, column = at % width;
    *run = (TensorRun){
        .at = (slice->row + row) * columns + slice->column + column,
        .from = *position,
        .count = width == columns ? left : MIN(left, width - column),
    };
    *position += run->count;
    return TRUE;
}

/* ---- Conversion ---- */

static guint32 bits_of(float number)
{
    guint32 bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static float float_of(guint32 bits)
{
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* The low 16 bits go; what is lost rounds to the nearest, ties to even. */
static guint16 to_bfloat16(float number)
{
    guint32 bits = bits_of(number);
    if (isnan(number))
        return (guint16)(bits >> 16 | 0x40);
    return (guint16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float from_half(guint16 half)
{
    guint32 sign = (guint32)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 31)
        return float_of(sign | 0x7f800000 | fraction << 13);
    if (exponent)
        return float_of(sign | (exponent + 112) << 23 | fraction << 13);
    float small = (float)fraction * 0x1p-24f;
    return sign ? -small : small;
}

static guint16 to_half(float number)
{
    guint32 bits = bits_of(number), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    if (size > 0x7f800000)
        return (guint16)(sign | 0x7e00);
    if (size >= 0x477ff000) /* from 65520 on the nearest is infinity */
        return (guint16)(sign | 0x7c00);
    if (size < 0x38800000) /* below 2^-14: a multiple of 2^-24, rounded as the machine rounds */
        return (guint16)(sign | (guint32)lrintf(float_of(size) * 0x1p24f));
    return (guint16)(sign | (((size + 0xfff + (size >> 13 & 1)) >> 13) - (112u << 10)));
}

static float get_number(const char *from, TensorType type, gsize i)
{
    guint16 narrow;
    float number;
    double wide;
    switch (type) {
    case TENSOR_BF16:
        memcpy(&narrow, from + 2 * i, 2);
        return float_of((guint32)narrow << 16);
    case TENSOR_F16:
        memcpy(&narrow, from + 2 * i, 2);
        return from_half(narrow);
    case TENSOR_F64:
        memcpy(&wide, from + 8 * i, 8);
        return (float)wide;
    default:
        memcpy(&number, from + 4 * i, 4);
        return number;
    }
}

static void put_number(char *to, TensorType type, gsize i, float number)
{
    guint16 narrow;
    double wide = number;
    switch (type) {
    case TENSOR_BF16:
        narrow = to_bfloat16(number);
        memcpy(to + 2 * i, &narrow, 2);
        break;
    case TENSOR_F16:
        narrow = to_half(number);
        memcpy(to + 2 * i, &narrow, 2);
        break;
    case TENSOR_F64:
        memcpy(to + 8 * i, &wide, 8);
        break;
    default:
        memcpy(to + 4 * i, &number, 4);
    }
}

void tensor_convert(void *to, TensorType to_type, const void *from, TensorType from_type, gsize count)
{
    if (to_type == from_type) {
        memcpy(to, from, count * types[to_type].size);
        return;
    }
    for (gsize i = 0; i < count; i++)
        put_number(to, to_type, i, get_number(from, from_type, i));
}

/* ---- Sums ---- */

/* An odd step between places, and a bijection (two rounds of SplitMix64's finaliser, Steele et al. 2014): for one place,
 * different elements have different hashes. */
static inline guint64 mix_element(guint64 element, guint64 place)
{
    guint64 z = element + place * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

#define SUM_ELEMENTS(type)                                 \
    do {                                                   \
        for (gsize i = 0; i < count; i++) {                \
            type element;                                  \
            memcpy(&element, bytes + i * sizeof element, sizeof element); \
            sum += mix_element(element, first + i + 1);    \
        }                                                  \
    } while (0)

guint64 tensor_sum(const void *data, gsize size, gsize first, gsize count)
{
    const char *bytes = data;
    guint64 sum = 0;
    if (size == 1)
        SUM_ELEMENTS(guint8);
    else if (size == 2)
        SUM_ELEMENTS(guint16);
    else if (size == 4)
        SUM_ELEMENTS(guint32);
    else
        SUM_ELEMENTS(guint64);
    return sum;
}
