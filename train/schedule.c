/* SPDX-License-Identifier: Apache-2.0
 * The learning rate; see train/schedule.h. */
#include "train/schedule.h"

#include <math.h>

const char *schedule_kind_name(ScheduleKind kind)
{
    static const char *const names[SCHEDULE_KINDS] = {"cosine", "wsd", "constant"};
    return names[kind];
}

/* What is left of the way from peak down to min_ratio * peak: 1 at first, 0 at the horizon. */
static double height(const Schedule *schedule, guint64 step)
{
    if (schedule->kind == SCHEDULE_CONSTANT)
        return 1;
    if (step >= schedule->horizon)
        return 0;
    if (schedule->kind == SCHEDULE_WSD)
        return MIN(1, (double)(schedule->horizon - step) / (double)MAX(schedule->decay, 1));
    double progress = (double)(step - schedule->warmup) / (double)(schedule->horizon - schedule->warmup);
    return 0.5 * (1 + cos(G_PI * progress));
}

double schedule_rate(const Schedule *schedule, guint64 step)
{
    if (step < schedule->warmup)
        return schedule->peak * (double)(step + 1) / (double)schedule->warmup;
    return schedule->peak * (schedule->min_ratio + (1 - schedule->min_ratio) * height(schedule, step));
}
