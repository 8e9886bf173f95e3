/* SPDX-License-Identifier: Apache-2.0
 * One column of one row group; see store/export/parquet_chunk.h. */
#include "store/export/parquet_chunk.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"

#define PAGE_BYTES ((gsize)1 << 20)
#define PAGE_ROWS 20000 /* what other writers take: a reader that wants one row unpacks no more */
#define PAGE_LEVEL 6    /* of zstd */
#define PAGE_LIMIT ((gsize)G_MAXINT32)

/* The format's numbers. */
#define ENCODING_PLAIN 0
#define ENCODING_RLE 3
#define CODEC_ZSTD 6
#define PAGE_DATA 0

void parquet_chunk_init(ParquetChunk *chunk, const ParquetColumn *column)
{
    *chunk = (ParquetChunk){.column = column, .has_bounds = column->bounds, .zstd = ZSTD_createCCtx()};
    ZSTD_CCtx_setParameter(chunk->zstd, ZSTD_c_compressionLevel, PAGE_LEVEL);
    buffer_init(&chunk->pages, G_MAXSSIZE);
    buffer_init(&chunk->values, PAGE_LIMIT);
    buffer_init(&chunk->levels, PAGE_LIMIT);
}

void parquet_chunk_clear(ParquetChunk *chunk)
{
    buffer_clear(&chunk->pages);
    buffer_clear(&chunk->values);
    buffer_clear(&chunk->levels);
    ZSTD_freeCCtx(chunk->zstd);
}

void parquet_chunk_reset(ParquetChunk *chunk)
{
    buffer_reset(&chunk->pages);
    chunk->rows = chunk->nulls = chunk->uncompressed = 0;
    chunk->has_bounds = chunk->column->bounds;
    chunk->has_value = FALSE;
}

/* A run of equal levels: its length, doubled, then the level. Runs of packed bits, the other form, are never needed. */
static void end_run(ParquetChunk *chunk)
{
    if (chunk->run) {
        thrift_varint(&chunk->levels, chunk->run << 1);
        buffer_append_byte(&chunk->levels, chunk->run_is_present ? 1 : 0);
    }
    chunk->run = 0;
}

static void append_header(ParquetChunk *chunk, gsize plain, gsize packed, guint32 sum)
{
    ThriftWriter writer;
    thrift_begin(&writer, &chunk->pages);
    thrift_i32(&writer, 1, PAGE_DATA);
    thrift_i32(&writer, 2, (gint32)plain);
    thrift_i32(&writer, 3, (gint32)packed);
    thrift_i32(&writer, 4, (gint32)sum);
    thrift_struct(&writer, 5);
    thrift_i32(&writer, 1, (gint32)chunk->page_rows);
    thrift_i32(&writer, 2, ENCODING_PLAIN);
    thrift_i32(&writer, 3, ENCODING_RLE); /* of definition levels */
    thrift_i32(&writer, 4, ENCODING_RLE); /* of repetition levels, which flat columns have not */
    thrift_end(&writer);
    thrift_end(&writer);
}

/* Levels stand before the values, behind their length; a column without nulls has none. */
static void join_levels(ParquetChunk *chunk, Buffer *page)
{
    end_run(chunk);
    if (!chunk->column->required) {
        buffer_append_u32(page, (guint32)chunk->levels.length);
        buffer_append(page, chunk->levels.data, chunk->levels.length);
    }
    buffer_append(page, chunk->values.data, chunk->values.length);
}

static gboolean add_page(ParquetChunk *chunk, const Buffer *page, GError **error)
{
    gsize bound = ZSTD_compressBound(page->length);
    g_autofree char *packed = g_malloc(bound);
    gsize length = ZSTD_compress2(chunk->zstd, packed, bound, page->data, page->length);
    if (page->overflowed || ZSTD_isError(length) || length > PAGE_LIMIT) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the values of column %s are too large for a page of Parquet, which holds 2 GiB; export jsonl",
                    chunk->column->name);
        return FALSE;
    }
    gsize before = chunk->pages.length;
    append_header(chunk, page->length, length, (guint32)crc32_z(0, (const Bytef *)packed, length));
    chunk->uncompressed += chunk->pages.length - before + page->length;
    buffer_append(&chunk->pages, packed, length);
    return TRUE;
}

static gboolean close_page(ParquetChunk *chunk, GError **error)
{
    g_auto(Buffer) page = {0};
    buffer_init(&page, PAGE_LIMIT);
    join_levels(chunk, &page);
    page.overflowed = page.overflowed || chunk->values.overflowed;
    gboolean good = add_page(chunk, &page, error);
    buffer_reset(&chunk->values);
    buffer_reset(&chunk->levels);
    chunk->page_rows = 0;
    return good;
}

