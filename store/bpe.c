/* SPDX-License-Identifier: Apache-2.0
 * The table of merges, and two ways to apply it; see store/bpe.h. */
#include "store/bpe.h"

#include <string.h>

#define SHORT_ROW 48 /* symbols up to which a search over the row beats a heap */
#define NO_RANK G_MAXUINT32

/* ---- The table: open addressing, at most half full -------------------------------------------------------------- */

typedef struct BpePair {
    guint64 key; /* left << 32 | right; NO_KEY: free */
    guint32 merged;
    guint32 rank;
} BpePair;

#define NO_KEY G_MAXUINT64

/* Most pairs that are looked up have no merge, and the table is larger than the processor's near caches. The filter is
 * not: a bit for each of a few hashes that a pair may have, clear where no merge has it. */
struct BpeTable {
    BpePair *pairs;
    gsize mask;
    gsize count;
    guint64 *filter;
};

#define FILTER_BITS 4 /* for each place of the table */

static const BpePair no_pair = {NO_KEY, BPE_NO_SYMBOL, NO_RANK};

static BpePair *pairs_new(gsize size)
{
    BpePair *pairs = g_new(BpePair, size);
    for (gsize i = 0; i < size; i++)
        pairs[i] = (BpePair){NO_KEY, BPE_NO_SYMBOL, NO_RANK};
    return pairs;
}

BpeTable *bpe_table_new(gsize expected)
{
    BpeTable *table = g_new0(BpeTable, 1);
    gsize size = 64;
    while (size < 2 * expected)
        size *= 2;
    table->pairs = pairs_new(size);
    table->filter = g_new0(guint64, size * FILTER_BITS / 64);
    table->mask = size - 1;
    return table;
}

void bpe_table_free(BpeTable *table)
{
    if (!table)
        return;
    g_free(table->pairs);
    g_free(table->filter);
    g_free(table);
}

static inline guint64 pair_key(guint32 left, guint32 right)
{
    return (guint64)left << 32 | right;
}

static inline guint64 key_hash(guint64 key)
{
    key *= 0x9e3779b97f4a7c15u;
    return key ^ key >> 32;
}

static inline guint64 filter_bit(guint64 hash, gsize mask, gsize *word)
{
    gsize bit = (gsize)(hash >> 6) & ((mask + 1) * FILTER_BITS - 1);
    *word = bit / 64;
    return (guint64)1 << bit % 64;
}

static void filter_add(BpeTable *table, guint64 key)
{
    gsize word;
    guint64 bit = filter_bit(key_hash(key), table->mask, &word);
    table->filter[word] |= bit;
}

/* The place of the key, or the free place where it belongs. */
static inline BpePair *pair_slot(BpePair *pairs, gsize mask, guint64 key)
{
    gsize at = (gsize)key_hash(key) & mask;
    while (pairs[at].key != key && pairs[at].key != NO_KEY)
        at = (at + 1) & mask;
    return &pairs[at];
}

static void table_grow(BpeTable *table)
{
    gsize size = 2 * (table->mask + 1);
    BpePair *pairs = pairs_new(size);
    for (gsize i = 0; i <= table->mask; i++)
        if (table->pairs[i].key != NO_KEY)
            *pair_slot(pairs, size - 1, table->pairs[i].key) = table->pairs[i];
    g_free(table->pairs);
    g_free(table->filter);
    table->pairs = pairs;
    table->mask = size - 1;
    table->filter = g_new0(guint64, size * FILTER_BITS / 64);
    for (gsize i = 0; i < size; i++)
        if (pairs[i].key != NO_KEY)
            filter_add(table, pairs[i].key);
}

void bpe_table_add(BpeTable *table, guint32 left, guint32 right, guint32 merged, guint32 rank)
{
    guint64 key = pair_key(left, right);
    BpePair *pair = pair_slot(table->pairs, table->mask, key);
    if (pair->key == key) {
        if (rank < pair->rank)
            *pair = (BpePair){key, merged, rank};
        return;
    }
    *pair = (BpePair){key, merged, rank};
    filter_add(table, key);
    if (++table->count > table->mask / 2)
        table_grow(table);
}

/* The merge of two symbols: rank NO_RANK where there is none. */
static inline const BpePair *find_pair(const BpeTable *table, const BpeWork *work, guint32 left, guint32 right)
{
    gsize word;
    guint64 key = pair_key(left, right), bit = filter_bit(key_hash(key), table->mask, &word);
    if (!(table->filter[word] & bit))
        return &no_pair;
    const BpePair *pair = pair_slot(table->pairs, table->mask, key);
    if (work->candidate && pair->rank != NO_RANK)
        work->candidate(work->user, left, right, pair->merged);
    return pair;
}

/* ---- Short rows: all in a few lines of the processor's cache, searched for the lowest rank --------------------------- */

typedef struct Row {
    guint32 rank[SHORT_ROW];   /* of symbol i and the next; NO_RANK also where symbol i was taken in by another */
    guint32 merged[SHORT_ROW];
    guint8 next[SHORT_ROW], previous[SHORT_ROW];
} Row;

static inline void row_pair(const BpeTable *table, const BpeWork *work, Row *row, const guint32 *symbols, gsize i, gsize count)
{
    row->rank[i] = NO_RANK;
    if (row->next[i] >= count)
        return;
    const BpePair *pair = find_pair(table, work, symbols[i], symbols[row->next[i]]);
    row->rank[i] = pair->rank;
    row->merged[i] = pair->merged;
}

