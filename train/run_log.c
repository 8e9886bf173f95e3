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

/* The line as an object with a step up to `step`, or NULL. */
static json_t *parse_line(const char *line, gsize length, guint64 step)
{
    if (!length || line[length - 1] != '\n')
        return NULL;
    g_autoptr(json_t) object = json_parse(line, length, "log", NULL);
    const json_t *number = object ? json_object_get(object, "step") : NULL;
    gboolean belongs = json_is_integer(number) && (guint64)json_integer_value(number) <= step;
    return belongs ? g_steal_pointer(&object) : NULL;
}

/* Bytes of the lines up to `step`: later lines follow them, for steps only grow. */
static off_t read_lines(FILE *file, guint64 step, RunLogLine kept, gpointer user)
{
    char *line = NULL;
    size_t capacity = 0;
    off_t bytes = 0;
    for (ssize_t length; (length = getline(&line, &capacity, file)) > 0; bytes += length) {
        g_autoptr(json_t) object = parse_line(line, (gsize)length, step);
        if (!object)
            break;
        if (kept)
            kept(object, user);
    }
    free(line);
    return bytes;
}

gboolean run_log_read(const char *path, RunLogLine line, gpointer user, GError **error)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "cannot read the log %s: %s", path, g_strerror(errno));
        return FALSE;
    }
    read_lines(file, G_MAXINT64, line, user);
    fclose(file);
    return TRUE;
}

RunLog *run_log_open(const char *path, guint64 step, RunLogLine kept_line, gpointer user, GError **error)
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
    off_t kept = read_lines(file, step, kept_line, user);
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
