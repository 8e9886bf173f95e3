/* SPDX-License-Identifier: Apache-2.0
 * A table of a thread; see store/word_cache.h. */
#include "store/word_cache.h"

#include <string.h>

#include "base/hash.h"

#define SLOTS 65536

struct WordCache {
    guint64 owner;
    CachedWord slots[SLOTS];
};

static GPrivate thread_cache = G_PRIVATE_INIT(g_free);

WordCache *word_cache_of_thread(guint64 owner)
{
    WordCache *cache = g_private_get(&thread_cache);
    if (cache && cache->owner == owner)
        return cache;
    cache = g_new0(WordCache, 1);
    cache->owner = owner;
    g_private_replace(&thread_cache, cache);
    return cache;
}

CachedWord *word_cache_slot(WordCache *cache, const char *word, gsize length)
{
    return &cache->slots[hash64(word, length, 0) % SLOTS];
}

gboolean word_cache_holds(const CachedWord *slot, const char *word, gsize length)
{
    return slot->length == length && memcmp(slot->text, word, length) == 0;
}

void word_cache_put(CachedWord *slot, const char *word, gsize length, const guint32 *ids, gsize count)
{
    if (count > WORD_CACHE_IDS)
        return;
    slot->length = (guint8)length;
    slot->count = (guint8)count;
    memcpy(slot->text, word, length);
    memcpy(slot->ids, ids, count * sizeof *ids);
}
