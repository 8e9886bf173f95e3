/* SPDX-License-Identifier: Apache-2.0
 * The SHA-256 of a whole file; see base/file.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define READ_CHUNK ((gsize)1 << 20)

static ssize_t hash_all(int descriptor, Progress *progress, Sha256Context *context, guint64 *bytes)
{
    g_autofree char *chunk = g_malloc(READ_CHUNK);
    ssize_t got;
    *bytes = 0;
    while ((got = read(descriptor, chunk, READ_CHUNK)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return got;
        sha256_update(context, chunk, (gsize)got);
        progress_add(progress, (guint64)got);
        *bytes += (guint64)got;
    }
    return 0;
}

gboolean file_sha256(const char *path, Progress *progress, Sha256 *digest, guint64 *bytes, GError **error)
{
    struct stat status;
    if (!file_examine(path, &status, error))
        return FALSE;
    g_autoptr(Sha256Context) context = sha256_new();
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    gboolean good = descriptor >= 0 && hash_all(descriptor, progress, context, bytes) == 0;
    if (!good)
        galen_error_set_errno(error, errno, "cannot read %s", path);
    if (descriptor >= 0)
        close(descriptor);
    *digest = sha256_finish(context);
    return good;
}
