/* SPDX-License-Identifier: Apache-2.0
 * Documents of one text, and documents of the same words; see dedup/rules.h. */
#include "dedup/ranks.h"
#include "dedup/rules.h"

typedef Hash128 (*HashOf)(const Sketch *sketch);

typedef struct Equal {
    HashOf hash_of;
    UnionFind *sets;
    Reader *reader; /* of the bucket under way */
} Equal;

static Hash128 text_of(const Sketch *sketch)
{
    return sketch->exact;
}

static Hash128 words_of(const Sketch *sketch)
{
    return sketch->words;
}

static gboolean key_of(gpointer user, guint32 index, const Sketch *sketch, guint64 *key)
{
    Hash128 hash = ((const Equal *)user)->hash_of(sketch);
    *key = hash.high;
    return !hash128_is_zero(hash);
}

static gboolean same(gpointer user, guint32 a, guint32 b, gboolean *answer, GError **error)
{
    const Equal *equal = user;
    Sketch left, right;
    if (!reader_sketch(equal->reader, a, &left, error) || !reader_sketch(equal->reader, b, &right, error))
        return FALSE;
    *answer = hash128_equal(equal->hash_of(&left), equal->hash_of(&right));
    return TRUE;
}

static gboolean link_bucket(gpointer user, Reader *reader, const Bucket *bucket, GError **error)
{
    Equal equal = *(const Equal *)user;
    equal.reader = reader;
    return bucket_link(bucket, equal.sets, same, &equal, error);
}

static gboolean link_equal(Corpus *corpus, HashOf hash_of, DedupRule rule, CorpusMeasure measure, GError **error)
{
    g_auto(KeyList) keys = {0};
    g_autoptr(UnionFind) sets = union_find_new(corpus->count);
    Equal equal = {.hash_of = hash_of, .sets = sets};
    return corpus_keys(corpus, key_of, &equal, &keys, error) && corpus_buckets(corpus, &keys, link_bucket, NULL, &equal, error) &&
           ranks_unite(corpus, sets, NULL, error) && corpus_merge(corpus, sets, rule, measure, NULL, error);
}

/* Texts of the same words in the same order have the same shingles. */
static gboolean measure_words(gpointer user, Reader *reader, Merge *merge, GError **error)
{
    merge->value = 1;
    merge->threshold = reader->corpus->recipe->dedup.threshold;
    return TRUE;
}

gboolean rule_exact(Corpus *corpus, GError **error)
{
    return link_equal(corpus, text_of, RULE_EXACT, NULL, error);
}

gboolean rule_same_words(Corpus *corpus, GError **error)
{
    return link_equal(corpus, words_of, RULE_WORDS, measure_words, error);
}
