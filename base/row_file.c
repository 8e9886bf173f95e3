/* SPDX-License-Identifier: Apache-2.0
 * Rows written in blocks to an unlinked file, then mapped; see base/row_file.h. */
#include "base/row_file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define BLOCK_BYTES ((gsize)1 << 18)

struct RowFile {
    int descriptor;
    char *folder;
    gsize row_size;
    guint64 count;
    char *block; /* rows that are not written yet */
    gsize block_bytes;
    guint64 written; /* bytes */
    void *map;
};

RowFile *row_file_new(const char *folder, gsize row_size, GError **error)
{
    int descriptor = file_open_nameless(folder, error);
    if (descriptor < 0)
        return NULL;
    RowFile *file = g_new0(RowFile, 1);
    file->descriptor = descriptor;
    file->folder = g_strdup(folder);
    file->row_size = row_size;
    file->block = g_malloc(MAX(BLOCK_BYTES, row_size));
    return file;
}

void row_file_free(RowFile *file)
{
    if (!file)
        return;
    if (file->map)
        munmap(file->map, file->written);
    close(file->descriptor);
    g_free(file->block);
    g_free(file->folder);
    g_free(file);
}

static gboolean write_block(RowFile *file, GError **error)
{
    gsize done = 0;
    while (done < file->block_bytes) {
        gssize now = pwrite(file->descriptor, file->block + done, file->block_bytes - done, (off_t)(file->written + done));
        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0) {
            galen_error_set_errno(error, now < 0 ? errno : ENOSPC, "cannot write a temporary file in %s; free some space and run the same command again",
                                  file->folder);
            return FALSE;
        }
        done += (gsize)now;
    }
    file->written += file->block_bytes;
    file->block_bytes = 0;
    return TRUE;
}

static gboolean append(RowFile *file, const void *row, GError **error)
{
    if (file->block_bytes + file->row_size > BLOCK_BYTES && !write_block(file, error))
        return FALSE;
    if (row)
        memcpy(file->block + file->block_bytes, row, file->row_size);
    else
        memset(file->block + file->block_bytes, 0, file->row_size);
    file->block_bytes += file->row_size;
    file->count++;
    return TRUE;
}

gboolean row_file_append(RowFile *file, const void *row, GError **error)
{
    return append(file, row, error);
}

gboolean row_file_append_zeros(RowFile *file, guint64 count, GError **error)
{
    for (guint64 i = 0; i < count; i++)
        if (!append(file, NULL, error))
            return FALSE;
    return TRUE;
}

gboolean row_file_map(RowFile *file, GError **error)
{
    if (!write_block(file, error))
        return FALSE;
    g_clear_pointer(&file->block, g_free);
    if (file->written == 0)
        return TRUE;
    file->map = mmap(NULL, file->written, PROT_READ | PROT_WRITE, MAP_SHARED, file->descriptor, 0);
    if (file->map != MAP_FAILED)
        return TRUE;
    file->map = NULL;
    galen_error_set_errno(error, errno, "cannot map a temporary file of %" G_GUINT64_FORMAT " bytes in %s", file->written, file->folder);
    return FALSE;
}

guint64 row_file_count(const RowFile *file)
{
    return file->count;
}

void *row_file_rows(const RowFile *file)
{
    return file->map;
}
