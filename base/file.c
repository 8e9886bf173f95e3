/* SPDX-License-Identifier: Apache-2.0
 * Whole files in and out; see base/file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <glib/gstdio.h>
#include <stdlib.h>
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

/* Whether what stat says of `path` lies in the path as given and not in the machine. */
static gboolean leads_nowhere(int code)
{
    return code == ENOENT || code == ENOTDIR || code == ELOOP || code == ENAMETOOLONG;
}

gboolean file_examine(const char *path, struct stat *status, GError **error)
{
    if (stat(path, status) < 0) {
        int saved = errno;
        if (!leads_nowhere(saved))
            galen_error_set_errno(error, saved, "cannot read %s", path);
        else if (saved == ENOENT && g_file_test(path, G_FILE_TEST_IS_SYMLINK))
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: a link to a file that is not there", path);
        else
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: %s", path, saved == ENOENT ? "no such file" : g_strerror(saved));
        return FALSE;
    }
    if (S_ISREG(status->st_mode)) {
        if (access(path, R_OK) == 0)
            return TRUE;
        galen_error_set_errno(error, errno, "cannot read %s", path);
        return FALSE;
    }
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: %s", path,
                S_ISDIR(status->st_mode) ? "a folder, where a file is expected"
                                         : "a pipe or a device; only regular files can be read, so write its bytes to one");
    return FALSE;
}

gboolean file_read(const char *path, gsize limit, char **data, gsize *length, GError **error)
{
    struct stat status;
    if (!file_examine(path, &status, error))
        return FALSE;
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

int file_open_nameless(const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "rows-XXXXXX", NULL);
    int descriptor = mkostemp(path, O_CLOEXEC);
    if (descriptor < 0)
        galen_error_set_errno(error, errno, "cannot make a temporary file in %s", folder);
    else
        unlink(path);
    return descriptor;
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

/* The folder's own name is no pattern, whatever characters it has. */
static char *full_pattern(const char *base_directory, const char *pattern)
{
    if (g_path_is_absolute(pattern))
        return g_strdup(pattern);
    g_autoptr(GString) escaped = g_string_new(NULL);
    for (const char *at = base_directory; *at; at++) {
        if (strchr("\\*?[]{},~", *at))
            g_string_append_c(escaped, '\\');
        g_string_append_c(escaped, *at);
    }
    return g_build_filename(escaped->str, pattern, NULL);
}

/* A folder that may not be listed must not pass for an empty one. */
static int stop_unless_absent(const char *path, int code)
{
    return !leads_nowhere(code);
}

GPtrArray *file_glob(const char *base_directory, const char *pattern, GError **error)
{
    g_autofree char *full = full_pattern(base_directory, pattern);
    glob_t matches = {0};
    int result = glob(full, GLOB_NOSORT | GLOB_BRACE, stop_unless_absent, &matches);
    if (result != 0) {
        globfree(&matches);
        if (result == GLOB_NOMATCH)
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "no file matches %s in %s", pattern, base_directory);
        else
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cannot list %s in %s: a folder may not be read", pattern, base_directory);
        return NULL;
    }
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < matches.gl_pathc; i++)
        g_ptr_array_add(paths, g_strdup(matches.gl_pathv[i]));
    globfree(&matches);
    g_ptr_array_sort(paths, compare_paths);
    return paths;
}

#define TREE_DEPTH_LIMIT 64

static gboolean add_tree(const char *directory, unsigned depth, GPtrArray *paths, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) folder = depth < TREE_DEPTH_LIMIT ? g_dir_open(directory, 0, &cause) : NULL;
    if (!folder) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cannot list %s: %s", directory, cause ? cause->message : "folders are nested more than 64 deep");
        return FALSE;
    }
    for (const char *name; (name = g_dir_read_name(folder));) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        gboolean below = g_file_test(path, G_FILE_TEST_IS_DIR);
        if (*name == '.' || (below && g_file_test(path, G_FILE_TEST_IS_SYMLINK)))
            continue;
        if (below && !add_tree(path, depth + 1, paths, error))
            return FALSE;
        if (!below)
            g_ptr_array_add(paths, g_steal_pointer(&path));
    }
    return TRUE;
}

gboolean file_tree(const char *directory, GPtrArray *paths, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    if (!add_tree(directory, 0, found, error))
        return FALSE;
    g_ptr_array_sort(found, compare_paths);
    for (guint i = 0; i < found->len; i++)
        g_ptr_array_add(paths, g_strdup(found->pdata[i]));
    return TRUE;
}
