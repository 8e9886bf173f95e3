/* SPDX-License-Identifier: Apache-2.0
 * base/row_file.h - rows of one size in a nameless file: for lists that grow with the corpus, outside of memory.
 *
 * Sequence: f = row_file_new(folder, row_size, e); row_file_append(f, row, e) as often as needed; row_file_map(f, e);
 * then row_file_rows(f) is an array of row_file_count(f) rows that may be read and changed until row_file_free(f).
 * The file has no name from the start, so nothing is left of it whatever kills the process. Its pages belong to the file:
 * the system takes them back when memory is short. Every page was written before it is mapped, so that a full disk is an
 * error of row_file_append or row_file_map and never a signal.
 * Not for several threads while rows are appended; afterwards any number may read.
 */
#ifndef BASE_ROW_FILE_H
#define BASE_ROW_FILE_H

#include <glib.h>

typedef struct RowFile RowFile;

RowFile *row_file_new(const char *folder, gsize row_size, GError **error);
void row_file_free(RowFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RowFile, row_file_free)

gboolean row_file_append(RowFile *file, const void *row, GError **error);
/* `count` rows of zeros. */
gboolean row_file_append_zeros(RowFile *file, guint64 count, GError **error);
gboolean row_file_map(RowFile *file, GError **error);
guint64 row_file_count(const RowFile *file);
void *row_file_rows(const RowFile *file); /* NULL before row_file_map, and of an empty file */

#endif
