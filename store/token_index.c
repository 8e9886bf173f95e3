/* SPDX-License-Identifier: Apache-2.0
 * A flat hash table of tokens; see store/token_index.h. */
#include "store/token_index.h"

#include "store/short_bytes.h"

typedef struct Slot {
    const char *bytes; /* NULL: free */
    guint32 length;
    guint32 hash; /* its upper half */
    guint32 id;
} Slot;

struct TokenIndex {
    gsize mask;
    Slot slots[];
};

TokenIndex *token_index_new(gsize tokens)
{
    gsize size = 64;
    while (size < 2 * tokens)
        size *= 2;
    TokenIndex *index = g_malloc0(sizeof *index + size * sizeof(Slot));
    index->mask = size - 1;
    return index;
}

void token_index_free(TokenIndex *index)
{
    g_free(index);
}

/* The place of the token with these bytes, or the free place where it belongs. */
static inline gsize place_of(const TokenIndex *index, const char *bytes, gsize length, guint64 hash)
{
    gsize at = hash & index->mask;
    for (; index->slots[at].bytes; at = (at + 1) & index->mask) {
        const Slot *slot = &index->slots[at];
        if (slot->hash == (guint32)(hash >> 32) && slot->length == length && memcmp(slot->bytes, bytes, length) == 0)
            break;
    }
    return at;
}

void token_index_add(TokenIndex *index, const char *bytes, gsize length, guint32 id)
{
    guint64 hash = short_bytes_hash(bytes, length);
    index->slots[place_of(index, bytes, length, hash)] = (Slot){bytes, (guint32)length, (guint32)(hash >> 32), id};
}

guint32 token_index_find(const TokenIndex *index, const char *bytes, gsize length)
{
    const Slot *slot = &index->slots[place_of(index, bytes, length, short_bytes_hash(bytes, length))];
    return slot->bytes ? slot->id : TOKEN_INDEX_NONE;
}
