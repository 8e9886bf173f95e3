/* SPDX-License-Identifier: Apache-2.0
 * Disjoint sets without locks; see base/union_find.h. */
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

static inline guint32 parent_of(const UnionFind *sets, guint32 member)
{
    return __atomic_load_n(&sets->parent[member], __ATOMIC_RELAXED);
}

static inline gboolean replace_parent(UnionFind *sets, guint32 member, guint32 before, guint32 after)
{
    return __atomic_compare_exchange_n(&sets->parent[member], &before, after, FALSE, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

guint32 union_find_root(UnionFind *sets, guint32 member)
{
    guint32 parent = parent_of(sets, member);
    while (parent != member) {
        guint32 above = parent_of(sets, parent);
        if (above != parent)
            replace_parent(sets, member, parent, above); /* another thread may have gone further already */
        member = above;
        parent = parent_of(sets, member);
    }
    return member;
}

gboolean union_find_join(UnionFind *sets, guint32 a, guint32 b)
{
    for (;;) {
        guint32 root_a = union_find_root(sets, a), root_b = union_find_root(sets, b);
        if (root_a == root_b)
            return FALSE;
        guint32 higher = MAX(root_a, root_b), lower = MIN(root_a, root_b);
        if (replace_parent(sets, higher, higher, lower))
            return TRUE;
    }
}

gboolean union_find_together(UnionFind *sets, guint32 a, guint32 b)
{
    return union_find_root(sets, a) == union_find_root(sets, b);
}
