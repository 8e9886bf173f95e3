/* SPDX-License-Identifier: Apache-2.0
 * A table of a thread; see store/word_cache.h. */
#include "store/word_cache.h"

#include <stdatomic.h>
#include <string.h>

#include "store/short_bytes.h"

#define SLOTS 65536
#define WORD_BYTES 30
#define WORD_IDS 8

/* One line of the processor's cache. */
struct CachedWord {
    guint8 length; /* 0: free */
    guint8 count;
    char text[WORD_BYTES];
    guint32 ids[WORD_IDS];
};

struct WordCache {
    guint64 owner;
    CachedWord slots[SLOTS];
};

static GPrivate thread_cache = G_PRIVATE_INIT(g_free);

guint64 word_cache_owner(void)
{
    static atomic_uint_fast64_t owners;
    return atomic_fetch_add(&owners, 1) + 1;
}

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

static gboolean slot_holds(const CachedWord *slot, const char *word, gsize length)
{
    return slot->length == length && short_bytes_equal(slot->text, word, length);
}

static const CachedWord *slot_find(const CachedWord *slot, const char *word, gsize length)
{
    return slot_holds(slot, word, length) ? slot : slot_holds(slot + 1, word, length) ? slot + 1 : NULL;
}

/* The word last seen stands first of the two; the one that stood there takes the second place. */
static void slot_put(CachedWord *slot, const char *word, gsize length, const guint32 *ids, gsize count)
{
    if (count > WORD_IDS)
        return;
    slot[1] = slot[0];
    slot->length = (guint8)length;
    slot->count = (guint8)count;
    memcpy(slot->text, word, length);
    memcpy(slot->ids, ids, count * sizeof *ids);
}

void word_batch_add(WordBatch *batch, const char *word, gsize length)
{
    CachedWord *slot = NULL;
    if (length <= WORD_BYTES) {
        slot = &batch->cache->slots[2 * (short_bytes_hash(word, length) % (SLOTS / 2))];
        __builtin_prefetch(slot);
    }
    batch->pending[batch->count].word = word;
    batch->pending[batch->count].length = length;
    batch->pending[batch->count].slot = slot;
    if (++batch->count == WORD_BATCH)
        word_batch_flush(batch);
}

/* Room for the ids of all words that are still pending, if the cache has them; the array's length says where they end. */
static guint32 *room_for(GArray *ids, guint used, guint words)
{
    g_array_set_size(ids, used + words * WORD_IDS);
    return &g_array_index(ids, guint32, used);
}

void word_batch_flush(WordBatch *batch)
{
    GArray *ids = batch->ids;
    guint used = ids->len;
    guint32 *out = room_for(ids, used, batch->count);
    for (guint i = 0; i < batch->count; i++) {
        const char *word = batch->pending[i].word;
        gsize length = batch->pending[i].length;
        CachedWord *slot = batch->pending[i].slot;
        const CachedWord *held = slot ? slot_find(slot, word, length) : NULL;
        if (held) {
            memcpy(out, held->ids, sizeof held->ids);
            out += held->count;
            used += held->count;
            continue;
        }
        g_array_set_size(ids, used);
        batch->encode(batch->user, word, length);
        if (slot)
            slot_put(slot, word, length, &g_array_index(ids, guint32, used), ids->len - used);
        used = ids->len;
        out = room_for(ids, used, batch->count - i);
    }
    g_array_set_size(ids, used);
    batch->count = 0;
}
