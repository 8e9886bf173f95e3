/* SPDX-License-Identifier: Apache-2.0
 * dedup/minhash_backend.h - the inner loop of MinHash, one file per instruction set.
 *
 * For each i below `width`: lowest[i] = min(lowest[i], multiply[i] * (hashes[k] >> 32) + add[i]) over all k, modulo
 * 2^32. `width` is a multiple of MINHASH_LANES; the three arrays are aligned to 64 bytes.
 */
#ifndef DEDUP_MINHASH_BACKEND_H
#define DEDUP_MINHASH_BACKEND_H

#include <glib.h>

#define MINHASH_LANES 16

typedef void (*MinHashLoop)(const guint32 *multiply, const guint32 *add, gsize width, const guint64 *hashes,
                            gsize count, guint32 *lowest);

void minhash_loop_scalar(const guint32 *multiply, const guint32 *add, gsize width, const guint64 *hashes, gsize count,
                         guint32 *lowest);
#if defined(__x86_64__)
void minhash_loop_avx2(const guint32 *multiply, const guint32 *add, gsize width, const guint64 *hashes, gsize count,
                       guint32 *lowest);
void minhash_loop_avx512(const guint32 *multiply, const guint32 *add, gsize width, const guint64 *hashes, gsize count,
                         guint32 *lowest);
#endif

#endif
