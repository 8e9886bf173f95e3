/* SPDX-License-Identifier: Apache-2.0
 * store/bpe.h: short and long rows against the definition itself. */
#include "store/bpe.h"

#include <string.h>

#include "base/hash.h"

#define ALPHABET 5u
#define MERGES 60u

typedef struct Merge {
    guint32 left, right, merged, rank;
} Merge;

/* Random merges of random symbols; several of one rank. */
static void make_merges(guint64 seed, Merge merges[MERGES], BpeTable *table)
{
    for (unsigned i = 0; i < MERGES; i++) {
        guint32 known = ALPHABET + i;
        merges[i] = (Merge){(guint32)(random_at(seed, "left", i) % known), (guint32)(random_at(seed, "right", i) % known),
                            known, (guint32)(random_at(seed, "rank", i) % (MERGES / 2))};
        for (unsigned j = 0; j < i; j++) /* a pair has one merge */
            if (merges[j].left == merges[i].left && merges[j].right == merges[i].right)
                merges[i] = merges[j];
        bpe_table_add(table, merges[i].left, merges[i].right, merges[i].merged, merges[i].rank);
    }
}

static const Merge *merge_of(const Merge merges[MERGES], guint32 left, guint32 right)
{
    for (unsigned i = 0; i < MERGES; i++)
        if (merges[i].left == left && merges[i].right == right)
            return &merges[i];
    return NULL;
}

/* The definition: the pair of the lowest rank, the leftmost of these, until there is none. */
static gsize merge_slowly(const Merge merges[MERGES], guint32 *symbols, gsize count)
{
    for (;;) {
        const Merge *best = NULL;
        gsize where = 0;
        for (gsize i = 0; i + 1 < count; i++) {
            const Merge *merge = merge_of(merges, symbols[i], symbols[i + 1]);
            if (merge && (!best || merge->rank < best->rank)) {
                best = merge;
                where = i;
            }
        }
        if (!best)
            return count;
        symbols[where] = best->merged;
        memmove(symbols + where + 1, symbols + where + 2, (count - where - 2) * sizeof *symbols);
        count--;
    }
}

static void test_rows_of_every_length_merge_as_the_definition_says(void)
{
    BpeWork work = {0};
    gsize merged = 0;
    for (guint64 seed = 0; seed < 40; seed++) {
        g_autoptr(BpeTable) table = bpe_table_new(4); /* grows on its way */
        Merge merges[MERGES];
        make_merges(seed, merges, table);
        for (gsize length = 0; length < 120; length++) {
            guint32 got[120], expected[120];
            for (gsize i = 0; i < length; i++)
                got[i] = expected[i] = (guint32)(random_at(seed, "symbol", length * 1000 + i) % ALPHABET);
            gsize count = bpe_merge(table, &work, got, length);
            g_assert_cmpmem(got, count * sizeof *got, expected, merge_slowly(merges, expected, length) * sizeof *expected);
            merged += length - count;
        }
    }
    g_assert_cmpuint(merged, >, 10000);
    bpe_work_clear(&work);
}

static void test_of_two_merges_of_one_pair_the_lower_rank_stays(void)
{
    BpeWork work = {0};
    for (unsigned order = 0; order < 2; order++) {
        g_autoptr(BpeTable) table = bpe_table_new(2);
        guint32 row[] = {1, 2};
        bpe_table_add(table, 1, 2, order ? 7 : 8, order ? 3 : 4);
        bpe_table_add(table, 1, 2, order ? 8 : 7, order ? 4 : 3);
        g_assert_cmpuint(bpe_merge(table, &work, row, 2), ==, 1);
        g_assert_cmpuint(row[0], ==, 7);
    }
    bpe_work_clear(&work);
}

static void test_a_million_equal_symbols_take_no_quadratic_time(void)
{
    enum { COUNT = 1 << 20 };
    g_autoptr(BpeTable) table = bpe_table_new(32);
    g_autofree guint32 *row = g_new(guint32, COUNT);
    BpeWork work = {0};
    for (guint32 i = 0; i < 20; i++)
        bpe_table_add(table, i, i, i + 1, i);
    memset(row, 0, COUNT * sizeof *row);
    g_assert_cmpuint(bpe_merge(table, &work, row, COUNT), ==, 1);
    g_assert_cmpuint(row[0], ==, 20);
    bpe_work_clear(&work);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bpe/rows of every length merge as the definition says", test_rows_of_every_length_merge_as_the_definition_says);
    g_test_add_func("/bpe/of two merges of one pair the lower rank stays", test_of_two_merges_of_one_pair_the_lower_rank_stays);
    g_test_add_func("/bpe/a million equal symbols take no quadratic time", test_a_million_equal_symbols_take_no_quadratic_time);
    return g_test_run();
}
