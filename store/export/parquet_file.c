/* SPDX-License-Identifier: Apache-2.0
 * A file of Parquet; see store/export/parquet_file.h. */
#include "store/export/parquet_file.h"

#include "base/error.h"
#include "config.h"

#define MAGIC "PAR1"
#define MAGIC_BYTES 4
#define FOOTER_LIMIT ((gsize)G_MAXINT32)

/* The format's numbers. */
#define FORMAT_VERSION 1
#define REQUIRED 0
#define OPTIONAL 1
#define CONVERTED_UTF8 0
#define LOGICAL_STRING 1
#define TYPE_DEFINED_ORDER 1

typedef struct Note {
    const char *key, *value;
} Note;

struct ParquetFile {
    Output *output;
    guint64 bytes; /* given to it */
    ParquetChunk *chunks;
    gsize columns;
    guint64 limit; /* bytes of values in a row group */
    guint64 size;  /* of the open row group */
    guint64 group_rows, rows;
    Buffer groups; /* structs RowGroup of those that are written */
    gsize group_count;
    GArray *notes; /* of Note */
};

ParquetFile *parquet_file_new(Output *output, const ParquetColumn *columns, gsize count, guint64 row_group_bytes)
{
    ParquetFile *file = g_new0(ParquetFile, 1);
    *file = (ParquetFile){.output = output,
                          .chunks = g_new0(ParquetChunk, count),
                          .columns = count,
                          .limit = row_group_bytes,
                          .notes = g_array_new(FALSE, FALSE, sizeof(Note))};
    buffer_init(&file->groups, FOOTER_LIMIT);
    for (gsize i = 0; i < count; i++)
        parquet_chunk_init(&file->chunks[i], &columns[i]);
    return file;
}

void parquet_file_free(ParquetFile *file)
{
    if (!file)
        return;
    for (gsize i = 0; i < file->columns; i++)
        parquet_chunk_clear(&file->chunks[i]);
    buffer_clear(&file->groups);
    g_array_unref(file->notes);
    g_free(file->chunks);
    g_free(file);
}

void parquet_file_note(ParquetFile *file, const char *key, const char *value)
{
    Note note = {key, value};
    g_array_append_val(file->notes, note);
}

static gboolean put(ParquetFile *file, const void *data, gsize length, GError **error)
{
    file->bytes += length;
    return output_write(file->output, data, length, error);
}

static gboolean put_magic(ParquetFile *file, GError **error)
{
    return put(file, MAGIC, MAGIC_BYTES, error);
}

gboolean parquet_file_integer(ParquetFile *file, gsize column, gint64 value, GError **error)
{
    file->size += sizeof value;
    return parquet_chunk_integer(&file->chunks[column], value, error);
}

gboolean parquet_file_text(ParquetFile *file, gsize column, const char *text, gsize length, GError **error)
{
    ParquetChunk *chunk = &file->chunks[column];
    file->size += text ? length : 0;
    return text ? parquet_chunk_text(chunk, text, length, error) : parquet_chunk_null(chunk, error);
}

static void append_group(ParquetFile *file, guint64 first, guint64 uncompressed, guint64 compressed)
{
    ThriftWriter writer;
    guint64 offset = first;
    thrift_begin(&writer, &file->groups);
    thrift_list(&writer, 1, THRIFT_STRUCT, file->columns);
    for (gsize i = 0; i < file->columns; i++) {
        parquet_chunk_metadata(&file->chunks[i], offset, &writer);
        offset += file->chunks[i].pages.length;
    }
    thrift_i64(&writer, 2, (gint64)uncompressed);
    thrift_i64(&writer, 3, (gint64)file->group_rows);
    thrift_list(&writer, 4, THRIFT_STRUCT, 1);
    thrift_element_struct(&writer);
    thrift_i32(&writer, 1, 0); /* the rows rise by the first column */
    thrift_boolean(&writer, 2, FALSE);
    thrift_boolean(&writer, 3, FALSE);
    thrift_end(&writer);
    thrift_i64(&writer, 5, (gint64)first);
    thrift_i64(&writer, 6, (gint64)compressed);
    thrift_end(&writer);
}

