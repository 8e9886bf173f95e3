/* SPDX-License-Identifier: Apache-2.0
 * Documents that share an identifier; see dedup/rules.h. */
#include "dedup/ranks.h"
#include "dedup/rules.h"

typedef struct IdRun {
    UnionFind *sets;
    KeyList keys;
    GMutex lock; /* of the keys */
    Reader *reader; /* of the bucket under way */
} IdRun;

static gboolean add_keys(gpointer user, guint32 index, const Sketch *sketch, GError **error)
{
    IdRun *run = user;
    if (sketch->identifier_count == 0)
        return TRUE;
    g_mutex_lock(&run->lock);
    for (unsigned i = 0; i < sketch->identifier_count; i++)
        key_list_add(&run->keys, sketch->identifiers[i].hash.high, index);
    g_mutex_unlock(&run->lock);
    return TRUE;
}

static gboolean same(gpointer user, guint32 a, guint32 b, gboolean *answer, GError **error)
{
    const IdRun *run = user;
    Sketch left, right;
    if (!reader_sketch(run->reader, a, &left, error) || !reader_sketch(run->reader, b, &right, error))
        return FALSE;
    *answer = sketch_shares_identifier(&left, &right);
    return TRUE;
}

static gboolean link_bucket(gpointer user, Reader *reader, const Bucket *bucket, GError **error)
{
    const IdRun *shared = user;
    IdRun run = {.sets = shared->sets, .reader = reader};
    return bucket_link(bucket, run.sets, same, &run, error);
}

gboolean rule_same_id(Corpus *corpus, GError **error)
{
    g_autoptr(UnionFind) sets = union_find_new(corpus->count);
    IdRun run = {.sets = sets};
    g_mutex_init(&run.lock);
    gboolean good = corpus_scan(corpus, add_keys, &run, error) && ranks_exchange(corpus, &run.keys, error);
    if (good)
        key_list_sort(&run.keys);
    good = good && corpus_buckets(corpus, &run.keys, link_bucket, NULL, &run, error) &&
           ranks_unite(corpus, sets, NULL, error) && corpus_merge(corpus, sets, RULE_SAME_ID, NULL, NULL, error);
    key_list_clear(&run.keys);
    g_mutex_clear(&run.lock);
    return good;
}
