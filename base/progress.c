/* SPDX-License-Identifier: Apache-2.0
 * Counting long work; see base/progress.h. */
#include "base/progress.h"

struct Progress {
    GMutex lock;
    ProgressReading reading;
};

Progress *progress_new(void)
{
    Progress *progress = g_new0(Progress, 1);
    g_mutex_init(&progress->lock);
    return progress;
}

void progress_free(Progress *progress)
{
    if (!progress)
        return;
    g_mutex_clear(&progress->lock);
    g_free(progress);
}

void progress_begin(Progress *progress, const char *task, const char *unit, guint64 total)
{
    if (!progress)
        return;
    g_mutex_lock(&progress->lock);
    progress->reading = (ProgressReading){.total = total, .started = g_get_monotonic_time()};
    g_strlcpy(progress->reading.task, task, sizeof progress->reading.task);
    g_strlcpy(progress->reading.unit, unit, sizeof progress->reading.unit);
    g_mutex_unlock(&progress->lock);
}

void progress_add(Progress *progress, guint64 count)
{
    if (!progress)
        return;
    g_mutex_lock(&progress->lock);
    progress->reading.done += count;
    g_mutex_unlock(&progress->lock);
}

void progress_busy(Progress *progress, int hosts)
{
    if (!progress)
        return;
    g_mutex_lock(&progress->lock);
    progress->reading.hosts += hosts;
    g_mutex_unlock(&progress->lock);
}

void progress_end(Progress *progress)
{
    if (!progress)
        return;
    g_mutex_lock(&progress->lock);
    progress->reading.task[0] = '\0';
    g_mutex_unlock(&progress->lock);
}

void progress_read(Progress *progress, ProgressReading *reading)
{
    g_mutex_lock(&progress->lock);
    *reading = progress->reading;
    g_mutex_unlock(&progress->lock);
}
