/* SPDX-License-Identifier: Apache-2.0
 * base/progress.h - how far long work has come; counted in the libraries, shown by cli/ alone.
 *
 * The worker side calls progress_begin, progress_add and progress_end; the screen side polls progress_read. A NULL
 * Progress is allowed everywhere and counts nothing. All calls are thread-safe.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <glib.h>

typedef struct Progress Progress;

typedef struct ProgressReading {
    char task[64]; /* "clean", "fetch cdc"; empty between tasks */
    char unit[16]; /* "documents", "bytes", "steps" */
    guint64 done;
    guint64 total; /* 0: unknown */
    gint64 started; /* g_get_monotonic_time of progress_begin */
    int hosts;      /* that are being asked at this moment; 0 but for crawls */
} ProgressReading;

Progress *progress_new(void);
void progress_free(Progress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Progress, progress_free)
void progress_begin(Progress *progress, const char *task, const char *unit, guint64 total);
void progress_add(Progress *progress, guint64 count);
void progress_busy(Progress *progress, int hosts); /* so many more, or fewer, are being asked */
void progress_end(Progress *progress);
void progress_read(Progress *progress, ProgressReading *reading);

#endif
