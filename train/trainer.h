/* SPDX-License-Identifier: Apache-2.0
 * train/trainer.h - train a Llama on the shards of a store.
 *
 * Sequence: c = train_config_load(path, e); s = store_open(c->store, STORE_READ, e);
 *           train_run(c, s, progress, report, user, e).
 * train_run goes on from the newest checkpoint in the output directory, or begins anew where there is none. A checkpoint
 * of other shards, or of settings that would change the numbers, is GALEN_ERROR_INPUT that names the difference. It
 * returns when schedule.steps are done; the last step is always a checkpoint.
 *
 * Each step: gradients are summed over micro-batches, and over ranks; clipped; AdamW. A loss or gradient that is no
 * finite number stops the run with GALEN_ERROR_INPUT before it reaches the weights.
 *
 * The log (config->log) has one line a step: step, loss and loss_by_source in nats per token, lr, grad_norm (before
 * clipping), tokens (seen so far), token_hash (of the ids of this step), timing; loss_by_document on demand. Before them
 * a line of step 0 describes the run; after an evaluation comes a line with eval. A run that was killed and resumed has
 * the same log but for timing, and the same checkpoints, bit for bit. The number of threads does not matter; another
 * processor model or another OpenBLAS may round differently.
 */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "base/progress.h"
#include "store/shard.h"
#include "train/config.h"
#include "train/sample.h"

typedef struct TrainSourceLoss {
    const char *source; /* tag */
    double loss;        /* nats per token */
    guint64 tokens;     /* of this step */
} TrainSourceLoss;

/* What is known after a step; valid during the call of `report`. */
typedef struct TrainReport {
    guint64 step;    /* done, from 1 */
    guint64 steps;   /* to do in all */
    guint64 resumed; /* the step of the checkpoint that this run went on from; 0: none */
    guint64 parameters;
    guint64 tokens;   /* seen since step 0 */
    double loss;      /* nats per token */
    double eval_loss; /* of the split "valid"; NAN when this step had no evaluation */
    double rate;      /* of learning */
    double gradient_norm;
    double tokens_per_second;
    double unigram_entropy; /* of the training split, in nats: a loss below it comes from context */
    const char *token_hash;
    const TrainSourceLoss *sources; /* those in this step */
    gsize sources_count;
} TrainReport;

typedef void (*TrainReportFunction)(const TrainReport *report, gpointer user);

/* `store` is borrowed; `progress` and `report` may be NULL. `report` is called on the calling thread after each step. */
gboolean train_run(const TrainConfig *config, Store *store, Progress *progress, TrainReportFunction report,
                   gpointer user, GError **error);

#endif
