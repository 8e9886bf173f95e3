/* SPDX-License-Identifier: Apache-2.0
 * dedup/minhash.h - MinHash signatures: the share of equal positions estimates the Jaccard similarity of two sets.
 *
 * Broder, "On the resemblance and containment of documents" (1997), in the form of Dahlgaard, Knudsen and Thorup, "Fast
 * Similarity Sketching" (FOCS 2017): a position holds the smallest value that fell into it. In round 0 every element
 * falls into one position, chosen by one half of its 64-bit hash, with the other half as its value. While positions are
 * empty, another round throws all elements again by new hashes; values of an earlier round are smaller than those of
 * a later one. What is empty after MINHASH_ROUNDS rounds gets the smallest of all elements by a hash of its own.
 *
 * So every element counts, once, in any order; position i of the signature of a union is the smaller of the two sets'
 * positions i, which makes two positions equal with a probability that is the Jaccard similarity; and the variance is at
 * most that of independent permutations, J (1 - J) / permutations. tests/unit/test_minhash.c measures both. A text of
 * some hundred words costs a few operations for each shingle, and not one for each shingle and permutation.
 *
 * `signature` is room for `permutations` numbers; an empty set signs as all ones. Results depend on nothing else.
 */
#ifndef DEDUP_MINHASH_H
#define DEDUP_MINHASH_H

#include <glib.h>

#define MINHASH_MAX_PERMUTATIONS 4096
#define MINHASH_ROUNDS 15

/* 1 <= permutations <= MINHASH_MAX_PERMUTATIONS; `hashes` are 64-bit hashes all of whose bits are good. */
void minhash_sign(const guint64 *hashes, gsize count, guint32 *signature, unsigned permutations);
/* How many positions are equal. The signatures need no alignment. */
unsigned minhash_matches(const void *a, const void *b, unsigned permutations);

#endif
