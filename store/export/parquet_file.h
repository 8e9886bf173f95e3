/* SPDX-License-Identifier: Apache-2.0
 * store/export/parquet_file.h - a file of Parquet with flat columns of texts and whole numbers, written row by row.
 *
 * Sequence: f = parquet_file_new(output, columns, n, row_group_bytes); parquet_file_note for what the footer is to say; for each
 * row a value of each column, in any order, then parquet_file_end_row; parquet_file_finish; parquet_file_free; the output is the
 * caller's. A row group ends with the row that brings it to row_group_bytes of values, and it is then that bytes go out.
 * Memory: one row group compressed, an open page of each column, and the footer: some 100 bytes for each column of each row group.
 *
 * The footer tells nulls, and least and greatest values of columns that ask for it, and the order of the rows by the first
 * column, which is a number that rises. The same rows give the same bytes. Columns outlive the file.
 *
 * Source: github.com/apache/parquet-format, README.md, LogicalTypes.md, src/main/thrift/parquet.thrift, as of format 2.11.
 */
#ifndef STORE_EXPORT_PARQUET_FILE_H
#define STORE_EXPORT_PARQUET_FILE_H

#include "store/export/output.h"
#include "store/export/parquet_chunk.h"

typedef struct ParquetFile ParquetFile;
ParquetFile *parquet_file_new(Output *output, const ParquetColumn *columns, gsize count, guint64 row_group_bytes);
void parquet_file_note(ParquetFile *file, const char *key, const char *value); /* both outlive the file */
gboolean parquet_file_integer(ParquetFile *file, gsize column, gint64 value, GError **error);
gboolean parquet_file_text(ParquetFile *file, gsize column, const char *text, gsize length, GError **error); /* text NULL: null */
gboolean parquet_file_end_row(ParquetFile *file, GError **error);
guint64 parquet_file_bytes(const ParquetFile *file); /* given to the output so far */
gboolean parquet_file_finish(ParquetFile *file, GError **error);
void parquet_file_free(ParquetFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ParquetFile, parquet_file_free)

#endif
