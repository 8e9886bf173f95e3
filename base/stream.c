/* SPDX-License-Identifier: Apache-2.0
 * Files, members of archives and lines as streams of unpacked bytes; see base/stream.h. */
#include "base/stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/decoder.h"
#include "base/error.h"

#define RAW_CHUNK (256 * 1024)
#define LINE_CHUNK (256 * 1024)

/* The decoder unpacks gzip and zstd. What else there is -- tar, zip, xz, bzip2 -- libarchive reads from the decoder;
 * other files are read from the decoder directly and `archive` is NULL. */
struct InputStream {
    Decoder *decoder;
    struct archive *archive;
    char *path;
    char *member;
    guint64 position; /* unpacked bytes of this file or member read so far */
    gboolean in_member;
    gboolean refused; /* the member at hand, of which nothing is read */
    gboolean ended;
    GError *damage; /* what stopped the decoder; told after everything before it */
    guint8 *chunk;
};

/* libarchive sees a damaged file as one that ends early, so that it gives out all that came before. */
static la_ssize_t archive_read_decoded(struct archive *archive, void *user, const void **buffer)
{
    InputStream *stream = user;
    gssize got = stream->damage ? 0 : decoder_read(stream->decoder, stream->chunk, RAW_CHUNK, &stream->damage);
    *buffer = stream->chunk;
    return MAX(got, 0);
}

static void stream_set_error(InputStream *stream, GError **error, const char *doing)
{
    if (stream->damage) {
        g_propagate_error(error, g_error_copy(stream->damage));
        return;
    }
    const char *reason = archive_error_string(stream->archive);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s%s%s: %s at byte %" G_GUINT64_FORMAT " of the unpacked data: %s",
                stream->path, stream->member ? "#" : "", stream->member ? stream->member : "", doing,
                stream->position, reason ? reason : "unrecognised data");
}

static gboolean attach_archive(InputStream *stream, gboolean members, GError **error)
{
    stream->chunk = g_malloc(RAW_CHUNK);
    stream->archive = archive_read_new();
    archive_read_support_filter_xz(stream->archive);
    archive_read_support_filter_bzip2(stream->archive);
    if (members) {
        archive_read_support_format_tar(stream->archive);
        archive_read_support_format_zip_streamable(stream->archive);
    }
    archive_read_support_format_raw(stream->archive);
    archive_read_support_format_empty(stream->archive);
    if (archive_read_open(stream->archive, stream, NULL, archive_read_decoded, NULL) == ARCHIVE_OK)
        return TRUE;
    stream_set_error(stream, error, "cannot open");
    return FALSE;
}

/* By the first bytes, whether the file is packed by something that only libarchive reads. */
static gboolean needs_archive(const char *path)
{
    static const guint8 xz[] = {0xfd, '7', 'z', 'X', 'Z', 0}, bzip2[] = {'B', 'Z', 'h'};
    guint8 first[sizeof xz] = {0};
    FILE *file = fopen(path, "rbe");
    if (!file)
        return FALSE;
    size_t got = fread(first, 1, sizeof first, file);
    fclose(file);
    return (got == sizeof xz && memcmp(first, xz, sizeof xz) == 0) || (got >= sizeof bzip2 && memcmp(first, bzip2, sizeof bzip2) == 0);
}

InputStream *input_stream_open(const char *path, InputStreamFlags flags, GError **error)
{
    g_autoptr(InputStream) stream = g_new0(InputStream, 1);
    gboolean members = (flags & INPUT_STREAM_MEMBERS) != 0;
    stream->path = g_strdup(path);
    stream->decoder = decoder_open(path, error);
    if (!stream->decoder)
        return NULL;
    if ((members || needs_archive(path)) && !attach_archive(stream, members, error))
        return NULL;
    const char *name;
    if (!members && input_stream_next_member(stream, &name, error) < 0)
        return NULL;
    return g_steal_pointer(&stream);
}

static gboolean member_name_is_safe(const char *name)
{
    if (name[0] == '/')
        return FALSE;
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);
    for (char **part = parts; *part; part++)
        if (strcmp(*part, "..") == 0)
            return FALSE;
    return TRUE;
}

/* FALSE when `entry` is to be passed over. */
static gboolean enter_member(InputStream *stream, struct archive_entry *entry)
{
    stream->position = 0;
    if (archive_format(stream->archive) == ARCHIVE_FORMAT_RAW) {
        stream->in_member = TRUE;
        return TRUE;
    }
    if (archive_entry_filetype(entry) == AE_IFDIR)
        return FALSE;
    const char *pathname = archive_entry_pathname(entry);
    stream->member = g_strdup(pathname ? pathname : "");
    stream->refused = archive_entry_filetype(entry) != AE_IFREG || !member_name_is_safe(stream->member);
    stream->in_member = !stream->refused;
    return TRUE;
}

