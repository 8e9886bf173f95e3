/* SPDX-License-Identifier: Apache-2.0
 * Decompressing input streams over libarchive, with a SHA-256 of the bytes on disk; see base/stream.h. */
#include "base/stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define RAW_CHUNK (256 * 1024)
#define LINE_CHUNK (256 * 1024)

struct InputStream {
    struct archive *archive;
    char *path;
    char *member;
    int descriptor;
    guint64 raw_position;
    guint64 position; /* decompressed bytes of this file or member read so far */
    Sha256Context *digest;
    gboolean members;
    gboolean in_member;
    int read_errno;
    guint8 chunk[RAW_CHUNK];
};

static la_ssize_t stream_read_raw(struct archive *archive, void *user, const void **buffer)
{
    InputStream *stream = user;
    ssize_t got;
    do
        got = read(stream->descriptor, stream->chunk, sizeof stream->chunk);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        stream->read_errno = errno;
        archive_set_error(archive, errno, "cannot read");
        return -1;
    }
    sha256_update(stream->digest, stream->chunk, (gsize)got);
    stream->raw_position += (guint64)got;
    *buffer = stream->chunk;
    return got;
}

/* libarchive's message, with the place: the path, the member if any, and how far reading had come. */
static void stream_set_error(InputStream *stream, GError **error, const char *doing)
{
    const char *reason = archive_error_string(stream->archive);
    int code = stream->read_errno ? GALEN_ERROR_SYSTEM : GALEN_ERROR_INPUT;
    g_set_error(error, GALEN_ERROR, code, "%s%s%s: %s at byte %" G_GUINT64_FORMAT " of the unpacked data: %s",
                stream->path, stream->member ? "#" : "", stream->member ? stream->member : "", doing,
                stream->position, reason ? reason : "unrecognised data");
}

static struct archive *archive_for(InputStreamFlags flags)
{
    struct archive *archive = archive_read_new();
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_bzip2(archive);
    if (flags & INPUT_STREAM_MEMBERS) {
        archive_read_support_format_tar(archive);
        archive_read_support_format_zip_streamable(archive);
    }
    archive_read_support_format_raw(archive);
    archive_read_support_format_empty(archive);
    return archive;
}

InputStream *input_stream_open(const char *path, InputStreamFlags flags, GError **error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        int saved = errno;
        if (saved == ENOENT)
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: no such file", path);
        else
            galen_error_set_errno(error, saved, "cannot open %s", path);
        return NULL;
    }
    g_autoptr(InputStream) stream = g_new0(InputStream, 1);
    stream->path = g_strdup(path);
    stream->descriptor = descriptor;
    stream->digest = sha256_new();
    stream->members = (flags & INPUT_STREAM_MEMBERS) != 0;
    stream->archive = archive_for(flags);
    if (archive_read_open(stream->archive, stream, NULL, stream_read_raw, NULL) != ARCHIVE_OK) {
        stream_set_error(stream, error, "cannot open");
        return NULL;
    }
    const char *name;
    if (!stream->members && input_stream_next_member(stream, &name, error) < 0)
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

int input_stream_next_member(InputStream *stream, const char **name, GError **error)
{
    struct archive_entry *entry;
    g_clear_pointer(&stream->member, g_free);
    stream->in_member = FALSE;
    for (;;) {
        int result = archive_read_next_header(stream->archive, &entry);
        if (result == ARCHIVE_EOF)
            return 0;
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
            stream_set_error(stream, error, "cannot read the next file");
            return -1;
        }
        stream->position = 0;
        if (archive_format(stream->archive) == ARCHIVE_FORMAT_RAW) {
            stream->in_member = TRUE;
            *name = "";
            return 1;
        }
        if (archive_entry_filetype(entry) == AE_IFDIR)
            continue;
        const char *pathname = archive_entry_pathname(entry);
        stream->member = g_strdup(pathname ? pathname : "");
        if (archive_entry_filetype(entry) != AE_IFREG || !member_name_is_safe(stream->member)) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "%s: the archive holds '%s', which is a link, a device or a path outside it; refused",
                        stream->path, stream->member);
            return -1;
        }
        stream->in_member = TRUE;
        *name = stream->member;
        return 1;
    }
}

gssize input_stream_read(InputStream *stream, void *buffer, gsize size, GError **error)
{
    if (!stream->in_member)
        return 0;
    la_ssize_t got = archive_read_data(stream->archive, buffer, size);
    if (got < 0) {
        stream_set_error(stream, error, "cannot unpack");
        return -1;
    }
    stream->position += (guint64)got;
    return got;
}

guint64 input_stream_raw_position(const InputStream *stream)
{
    return stream->raw_position;
}

gboolean input_stream_digest(InputStream *stream, Sha256 *digest, GError **error)
{
    const void *unused;
    la_ssize_t got;
    while ((got = stream_read_raw(stream->archive, stream, &unused)) > 0)
        ;
    if (got < 0) {
        galen_error_set_errno(error, stream->read_errno, "cannot read %s", stream->path);
        return FALSE;
    }
    *digest = sha256_finish(stream->digest);
    return TRUE;
}

void input_stream_free(InputStream *stream)
{
    if (!stream)
        return;
    if (stream->archive)
        archive_read_free(stream->archive);
    if (stream->descriptor >= 0)
        close(stream->descriptor);
    sha256_free(stream->digest);
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
        reader->capacity = MAX(reader->capacity * 2, 2 * LINE_CHUNK);
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
