/* SPDX-License-Identifier: Apache-2.0
 * Parquet: one document a row, in the order of the store; PATH where it ends in .parquet, else the folder PATH with
 * part-00000.parquet and so on, none much larger than `file_bytes`.
 *
 * Columns are those of store/export/record.h: a number, and texts that may be null. Metadata stay the text of a JSON object, as
 * in JSON lines: sources know different things, and lists of their columns would be the union of all. The footer holds the root of the store's
 * manifest ("galen.root") and the recipe's SHA-256 ("galen.recipe"), so that a file alone says what it is of. */
#include "store/export/parquet_file.h"
#include "store/export/record.h"

#define FILE_BYTES ((guint64)512 << 20)
#define ROW_GROUP_BYTES ((guint64)64 << 20) /* of values, before they are compressed: what a reader holds at once */
#define COLUMNS (RECORD_FIELDS + 1)

typedef struct Parts {
    Export *export;
    ParquetColumn columns[COLUMNS];
    Output *output; /* NULL: none is open */
    ParquetFile *file;
    gboolean single;
    guint64 file_bytes, row_group_bytes;
    unsigned count;
} Parts;

/* Of these, readers may pass over row groups that cannot hold what they look for. */
static gboolean is_searched(RecordField field)
{
    return field == RECORD_SOURCE || field == RECORD_SPLIT || field == RECORD_KIND || field == RECORD_LICENCE || field == RECORD_PUBLISHED ||
           field == RECORD_LANGUAGE;
}

static void name_columns(ParquetColumn *columns)
{
    columns[0] = (ParquetColumn){RECORD_NUMBER, PARQUET_INT64, TRUE, TRUE};
    for (RecordField field = 0; field < RECORD_FIELDS; field++)
        columns[field + 1] = (ParquetColumn){record_names[field], PARQUET_TEXT, field == RECORD_TEXT, is_searched(field)};
}

static void note(Parts *parts, const char *key, const char *value)
{
    if (value)
        parquet_file_note(parts->file, key, value);
}

static gboolean open_part(Parts *parts, GError **error)
{
    const json_t *manifest = parts->export->manifest;
    g_autofree char *suffix = parts->single ? g_strdup("") : g_strdup_printf("/part-%05u.parquet", parts->count);
    parts->output = export_open(parts->export, suffix, OUTPUT_PLAIN, error);
    if (!parts->output)
        return FALSE;
    parts->count++;
    parts->file = parquet_file_new(parts->output, parts->columns, COLUMNS, parts->row_group_bytes);
    note(parts, "galen.root", json_get_string(manifest, "root"));
    note(parts, "galen.recipe", json_get_string(json_object_get(manifest, "recipe"), "sha256"));
    return TRUE;
}

static gboolean close_part(Parts *parts, GError **error)
{
    gboolean good = parquet_file_finish(parts->file, error) && export_close(parts->export, g_steal_pointer(&parts->output), error);
    g_clear_pointer(&parts->file, parquet_file_free);
    return good;
}

static gboolean write_row(const Record *record, gpointer data, GError **error)
{
    Parts *parts = data;
    if ((!parts->file && !open_part(parts, error)) || !parquet_file_integer(parts->file, 0, (gint64)record->docno, error))
        return FALSE;
    for (gsize i = 0; i < RECORD_FIELDS; i++)
        if (!parquet_file_text(parts->file, i + 1, record->values[i], record->lengths[i], error))
            return FALSE;
    if (!parquet_file_end_row(parts->file, error))
        return FALSE;
    return parts->single || parquet_file_bytes(parts->file) < parts->file_bytes || close_part(parts, error);
}

static gboolean parquet_write(Export *export, GError **error)
{
    const ExportOptions *options = export->options;
    Parts parts = {
        .export = export,
        .single = g_str_has_suffix(options->path, ".parquet"),
        .file_bytes = options->file_bytes ? options->file_bytes : FILE_BYTES,
        .row_group_bytes = options->row_group_bytes ? options->row_group_bytes : ROW_GROUP_BYTES,
    };
    parts.row_group_bytes = MIN(parts.row_group_bytes, parts.single ? G_MAXUINT64 : parts.file_bytes);
    name_columns(parts.columns);
    gboolean good = records_write(export, write_row, &parts, error) && (!parts.file || close_part(&parts, error));
    parquet_file_free(parts.file);
    output_free(parts.output);
    return good;
}

const Exporter exporter_parquet = {
    .name = "parquet",
    .kind = EXPORT_DOCUMENTS,
    .write = parquet_write,
};
