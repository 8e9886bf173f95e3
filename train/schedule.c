/* SPDX-License-Identifier: Apache-2.0
 * The learning rate; see train/schedule.h. */
#include "train/schedule.h"

#include <math.h>

double schedule_rate(const Schedule *schedule, guint64 step)
{
    if (step < schedule->warmup)
        return schedule->peak * (double)(step + 1) / (double)schedule->warmup;
    if (step >= schedule->horizon)
        return schedule->peak * schedule->min_ratio;
    double progress = (double)(step - schedule->warmup) / (double)(schedule->horizon - schedule->warmup);
    return schedule->peak * (schedule->min_ratio + (1 - schedule->min_ratio) * 0.5 * (1 + cos(G_PI * progress)));
}
