/* SPDX-License-Identifier: Apache-2.0
 * Buckets of equal keys and their verification; see dedup/bucket.h. */
#include "dedup/bucket.h"

#include <stdlib.h>
#include <string.h>

void key_list_reserve(KeyList *list, gsize count)
{
    if (count <= list->capacity)
        return;
    list->capacity = count;
    list->items = g_renew(KeyIndex, list->items, count);
}

void key_list_add(KeyList *list, guint64 key, guint32 index)
{
    if (list->count == list->capacity)
        key_list_reserve(list, MAX(1024, 2 * list->capacity));
    list->items[list->count++] = (KeyIndex){.key = key, .index = index};
}

void key_list_append(KeyList *list, const KeyList *other)
{
    if (other->count == 0)
        return;
    if (list->count + other->count > list->capacity)
        key_list_reserve(list, MAX(list->count + other->count, 2 * list->capacity));
    memcpy(list->items + list->count, other->items, other->count * sizeof other->items[0]);
    list->count += other->count;
}

static int compare_indices(const void *a, const void *b)
{
    guint32 left = ((const KeyIndex *)a)->index, right = ((const KeyIndex *)b)->index;
    return (left > right) - (left < right);
}

/* The radix sort is stable, so what was added in rising order is in order now; the rest is put in order here. */
static void sort_indices(KeyIndex *items, gsize count)
{
    for (gsize i = 1; i < count; i++) {
        if (items[i - 1].index > items[i].index) {
            qsort(items, count, sizeof items[0], compare_indices);
            return;
        }
    }
}

void key_list_sort(KeyList *list)
{
    g_autofree KeyIndex *scratch = g_new(KeyIndex, list->count);
    radix_sort_keys(list->items, scratch, list->count);
    Bucket bucket;
    for (gsize position = 0; key_list_next_bucket(list, &position, &bucket);)
        sort_indices(list->items + (bucket.members - list->items), bucket.count);
}

void key_list_clear(KeyList *list)
{
    g_free(list->items);
    *list = (KeyList){0};
}

gboolean key_list_next_bucket(const KeyList *list, gsize *position, Bucket *bucket)
{
    gsize first = *position;
    while (first < list->count) {
        gsize end = first + 1;
        while (end < list->count && list->items[end].key == list->items[first].key)
            end++;
        if (end - first >= 2) {
            *bucket = (Bucket){.members = list->items + first, .count = end - first};
            *position = end;
            return TRUE;
        }
        first = end;
    }
    *position = first;
    return FALSE;
}

/* What later members are compared with, the one matched last at the front. */
typedef struct Window {
    guint32 indices[BUCKET_WINDOW];
    unsigned count;
} Window;

static void window_move_to_front(Window *window, unsigned place)
{
    guint32 index = window->indices[place];
    memmove(window->indices + 1, window->indices, place * sizeof index);
    window->indices[0] = index;
}

/* A full window loses its last entry. */
static void window_add(Window *window, guint32 index)
{
    unsigned kept = MIN(window->count, BUCKET_WINDOW - 1);
    memmove(window->indices + 1, window->indices, kept * sizeof index);
    window->indices[0] = index;
    window->count = kept + 1;
}

/* Compares one member with all of the window that is not in its set. */
static gboolean window_match(Window *window, guint32 index, UnionFind *sets, BucketSame same, gpointer user,
                             gboolean *matched, GError **error)
{
    *matched = FALSE;
    for (unsigned place = 0; place < window->count; place++) {
        gboolean is_same = union_find_root(sets, index) == union_find_root(sets, window->indices[place]);
        if (!is_same && !same(user, window->indices[place], index, &is_same, error))
            return FALSE;
        if (!is_same)
            continue;
        union_find_join(sets, window->indices[place], index);
        if (!*matched)
            window_move_to_front(window, place);
        *matched = TRUE;
    }
    return TRUE;
}

gboolean bucket_link(const Bucket *bucket, UnionFind *sets, BucketSame same, gpointer user, GError **error)
{
    Window window = {.count = 0};
    gboolean small = bucket->count <= BUCKET_WINDOW;
    for (gsize i = 0; i < bucket->count; i++) {
        gboolean matched;
        if (!window_match(&window, bucket->members[i].index, sets, same, user, &matched, error))
            return FALSE;
        if (small || !matched)
            window_add(&window, bucket->members[i].index);
    }
    return TRUE;
}
