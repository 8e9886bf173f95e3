/* SPDX-License-Identifier: Apache-2.0
 * Opens a file and cuts it the way its format says; see format.h and split.h. */
#include "scrapers/formats/split.h"
#include "scrapers/formats/warc_source.h"

struct RecordReader {
    InputStream *stream; /* of all formats but WARC */
    WarcSource *warc;
    Splitter splitter;
};

static int split_elements_next(gpointer state, Record *record, GError **error)
{
    return element_scanner_next(state, record, error);
}

static void split_elements_free(gpointer state)
{
    element_scanner_free(state);
}

static gboolean record_reader_open_stream(RecordReader *reader, const Format *format, const char *path, GError **error)
{
    gboolean members = format->split == SPLIT_FILE;
    reader->stream = input_stream_open(path, members ? INPUT_STREAM_MEMBERS : INPUT_STREAM_PLAIN, error);
    if (!reader->stream)
        return FALSE;
    if (format->split == SPLIT_LINES)
        reader->splitter = split_lines_new(reader->stream, path);
    else if (format->split == SPLIT_FILE)
        reader->splitter = split_file_new(reader->stream, path, format);
    else
        reader->splitter = (Splitter){element_scanner_new(reader->stream, path, format->elements, NULL, 0),
                                      split_elements_next, split_elements_free};
    return TRUE;
}

static gboolean record_reader_open_warc(RecordReader *reader, const char *path, GError **error)
{
    reader->warc = warc_source_open(path, error);
    if (!reader->warc)
        return FALSE;
    reader->splitter = split_warc_new(reader->warc, path);
    return TRUE;
}

RecordReader *record_reader_open(const Format *format, const char *path, GError **error)
{
    g_autoptr(RecordReader) reader = g_new0(RecordReader, 1);
    gboolean opened = format->split == SPLIT_WARC ? record_reader_open_warc(reader, path, error)
                                                  : record_reader_open_stream(reader, format, path, error);
    return opened ? g_steal_pointer(&reader) : NULL;
}

int record_reader_next(RecordReader *reader, Record *record, GError **error)
{
    *record = (Record){0};
    int got = reader->splitter.next(reader->splitter.state, record, error);
    if (got < 1)
        record_clear(record);
    return got;
}

guint64 record_reader_raw_position(const RecordReader *reader)
{
    return reader->warc ? warc_source_raw_position(reader->warc) : input_stream_raw_position(reader->stream);
}

gboolean record_reader_digest(RecordReader *reader, Sha256 *digest, GError **error)
{
    return reader->warc ? warc_source_digest(reader->warc, digest, error)
                        : input_stream_digest(reader->stream, digest, error);
}

void record_reader_free(RecordReader *reader)
{
    if (!reader)
        return;
    if (reader->splitter.free)
        reader->splitter.free(reader->splitter.state);
    input_stream_free(reader->stream);
    warc_source_free(reader->warc);
    g_free(reader);
}
