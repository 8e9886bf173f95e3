/* SPDX-License-Identifier: Apache-2.0
 * Where each source is cut; see store/mix_rows.h.
 *
 * Like a search in a tree of 2,048 branches: a walk adds up the tokens under each branch of the node where a source's cut
 * lies, which says in which branch it goes on. Six walks settle all 64 bits; rows of equal order remain, taken by number. */
#include "store/mix_rows.h"

#include <string.h>

#define ORDER_BITS 64u
#define BRANCH_BITS 11u
#define BRANCHES ((gsize)1 << BRANCH_BITS)

typedef struct Search {
    gboolean open;
    guint64 prefix; /* the bits that are settled */
    guint64 before; /* tokens under smaller ones */
} Search;

typedef struct Finder {
    const MixRow *rows;
    guint64 count;
    const MixQuota *quotas;
    unsigned sources;
    Search *searches;
    guint64 *sums; /* sources x BRANCHES */
} Finder;

gboolean mix_cut_takes(const MixCut *cut, const MixRow *row)
{
    return row->order < cut->order || (row->order == cut->order && row->docno < cut->docno);
}

/* Whether `sum` more tokens behind `before` stay on the taken side. */
static gboolean goes_on(const MixQuota *quota, guint64 before, guint64 sum)
{
    return quota->within ? before + sum <= quota->tokens : before + sum < quota->tokens;
}

/* Bits [shift, shift + bits) of the order are the branch below what is settled. */
static void add_branches(Finder *finder, unsigned shift, unsigned bits)
{
    memset(finder->sums, 0, finder->sources * BRANCHES * sizeof *finder->sums);
    for (guint64 i = 0; i < finder->count; i++) {
        const MixRow *row = &finder->rows[i];
        const Search *search = &finder->searches[row->source];
        guint64 above = shift + bits >= ORDER_BITS ? 0 : row->order >> (shift + bits);
        if (search->open && above == search->prefix)
            finder->sums[row->source * BRANCHES + ((row->order >> shift) & ((1u << bits) - 1))] += mix_row_tokens(row);
    }
}

/* To the first branch that passes the quota, or the last. */
static void descend(Finder *finder, unsigned source, unsigned bits)
{
    Search *search = &finder->searches[source];
    const guint64 *sums = finder->sums + source * BRANCHES;
    guint64 branch = 0;
    while (branch + 1 < (guint64)1 << bits && goes_on(&finder->quotas[source], search->before, sums[branch]))
        search->before += sums[branch++];
    search->prefix = search->prefix << bits | branch;
}

/* Among rows whose whole order is the prefix, by number. */
static void finish(Finder *finder, MixCut *cuts)
{
    for (unsigned i = 0; i < finder->sources; i++)
        if (finder->searches[i].open)
            cuts[i] = (MixCut){finder->searches[i].prefix, 0, finder->searches[i].before};
    for (guint64 i = 0; i < finder->count; i++) {
        const MixRow *row = &finder->rows[i];
        Search *search = &finder->searches[row->source];
        MixCut *cut = &cuts[row->source];
        const MixQuota *quota = &finder->quotas[row->source];
        if (!search->open || row->order != search->prefix)
            continue;
        guint64 tokens = mix_row_tokens(row);
        gboolean taken = quota->within ? cut->drawn + tokens <= quota->tokens : cut->drawn < quota->tokens;
        if (!taken) {
            search->open = FALSE;
            continue;
        }
        cut->docno = row->docno + 1;
        cut->drawn += tokens;
    }
}

/* Sources of which all or nothing is taken need no search; FALSE: none does. */
static gboolean begin(Finder *finder, MixCut *cuts)
{
    gboolean any = FALSE;
    g_autofree guint64 *available = g_new0(guint64, finder->sources + 1);
    for (guint64 i = 0; i < finder->count; i++)
        available[finder->rows[i].source] += mix_row_tokens(&finder->rows[i]);
    for (unsigned i = 0; i < finder->sources; i++) {
        gboolean all = finder->quotas[i].tokens && finder->quotas[i].tokens >= available[i];
        cuts[i] = all ? (MixCut){G_MAXUINT64, DOCNO_NONE, available[i]} : (MixCut){0};
        finder->searches[i].open = !all && finder->quotas[i].tokens > 0;
        any = any || finder->searches[i].open;
    }
    return any;
}

void mix_cuts_find(const MixRow *rows, guint64 count, const MixQuota *quotas, unsigned sources, MixCut *cuts)
{
    g_autofree Search *searches = g_new0(Search, sources + 1);
    g_autofree guint64 *sums = g_new(guint64, MAX(sources, 1) * BRANCHES);
    Finder finder = {rows, count, quotas, sources, searches, sums};
    if (!begin(&finder, cuts))
        return;
    for (unsigned settled = 0; settled < ORDER_BITS;) {
        unsigned bits = MIN(BRANCH_BITS, ORDER_BITS - settled);
        settled += bits;
        add_branches(&finder, ORDER_BITS - settled, bits);
        for (unsigned i = 0; i < sources; i++)
            if (searches[i].open)
                descend(&finder, i, bits);
    }
    finish(&finder, cuts);
}
