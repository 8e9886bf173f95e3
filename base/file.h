/* SPDX-License-Identifier: Apache-2.0
 * base/file.h - whole files in and out; files out are atomic.
 *
 * file_replace writes to a temporary file in the same directory, flushes it to disk and renames it over `path`:
 * a reader sees the old content or the new, never half of either. file_read refuses files over `limit` bytes.
 * Pipes and devices, which may never end, are refused before they are opened.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <glib.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/progress.h"

gboolean file_replace(const char *path, const void *data, gsize length, GError **error);
gboolean file_read(const char *path, gsize limit, char **data, gsize *length, GError **error); /* caller g_frees */
/* SHA-256 and length of a file's bytes, as they lie on disk. Each byte read counts for `progress` (NULL: nobody). */
gboolean file_sha256(const char *path, Progress *progress, Sha256 *digest, guint64 *bytes, GError **error);
/* The status of a regular file that may be read, links followed. What is absent or no regular file is an input error. */
gboolean file_examine(const char *path, struct stat *status, GError **error);
/* A descriptor to read and write a file in `folder` that has no name, and ends with it; -1 with an error. */
int file_open_nameless(const char *folder, GError **error);
gboolean directory_make(const char *path, GError **error); /* with parents; fine if it exists */

/* Paths that match a shell pattern, sorted by bytes; a pattern that matches nothing is an input error.
 * `base_directory` is taken as it is: only `pattern` is a pattern. */
GPtrArray *file_glob(const char *base_directory, const char *pattern, GError **error);

/* Appends the regular files in a folder and in all folders below it, sorted by bytes. Names that begin with a dot are passed
 * over; so are links to folders, which may lead back. */
gboolean file_tree(const char *directory, GPtrArray *paths, GError **error);

#endif
