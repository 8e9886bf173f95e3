/* SPDX-License-Identifier: Apache-2.0
 * dedup/bucket.h - documents of one key.
 *
 * Sequence: key_list_add(&list, key, index) for each document; key_list_sort; then key_list_next_bucket until FALSE;
 * key_list_clear. A bucket's members are in rising order of their indices, in whatever order they were added.
 *
 * bucket_link joins the members of one bucket that `same` accepts. Equal keys only propose:
 *   - two documents end in one set only if a chain of pairs that `same` accepted joins them;
 *   - in a bucket of at most BUCKET_WINDOW documents each pair is either compared or in one set already;
 *   - in a larger bucket each document is compared with at most BUCKET_WINDOW representatives: documents that matched no
 *     representative when their turn came. Those matched last are kept, so a bucket of a million copies costs one
 *     comparison each, and one of a million strangers at most BUCKET_WINDOW each;
 *   - where no two buckets have a member in common, the result depends on the members and their order alone.
 * Near-duplicates are linked by dedup/near_link.h instead.
 */
#ifndef DEDUP_BUCKET_H
#define DEDUP_BUCKET_H

#include "base/union_find.h"
#include "dedup/radix_sort.h"

#define BUCKET_WINDOW 64

typedef struct KeyList {
    KeyIndex *items;
    gsize count;
    gsize capacity;
} KeyList;

void key_list_reserve(KeyList *list, gsize count); /* room for `count` keys in all, without a doubling on the way */
void key_list_add(KeyList *list, guint64 key, guint32 index);
void key_list_append(KeyList *list, const KeyList *other);
void key_list_sort(KeyList *list); /* by key, then index */
void key_list_clear(KeyList *list);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KeyList, key_list_clear)

typedef struct Bucket {
    const KeyIndex *members; /* at least two, all of one key; borrowed from the list */
    gsize count;
} Bucket;

/* The next bucket at or after *position, which moves behind it. Start with *position = 0. */
gboolean key_list_next_bucket(const KeyList *list, gsize *position, Bucket *bucket);

typedef gboolean (*BucketSame)(gpointer user, guint32 a, guint32 b, gboolean *same, GError **error);
gboolean bucket_link(const Bucket *bucket, UnionFind *sets, BucketSame same, gpointer user, GError **error);

#endif
