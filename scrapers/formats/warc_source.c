/* SPDX-License-Identifier: Apache-2.0
 * Rows of gzip members (RFC 1952), read over damage; see warc_source.h. */
#include "scrapers/formats/warc_source.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/stream.h"

#define RAW_CHUNK ((gsize)256 << 10)
#define GZIP_WINDOW (15 + 16)

struct WarcSource {
    InputStream *stream; /* of a file that is not gzip; then nothing below is used */
    char *path;
    int descriptor;
    Sha256Context *digest;
    guint64 raw_position; /* bytes read from the file, chunk included */
    z_stream inflater;
    gboolean in_member;
    gboolean raw_ended;
    guint8 chunk[RAW_CHUNK];
};

static gboolean source_fill(WarcSource *source, GError **error)
{
    ssize_t got;
    do
        got = read(source->descriptor, source->chunk, sizeof source->chunk);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        galen_error_set_errno(error, errno, "cannot read %s", source->path);
        return FALSE;
    }
    sha256_update(source->digest, source->chunk, (gsize)got);
    source->raw_position += (guint64)got;
    source->raw_ended = got == 0;
    source->inflater.next_in = source->chunk;
    source->inflater.avail_in = (unsigned)got;
    return TRUE;
}

static gboolean source_open_gzip(WarcSource *source, GError **error)
{
    source->digest = sha256_new();
    if (inflateInit2(&source->inflater, GZIP_WINDOW) != Z_OK) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "%s: no memory to decompress it", source->path);
        return FALSE;
    }
    return TRUE;
}

WarcSource *warc_source_open(const char *path, GError **error)
{
    g_autoptr(WarcSource) source = g_new0(WarcSource, 1);
    source->path = g_strdup(path);
    source->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (source->descriptor < 0) {
        int saved = errno;
        if (saved == ENOENT)
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: no such file", path);
        else
            galen_error_set_errno(error, saved, "cannot open %s", path);
        return NULL;
    }
    guint8 magic[2];
    if (pread(source->descriptor, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b) {
        if (!source_open_gzip(source, error))
            return NULL;
    } else if (!(source->stream = input_stream_open(path, INPUT_STREAM_PLAIN, error))) {
        return NULL;
    }
    return g_steal_pointer(&source);
}

static gssize source_fail(WarcSource *source, GError **error, const char *reason)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: cannot unpack at byte %" G_GUINT64_FORMAT " of the file: %s",
                source->path, source->raw_position - source->inflater.avail_in, reason);
    return -1;
}

gssize warc_source_read(WarcSource *source, void *buffer, gsize size, GError **error)
{
    if (source->stream)
        return input_stream_read(source->stream, buffer, size, error);
    z_stream *inflater = &source->inflater;
    inflater->next_out = buffer;
    inflater->avail_out = (unsigned)MIN(size, G_MAXINT);
    unsigned wanted = inflater->avail_out;
    while (inflater->avail_out == wanted) {
        if (inflater->avail_in == 0 && !source->raw_ended && !source_fill(source, error))
            return -1;
        if (inflater->avail_in == 0 && source->raw_ended)
            return source->in_member ? source_fail(source, error, "the file ends in the middle") : 0;
        if (!source->in_member) {
            inflateReset(inflater);
            source->in_member = TRUE;
        }
        int result = inflate(inflater, Z_NO_FLUSH);
        if (result == Z_STREAM_END)
            source->in_member = FALSE;
        else if (result != Z_OK && result != Z_BUF_ERROR)
            return source_fail(source, error, inflater->msg ? inflater->msg : "damaged gzip data");
    }
    return wanted - inflater->avail_out;
}

gboolean warc_source_in_member(const WarcSource *source)
{
    return source->in_member;
}

gboolean warc_source_settle(WarcSource *source, GError **error)
{
    z_stream *inflater = &source->inflater;
    guint8 unused[1];
    while (source->in_member) {
        if (inflater->avail_in == 0 && !source->raw_ended && !source_fill(source, error))
            return FALSE;
        if (inflater->avail_in == 0) {
            source_fail(source, error, "the file ends in the middle");
            return FALSE;
        }
        inflater->next_out = unused;
        inflater->avail_out = 0; /* so that it stops before the next byte, and goes on through the trailer */
        int result = inflate(inflater, Z_NO_FLUSH);
        if (result == Z_STREAM_END) {
            source->in_member = FALSE;
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            source_fail(source, error, inflater->msg ? inflater->msg : "damaged gzip data");
            return FALSE;
        } else if (inflater->avail_in > 0) {
            return TRUE;
        }
    }
    return TRUE;
}

/* Matches the first bytes of a member: magic, deflate, no reserved flag. */
gboolean warc_source_recover(WarcSource *source)
{
    static const guint8 magic[3] = {0x1f, 0x8b, 8};
    z_stream *inflater = &source->inflater;
    unsigned matched = 0;
    if (source->stream)
        return FALSE;
    for (;;) {
        if (inflater->avail_in == 0 && (source->raw_ended || !source_fill(source, NULL) || inflater->avail_in == 0))
            return FALSE;
        guint8 byte = *inflater->next_in;
        if (matched == 3 && byte < 0x20)
            break;
        if (matched < 3 && byte == magic[matched])
            matched++;
        else
            matched = byte == magic[0] ? 1 : 0;
        inflater->next_in++;
        inflater->avail_in--;
    }
    /* The magic may lie in a chunk that is gone: give it to the inflater again from here. */
    guint8 start[3] = {0x1f, 0x8b, 8};
    guint8 unused[1];
    guint8 *next_in = inflater->next_in;
    unsigned avail_in = inflater->avail_in;
    inflateReset(inflater);
    inflater->next_in = start;
    inflater->avail_in = sizeof start;
    inflater->next_out = unused;
    inflater->avail_out = sizeof unused;
    gboolean started = inflate(inflater, Z_NO_FLUSH) == Z_OK;
    inflater->next_in = next_in;
    inflater->avail_in = avail_in;
    source->in_member = TRUE;
    return started;
}

guint64 warc_source_raw_position(const WarcSource *source)
{
    return source->stream ? input_stream_raw_position(source->stream) : source->raw_position;
}

gboolean warc_source_digest(WarcSource *source, Sha256 *digest, GError **error)
{
    if (source->stream)
        return input_stream_digest(source->stream, digest, error);
    while (!source->raw_ended)
        if (!source_fill(source, error))
            return FALSE;
    *digest = sha256_finish(source->digest);
    return TRUE;
}

void warc_source_free(WarcSource *source)
{
    if (!source)
        return;
    input_stream_free(source->stream);
    if (source->digest) {
        inflateEnd(&source->inflater);
        sha256_free(source->digest);
    }
    if (source->descriptor >= 0)
        close(source->descriptor);
    g_free(source->path);
    g_free(source);
}
