/* SPDX-License-Identifier: Apache-2.0
 * base/union_find.h - disjoint sets of the numbers 0 .. count-1 (Galler and Fischer 1964), for many threads at once.
 *
 * The representative of a set is its smallest member, whatever the order of the joins: a root is only ever linked below
 * a smaller one, by compare-and-swap (Anderson and Woll 1991), and path halving keeps a find at amortised O(log n). Any
 * number of threads may find and join together; the sets that result from a set of joins do not depend on their order.
 * Four bytes a member.
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
/* TRUE may be relied on; FALSE may be out of date when other threads join. */
gboolean union_find_together(UnionFind *sets, guint32 a, guint32 b);

#endif
