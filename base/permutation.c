/* SPDX-License-Identifier: Apache-2.0
 * A shuffle without memory; see base/permutation.h. */
#include "base/permutation.h"

#include "base/hash.h"

#define ROUNDS 4

void permutation_init(Permutation *permutation, guint64 size, guint64 seed)
{
    unsigned bits = size > 1 ? 64 - (unsigned)__builtin_clzll(size - 1) : 1;
    *permutation = (Permutation){.size = size, .seed = seed, .half_bits = (bits + 1) / 2};
}

static guint64 feistel(const Permutation *permutation, guint64 value)
{
    guint64 mask = ((guint64)1 << permutation->half_bits) - 1;
    guint64 left = value >> permutation->half_bits;
    guint64 right = value & mask;
    for (guint64 round = 0; round < ROUNDS; round++) {
        guint64 words[2] = {round, right};
        guint64 next = left ^ (hash64(words, sizeof words, permutation->seed) & mask);
        left = right;
        right = next;
    }
    return left << permutation->half_bits | right;
}

guint64 permutation_at(const Permutation *permutation, guint64 index)
{
    do
        index = feistel(permutation, index);
    while (index >= permutation->size);
    return index;
}

/* The network run backwards. */
static guint64 feistel_back(const Permutation *permutation, guint64 value)
{
    guint64 mask = ((guint64)1 << permutation->half_bits) - 1;
    guint64 left = value >> permutation->half_bits;
    guint64 right = value & mask;
    for (guint64 round = ROUNDS; round-- > 0;) {
        guint64 words[2] = {round, left};
        guint64 before = right ^ (hash64(words, sizeof words, permutation->seed) & mask);
        right = left;
        left = before;
    }
    return left << permutation->half_bits | right;
}

guint64 permutation_find(const Permutation *permutation, guint64 value)
{
    do
        value = feistel_back(permutation, value);
    while (value >= permutation->size);
    return value;
}
