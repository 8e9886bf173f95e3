/* SPDX-License-Identifier: Apache-2.0
 * base/union_find.h - disjoint sets of the numbers 0 .. count-1 (Galler and Fischer 1964).
 *
 * The representative of a set is its smallest member, whatever the order of the joins. Path halving keeps a find at
 * amortised O(log n). Four bytes a member. Not thread-safe: union_find_root shortens paths.
 */
#ifndef BASE_UNION_FIND_H
#define BASE_UNION_FIND_H

#include <glib.h>

typedef struct UnionFind UnionFind;

UnionFind *union_find_new(gsize count); /* count <= G_MAXUINT32 */
void union_find_free(UnionFind *sets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UnionFind, union_find_free)
guint32 union_find_root(UnionFind *sets, guint32 member);
gboolean union_find_join(UnionFind *sets, guint32 a, guint32 b); /* FALSE when they were together already */

#endif
