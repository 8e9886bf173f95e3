/* SPDX-License-Identifier: Apache-2.0
 * N-grams of one length; see dedup/ngram_table.h. */
#include "dedup/ngram_table.h"

#include <string.h>

#define MULTIPLIER 0x9e3779b97f4a7c15u
#define FILTER_BITS 16 /* for each n-gram, before rounding up to a power of two */
#define AHEAD 32 /* anchors whose place in the filter is fetched before it is looked at */
#define MIN_FILTER_BITS 6 /* log2 of its 64-bit words */

typedef struct OwnerPair {
    guint32 text;
    guint32 ngram;
} OwnerPair;

NgramTable *ngram_table_new(unsigned size)
{
    g_return_val_if_fail(size >= 1 && size <= NGRAM_MAX_WORDS, NULL);
    NgramTable *table = g_new0(NgramTable, 1);
    table->size = size;
    table->hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
    table->places = g_array_new(FALSE, FALSE, sizeof(guint32));
    table->pairs = g_array_new(FALSE, FALSE, sizeof(OwnerPair));
    table->anchor_hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
    table->leaving = 1;
    for (unsigned i = 0; i < size; i++)
        table->leaving *= MULTIPLIER;
    table->slot_mask = 1023;
    table->slots = g_new0(guint32, table->slot_mask + 1);
    return table;
}

void ngram_table_free(NgramTable *table)
{
    if (!table)
        return;
    g_array_unref(table->hashes);
    g_array_unref(table->places);
    g_array_unref(table->pairs);
    g_array_unref(table->anchor_hashes);
    g_free(table->owner_start);
    g_free(table->owners);
    g_free(table->member_start);
    g_free(table->members);
    g_free(table->slots);
    g_free(table->filter.bits);
    g_free(table->anchors.bits);
    g_free(table);
}

static guint64 hash_of(const NgramTable *table, guint32 ngram)
{
    return g_array_index(table->hashes, guint64, ngram);
}

/* The hash's low bits take part in the filter's, so a slot is chosen by its high ones, spread once more. */
static guint32 first_slot(const NgramTable *table, guint64 hash)
{
    return (guint32)((hash * MULTIPLIER) >> 32) & table->slot_mask;
}

static void put_slot(NgramTable *table, guint32 ngram)
{
    guint32 slot = first_slot(table, hash_of(table, ngram));
    while (table->slots[slot])
        slot = (slot + 1) & table->slot_mask;
    table->slots[slot] = ngram + 1;
}

static void grow_slots(NgramTable *table)
{
    g_free(table->slots);
    table->slot_mask = 2 * table->slot_mask + 1;
    table->slots = g_new0(guint32, (gsize)table->slot_mask + 1);
    for (guint32 ngram = 0; ngram < table->count; ngram++)
        put_slot(table, ngram);
}

/* Equal words, not merely equal hashes, are one n-gram. */
static guint32 find_or_add(NgramTable *table, guint64 hash, const guint32 *words, guint32 place)
{
    for (guint32 slot = first_slot(table, hash); table->slots[slot]; slot = (slot + 1) & table->slot_mask) {
        guint32 ngram = table->slots[slot] - 1, other = g_array_index(table->places, guint32, ngram);
        if (hash_of(table, ngram) == hash && memcmp(words + other, words + place, table->size * sizeof *words) == 0)
            return ngram;
    }
    g_array_append_val(table->hashes, hash);
    g_array_append_val(table->places, place);
    if (2 * (++table->count) > table->slot_mask)
        grow_slots(table);
    else
        put_slot(table, table->count - 1);
    return table->count - 1;
}

static inline guint64 hash_words(const guint64 *hashes, gsize count)
{
    guint64 sum = 0;
    for (gsize i = 0; i < count; i++)
        sum = sum * MULTIPLIER + hashes[i];
    return sum;
}

/* Shorter n-grams have no room for anchors apart from each other. */
static gboolean has_anchors(const NgramTable *table)
{
    return table->size > NGRAM_ANCHOR;
}

void ngram_table_add(NgramTable *table, guint32 text, const guint32 *words, guint32 place, const guint64 *hashes, gsize count)
{
    guint64 sum = 0;
    for (gsize i = 0; i < count; i++) {
        sum = sum * MULTIPLIER + hashes[i];
        if (i >= table->size)
            sum -= hashes[i - table->size] * table->leaving;
        if (i + 1 < table->size)
            continue;
        if (has_anchors(table)) {
            /* Of the first window all anchors, then the one that each window brings. */
            for (gsize k = i + 1 == table->size ? NGRAM_ANCHOR - 1 : i; k <= i; k++) {
                guint64 anchor = hash_words(hashes + k + 1 - NGRAM_ANCHOR, NGRAM_ANCHOR);
                g_array_append_val(table->anchor_hashes, anchor);
            }
        }
        OwnerPair pair = {text, find_or_add(table, sum, words, place + (guint32)(i + 1 - table->size))};
        g_array_append_val(table->pairs, pair);
    }
}

static int compare_pairs(gconstpointer a, gconstpointer b)
{
    const OwnerPair *left = a, *right = b;
    if (left->text != right->text)
        return left->text < right->text ? -1 : 1;
    return (left->ngram > right->ngram) - (left->ngram < right->ngram);
}

