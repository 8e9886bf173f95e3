/* SPDX-License-Identifier: Apache-2.0
 * dedup/word.h - the 64-bit hash of each word of a text, in order.
 *
 * Words are those of dedup/folded_text.h. Their borders are found in 64-bit masks; each word is hashed by 128-bit
 * multiplications (the folded product of wyhash), without a branch on its length up to 16 bytes. The hash is the same on
 * every machine. It is no defence against texts made to collide.
 *
 * Sequence: h = word_hasher_new(); hashes = word_hasher_run(h, folded, &count); word_hasher_free(h).
 * The hashes are the hasher's own, may be written to, and are valid until the next run. One hasher belongs to one
 * thread; its memory grows to eight bytes for each word of its longest text, up to twice.
 */
#ifndef DEDUP_WORD_H
#define DEDUP_WORD_H

#include "dedup/folded_text.h"

typedef struct WordHasher WordHasher;

WordHasher *word_hasher_new(void);
void word_hasher_free(WordHasher *hasher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WordHasher, word_hasher_free)
guint64 *word_hasher_run(WordHasher *hasher, const FoldedText *folded, gsize *count);

#endif
