/* SPDX-License-Identifier: Apache-2.0
 * train/checkpoint_files.h - the directories in which checkpoints lie: their names, and what an interrupted run left.
 *
 * A checkpoint's name is step-00000100; while it is written, or being removed, .partial-step-00000100.
 */
#ifndef TRAIN_CHECKPOINT_FILES_H
#define TRAIN_CHECKPOINT_FILES_H

#include "base/json.h"

char *checkpoint_path(const char *output, guint64 step);
char *checkpoint_partial_path(const char *output, guint64 step);
/* With the files in it; fine if it does not exist. */
gboolean checkpoint_remove_directory(const char *path, GError **error);
/* Flushes the directory at `partial` and renames it. */
gboolean checkpoint_complete(const char *partial, const char *path, GError **error);
gboolean checkpoint_write_json(const char *directory, const char *name, const json_t *value, GError **error);
json_t *checkpoint_read_json(const char *directory, const char *name, GError **error);

#endif
