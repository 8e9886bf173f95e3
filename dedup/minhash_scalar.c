/* SPDX-License-Identifier: Apache-2.0
 * MinHash in plain C: the definition that the SIMD files must equal; see dedup/minhash_backend.h. */
#include "dedup/minhash_backend.h"

void minhash_loop_scalar(const guint32 *multiply, const guint32 *add, gsize width, const guint64 *hashes, gsize count,
                         guint32 *lowest)
{
    for (gsize k = 0; k < count; k++) {
        guint32 hash = (guint32)(hashes[k] >> 32);
        for (gsize i = 0; i < width; i++) {
            guint32 value = multiply[i] * hash + add[i];
            lowest[i] = value < lowest[i] ? value : lowest[i];
        }
    }
}
