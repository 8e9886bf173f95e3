/* SPDX-License-Identifier: Apache-2.0
 * Documents of one work by their titles; see dedup/rules.h. */
#include "dedup/bucket.h"
#include "dedup/rules.h"

#define NOBODY G_MAXUINT32

typedef struct TitleKeys {
    const Corpus *corpus;
    KeyList list;
} TitleKeys;

static gboolean add_key(gpointer user, guint32 index, const Sketch *sketch, GError **error)
{
    TitleKeys *keys = user;
    if (sketch->title_length >= keys->corpus->recipe->dedup.min_title && sketch->title_length > 0 &&
        !preference_replay(keys->corpus->candidates[index].rank))
        key_list_add(&keys->list, sketch->title.high, index);
    return TRUE;
}

static gboolean same_title(Corpus *corpus, guint32 a, guint32 b, gboolean *answer, GError **error)
{
    Sketch left, right;
    if (!corpus_sketch(corpus, a, &left, error) || !corpus_sketch(corpus, b, &right, error))
        return FALSE;
    *answer = hash128_equal(left.title, right.title);
    return TRUE;
}

static gboolean same_work(gpointer user, guint32 a, guint32 b, gboolean *answer, GError **error)
{
    double similarity;
    if (!same_title(user, a, b, answer, error))
        return FALSE;
    if (!*answer)
        return TRUE;
    if (!corpus_jaccard(user, a, b, &similarity, error))
        return FALSE;
    *answer = similarity >= SAME_TITLE_SIMILARITY;
    return TRUE;
}

/* One member of the only set that has members of `kind`, leaving out the set of `besides`; NOBODY when there is no such
 * set or more than one. */
static guint32 only_set(const Corpus *corpus, const Bucket *bucket, UnionFind *sets, DocumentKind kind, guint32 besides)
{
    guint32 found = NOBODY;
    for (gsize i = 0; i < bucket->count; i++) {
        guint32 index = bucket->members[i].index;
        if (preference_kind(corpus->candidates[index].rank) != kind)
            continue;
        guint32 root = union_find_root(sets, index);
        if (besides != NOBODY && root == union_find_root(sets, besides))
            continue;
        if (found != NOBODY && root != union_find_root(sets, found))
            return NOBODY;
        found = found == NOBODY ? index : found;
    }
    return found;
}

static gboolean join_abstract_and_article(Corpus *corpus, const Bucket *bucket, UnionFind *sets, GError **error)
{
    guint32 article = only_set(corpus, bucket, sets, KIND_ARTICLE, NOBODY);
    guint32 abstract = article == NOBODY ? NOBODY : only_set(corpus, bucket, sets, KIND_ABSTRACT, article);
    if (abstract == NOBODY)
        return TRUE;
    Sketch left, right;
    if (!corpus_sketch(corpus, article, &left, error) || !corpus_sketch(corpus, abstract, &right, error))
        return FALSE;
    if (hash128_equal(left.title, right.title) && !sketch_identifiers_differ(&left, &right))
        union_find_join(sets, article, abstract);
    return TRUE;
}

static gboolean measure(Corpus *corpus, gpointer user, Merge *merge, GError **error)
{
    DocumentKind loser = preference_kind(corpus->candidates[merge->loser].rank);
    DocumentKind winner = preference_kind(corpus->candidates[merge->winner].rank);
    if (loser == KIND_ABSTRACT && winner == KIND_ARTICLE)
        return TRUE;
    merge->threshold = SAME_TITLE_SIMILARITY;
    return corpus_jaccard(corpus, merge->loser, merge->winner, &merge->value, error);
}

gboolean rule_same_title(Corpus *corpus, GError **error)
{
    TitleKeys keys = {.corpus = corpus};
    g_autoptr(UnionFind) sets = union_find_new(corpus->count);
    gboolean good = corpus_scan(corpus, add_key, &keys, error);
    if (good)
        key_list_sort(&keys.list);
    Bucket bucket;
    for (gsize position = 0; good && key_list_next_bucket(&keys.list, &position, &bucket);)
        good = bucket_link(&bucket, sets, same_work, corpus, error) &&
               join_abstract_and_article(corpus, &bucket, sets, error);
    key_list_clear(&keys.list);
    return good && corpus_merge(corpus, sets, RULE_TITLE, measure, NULL, error);
}
