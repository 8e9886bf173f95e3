/* SPDX-License-Identifier: Apache-2.0
 * Disjoint sets; see base/union_find.h. */
#include "base/union_find.h"

struct UnionFind {
    gsize count;
    guint32 parent[];
};

UnionFind *union_find_new(gsize count)
{
    UnionFind *sets = g_malloc(sizeof *sets + count * sizeof sets->parent[0]);
    sets->count = count;
    for (gsize i = 0; i < count; i++)
        sets->parent[i] = (guint32)i;
    return sets;
}

void union_find_free(UnionFind *sets)
{
    g_free(sets);
}

guint32 union_find_root(UnionFind *sets, guint32 member)
{
    guint32 *parent = sets->parent;
    while (parent[member] != member) {
        parent[member] = parent[parent[member]];
        member = parent[member];
    }
    return member;
}

gboolean union_find_join(UnionFind *sets, guint32 a, guint32 b)
{
    guint32 root_a = union_find_root(sets, a), root_b = union_find_root(sets, b);
    if (root_a == root_b)
        return FALSE;
    sets->parent[MAX(root_a, root_b)] = MIN(root_a, root_b);
    return TRUE;
}