/* Each n-gram of a text once. */
static void unite_pairs(GArray *pairs)
{
    guint kept = 0;
    g_array_sort(pairs, compare_pairs);
    for (guint i = 0; i < pairs->len; i++) {
        const OwnerPair *pair = &g_array_index(pairs, OwnerPair, i);
        if (kept == 0 || compare_pairs(pair, &g_array_index(pairs, OwnerPair, kept - 1)) != 0)
            g_array_index(pairs, OwnerPair, kept++) = *pair;
    }
    g_array_set_size(pairs, kept);
}

/* Counts become starts: starts[i] is where the next entry of i goes; afterwards it is shifted back by one place. */
static void make_starts(guint32 *starts, gsize count)
{
    guint32 sum = 0;
    for (gsize i = 0; i <= count; i++) {
        guint32 here = starts[i];
        starts[i] = sum;
        sum += here;
    }
}

static void list_owners_and_members(NgramTable *table, guint32 texts)
{
    const OwnerPair *pairs = (const OwnerPair *)(const void *)table->pairs->data;
    guint count = table->pairs->len;
    table->owner_start = g_new0(guint32, (gsize)table->count + 2);
    table->member_start = g_new0(guint32, (gsize)texts + 2);
    table->owners = g_new(guint32, count);
    table->members = g_new(guint32, count);
    for (guint i = 0; i < count; i++) {
        table->owner_start[pairs[i].ngram + 1]++;
        table->member_start[pairs[i].text + 1]++;
    }
    /* With the counts one place up, filling moves each start to its right value. */
    make_starts(table->owner_start + 1, table->count);
    make_starts(table->member_start + 1, texts);
    for (guint i = 0; i < count; i++) {
        table->owners[table->owner_start[pairs[i].ngram + 1]++] = pairs[i].text;
        table->members[table->member_start[pairs[i].text + 1]++] = pairs[i].ngram;
    }
}

static inline guint64 filter_bits(guint64 hash)
{
    return (guint64)1 << (hash & 63) | (guint64)1 << (hash >> 6 & 63) | (guint64)1 << (hash >> 12 & 63);
}

static NgramFilter make_filter(const GArray *hashes)
{
    unsigned bits = MIN_FILTER_BITS;
    while (((guint64)64 << bits) < (guint64)FILTER_BITS * hashes->len)
        bits++;
    NgramFilter filter = {g_new0(guint64, (gsize)1 << bits), 64 - bits};
    for (guint i = 0; i < hashes->len; i++) {
        guint64 hash = g_array_index(hashes, guint64, i);
        filter.bits[hash >> filter.shift] |= filter_bits(hash);
    }
    return filter;
}

static inline gboolean passes(NgramFilter filter, guint64 hash)
{
    guint64 bits = filter_bits(hash);
    return (filter.bits[hash >> filter.shift] & bits) == bits;
}

void ngram_table_finish(NgramTable *table, guint32 texts)
{
    unite_pairs(table->pairs);
    list_owners_and_members(table, texts);
    g_array_set_size(table->pairs, 0);
    table->filter = make_filter(table->hashes);
    table->anchors = make_filter(table->anchor_hashes);
    g_array_set_size(table->anchor_hashes, 0);
}

static void look_up(const NgramTable *table, guint64 hash, gsize position, GArray *hits)
{
    for (guint32 slot = first_slot(table, hash); table->slots[slot]; slot = (slot + 1) & table->slot_mask) {
        guint32 ngram = table->slots[slot] - 1;
        if (hash_of(table, ngram) == hash) {
            NgramHit hit = {(guint32)position, ngram};
            g_array_append_val(hits, hit);
        }
    }
}

/* Windows that begin at hashes[first .. last]. */
static void find_windows(const NgramTable *table, const guint64 *hashes, gsize first, gsize last, GArray *hits)
{
    gsize size = table->size;
    guint64 sum = hash_words(hashes + first, size);
    for (gsize i = first;; i++) {
        if (G_UNLIKELY(passes(table->filter, sum)))
            look_up(table, sum, i, hits);
        if (i == last)
            return;
        sum = sum * MULTIPLIER + hashes[i + size] - hashes[i] * table->leaving;
    }
}

void ngram_table_find(const NgramTable *table, const guint64 *hashes, gsize from, gsize to, GArray *hits)
{
    const NgramFilter anchors = table->anchors;
    gsize size = table->size;
    if (to < from || to - from < size || table->count == 0)
        return;
    if (!has_anchors(table)) {
        find_windows(table, hashes, from, to - size, hits);
        return;
    }
    gsize around = size - NGRAM_ANCHOR; /* windows before the anchor that hold it */
    guint64 sums[AHEAD];
    for (gsize first = from; first + NGRAM_ANCHOR <= to; first += AHEAD * (around + 1)) {
        gsize count = MIN((to - NGRAM_ANCHOR - first) / (around + 1) + 1, AHEAD);
        for (gsize i = 0; i < count; i++) {
            sums[i] = hash_words(hashes + first + i * (around + 1), NGRAM_ANCHOR);
            __builtin_prefetch(&anchors.bits[sums[i] >> anchors.shift]);
        }
        for (gsize i = 0; i < count; i++) {
            gsize anchor = first + i * (around + 1);
            if (G_UNLIKELY(passes(anchors, sums[i])))
                find_windows(table, hashes, MAX(anchor, from + around) - around, MIN(anchor, to - size), hits);
        }
    }
}
