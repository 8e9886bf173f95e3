/* SPDX-License-Identifier: Apache-2.0
 * SPLIT_LINES: a record is a line; see split.h. */
#include "scrapers/formats/split.h"

#include <string.h>

typedef struct LineSplitter {
    LineReader *reader;
    char *path;
} LineSplitter;

static gboolean line_is_blank(const Line *line)
{
    for (gsize i = 0; i < line->length; i++)
        if (!g_ascii_isspace(line->data[i]))
            return FALSE;
    return TRUE;
}

static void skip_byte_order_mark(Line *line)
{
    if (line->offset == 0 && line->length >= 3 && memcmp(line->data, "\xef\xbb\xbf", 3) == 0) {
        line->data += 3;
        line->length -= 3;
    }
}

static int line_splitter_next(gpointer state, Record *record, GError **error)
{
    LineSplitter *splitter = state;
    Line line;
    int got;
    do {
        if ((got = line_reader_next(splitter->reader, &line, error)) <= 0)
            return got;
        skip_byte_order_mark(&line);
    } while (!line.too_long && line_is_blank(&line));
    record->origin = g_strdup_printf("%s@%" G_GUINT64_FORMAT, splitter->path, line.offset);
    if (line.too_long) {
        record->bytes = g_strdup("");
        record->rule = RULE_TOO_LARGE;
        record->detail = g_strdup_printf("line %" G_GUINT64_FORMAT " has %" G_GUINT64_FORMAT
                                         " bytes; a record may have %" G_GSIZE_FORMAT,
                                         line.number, line.full_length, RECORD_LIMIT);
        return 1;
    }
    record->length = line.length;
    record->bytes = g_malloc(line.length + 1);
    memcpy(record->bytes, line.data, line.length);
    record->bytes[line.length] = '\0';
    return 1;
}

static void line_splitter_free(gpointer state)
{
    LineSplitter *splitter = state;
    line_reader_free(splitter->reader);
    g_free(splitter->path);
    g_free(splitter);
}

Splitter split_lines_new(InputStream *stream, const char *path)
{
    LineSplitter *splitter = g_new0(LineSplitter, 1);
    splitter->reader = line_reader_new(stream, RECORD_LIMIT);
    splitter->path = g_strdup(path);
    return (Splitter){splitter, line_splitter_next, line_splitter_free};
}
