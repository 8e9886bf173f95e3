/* SPDX-License-Identifier: Apache-2.0
 * Directories of checkpoints; see train/checkpoint_files.h. */
#include "train/checkpoint_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "train/checkpoint.h"

#define JSON_LIMIT (64 * 1024 * 1024)
#define NAME_FORMAT "step-%08" G_GUINT64_FORMAT
#define PARTIAL_PREFIX ".partial-"

char *checkpoint_path(const char *output, guint64 step)
{
    g_autofree char *name = g_strdup_printf(NAME_FORMAT, step);
    return g_build_filename(output, name, NULL);
}

char *checkpoint_partial_path(const char *output, guint64 step)
{
    g_autofree char *name = g_strdup_printf(PARTIAL_PREFIX NAME_FORMAT, step);
    return g_build_filename(output, name, NULL);
}

static gboolean is_checkpoint_name(const char *name)
{
    return g_str_has_prefix(name, "step-") && strlen(name) >= strlen("step-00000000") &&
           strspn(name + 5, "0123456789") == strlen(name + 5);
}

/* By step: longer names are later steps, because eight digits are the fewest. */
static int compare_names(gconstpointer a, gconstpointer b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    gsize nx = strlen(x), ny = strlen(y);
    return nx != ny ? (nx < ny ? -1 : 1) : strcmp(x, y);
}

/* Names in `output` of checkpoints or of half-written ones, oldest first; empty when it does not exist. */
static GPtrArray *list_names(const char *output, gboolean partial, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) cause = NULL;
    GDir *directory = g_dir_open(output, 0, &cause);
    if (!directory && g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return g_steal_pointer(&names);
    if (!directory) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cannot read the directory of checkpoints: %s",
                    cause->message);
        return NULL;
    }
    for (const char *name; (name = g_dir_read_name(directory));)
        if (partial ? g_str_has_prefix(name, PARTIAL_PREFIX) : is_checkpoint_name(name))
            g_ptr_array_add(names, g_strdup(name));
    g_dir_close(directory);
    g_ptr_array_sort(names, compare_names);
    return g_steal_pointer(&names);
}

char *checkpoint_find_newest(const char *output, GError **error)
{
    g_autoptr(GPtrArray) names = list_names(output, FALSE, error);
    if (!names || !names->len)
        return NULL;
    return g_build_filename(output, g_ptr_array_index(names, names->len - 1), NULL);
}

char *checkpoint_resolve(const char *path, GError **error)
{
    GError *cause = NULL;
    char *newest = checkpoint_find_newest(path, &cause);
    if (cause)
        g_propagate_error(error, cause);
    return newest || cause ? newest : g_strdup(path);
}

char *checkpoint_find_newest_together(const char *output, Comm *comm, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *path = comm_rank(comm) == 0 ? checkpoint_find_newest(output, &cause) : NULL;
    gboolean good = !cause;
    if (cause)
        g_propagate_error(error, g_steal_pointer(&cause));
    guint64 length = path ? strlen(path) : 0;
    if (!comm_agree(comm, good, error) || !comm_broadcast(comm, &length, sizeof length, 0, error) || !length)
        return NULL;
    if (comm_rank(comm) != 0)
        path = g_malloc0(length + 1);
    return comm_broadcast(comm, path, length, 0, error) ? g_steal_pointer(&path) : NULL;
}

gboolean checkpoint_write_json(const char *directory, const char *name, const json_t *value, GError **error)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *text = json_pretty(value);
    return file_replace(path, text, strlen(text), error);
}

json_t *checkpoint_read_json(const char *directory, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(directory, name, NULL), *text = NULL;
    gsize length;
    if (!file_read(path, JSON_LIMIT, &text, &length, error))
        return NULL;
    return json_parse(text, length, path, error);
}

gboolean checkpoint_remove_directory(const char *path, GError **error)
{
    GDir *directory = g_dir_open(path, 0, NULL);
    for (const char *name; directory && (name = g_dir_read_name(directory));) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_unlink(file);
    }
    if (directory)
        g_dir_close(directory);
    if (g_rmdir(path) == 0 || errno == ENOENT)
        return TRUE;
    galen_error_set_errno(error, errno, "cannot remove %s", path);
    return FALSE;
}

static void sync_directory(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    fsync(descriptor);
    close(descriptor);
}

gboolean checkpoint_complete(const char *partial, const char *path, GError **error)
{
    g_autofree char *output = g_path_get_dirname(path);
    sync_directory(partial);
    if (g_rename(partial, path) < 0) {
        galen_error_set_errno(error, errno, "cannot rename %s to %s", partial, path);
        return FALSE;
    }
    sync_directory(output);
    return TRUE;
}

/* Renamed first, so that a checkpoint with files missing never has the name of a complete one. */
static gboolean remove_checkpoint(const char *output, const char *name, GError **error)
{
    g_autofree char *hidden = g_strconcat(PARTIAL_PREFIX, name, NULL);
    g_autofree char *path = g_build_filename(output, name, NULL), *partial = g_build_filename(output, hidden, NULL);
    if (!checkpoint_remove_directory(partial, error))
        return FALSE;
    if (g_rename(path, partial) < 0) {
        galen_error_set_errno(error, errno, "cannot remove the old checkpoint %s", path);
        return FALSE;
    }
    return checkpoint_remove_directory(partial, error);
}

gboolean checkpoint_prune(const char *output, guint64 keep, GError **error)
{
    g_autoptr(GPtrArray) partial = list_names(output, TRUE, error);
    g_autoptr(GPtrArray) names = partial ? list_names(output, FALSE, error) : NULL;
    if (!names)
        return FALSE;
    for (guint i = 0; i < partial->len; i++) {
        g_autofree char *path = g_build_filename(output, g_ptr_array_index(partial, i), NULL);
        if (!checkpoint_remove_directory(path, error))
            return FALSE;
    }
    for (guint i = 0; keep && i + keep < names->len; i++)
        if (!remove_checkpoint(output, g_ptr_array_index(names, i), error))
            return FALSE;
    return TRUE;
}
