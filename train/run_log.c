/* SPDX-License-Identifier: Apache-2.0
 * The log of a run, cut back and continued; see train/run_log.h. */
#include "train/run_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

struct RunLog {
    FILE *file;
    char *path;
    gboolean empty;
};

static gboolean line_belongs(const char *line, gsize length, guint64 step)
{
    if (!length || line[length - 1] != '\n')
        return FALSE;
    g_autoptr(json_t) object = json_parse(line, length, "log", NULL);
    const json_t *number = object ? json_object_get(object, "step") : NULL;
    return json_is_integer(number) && (guint64)json_integer_value(number) <= step;
}

/* Bytes of the lines up to `step`: later lines follow them, for steps only grow. */
static off_t kept_length(FILE *file, guint64 step)
{
    char *line = NULL;
    size_t capacity = 0;
    off_t kept = 0;
    for (ssize_t length; (length = getline(&line, &capacity, file)) > 0 && line_belongs(line, (gsize)length, step);)
        kept += length;
    free(line);
    return kept;
}

RunLog *run_log_open(const char *path, guint64 step, GError **error)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r+");
    if (!file) {
        galen_error_set_errno(error, errno, "cannot open the log %s", path);
        return NULL;
    }
    g_autoptr(RunLog) log = g_new0(RunLog, 1);
    log->file = file;
    log->path = g_strdup(path);
    off_t kept = kept_length(file, step);
    log->empty = kept == 0;
    if (fseeko(file, kept, SEEK_SET) == 0 && ftruncate(descriptor, kept) == 0)
        return g_steal_pointer(&log);
    galen_error_set_errno(error, errno, "cannot cut the log %s back", path);
    return NULL;
}

gboolean run_log_is_empty(const RunLog *log)
{
    return log->empty;
}

gboolean run_log_write(RunLog *log, const json_t *line, GError **error)
{
    g_autofree char *text = json_write(line);
    log->empty = FALSE;
    if (fputs(text, log->file) >= 0 && fputc('\n', log->file) >= 0 && fflush(log->file) == 0)
        return TRUE;
    galen_error_set_errno(error, errno, "cannot write the log %s", log->path);
    return FALSE;
}

gboolean run_log_sync(RunLog *log, GError **error)
{
    if (fsync(fileno(log->file)) == 0)
        return TRUE;
    galen_error_set_errno(error, errno, "cannot write the log %s", log->path);
    return FALSE;
}

void run_log_free(RunLog *log)
{
    if (!log)
        return;
    fclose(log->file);
    g_free(log->path);
    g_free(log);
}
