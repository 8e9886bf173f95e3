/* SPDX-License-Identifier: Apache-2.0
 * train/schedule.h - the learning rate at a step.
 *
 * Linear warm-up over `warmup` steps to `peak`, then a cosine that reaches min_ratio * peak at step `horizon` and stays
 * there (Loshchilov and Hutter 2017, without restarts). The horizon is not the run's length: a run may stop before it,
 * as MEDITRON's did, or go on behind it.
 */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

#include <glib.h>

typedef struct Schedule {
    double peak;
    double min_ratio;
    guint64 warmup;
    guint64 horizon;
} Schedule;

/* Steps count from 0; the first step of a warm-up already learns, at peak / warmup. */
double schedule_rate(const Schedule *schedule, guint64 step);

#endif
