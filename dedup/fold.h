/* SPDX-License-Identifier: Apache-2.0
 * dedup/fold.h - the inner loops over the bytes of a text, one file for each instruction set.
 *
 * Folding turns ASCII letters into lower case, leaves digits, and makes everything else a zero byte. `ascii` folds from
 * the start of `text` to its end or to the first byte above 127, whichever comes first, and returns how many bytes that
 * were. It reads nothing behind text[length - 1], and may write up to FOLD_BLOCK bytes more than it returns.
 *
 * `borders` reads `blocks` whole blocks of folded bytes and lists where a zero byte follows another byte or the other way
 * round, counted from the first block's start. `inside` says which of the two stands before that: 1 a letter or digit,
 * 0 a zero byte. It returns how many places there are; FOLD_BLOCK for each block may be written to.
 *
 * fold_backend chooses when the program runs: AVX-512 (with its instructions on bytes), AVX2, or the compiler's own
 * vectors of 16 bytes, which are SSE2 on x86-64 and NEON on 64-bit ARM. All give the same bytes.
 */
#ifndef DEDUP_FOLD_H
#define DEDUP_FOLD_H

#include <glib.h>

#define FOLD_BLOCK 64

typedef struct FoldBackend {
    const char *name; /* "avx512", "avx2" or "portable" */
    gsize (*ascii)(const guint8 *text, gsize length, guint8 *folded);
    gsize (*borders)(const guint8 *folded, gsize blocks, guint64 inside, guint32 *places);
} FoldBackend;

/* The fastest that this machine has, or the one of that name; NULL: this machine or build does not have it. */
const FoldBackend *fold_backend(void);
const FoldBackend *fold_backend_named(const char *name);
/* All names, fastest first, NULL-terminated. */
extern const char *const fold_backend_names[];

gsize fold_ascii_portable(const guint8 *text, gsize length, guint8 *folded);
gsize fold_borders_portable(const guint8 *folded, gsize blocks, guint64 inside, guint32 *places);
#if defined(__x86_64__)
gsize fold_ascii_avx2(const guint8 *text, gsize length, guint8 *folded);
gsize fold_borders_avx2(const guint8 *folded, gsize blocks, guint64 inside, guint32 *places);
gsize fold_ascii_avx512(const guint8 *text, gsize length, guint8 *folded);
gsize fold_borders_avx512(const guint8 *folded, gsize blocks, guint64 inside, guint32 *places);
#endif

#endif
