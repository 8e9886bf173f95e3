/* SPDX-License-Identifier: Apache-2.0
 * Documents of one work by their titles or their addresses; see dedup/rules.h. */
#include "dedup/ranks.h"
#include "dedup/rules.h"

#define NOBODY G_MAXUINT32

/* What makes two documents possibly one work. */
typedef struct Sign {
    DedupRule rule;
    Hash128 (*hash_of)(const Sketch *sketch);
    gboolean (*counts)(const Corpus *corpus, guint32 index, const Sketch *sketch);
} Sign;

typedef struct WorkRun {
    const Sign *sign;
    Corpus *corpus;
    UnionFind *sets;
    Reader *reader; /* of the bucket under way */
} WorkRun;

static Hash128 title_of(const Sketch *sketch)
{
    return sketch->title;
}

/* Different replay documents share titles like "README". */
static gboolean title_counts(const Corpus *corpus, guint32 index, const Sketch *sketch)
{
    return sketch->title_length >= corpus->recipe->dedup.min_title && sketch->title_length > 0 &&
           !preference_replay(corpus->candidates[index].rank);
}

static Hash128 url_of(const Sketch *sketch)
{
    return sketch->url;
}

static gboolean url_counts(const Corpus *corpus, guint32 index, const Sketch *sketch)
{
    return !hash128_is_zero(sketch->url);
}

static const Sign by_title = {RULE_TITLE, title_of, title_counts}, by_url = {RULE_URL, url_of, url_counts};

static gboolean key_of(gpointer user, guint32 index, const Sketch *sketch, guint64 *key)
{
    const WorkRun *run = user;
    *key = run->sign->hash_of(sketch).high;
    return run->sign->counts(run->corpus, index, sketch);
}

static gboolean equal_signs(const WorkRun *run, guint32 a, guint32 b, gboolean *answer, GError **error)
{
    Sketch left, right;
    if (!reader_sketch(run->reader, a, &left, error) || !reader_sketch(run->reader, b, &right, error))
        return FALSE;
    *answer = hash128_equal(run->sign->hash_of(&left), run->sign->hash_of(&right));
    return TRUE;
}

static gboolean same_work(gpointer user, guint32 a, guint32 b, gboolean *answer, GError **error)
{
    const WorkRun *run = user;
    double similarity;
    if (!equal_signs(run, a, b, answer, error))
        return FALSE;
    if (!*answer)
        return TRUE;
    if (!reader_jaccard(run->reader, a, b, &similarity, error))
        return FALSE;
    *answer = similarity >= SAME_WORK_SIMILARITY;
    return TRUE;
}

/* One member of the only set that has members of `kind`, leaving out the set of `besides`; NOBODY when there is no such
 * set or more than one. */
static guint32 only_set(const WorkRun *run, const Bucket *bucket, DocumentKind kind, guint32 besides)
{
    guint32 found = NOBODY;
    for (gsize i = 0; i < bucket->count; i++) {
        guint32 index = bucket->members[i].index;
        if (preference_kind(run->corpus->candidates[index].rank) != kind)
            continue;
        if (besides != NOBODY && union_find_together(run->sets, index, besides))
            continue;
        if (found != NOBODY && !union_find_together(run->sets, index, found))
            return NOBODY;
        found = found == NOBODY ? index : found;
    }
    return found;
}

static gboolean join_abstract_and_article(const WorkRun *run, const Bucket *bucket, GError **error)
{
    guint32 article = only_set(run, bucket, KIND_ARTICLE, NOBODY);
    guint32 abstract = article == NOBODY ? NOBODY : only_set(run, bucket, KIND_ABSTRACT, article);
    if (abstract == NOBODY)
        return TRUE;
    Sketch left, right;
    if (!reader_sketch(run->reader, article, &left, error) || !reader_sketch(run->reader, abstract, &right, error))
        return FALSE;
    if (hash128_equal(run->sign->hash_of(&left), run->sign->hash_of(&right)) && !sketch_identifiers_differ(&left, &right))
        union_find_join(run->sets, article, abstract);
    return TRUE;
}

/* A document has one title and one address: no two buckets have a member in common. */
static gboolean link_bucket(gpointer user, Reader *reader, const Bucket *bucket, GError **error)
{
    WorkRun run = *(const WorkRun *)user;
    run.reader = reader;
    return bucket_link(bucket, run.sets, same_work, &run, error) && join_abstract_and_article(&run, bucket, error);
}

static gboolean measure(gpointer user, Reader *reader, Merge *merge, GError **error)
{
    const Candidate *candidates = reader->corpus->candidates;
    DocumentKind loser = preference_kind(candidates[merge->loser].rank);
    DocumentKind winner = preference_kind(candidates[merge->winner].rank);
    if (loser == KIND_ABSTRACT && winner == KIND_ARTICLE)
        return TRUE;
    merge->threshold = SAME_WORK_SIMILARITY;
    return reader_jaccard(reader, merge->loser, merge->winner, &merge->value, error);
}

static gboolean link_works(Corpus *corpus, const Sign *sign, GError **error)
{
    g_auto(KeyList) keys = {0};
    g_autoptr(UnionFind) sets = union_find_new(corpus->count);
    WorkRun run = {.sign = sign, .corpus = corpus, .sets = sets};
    return corpus_keys(corpus, key_of, &run, &keys, error) && corpus_buckets(corpus, &keys, link_bucket, NULL, &run, error) &&
           ranks_unite(corpus, sets, NULL, error) && corpus_merge(corpus, sets, sign->rule, measure, NULL, error);
}

gboolean rule_same_title(Corpus *corpus, GError **error)
{
    return link_works(corpus, &by_title, error);
}

gboolean rule_same_url(Corpus *corpus, GError **error)
{
    return link_works(corpus, &by_url, error);
}
