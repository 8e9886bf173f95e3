/* SPDX-License-Identifier: Apache-2.0
 * cli/train.h - parts of galen train. */
#ifndef CLI_TRAIN_H
#define CLI_TRAIN_H

#include "train/config.h"

/* Prints what the run would need (train/plan.h). `ranks` 0: as many as the layout asks for; `precision` NULL: f32. Where
 * the file names no vocabulary it is read from the store, and taken to be Llama 2's where there is none. Returns the exit
 * status. */
int train_plan(TrainConfig *config, int ranks, const char *precision, gboolean as_json);

#endif
