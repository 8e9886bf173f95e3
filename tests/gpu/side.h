/* SPDX-License-Identifier: Apache-2.0
 * tests/gpu/side.h - what the test of a GPU compares: the same operations on two sides, in numbers of one kind.
 *
 * side.c and operations.c are compiled twice. With TRAIN_FLOAT64 they are the reference: the CPU's operations in double
 * precision, which tests/unit/test_ops.c holds against formulas and central differences. With TRAIN_BFLOAT16 they are the
 * device. Between them everything is a double, which holds each number of either side exactly.
 *
 * Sequence: backend = side->open(e); for each case: operation->arrays(sizes, list); fill what is not output;
 * side->run(backend, operation, sizes, list); side->close(backend).
 */
#ifndef TESTS_GPU_SIDE_H
#define TESTS_GPU_SIDE_H

#include <glib.h>

#define CASE_ARRAYS 10

typedef enum { CASE_REAL, CASE_WIDE, CASE_U32, CASE_DOUBLE } CaseNumber; /* CASE_DOUBLE lies in ordinary memory */
typedef enum { CASE_IN, CASE_OUT, CASE_IN_OUT } CaseUse;

typedef struct CaseArray {
    const char *name;
    CaseNumber number;
    CaseUse use;
    gsize count;
    double low, high; /* inputs are drawn from [low, high) */
    unsigned bits;    /* of the significand that inputs have at most, and a 256th of `high` is the least that is not 0; 0: all bits */
    double limit;     /* of this output; 0: the operation's */
    double *values;   /* of the caller */
} CaseArray;

typedef struct CaseArrays {
    CaseArray at[CASE_ARRAYS];
    gsize count;
} CaseArrays;

/* What an operation needs of these. */
typedef struct CaseSizes {
    gsize rows, width, outputs;
    gsize first, stride; /* of a class range with `outputs` classes */
    gsize heads, kv_heads, head_size;
    gsize shift; /* elements by which arrays of numbers miss the alignment of an allocation */
} CaseSizes;

typedef struct CaseOperation {
    const char *name;
    void (*arrays)(const CaseSizes *sizes, CaseArrays *arrays);
    void (*run)(void *backend, const CaseSizes *sizes, void **at);
    double real_limit, wide_limit; /* relative L2 distance of outputs from the reference */
} CaseOperation;

typedef struct CaseSide {
    const char *name;
    void *(*open)(GError **error);
    void (*close)(void *backend);
    char *(*describe)(void *backend);
    const CaseOperation *(*operations)(gsize *count);
    gboolean (*can)(void *backend, const CaseOperation *operation); /* FALSE: this device has not what it takes */
    double (*round)(CaseNumber number, double x); /* to a number that this side has */
    /* Poisons outputs before, fills their values after. FALSE: the operation wrote beside an array, or failed; *what says so. */
    gboolean (*run)(void *backend, const CaseOperation *operation, const CaseSizes *sizes, CaseArrays *arrays, char **what);
} CaseSide;

extern const CaseSide side_reference, side_device;

#endif
