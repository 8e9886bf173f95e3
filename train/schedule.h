/* SPDX-License-Identifier: Apache-2.0
 * train/schedule.h - the learning rate at a step.
 *
 * Linear warm-up over `warmup` steps to `peak`; then, by kind,
 *   cosine    a cosine that reaches min_ratio * peak at step `horizon` (Loshchilov and Hutter 2017, without restarts);
 *   wsd       peak until `decay` steps before the horizon, then a straight line to min_ratio * peak at the horizon
 *             (warm-up, stable, decay: Hu et al. 2024; Haegele et al. 2024);
 *   constant  peak for ever.
 * Behind the horizon the rate stays where it is. The horizon is not the run's length: a run may stop before it, as
 * MEDITRON's did, or go on behind it.
 */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

#include <glib.h>

typedef enum { SCHEDULE_COSINE, SCHEDULE_WSD, SCHEDULE_CONSTANT } ScheduleKind;
#define SCHEDULE_KINDS 3

typedef struct Schedule {
    ScheduleKind kind;
    double peak;
    double min_ratio;
    guint64 warmup;
    guint64 horizon;
    guint64 decay; /* steps; of wsd alone */
} Schedule;

const char *schedule_kind_name(ScheduleKind kind); /* as in the file */
/* Steps count from 0; the first step of a warm-up already learns, at peak / warmup. */
double schedule_rate(const Schedule *schedule, guint64 step);

#endif
