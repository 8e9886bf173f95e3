/* SPDX-License-Identifier: Apache-2.0
 * store/export/parquet_chunk.h - the values of one column of Parquet in one row group, as pages.
 *
 * Sequence: parquet_chunk_init(&c, &column); parquet_chunk_integer / _text / _null for each row; parquet_chunk_finish when the row
 * group ends; `pages` goes into the file, parquet_chunk_metadata into its footer; parquet_chunk_reset, and again;
 * parquet_chunk_clear. A page is closed at 1 MiB of values: data pages of version 1, PLAIN values, levels as runs (RLE), one zstd
 * frame each, with a CRC. Memory: the compressed pages, and a page that is at most as large as a value and 1 MiB.
 *
 * Source: github.com/apache/parquet-format, README.md (data pages), Encodings.md, src/main/thrift/parquet.thrift.
 */
#ifndef STORE_EXPORT_PARQUET_CHUNK_H
#define STORE_EXPORT_PARQUET_CHUNK_H

#include "store/export/thrift.h"

typedef enum { PARQUET_INT64 = 2, PARQUET_TEXT = 6 } ParquetType; /* the format's numbers of INT64 and BYTE_ARRAY */

typedef struct ParquetColumn {
    const char *name;
    ParquetType type;
    gboolean required; /* has no nulls */
    gboolean bounds;   /* least and greatest value go into the footer, unless they are long */
} ParquetColumn;

#define PARQUET_BOUND_LIMIT 64 /* bytes of a value in the footer */

/* A value as PLAIN has it, without the length of a text. */
typedef struct ParquetBound {
    char bytes[PARQUET_BOUND_LIMIT];
    gsize length;
} ParquetBound;

typedef struct ParquetChunk {
    const ParquetColumn *column;
    Buffer pages;            /* of this row group, closed */
    Buffer values, levels;   /* of the open page */
    guint64 rows, nulls;     /* of this row group */
    guint64 page_rows;       /* of the open page */
    guint64 run;             /* rows at the end of the open page that are all there, or all null */
    gboolean run_is_present;
    guint64 uncompressed;    /* bytes of the closed pages, headers included */
    gboolean has_bounds;     /* of this row group: so far none was too long */
    gboolean has_value;
    ParquetBound least, greatest;
    struct ZSTD_CCtx_s *zstd;
} ParquetChunk;

void parquet_chunk_init(ParquetChunk *chunk, const ParquetColumn *column);
void parquet_chunk_reset(ParquetChunk *chunk); /* for the next row group */
void parquet_chunk_clear(ParquetChunk *chunk);

/* A page that would not fit into the format's 2 GiB is an error. */
gboolean parquet_chunk_integer(ParquetChunk *chunk, gint64 value, GError **error);
gboolean parquet_chunk_text(ParquetChunk *chunk, const char *text, gsize length, GError **error);
gboolean parquet_chunk_null(ParquetChunk *chunk, GError **error);
gboolean parquet_chunk_finish(ParquetChunk *chunk, GError **error);

/* The struct ColumnChunk of a finished chunk whose first page lies at `offset`: an element of a list. */
void parquet_chunk_metadata(const ParquetChunk *chunk, guint64 offset, ThriftWriter *writer);

#endif
