/* SPDX-License-Identifier: Apache-2.0
 * A file that is there whole or not at all; see store/export/output.h. */
#include "store/export/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/error.h"

#define OUTPUT_BUFFER ((gsize)1 << 18)
#define OUTPUT_LEVEL 6 /* of zstd */

struct Output {
    char *path, *part;
    int descriptor;
    char *pending; /* bytes for the disk */
    gsize length;
    ZSTD_CCtx *zstd; /* NULL: plain */
    Sha256Context *context;
    Sha256 digest;
    guint64 bytes;
    gboolean finished;
};

static gboolean fail(const Output *output, int code, GError **error)
{
    galen_error_set_errno(error, code, "cannot write %s", output->path);
    return FALSE;
}

/* Whether the name still leads to the open file: the other writer may have renamed it before it was locked here. */
static gboolean is_at(int descriptor, const char *path)
{
    struct stat open_file, named;
    return fstat(descriptor, &open_file) == 0 && lstat(path, &named) == 0 && open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

static gboolean open_part(Output *output, GError **error)
{
    output->descriptor = open(output->part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (output->descriptor < 0) {
        galen_error_set_errno(error, errno, "cannot create %s", output->part);
        return FALSE;
    }
    if (flock(output->descriptor, LOCK_EX | LOCK_NB) < 0 || !is_at(output->descriptor, output->part)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "%s: another export is writing it; wait until it has ended", output->part);
        close(output->descriptor);
        output->descriptor = -1; /* the file is the other's */
        return FALSE;
    }
    return ftruncate(output->descriptor, 0) == 0 || fail(output, errno, error);
}

Output *output_open(const char *path, OutputForm form, GError **error)
{
    Output *output = g_new0(Output, 1);
    output->path = g_strdup(path);
    output->part = g_strconcat(path, ".part", NULL);
    output->pending = g_malloc(OUTPUT_BUFFER);
    output->context = sha256_new();
    if (form == OUTPUT_ZSTD) {
        output->zstd = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(output->zstd, ZSTD_c_compressionLevel, OUTPUT_LEVEL);
        ZSTD_CCtx_setParameter(output->zstd, ZSTD_c_checksumFlag, 1);
    }
    if (open_part(output, error))
        return output;
    output_free(output);
    return NULL;
}

static gboolean drain(Output *output, GError **error)
{
    gsize done = 0;
    sha256_update(output->context, output->pending, output->length);
    while (done < output->length) {
        ssize_t written = write(output->descriptor, output->pending + done, output->length - done);
        if (written < 0 && errno != EINTR)
            return fail(output, errno, error);
        done += written > 0 ? (gsize)written : 0;
    }
    output->bytes += output->length;
    output->length = 0;
    return TRUE;
}

static gboolean compress(Output *output, const void *data, gsize length, ZSTD_EndDirective end, GError **error)
{
    ZSTD_inBuffer in = {data, length, 0};
    for (;;) {
        ZSTD_outBuffer out = {output->pending, OUTPUT_BUFFER, output->length};
        size_t left = ZSTD_compressStream2(output->zstd, &out, &in, end);
        if (ZSTD_isError(left)) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cannot compress %s: %s", output->path, ZSTD_getErrorName(left));
            return FALSE;
        }
        output->length = out.pos;
        if (end == ZSTD_e_end ? left == 0 : in.pos == in.size)
            return TRUE;
        if (!drain(output, error))
            return FALSE;
    }
}

gboolean output_write(Output *output, const void *data, gsize length, GError **error)
{
    if (output->zstd)
        return compress(output, data, length, ZSTD_e_continue, error);
    for (const char *at = data; length;) {
        gsize room = MIN(length, OUTPUT_BUFFER - output->length);
        memcpy(output->pending + output->length, at, room);
        output->length += room;
        at += room;
        length -= room;
        if (output->length == OUTPUT_BUFFER && !drain(output, error))
            return FALSE;
    }
    return TRUE;
}

gboolean output_u32(Output *output, guint32 value, GError **error)
{
    guint32 little = GUINT32_TO_LE(value);
    return output_write(output, &little, sizeof little, error);
}

gboolean output_u64(Output *output, guint64 value, GError **error)
{
    guint64 little = GUINT64_TO_LE(value);
    return output_write(output, &little, sizeof little, error);
}

static void sync_folder(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    fsync(descriptor);
    close(descriptor);
}

gboolean output_finish(Output *output, GError **error)
{
    if ((output->zstd && !compress(output, NULL, 0, ZSTD_e_end, error)) || !drain(output, error))
        return FALSE;
    if (fsync(output->descriptor) < 0 || rename(output->part, output->path) < 0)
        return fail(output, errno, error);
    output->finished = TRUE;
    output->digest = sha256_finish(output->context);
    sync_folder(output->path);
    return TRUE;
}

const char *output_path(const Output *output)
{
    return output->path;
}

guint64 output_bytes(const Output *output)
{
    return output->bytes;
}

const Sha256 *output_digest(const Output *output)
{
    return &output->digest;
}

void output_free(Output *output)
{
    if (!output)
        return;
    if (output->descriptor >= 0) {
        if (!output->finished)
            unlink(output->part);
        close(output->descriptor);
    }
    ZSTD_freeCCtx(output->zstd);
    sha256_free(output->context);
    g_free(output->pending);
    g_free(output->path);
    g_free(output->part);
    g_free(output);
}
