/* SPDX-License-Identifier: Apache-2.0
 * store/word_cache.h - words that were encoded before, with their ids.
 *
 * Where a tokenizer treats words one by one, the words of a text are mostly ones that it has just seen. A cache is a table
 * of fixed size (about 4 MB) with two places for a word, of which a new word takes the older one's; a thread has its own,
 * so no lock is needed. What is in it changes the speed, never the ids.
 *
 * Words are handed to a WordBatch in the order of the text; it looks a few of them up together, so that they wait for memory
 * side by side, and calls `encode` for those that the cache does not hold. The words' bytes must stay until word_batch_flush.
 */
#ifndef STORE_WORD_CACHE_H
#define STORE_WORD_CACHE_H

#include <glib.h>

typedef struct WordCache WordCache;
typedef struct CachedWord CachedWord;

/* A number that no other tokenizer of this process has. */
guint64 word_cache_owner(void);
/* The calling thread's cache for the tokenizer of this number; another tokenizer's words are dropped. */
WordCache *word_cache_of_thread(guint64 owner);

#define WORD_BATCH 16

typedef struct WordBatch {
    WordCache *cache;
    GArray *ids; /* of guint32 */
    void (*encode)(gpointer user, const char *word, gsize length); /* appends the ids of a word to `ids` */
    gpointer user;
    guint count;
    struct {
        const char *word;
        gsize length;
        CachedWord *slot; /* NULL: too long for the cache */
    } pending[WORD_BATCH];
} WordBatch;

void word_batch_add(WordBatch *batch, const char *word, gsize length);
void word_batch_flush(WordBatch *batch);

#endif
