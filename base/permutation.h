/* SPDX-License-Identifier: Apache-2.0
 * base/permutation.h - a seeded shuffle of 0 .. size-1 that needs no memory.
 *
 * A four-round Feistel network over the smallest even number of bits that holds `size`, walked in cycles until the
 * value falls inside (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002). permutation_at is a bijection
 * of [0, size) for every seed, and the same on every machine.
 */
#ifndef BASE_PERMUTATION_H
#define BASE_PERMUTATION_H

#include <glib.h>

typedef struct Permutation {
    guint64 size;
    guint64 seed;
    unsigned half_bits;
} Permutation;

void permutation_init(Permutation *permutation, guint64 size, guint64 seed);
guint64 permutation_at(const Permutation *permutation, guint64 index);
guint64 permutation_find(const Permutation *permutation, guint64 value); /* the index at which `value` stands */

#endif
