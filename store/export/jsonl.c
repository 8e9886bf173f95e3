/* SPDX-License-Identifier: Apache-2.0
 * JSON lines: one document a line, in the order of the store; PATH, compressed with zstd where it ends in .zst.
 *
 * Each line has the same keys, those of store/export/record.h, all of them strings or null, but for the number `docno`, so that
 * readers that guess a schema guess the same for every line. */
#include "base/error.h"
#include "store/export/record.h"

/* Escaped, each byte may take six; the metadata is another text of strangers. */
#define LINE_LIMIT (DOCUMENT_TEXT_LIMIT * 8)

typedef struct Lines {
    Output *output;
    Buffer line;
} Lines;

static gboolean write_line(const Record *record, gpointer data, GError **error)
{
    Lines *lines = data;
    Buffer *line = &lines->line;
    g_autofree char *number = g_strdup_printf("{\"" RECORD_NUMBER "\":%" G_GUINT64_FORMAT, record->docno);
    buffer_reset(line);
    buffer_append_string(line, number);
    for (gsize i = 0; i < RECORD_FIELDS; i++) {
        buffer_append_string(line, ",\"");
        buffer_append_string(line, record_names[i]);
        buffer_append_string(line, "\":");
        if (record->values[i])
            json_append_string(line, record->values[i], record->lengths[i]);
        else
            buffer_append_string(line, "null");
    }
    buffer_append_string(line, "}\n");
    if (!line->overflowed)
        return output_write(lines->output, line->data, line->length, error);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " is too large for one line", record->docno);
    return FALSE;
}

static gboolean jsonl_write(Export *export, GError **error)
{
    gboolean compressed = g_str_has_suffix(export->options->path, ".zst");
    g_autoptr(Output) output = export_open(export, "", compressed ? OUTPUT_ZSTD : OUTPUT_PLAIN, error);
    if (!output)
        return FALSE;
    Lines lines = {.output = output};
    buffer_init(&lines.line, LINE_LIMIT);
    gboolean good = records_write(export, write_line, &lines, error);
    buffer_clear(&lines.line);
    return good && export_close(export, g_steal_pointer(&output), error);
}

const Exporter exporter_jsonl = {
    .name = "jsonl",
    .kind = EXPORT_DOCUMENTS,
    .write = jsonl_write,
};
