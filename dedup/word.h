/* SPDX-License-Identifier: Apache-2.0
 * dedup/word.h - the 64-bit hash of each word of a text, in order.
 *
 * A word is a longest run of letters, digits and combining marks (Unicode general categories L, N, M), lower-cased by
 * Unicode's simple mapping. Bytes that are no UTF-8 separate words.
 *
 * Two passes that are short for ASCII: the first copies the text, 16 bytes at a time, with letters in lower case and
 * every separator turned into a zero byte (characters outside ASCII go through ICU); the second finds the borders
 * of words in 64-bit masks and hashes each word by 128-bit multiplications (the folded product of wyhash), without
 * a branch on its length up to 16 bytes. The hash is the same on every machine. It is no defence against texts made to
 * collide.
 *
 * Sequence: h = word_hasher_new(); hashes = word_hasher_run(h, text, n, &count); word_hasher_free(h).
 * The hashes are the hasher's own, may be written to, and are valid until the next run. One hasher belongs to one
 * thread; its memory grows to two bytes for each byte of its longest text and, up to twice, eight for each word.
 */
#ifndef DEDUP_WORD_H
#define DEDUP_WORD_H

#include <glib.h>

typedef struct WordHasher WordHasher;

WordHasher *word_hasher_new(void);
void word_hasher_free(WordHasher *hasher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WordHasher, word_hasher_free)
guint64 *word_hasher_run(WordHasher *hasher, const char *text, gsize length, gsize *count);

#endif
