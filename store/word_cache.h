/* SPDX-License-Identifier: Apache-2.0
 * store/word_cache.h - words that were encoded before, with their ids.
 *
 * Where a tokenizer treats words one by one, the words of a text are mostly ones that it has just seen. A cache is a table
 * of fixed size (about 4 MB) in which a new word takes the place of the one that is there; a thread has its own, so no
 * lock is needed. What is in it changes the speed, never the ids.
 *
 * Take a word's slot with word_cache_slot and ask word_cache_holds; where it says no, encode the word and hand the result to
 * word_cache_put, which ignores results of more than WORD_CACHE_IDS ids.
 */
#ifndef STORE_WORD_CACHE_H
#define STORE_WORD_CACHE_H

#include <glib.h>

#define WORD_CACHE_BYTES 30
#define WORD_CACHE_IDS 8

/* One line of the processor's cache. */
typedef struct CachedWord {
    guint8 length; /* 0: free */
    guint8 count;
    char text[WORD_CACHE_BYTES];
    guint32 ids[WORD_CACHE_IDS];
} CachedWord;

typedef struct WordCache WordCache;
/* The calling thread's cache for the tokenizer of this number; another tokenizer's words are dropped. */
WordCache *word_cache_of_thread(guint64 owner);

/* The word's slot; the word is in it if word_cache_holds. `length` is at least 1 and at most WORD_CACHE_BYTES. */
CachedWord *word_cache_slot(WordCache *cache, const char *word, gsize length);
gboolean word_cache_holds(const CachedWord *slot, const char *word, gsize length);
void word_cache_put(CachedWord *slot, const char *word, gsize length, const guint32 *ids, gsize count);

#endif
