/* SPDX-License-Identifier: Apache-2.0
 * Verified linking of buckets; see dedup/near_link.h. */
#include "dedup/near_link.h"

#include <math.h>

#include "dedup/minhash.h"

/* Pairs that were compared and found different, so that they are not compared in their next common band again. A newer
 * pair takes the place of an older one: forgetting costs time only. */
#define DIFFERENT_PAIRS ((gsize)1 << 18)
#define DEVIATIONS 6

/* A pair that was found similar: the lower index in the upper half. */
typedef struct Pair {
    guint64 pair;
    double similarity;
} Pair;

struct NearLink {
    Corpus *corpus;
    UnionFind *sets;
    unsigned permutations;
    unsigned worthwhile; /* positions in which two signatures must agree before texts are read */
    unsigned alike;      /* positions in which a document agrees with its head */
    double threshold;
    guint64 *different;
    GArray *pairs; /* of Pair */
};

static guint64 pair_of(guint32 a, guint32 b)
{
    return (guint64)MIN(a, b) << 32 | MAX(a, b);
}

static int pair_compare(gconstpointer a, gconstpointer b)
{
    guint64 left = ((const Pair *)a)->pair, right = ((const Pair *)b)->pair;
    return (left > right) - (left < right);
}

NearLink *near_link_new(Corpus *corpus, UnionFind *sets)
{
    const RecipeDedup *settings = &corpus->recipe->dedup;
    NearLink *link = g_new0(NearLink, 1);
    double positions = (double)settings->permutations, share = settings->threshold;
    double least = positions * share - DEVIATIONS * sqrt(positions * share * (1 - share));
    link->corpus = corpus;
    link->sets = sets;
    link->permutations = (unsigned)settings->permutations;
    link->threshold = share;
    link->worthwhile = least > 0 ? (unsigned)least : 0;
    link->alike = (unsigned)ceil(positions * share);
    link->different = g_new0(guint64, DIFFERENT_PAIRS);
    link->pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
    return link;
}

void near_link_free(NearLink *link)
{
    if (!link)
        return;
    g_free(link->different);
    g_array_unref(link->pairs);
    g_free(link);
}

static guint64 *place_of_pair(const NearLink *link, guint64 pair)
{
    return &link->different[(pair * 0x9e3779b97f4a7c15u) >> 46];
}

G_STATIC_ASSERT(DIFFERENT_PAIRS == (gsize)1 << (64 - 46));

static gboolean compare_texts(NearLink *link, Reader *reader, guint32 a, guint32 b, GError **error)
{
    Pair found = {.pair = pair_of(a, b)};
    guint64 *place = place_of_pair(link, found.pair);
    if (__atomic_load_n(place, __ATOMIC_RELAXED) == found.pair)
        return TRUE;
    if (!reader_jaccard(reader, a, b, &found.similarity, error))
        return FALSE;
    if (found.similarity < link->threshold) {
        __atomic_store_n(place, found.pair, __ATOMIC_RELAXED);
        return TRUE;
    }
    union_find_join(link->sets, a, b);
    if (!reader->notes)
        reader->notes = g_array_new(FALSE, FALSE, sizeof(Pair));
    g_array_append_val((GArray *)reader->notes, found);
    return TRUE;
}

static gboolean signature_of(Reader *reader, guint32 index, const char **signature, GError **error)
{
    Sketch sketch;
    if (!reader_sketch(reader, index, &sketch, error))
        return FALSE;
    *signature = sketch.signature;
    return TRUE;
}

static gboolean look_at(NearLink *link, Reader *reader, guint32 a, const char *left, guint32 b, const char *right, GError **error)
{
    if (union_find_together(link->sets, a, b) || minhash_matches(left, right, link->permutations) < link->worthwhile)
        return TRUE;
    return compare_texts(link, reader, a, b, error);
}

/* Signatures are read when a pair first needs them: in most buckets two are one after one look. */
static gboolean link_small(NearLink *link, Reader *reader, const Bucket *bucket, GError **error)
{
    const char *signatures[NEAR_WINDOW] = {NULL};
    for (gsize i = 1; i < bucket->count; i++) {
        guint32 index = bucket->members[i].index;
        for (gsize j = 0; j < i; j++) {
            guint32 other = bucket->members[j].index;
            if (union_find_together(link->sets, index, other))
                continue;
            if ((!signatures[i] && !signature_of(reader, index, &signatures[i], error)) ||
                (!signatures[j] && !signature_of(reader, other, &signatures[j], error)) ||
                !look_at(link, reader, other, signatures[j], index, signatures[i], error))
                return FALSE;
        }
    }
    return TRUE;
}

typedef struct Heads {
    guint32 indices[NEAR_WINDOW];
    const char *signatures[NEAR_WINDOW];
    unsigned count;
} Heads;

static gboolean is_alike(const NearLink *link, const Heads *heads, const char *signature)
{
    for (unsigned h = 0; h < heads->count; h++) {
        if (minhash_matches(heads->signatures[h], signature, link->permutations) >= link->alike)
            return TRUE;
    }
    return FALSE;
}

static gboolean find_heads(const NearLink *link, Reader *reader, const Bucket *bucket, Heads *heads, GError **error)
{
    for (gsize i = 0; i < bucket->count && heads->count < NEAR_WINDOW; i++) {
        const char *signature;
        if (!signature_of(reader, bucket->members[i].index, &signature, error))
            return FALSE;
        if (is_alike(link, heads, signature))
            continue;
        heads->indices[heads->count] = bucket->members[i].index;
        heads->signatures[heads->count++] = signature;
    }
    return TRUE;
}

static gboolean link_large(NearLink *link, Reader *reader, const Bucket *bucket, GError **error)
{
    Heads heads = {.count = 0};
    if (!find_heads(link, reader, bucket, &heads, error))
        return FALSE;
    for (gsize i = 0; i < bucket->count; i++) {
        guint32 index = bucket->members[i].index;
        const char *signature = NULL;
        for (unsigned h = 0; h < heads.count; h++) {
            if (union_find_together(link->sets, index, heads.indices[h]))
                continue;
            if (!signature && !signature_of(reader, index, &signature, error))
                return FALSE;
            if (!look_at(link, reader, heads.indices[h], heads.signatures[h], index, signature, error))
                return FALSE;
        }
    }
    return TRUE;
}

gboolean near_link_bucket(gpointer user, Reader *reader, const Bucket *bucket, GError **error)
{
    NearLink *link = user;
    if (link->corpus->recipe->dedup.verify)
        return bucket->count <= NEAR_WINDOW ? link_small(link, reader, bucket, error) : link_large(link, reader, bucket, error);
    for (gsize i = 1; i < bucket->count; i++)
        union_find_join(link->sets, bucket->members[0].index, bucket->members[i].index);
    return TRUE;
}

void near_link_done(gpointer user, Reader *reader)
{
    NearLink *link = user;
    GArray *pairs = reader->notes;
    if (!pairs)
        return;
    g_array_append_vals(link->pairs, pairs->data, pairs->len);
    g_array_unref(pairs);
    reader->notes = NULL;
}

void near_link_sort(NearLink *link)
{
    g_array_sort(link->pairs, pair_compare);
}

gboolean near_link_similarity(const NearLink *link, guint32 a, guint32 b, double *similarity)
{
    Pair wanted = {.pair = pair_of(a, b)};
    guint place;
    if (!g_array_binary_search(link->pairs, &wanted, pair_compare, &place))
        return FALSE;
    *similarity = g_array_index(link->pairs, Pair, place).similarity;
    return TRUE;
}
