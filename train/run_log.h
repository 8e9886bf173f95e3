/* SPDX-License-Identifier: Apache-2.0
 * train/run_log.h - the log of a run: one JSON object a line, each with the number of its step.
 *
 * run_log_open cuts an existing log back to `step`: what an interrupted run wrote behind its last checkpoint goes, and is
 * written again, the same. Whatever depends on the clock is under the key "timing"; without it the log of an interrupted
 * run equals that of an uninterrupted one, byte for byte. run_log_sync flushes to disk; call it before a checkpoint.
 */
#ifndef TRAIN_RUN_LOG_H
#define TRAIN_RUN_LOG_H

#include "base/json.h"

typedef struct RunLog RunLog;
/* `kept` is called for each line that stays, in order; it may be NULL. */
typedef void (*RunLogLine)(const json_t *line, gpointer user);
RunLog *run_log_open(const char *path, guint64 step, RunLogLine kept, gpointer user, GError **error);
/* The lines of a log as it lies on disk, up to the first that is torn. */
gboolean run_log_read(const char *path, RunLogLine line, gpointer user, GError **error);
gboolean run_log_is_empty(const RunLog *log); /* nothing was kept, nothing is written yet */
gboolean run_log_write(RunLog *log, const json_t *line, GError **error);
gboolean run_log_sync(RunLog *log, GError **error);
void run_log_free(RunLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunLog, run_log_free)

#endif