static gboolean add_row(ParquetChunk *chunk, gboolean is_present, GError **error)
{
    if (chunk->run && chunk->run_is_present != is_present)
        end_run(chunk);
    chunk->run_is_present = is_present;
    chunk->run++;
    chunk->rows++;
    chunk->page_rows++;
    return (chunk->values.length < PAGE_BYTES && !chunk->values.overflowed && chunk->page_rows < PAGE_ROWS) || close_page(chunk, error);
}

static void set_bound(ParquetBound *bound, const void *bytes, gsize length)
{
    memcpy(bound->bytes, bytes, length);
    bound->length = length;
}

/* By unsigned bytes, as the format orders UTF-8. */
static int compare_bytes(const void *bytes, gsize length, const ParquetBound *bound)
{
    int order = memcmp(bytes, bound->bytes, MIN(length, bound->length));
    return order ? order : length < bound->length ? -1 : length > bound->length;
}

static void widen(ParquetChunk *chunk, const char *text, gsize length)
{
    chunk->has_bounds = chunk->has_bounds && length <= PARQUET_BOUND_LIMIT;
    if (!chunk->has_bounds)
        return;
    if (!chunk->has_value || compare_bytes(text, length, &chunk->least) < 0)
        set_bound(&chunk->least, text, length);
    if (!chunk->has_value || compare_bytes(text, length, &chunk->greatest) > 0)
        set_bound(&chunk->greatest, text, length);
    chunk->has_value = TRUE;
}

static gint64 integer_of(const ParquetBound *bound)
{
    gint64 little;
    memcpy(&little, bound->bytes, sizeof little);
    return GINT64_FROM_LE(little);
}

gboolean parquet_chunk_integer(ParquetChunk *chunk, gint64 value, GError **error)
{
    gint64 little = GINT64_TO_LE(value);
    buffer_append(&chunk->values, &little, sizeof little);
    if (!chunk->has_value || value < integer_of(&chunk->least))
        set_bound(&chunk->least, &little, sizeof little);
    if (!chunk->has_value || value > integer_of(&chunk->greatest))
        set_bound(&chunk->greatest, &little, sizeof little);
    chunk->has_value = TRUE;
    return add_row(chunk, TRUE, error);
}

gboolean parquet_chunk_text(ParquetChunk *chunk, const char *text, gsize length, GError **error)
{
    buffer_append_u32(&chunk->values, (guint32)length);
    buffer_append(&chunk->values, text, length);
    widen(chunk, text, length);
    return add_row(chunk, TRUE, error);
}

gboolean parquet_chunk_null(ParquetChunk *chunk, GError **error)
{
    g_assert(!chunk->column->required);
    chunk->nulls++;
    return add_row(chunk, FALSE, error);
}

gboolean parquet_chunk_finish(ParquetChunk *chunk, GError **error)
{
    return chunk->page_rows == 0 || close_page(chunk, error);
}

static void append_statistics(const ParquetChunk *chunk, ThriftWriter *writer)
{
    thrift_struct(writer, 12);
    thrift_i64(writer, 3, (gint64)chunk->nulls);
    if (chunk->has_bounds && chunk->has_value) {
        thrift_binary(writer, 5, chunk->greatest.bytes, chunk->greatest.length);
        thrift_binary(writer, 6, chunk->least.bytes, chunk->least.length);
    }
    thrift_end(writer);
}

static void append_metadata(const ParquetChunk *chunk, guint64 offset, ThriftWriter *writer)
{
    thrift_struct(writer, 3);
    thrift_i32(writer, 1, (gint32)chunk->column->type);
    thrift_list(writer, 2, THRIFT_I32, 2);
    thrift_element_i32(writer, ENCODING_PLAIN);
    thrift_element_i32(writer, ENCODING_RLE);
    thrift_list(writer, 3, THRIFT_BINARY, 1);
    thrift_element_text(writer, chunk->column->name);
    thrift_i32(writer, 4, CODEC_ZSTD);
    thrift_i64(writer, 5, (gint64)chunk->rows);
    thrift_i64(writer, 6, (gint64)chunk->uncompressed);
    thrift_i64(writer, 7, (gint64)chunk->pages.length);
    thrift_i64(writer, 9, (gint64)offset);
    append_statistics(chunk, writer);
    thrift_end(writer);
}

void parquet_chunk_metadata(const ParquetChunk *chunk, guint64 offset, ThriftWriter *writer)
{
    thrift_element_struct(writer);
    thrift_i64(writer, 2, 0); /* there is no copy of the metadata beside the pages */
    append_metadata(chunk, offset, writer);
    thrift_end(writer);
}