static gboolean end_group(ParquetFile *file, GError **error)
{
    guint64 uncompressed = 0, compressed = 0;
    if (file->bytes == 0 && !put_magic(file, error))
        return FALSE;
    guint64 first = file->bytes;
    for (gsize i = 0; i < file->columns; i++) {
        ParquetChunk *chunk = &file->chunks[i];
        if (!parquet_chunk_finish(chunk, error) || !put(file, chunk->pages.data, chunk->pages.length, error))
            return FALSE;
        uncompressed += chunk->uncompressed;
        compressed += chunk->pages.length;
    }
    append_group(file, first, uncompressed, compressed);
    for (gsize i = 0; i < file->columns; i++)
        parquet_chunk_reset(&file->chunks[i]);
    file->group_count++;
    file->group_rows = file->size = 0;
    return TRUE;
}

gboolean parquet_file_end_row(ParquetFile *file, GError **error)
{
    file->rows++;
    file->group_rows++;
    return file->size < file->limit || end_group(file, error);
}

guint64 parquet_file_bytes(const ParquetFile *file)
{
    return file->bytes;
}

static void append_column(const ParquetColumn *column, ThriftWriter *writer)
{
    thrift_element_struct(writer);
    thrift_i32(writer, 1, (gint32)column->type);
    thrift_i32(writer, 3, column->required ? REQUIRED : OPTIONAL);
    thrift_text(writer, 4, column->name);
    if (column->type == PARQUET_TEXT) {
        thrift_i32(writer, 6, CONVERTED_UTF8);
        thrift_struct(writer, 10);
        thrift_struct(writer, LOGICAL_STRING);
        thrift_end(writer);
        thrift_end(writer);
    }
    thrift_end(writer);
}

static void append_schema(const ParquetFile *file, ThriftWriter *writer)
{
    thrift_list(writer, 2, THRIFT_STRUCT, file->columns + 1);
    thrift_element_struct(writer);
    thrift_text(writer, 4, "schema");
    thrift_i32(writer, 5, (gint32)file->columns);
    thrift_end(writer);
    for (gsize i = 0; i < file->columns; i++)
        append_column(file->chunks[i].column, writer);
}

static void append_notes(const ParquetFile *file, ThriftWriter *writer)
{
    thrift_list(writer, 5, THRIFT_STRUCT, file->notes->len);
    for (guint i = 0; i < file->notes->len; i++) {
        const Note *note = &g_array_index(file->notes, Note, i);
        thrift_element_struct(writer);
        thrift_text(writer, 1, note->key);
        thrift_text(writer, 2, note->value);
        thrift_end(writer);
    }
}

/* Without these a reader may not trust the least and greatest values. */
static void append_orders(const ParquetFile *file, ThriftWriter *writer)
{
    thrift_list(writer, 7, THRIFT_STRUCT, file->columns);
    for (gsize i = 0; i < file->columns; i++) {
        thrift_element_struct(writer);
        thrift_struct(writer, TYPE_DEFINED_ORDER);
        thrift_end(writer);
        thrift_end(writer);
    }
}

static void compose_footer(const ParquetFile *file, Buffer *footer)
{
    ThriftWriter writer;
    thrift_begin(&writer, footer);
    thrift_i32(&writer, 1, FORMAT_VERSION);
    append_schema(file, &writer);
    thrift_i64(&writer, 3, (gint64)file->rows);
    thrift_list(&writer, 4, THRIFT_STRUCT, file->group_count);
    buffer_append(footer, file->groups.data, file->groups.length);
    append_notes(file, &writer);
    thrift_text(&writer, 6, "galen version " PACKAGE_VERSION);
    append_orders(file, &writer);
    thrift_end(&writer);
    footer->overflowed = footer->overflowed || file->groups.overflowed;
}

gboolean parquet_file_finish(ParquetFile *file, GError **error)
{
    g_auto(Buffer) footer = {0};
    buffer_init(&footer, FOOTER_LIMIT);
    if ((file->group_rows && !end_group(file, error)) || (file->bytes == 0 && !put_magic(file, error)))
        return FALSE;
    compose_footer(file, &footer);
    if (footer.overflowed) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the footer of a file of Parquet holds 2 GiB, and %" G_GSIZE_FORMAT " row groups need more; choose larger ones",
                    file->group_count);
        return FALSE;
    }
    guint32 length = GUINT32_TO_LE((guint32)footer.length);
    return put(file, footer.data, footer.length, error) && put(file, &length, sizeof length, error) && put_magic(file, error);
}
