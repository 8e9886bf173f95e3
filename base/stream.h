/* SPDX-License-Identifier: Apache-2.0
 * base/stream.h - read a file of any compression, or each file inside an archive, and know its SHA-256.
 *
 * input_stream_open recognises gzip, zstd, xz, bzip2 and plain bytes by content, not by name. With
 * INPUT_STREAM_MEMBERS it also opens tar and zip archives and yields each regular file in archive order. Links,
 * devices, absolute paths and paths with ".." are yielded by name, refused (input_stream_refusal), and have no bytes.
 *
 * Sequence, one file:     s = input_stream_open(path, 0, e); while (input_stream_read(...) > 0) ...; input_stream_free(s)
 * Sequence, archive:      s = input_stream_open(path, INPUT_STREAM_MEMBERS, e);
 *                         while ((r = input_stream_next_member(s, &name, e)) > 0) while (input_stream_read(...) > 0) ...;
 * Units: bytes after decompression. A truncated or damaged file is GALEN_ERROR_INPUT and names path and
 * offset, after all bytes before the damage have been read.
 */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include <glib.h>

#include "base/hash.h"

typedef struct InputStream InputStream;

typedef enum {
    INPUT_STREAM_PLAIN = 0,
    INPUT_STREAM_MEMBERS = 1, /* look inside tar and zip; any other file is its own single member */
} InputStreamFlags;

InputStream *input_stream_open(const char *path, InputStreamFlags flags, GError **error);

/* 1 and the member's name (borrowed until the next call), 0 after the last, -1 on error. Only for MEMBERS streams. */
int input_stream_next_member(InputStream *stream, const char **name, GError **error);

/* Why nothing of the member at hand is read; NULL: it is. Static. */
const char *input_stream_refusal(const InputStream *stream);

/* Up to `size` bytes; 0 at the end of the file or member, -1 on error. */
gssize input_stream_read(InputStream *stream, void *buffer, gsize size, GError **error);

/* Bytes of the file on disk read so far, for progress, and the SHA-256 of the whole file on disk. The digest reads
 * what is left of the file first. */
guint64 input_stream_raw_position(const InputStream *stream);
gboolean input_stream_digest(InputStream *stream, Sha256 *digest, GError **error);

void input_stream_free(InputStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InputStream, input_stream_free)

/* Lines of a stream. A line longer than `limit` bytes is consumed whole but not kept: `too_long` is set and only its
 * first bytes are in `data`. The newline (and a CR before it) is not part of the line. */
typedef struct LineReader LineReader;
typedef struct Line {
    const char *data; /* borrowed until the next call; not NUL-terminated */
    gsize length;
    guint64 number; /* from 1 */
    guint64 offset; /* of its first byte in the stream */
    guint64 full_length;
    gboolean too_long;
} Line;

LineReader *line_reader_new(InputStream *stream, gsize limit); /* borrows the stream */
int line_reader_next(LineReader *reader, Line *line, GError **error); /* 1, 0 at the end, -1 */
void line_reader_free(LineReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LineReader, line_reader_free)

#endif
