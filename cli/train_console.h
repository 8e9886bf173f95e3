/* SPDX-License-Identifier: Apache-2.0
 * cli/train_console.h - what galen train prints while it trains.
 *
 * A line at most every few seconds, and one for each evaluation and each spike; spikes with the documents to blame.
 */
#ifndef CLI_TRAIN_CONSOLE_H
#define CLI_TRAIN_CONSOLE_H

#include "train/report.h"

typedef struct TrainConsole {
    const char *output; /* the run's folder, for advice */
    gboolean begun;
    gint64 last_line;        /* monotonic time */
    gint64 last_report;
    double seconds_per_step; /* smoothed, evaluations and checkpoints included */
    guint64 stopped;         /* the step at which the run was told to end; 0: it was not */
} TrainConsole;

/* A TrainReportFunction, for a zeroed TrainConsole. */
void train_console_report(const TrainReport *report, gpointer console);

#endif
