/* SPDX-License-Identifier: Apache-2.0
 * train/trainer.h - train a Llama on the shards of a store.
 *
 * Sequence: c = train_config_load(path, e); s = store_open(c->store, STORE_READ, e);
 *           train_run(c, s, comm, progress, report, user, e), on all ranks of comm.
 * train_run goes on from the newest checkpoint in the output directory, or begins anew where there is none. A checkpoint
 * of other shards, or of settings that would change the numbers, is GALEN_ERROR_INPUT that names the difference. It
 * returns when schedule.steps are done; the last step is always a checkpoint.
 *
 * Each step: gradients are summed over micro-batches, and over ranks; clipped; AdamW. A loss or gradient that is no
 * finite number stops the run with GALEN_ERROR_INPUT, which names the step and its documents, before it reaches the weights.
 *
 * What is written meanwhile is in train/journal.h. A run that was killed and resumed has the same log but for timing, and
 * the same checkpoints, bit for bit. The number of threads does not matter; another processor model or another OpenBLAS
 * may round differently. When config->stop becomes other than 0 the run saves after the step it is in, and returns.
 */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "base/progress.h"
#include "store/shard.h"
#include "train/config.h"
#include "train/report.h"
#include "train/sample.h"

/* `store` and `comm` are borrowed; `comm` (NULL: one rank), `progress` and `report` may be NULL. `report` is called on rank 0's
 * calling thread after each step. */
gboolean train_run(const TrainConfig *config, Store *store, Comm *comm, Progress *progress, TrainReportFunction report,
                   gpointer user, GError **error);

#endif
