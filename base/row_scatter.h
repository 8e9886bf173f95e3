/* SPDX-License-Identifier: Apache-2.0
 * base/row_scatter.h - rows that are written in one order and read in another one, outside of memory.
 *
 * Sequence: s = row_scatter_new(folder, row_size, count, e); row_scatter_put(s, place, row, e) once for each place below
 * `count`, in any order; row_scatter_finish(s, e); then row_scatter_at(s, place, e), best by rising places;
 * row_scatter_free(s). A place that was never put is GALEN_ERROR_INPUT.
 *
 * The places are cut into regions. A nameless file (as in base/row_file.h) has room for each; rows go there in blocks, as they
 * come, and a region is put in order when it is read, in memory. So the disk sees no small writes and no searches, however
 * large the list is. Memory: 20 bytes and two rows for each place of one region, and a block for each region.
 * Not for several threads.
 */
#ifndef BASE_ROW_SCATTER_H
#define BASE_ROW_SCATTER_H

#include <glib.h>

typedef struct RowScatter RowScatter;

RowScatter *row_scatter_new(const char *folder, gsize row_size, guint64 count, GError **error);
void row_scatter_free(RowScatter *scatter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RowScatter, row_scatter_free)

gboolean row_scatter_put(RowScatter *scatter, guint64 place, const void *row, GError **error);
gboolean row_scatter_finish(RowScatter *scatter, GError **error);
/* Valid until the next call. */
const void *row_scatter_at(RowScatter *scatter, guint64 place, GError **error);

#endif
