/* SPDX-License-Identifier: Apache-2.0
 * Whole files in and out; see base/file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static gboolean write_all(int descriptor, const char *data, gsize length)
{
    while (length) {
        ssize_t written = write(descriptor, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return FALSE;
        data += written;
        length -= (gsize)written;
    }
    return TRUE;
}

static void sync_directory_of(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    fsync(descriptor);
    close(descriptor);
}

gboolean file_replace(const char *path, const void *data, gsize length, GError **error)
{
    g_autofree char *temporary = g_strdup_printf("%s.tmp.XXXXXX", path);
    int descriptor = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0644);
    if (descriptor < 0) {
        galen_error_set_errno(error, errno, "cannot create a file beside %s", path);
        return FALSE;
    }
    gboolean good = write_all(descriptor, data, length) && fsync(descriptor) == 0;
    int saved = errno;
    if (close(descriptor) < 0 && good) {
        good = FALSE;
        saved = errno;
    }
    if (good && rename(temporary, path) < 0) {
        good = FALSE;
        saved = errno;
    }
    if (!good) {
        unlink(temporary);
        galen_error_set_errno(error, saved, "cannot write %s", path);
        return FALSE;
    }
    sync_directory_of(path);
    return TRUE;
}

gboolean file_read(const char *path, gsize limit, char **data, gsize *length, GError **error)
{
    struct stat status;
    if (stat(path, &status) < 0) {
        int saved = errno;
        if (saved == ENOENT)
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: no such file", path);
        else
            galen_error_set_errno(error, saved, "cannot read %s", path);
        return FALSE;
    }
    if (status.st_size > 0 && (guint64)status.st_size > limit) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: %" G_GUINT64_FORMAT " bytes, more than the %" G_GSIZE_FORMAT " that such a file may have",
                    path, (guint64)status.st_size, limit);
        return FALSE;
    }
    g_autoptr(GError) cause = NULL;
    if (!g_file_get_contents(path, data, length, &cause)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cannot read %s: %s", path, cause->message);
        return FALSE;
    }
    return TRUE;
}

gboolean directory_make(const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0777) < 0) {
        galen_error_set_errno(error, errno, "cannot make the directory %s", path);
        return FALSE;
    }
    return TRUE;
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *file_glob(const char *base_directory, const char *pattern, GError **error)
{
    g_autofree char *full = g_path_is_absolute(pattern) ? g_strdup(pattern) : g_build_filename(base_directory, pattern, NULL);
    glob_t matches = {0};
    int result = glob(full, GLOB_NOSORT | GLOB_BRACE, NULL, &matches);
    if (result != 0) {
        globfree(&matches);
        g_set_error(error, GALEN_ERROR, result == GLOB_NOMATCH ? GALEN_ERROR_INPUT : GALEN_ERROR_SYSTEM,
                    result == GLOB_NOMATCH ? "no file matches %s" : "cannot list %s", full);
        return NULL;
    }
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < matches.gl_pathc; i++)
        g_ptr_array_add(paths, g_strdup(matches.gl_pathv[i]));
    globfree(&matches);
    g_ptr_array_sort(paths, compare_paths);
    return paths;
}
