/* SPDX-License-Identifier: Apache-2.0
 * gzip and zstd unpacked, and the SHA-256 of the packed bytes; see base/decoder.h. */
#include "base/decoder.h"

#include <errno.h>
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/error.h"

#define CHUNK (256 * 1024)

typedef enum { KIND_PLAIN, KIND_GZIP, KIND_ZSTD } Kind;

struct Decoder {
    char *path;
    int descriptor;
    guint64 raw_position, position;
    Sha256Context *digest;
    Kind kind;
    struct inflate_state *gzip;
    ZSTD_DStream *zstd;
    const char *fault; /* what stopped it; told after everything before it, and whenever it is asked from then on */
    gboolean between; /* at the border of two gzip members or zstd frames, where the file may end */
    gboolean raw_ended;
    gsize start, end; /* unread raw bytes are chunk[start, end) */
    guint8 chunk[CHUNK];
};

static gboolean fill(Decoder *decoder, GError **error)
{
    ssize_t got;
    do
        got = read(decoder->descriptor, decoder->chunk, sizeof decoder->chunk);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        galen_error_set_errno(error, errno, "cannot read %s", decoder->path);
        return FALSE;
    }
    sha256_update(decoder->digest, decoder->chunk, (gsize)got);
    decoder->raw_position += (guint64)got;
    decoder->start = 0;
    decoder->end = (gsize)got;
    decoder->raw_ended = got == 0;
    return TRUE;
}

static void recognise(Decoder *decoder)
{
    static const guint8 gzip_magic[] = {0x1f, 0x8b}, zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    gsize length = decoder->end;
    if (length >= sizeof gzip_magic && memcmp(decoder->chunk, gzip_magic, sizeof gzip_magic) == 0) {
        decoder->kind = KIND_GZIP;
        decoder->gzip = g_new0(struct inflate_state, 1);
        isal_inflate_init(decoder->gzip);
        decoder->gzip->crc_flag = ISAL_GZIP;
    } else if (length >= sizeof zstd_magic && memcmp(decoder->chunk, zstd_magic, sizeof zstd_magic) == 0) {
        decoder->kind = KIND_ZSTD;
        decoder->zstd = ZSTD_createDStream();
    }
    decoder->between = TRUE;
}

Decoder *decoder_open(const char *path, GError **error)
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
    g_autoptr(Decoder) decoder = g_new0(Decoder, 1);
    decoder->path = g_strdup(path);
    decoder->descriptor = descriptor;
    decoder->digest = sha256_new();
    if (!fill(decoder, error))
        return NULL;
    recognise(decoder);
    return g_steal_pointer(&decoder);
}

static gssize damaged(const Decoder *decoder, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "%s: damaged after byte %" G_GUINT64_FORMAT " of the unpacked data (byte %" G_GUINT64_FORMAT " of the file): %s",
                decoder->path, decoder->position, decoder->raw_position - (decoder->end - decoder->start), decoder->fault);
    return -1;
}

static gsize read_plain(Decoder *decoder, void *buffer, gsize size)
{
    gsize take = MIN(size, decoder->end - decoder->start);
    memcpy(buffer, decoder->chunk + decoder->start, take);
    decoder->start += take;
    return take;
}

/* Some writers pad a gzip file with zeros. */
static gboolean only_zeros_left(const Decoder *decoder)
{
    for (gsize i = decoder->start; i < decoder->end; i++)
        if (decoder->chunk[i] != 0)
            return FALSE;
    return TRUE;
}

static const char *gzip_reason(int fault)
{
    switch (fault) {
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD:
        return "not gzip data";
    case ISAL_INCORRECT_CHECKSUM:
        return "the checksum does not match";
    default:
        return "the packed data makes no sense";
    }
}

/* Unpacks what it can of the raw bytes at hand: bytes made, which may be 0. */
static gsize read_gzip(Decoder *decoder, void *buffer, gsize size)
{
    /* Bytes of the file were unpacked: zeros at its very beginning are no padding. */
    gboolean begun = decoder->raw_position > decoder->end || decoder->start > 0;
    if (decoder->between && begun && only_zeros_left(decoder)) {
        decoder->start = decoder->end;
        return 0;
    }
    struct inflate_state *gzip = decoder->gzip;
    gzip->next_in = decoder->chunk + decoder->start;
    gzip->avail_in = (guint32)(decoder->end - decoder->start);
    gzip->next_out = buffer;
    gzip->avail_out = (guint32)MIN(size, (gsize)G_MAXINT);
    gsize room = gzip->avail_out;
    int result = isal_inflate(gzip);
    decoder->start = decoder->end - gzip->avail_in;
    gsize made = room - gzip->avail_out;
    if (result < 0) {
        decoder->fault = gzip_reason(result);
        return made;
    }
    decoder->between = gzip->block_state == ISAL_BLOCK_FINISH;
    if (decoder->between) {
        isal_inflate_reset(gzip);
        gzip->crc_flag = ISAL_GZIP;
    }
    return made;
}

/* What zstd says that it has made in the call that fails is worth nothing: with frames of its old formats it is the room. */
static gsize read_zstd(Decoder *decoder, void *buffer, gsize size)
{
    ZSTD_inBuffer in = {decoder->chunk, decoder->end, decoder->start};
    ZSTD_outBuffer out = {buffer, size, 0};
    gsize result = ZSTD_decompressStream(decoder->zstd, &out, &in);
    gboolean moved = in.pos != decoder->start || out.pos > 0; /* asked without input, zstd asks for a next frame */
    decoder->start = in.pos;
    if (ZSTD_isError(result)) {
        decoder->fault = ZSTD_getErrorName(result);
        return 0;
    }
    if (moved)
        decoder->between = result == 0;
    return out.pos;
}

gssize decoder_read(Decoder *decoder, void *buffer, gsize size, GError **error)
{
    while (!decoder->fault) {
        if (decoder->start == decoder->end && !decoder->raw_ended && !fill(decoder, error))
            return -1;
        gsize made = decoder->kind == KIND_PLAIN  ? read_plain(decoder, buffer, size)
                     : decoder->kind == KIND_GZIP ? read_gzip(decoder, buffer, size)
                                                  : read_zstd(decoder, buffer, size);
        decoder->position += made;
        if (made)
            return (gssize)made;
        if (decoder->fault || !decoder->raw_ended)
            continue;
        if (decoder->kind == KIND_PLAIN || decoder->between)
            return 0;
        decoder->fault = "the file ends in the middle of its packed data";
    }
    return damaged(decoder, error);
}

guint64 decoder_raw_position(const Decoder *decoder)
{
    return decoder->raw_position;
}

gboolean decoder_digest(Decoder *decoder, Sha256 *digest, GError **error)
{
    while (!decoder->raw_ended)
        if (!fill(decoder, error))
            return FALSE;
    *digest = sha256_finish(decoder->digest);
    return TRUE;
}

void decoder_free(Decoder *decoder)
{
    if (!decoder)
        return;
    g_free(decoder->gzip);
    ZSTD_freeDStream(decoder->zstd);
    close(decoder->descriptor);
    sha256_free(decoder->digest);
    g_free(decoder->path);
    g_free(decoder);
}
