/* SPDX-License-Identifier: Apache-2.0
 * Least-recently-used shingle sets; see dedup/shingle_cache.h. */
#include "dedup/shingle_cache.h"

#include "base/error.h"
#include "dedup/jaccard.h"
#include "store/document.h"

typedef struct Entry {
    Docno docno;
    ShingleSet *set;
    GList link; /* in ShingleCache.recent */
} Entry;

struct ShingleCache {
    StoreTxn *txn;
    Shingler *shingler;
    GHashTable *entries; /* Entry by its docno */
    GQueue recent;       /* Entry; the last used is the head */
    gsize bytes, limit;
};

static void entry_free(gpointer data)
{
    Entry *entry = data;
    shingle_set_free(entry->set);
    g_free(entry);
}

ShingleCache *shingle_cache_new(StoreTxn *txn, ShingleUnit unit, unsigned size, gsize bytes)
{
    ShingleCache *cache = g_new0(ShingleCache, 1);
    cache->txn = txn;
    cache->limit = bytes;
    cache->shingler = shingler_new(unit, size);
    cache->entries = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, entry_free);
    g_queue_init(&cache->recent);
    return cache;
}

void shingle_cache_free(ShingleCache *cache)
{
    if (!cache)
        return;
    g_hash_table_unref(cache->entries);
    shingler_free(cache->shingler);
    g_free(cache);
}

static gsize entry_bytes(const Entry *entry)
{
    return sizeof *entry + sizeof *entry->set + entry->set->count * sizeof entry->set->hashes[0];
}

static Entry *entry_read(ShingleCache *cache, Docno docno, GError **error)
{
    g_autofree char *text = NULL;
    gsize length, count;
    GError *cause = NULL;
    if (!cleaned_get(cache->txn, docno, &text, &length, &cause)) {
        if (cause)
            g_propagate_prefixed_error(error, cause, "while reading the clean text of document %" G_GUINT64_FORMAT ": ",
                                       docno);
        else
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "document %" G_GUINT64_FORMAT " has a signature but no clean text; run galen audit", docno);
        return NULL;
    }
    const guint64 *hashes = shingler_run(cache->shingler, text, length, &count);
    Entry *entry = g_new0(Entry, 1);
    entry->docno = docno;
    entry->set = shingle_set_new(hashes, count);
    entry->link.data = entry;
    return entry;
}

/* The entry is valid until two more have been asked for. */
static const Entry *entry_get(ShingleCache *cache, Docno docno, GError **error)
{
    Entry *entry = g_hash_table_lookup(cache->entries, &docno);
    if (entry) {
        g_queue_unlink(&cache->recent, &entry->link);
    } else {
        entry = entry_read(cache, docno, error);
        if (!entry)
            return NULL;
        g_hash_table_insert(cache->entries, &entry->docno, entry);
        cache->bytes += entry_bytes(entry);
    }
    g_queue_push_head_link(&cache->recent, &entry->link);
    while (cache->bytes > cache->limit && cache->recent.length > 2) {
        Entry *oldest = cache->recent.tail->data;
        g_queue_unlink(&cache->recent, &oldest->link);
        cache->bytes -= entry_bytes(oldest);
        g_hash_table_remove(cache->entries, &oldest->docno);
    }
    return entry;
}

gboolean shingle_cache_jaccard(ShingleCache *cache, Docno a, Docno b, double *similarity, GError **error)
{
    const Entry *left = entry_get(cache, a, error);
    const Entry *right = left ? entry_get(cache, b, error) : NULL;
    if (!right)
        return FALSE;
    *similarity = jaccard(left->set, right->set);
    return TRUE;
}

gboolean shingle_cache_overlap(ShingleCache *cache, Docno a, Docno b, ShingleOverlap *overlap, GError **error)
{
    const Entry *left = entry_get(cache, a, error);
    const Entry *right = left ? entry_get(cache, b, error) : NULL;
    if (!right)
        return FALSE;
    *overlap = (ShingleOverlap){left->set->count, right->set->count, shingle_set_shared(left->set, right->set)};
    return TRUE;
}