int input_stream_next_member(InputStream *stream, const char **name, GError **error)
{
    struct archive_entry *entry;
    g_clear_pointer(&stream->member, g_free);
    stream->in_member = stream->refused = FALSE;
    if (!stream->archive) {
        stream->in_member = !stream->ended;
        stream->ended = TRUE;
        *name = "";
        return stream->in_member;
    }
    for (;;) {
        int result = archive_read_next_header(stream->archive, &entry);
        if (result == ARCHIVE_EOF && !stream->damage)
            return 0;
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
            stream_set_error(stream, error, "cannot read the next file");
            return -1;
        }
        if (!enter_member(stream, entry))
            continue;
        *name = stream->member ? stream->member : "";
        return 1;
    }
}

const char *input_stream_refusal(const InputStream *stream)
{
    return stream->refused ? "the archive holds it as a link, a device or a path outside of it; it is not read" : NULL;
}

static gssize read_archive(InputStream *stream, void *buffer, gsize size, GError **error)
{
    la_ssize_t got = archive_read_data(stream->archive, buffer, size);
    if (got > 0 || (got == 0 && !stream->damage))
        return got;
    stream_set_error(stream, error, "cannot unpack");
    return -1;
}

gssize input_stream_read(InputStream *stream, void *buffer, gsize size, GError **error)
{
    if (!stream->in_member)
        return 0;
    gssize got = stream->archive ? read_archive(stream, buffer, size, error) : decoder_read(stream->decoder, buffer, size, error);
    if (got > 0)
        stream->position += (guint64)got;
    return got;
}

guint64 input_stream_raw_position(const InputStream *stream)
{
    return decoder_raw_position(stream->decoder);
}

gboolean input_stream_digest(InputStream *stream, Sha256 *digest, GError **error)
{
    return decoder_digest(stream->decoder, digest, error);
}

void input_stream_free(InputStream *stream)
{
    if (!stream)
        return;
    if (stream->archive)
        archive_read_free(stream->archive);
    decoder_free(stream->decoder);
    g_clear_error(&stream->damage);
    g_free(stream->chunk);
    g_free(stream->path);
    g_free(stream->member);
    g_free(stream);
}

struct LineReader {
    InputStream *stream;
    gsize limit;
    char *data;
    gsize start, end, capacity; /* unread bytes are data[start, end) */
    guint64 number, offset;
    gboolean ended;
};

LineReader *line_reader_new(InputStream *stream, gsize limit)
{
    LineReader *reader = g_new0(LineReader, 1);
    reader->stream = stream;
    reader->limit = limit;
    reader->capacity = 2 * LINE_CHUNK;
    reader->data = g_malloc(reader->capacity);
    return reader;
}

/* Reads more bytes behind the unread ones. FALSE on error; sets `ended` at the end of the stream. */
static gboolean line_reader_fill(LineReader *reader, GError **error)
{
    if (reader->start > 0) {
        memmove(reader->data, reader->data + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->start = 0;
    }
    if (reader->capacity - reader->end < LINE_CHUNK) {
        reader->capacity *= 2;
        reader->data = g_realloc(reader->data, reader->capacity);
    }
    gssize got = input_stream_read(reader->stream, reader->data + reader->end, LINE_CHUNK, error);
    if (got < 0)
        return FALSE;
    reader->ended = got == 0;
    reader->end += (gsize)got;
    return TRUE;
}

static void line_finish(LineReader *reader, Line *line, gsize length, gsize consumed, guint64 dropped)
{
    line->data = reader->data + reader->start;
    line->number = ++reader->number;
    line->offset = reader->offset;
    line->full_length = dropped + length;
    line->too_long = line->full_length > reader->limit;
    line->length = MIN(length, reader->limit);
    if (!line->too_long && line->length && line->data[line->length - 1] == '\r')
        line->full_length = --line->length;
    reader->start += consumed;
    reader->offset += dropped + consumed;
}

int line_reader_next(LineReader *reader, Line *line, GError **error)
{
    gsize scanned = 0;
    guint64 dropped = 0;
    for (;;) {
        char *begin = reader->data + reader->start;
        gsize available = reader->end - reader->start;
        char *newline = available > scanned ? memchr(begin + scanned, '\n', available - scanned) : NULL;
        if (newline) {
            gsize length = (gsize)(newline - begin);
            line_finish(reader, line, length, length + 1, dropped);
            return 1;
        }
        if (reader->ended) {
            if (available == 0 && dropped == 0)
                return 0;
            line_finish(reader, line, available, available, dropped);
            return 1;
        }
        /* Past the limit only the first bytes matter: throw the rest away as it comes. */
        if (available > reader->limit + LINE_CHUNK) {
            dropped += available - reader->limit;
            reader->end = reader->start + reader->limit;
            available = reader->limit;
        }
        scanned = available;
        if (!line_reader_fill(reader, error))
            return -1;
    }
}

void line_reader_free(LineReader *reader)
{
    if (!reader)
        return;
    g_free(reader->data);
    g_free(reader);
}
