/* SPDX-License-Identifier: Apache-2.0
 * The tables of thread blocks for flash attention; see train/cuda/attention.h. */
#include <stdlib.h>

#include "train/cuda/attention.h"

size_t attention_blocks_count(const uint32_t *starts, size_t segments)
{
    size_t count = 0;
    for (size_t s = 0; s < segments; s++)
        count += (starts[s + 1] - starts[s] + (size_t)ATTENTION_BLOCK - 1) / ATTENTION_BLOCK;
    return count;
}

/* More work first; what has the same work stays in the order of the rows, so that the table is one for one batch. */
static int compare(uint32_t work_a, uint32_t work_b, const AttentionBlock *a, const AttentionBlock *b)
{
    if (work_a != work_b)
        return work_a > work_b ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

static int compare_keys_behind(const void *a, const void *b)
{
    const AttentionBlock *x = a, *y = b;
    return compare(x->first - x->begin, y->first - y->begin, x, y);
}

static int compare_queries_ahead(const void *a, const void *b)
{
    const AttentionBlock *x = a, *y = b;
    return compare(x->end - x->first, y->end - y->first, x, y);
}

void attention_blocks_fill(AttentionBlock *by_queries, AttentionBlock *by_keys, const uint32_t *starts, size_t segments)
{
    size_t count = 0;
    for (size_t s = 0; s < segments; s++)
        for (size_t first = starts[s]; first < starts[s + 1]; first += ATTENTION_BLOCK, count++)
            by_queries[count] = by_keys[count] = (AttentionBlock){(uint32_t)first, starts[s], starts[s + 1]};
    qsort(by_queries, count, sizeof *by_queries, compare_keys_behind);
    qsort(by_keys, count, sizeof *by_keys, compare_queries_ahead);
}