static inline gsize row_lowest(const Row *row, gsize count)
{
    gsize best = 0;
    guint32 rank = row->rank[0];
    for (gsize i = 1; i < count; i++) {
        best = row->rank[i] < rank ? i : best;
        rank = MIN(row->rank[i], rank);
    }
    return best;
}

/* Symbol i takes in the next one. */
static inline void row_close(const BpeTable *table, const BpeWork *work, Row *row, guint32 *symbols, gsize i, gsize count)
{
    gsize right = row->next[i];
    symbols[i] = row->merged[i];
    symbols[right] = BPE_NO_SYMBOL;
    row->rank[right] = NO_RANK;
    row->next[i] = row->next[right];
    if (row->next[i] < count)
        row->previous[row->next[i]] = (guint8)i;
    if (i > 0)
        row_pair(table, work, row, symbols, row->previous[i], count);
    row_pair(table, work, row, symbols, i, count);
}

static gsize merge_short(const BpeTable *table, const BpeWork *work, guint32 *symbols, gsize count)
{
    Row row;
    for (gsize i = 0; i < count; i++) {
        row.next[i] = (guint8)(i + 1);
        row.previous[i] = (guint8)(i - 1);
        row_pair(table, work, &row, symbols, i, count);
    }
    for (gsize i; row.rank[i = row_lowest(&row, count)] != NO_RANK;)
        row_close(table, work, &row, symbols, i, count);
    gsize left = 0;
    for (gsize i = 0; i < count; i = row.next[i])
        symbols[left++] = symbols[i];
    return left;
}

/* ---- Long rows: a linked list, and a heap of rank << 32 | left ---------------------------------------------------- */

typedef struct BpeNode {
    guint32 symbol; /* BPE_NO_SYMBOL: taken in by the one before */
    guint32 next, previous;
    guint32 rank;   /* of the merge with the next one; a heap entry of another rank is out of date */
    guint32 merged;
} BpeNode;

#define NO_NODE G_MAXUINT32

static void heap_push(BpeWork *work, guint64 entry)
{
    if (work->heap_length == work->heap_size) {
        work->heap_size = MAX(2 * work->heap_size, 1024);
        work->heap = g_renew(guint64, work->heap, work->heap_size);
    }
    gsize at = work->heap_length++;
    for (; at > 0 && work->heap[(at - 1) / 2] > entry; at = (at - 1) / 2)
        work->heap[at] = work->heap[(at - 1) / 2];
    work->heap[at] = entry;
}

static guint64 heap_pop(BpeWork *work)
{
    guint64 *heap = work->heap, top = heap[0], last = heap[--work->heap_length];
    gsize at = 0, length = work->heap_length;
    for (gsize child; (child = 2 * at + 1) < length; at = child) {
        if (child + 1 < length && heap[child + 1] < heap[child])
            child++;
        if (heap[child] >= last)
            break;
        heap[at] = heap[child];
    }
    heap[at] = last;
    return top;
}

static void node_pair(const BpeTable *table, BpeWork *work, guint32 left)
{
    BpeNode *node = &work->nodes[left];
    node->rank = NO_RANK;
    if (node->next == NO_NODE)
        return;
    const BpePair *pair = find_pair(table, work, node->symbol, work->nodes[node->next].symbol);
    node->rank = pair->rank;
    node->merged = pair->merged;
    if (pair->rank != NO_RANK)
        heap_push(work, (guint64)pair->rank << 32 | left);
}

static void nodes_start(BpeWork *work, const guint32 *symbols, gsize count)
{
    if (work->nodes_size < count) {
        work->nodes_size = MAX(count, 2 * work->nodes_size);
        g_free(work->nodes);
        work->nodes = g_new(BpeNode, work->nodes_size);
    }
    for (gsize i = 0; i < count; i++)
        work->nodes[i] = (BpeNode){symbols[i], i + 1 < count ? (guint32)i + 1 : NO_NODE, i ? (guint32)i - 1 : NO_NODE, NO_RANK, 0};
    work->heap_length = 0;
}

static void node_close(const BpeTable *table, BpeWork *work, guint32 left)
{
    BpeNode *node = &work->nodes[left], *right = &work->nodes[node->next];
    node->symbol = node->merged;
    node->next = right->next;
    right->symbol = BPE_NO_SYMBOL;
    right->rank = NO_RANK;
    if (node->next != NO_NODE)
        work->nodes[node->next].previous = left;
    if (node->previous != NO_NODE)
        node_pair(table, work, node->previous);
    node_pair(table, work, left);
}

static gsize merge_long(const BpeTable *table, BpeWork *work, guint32 *symbols, gsize count)
{
    nodes_start(work, symbols, count);
    for (gsize i = 0; i + 1 < count; i++)
        node_pair(table, work, (guint32)i);
    while (work->heap_length > 0) {
        guint64 entry = heap_pop(work);
        guint32 left = (guint32)entry;
        if (work->nodes[left].rank == entry >> 32 && work->nodes[left].rank != NO_RANK)
            node_close(table, work, left);
    }
    gsize left = 0;
    for (guint32 i = 0; i != NO_NODE; i = work->nodes[i].next)
        symbols[left++] = work->nodes[i].symbol;
    return left;
}

gsize bpe_merge(const BpeTable *table, BpeWork *work, guint32 *symbols, gsize count)
{
    if (count < 2)
        return count;
    return count <= SHORT_ROW ? merge_short(table, work, symbols, count) : merge_long(table, work, symbols, count);
}

void bpe_work_clear(BpeWork *work)
{
    g_free(work->nodes);
    g_free(work->heap);
    *work = (BpeWork){0};
}
