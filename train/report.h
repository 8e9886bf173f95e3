/* SPDX-License-Identifier: Apache-2.0
 * train/report.h - what is known after a step of training, for whoever shows or records it.
 */
#ifndef TRAIN_REPORT_H
#define TRAIN_REPORT_H

#include <glib.h>

typedef struct TrainSourceLoss {
    const char *source; /* tag */
    double loss;        /* nats per token */
    guint64 tokens;     /* of this step, or of the evaluation */
} TrainSourceLoss;

typedef struct TrainDocumentLoss {
    guint64 docno;
    const char *source;
    double loss; /* nats per token */
    guint64 tokens;
} TrainDocumentLoss;

/* Valid during the call that hands it over. */
typedef struct TrainReport {
    guint64 step;    /* done, from 1 */
    guint64 steps;   /* to do in all */
    guint64 resumed; /* the step of the checkpoint that this run went on from; 0: none */
    guint64 parameters;
    guint64 tokens;   /* seen since step 0 */
    double loss;      /* nats per token */
    double rate;      /* of learning */
    double gradient_norm; /* before clipping */
    double seconds;       /* that the step took */
    double tokens_per_second;
    double tflops;          /* 1e12 operations a second, of one rank, by Megatron's count (train/flops.h) */
    double mfu, mfu_6n;     /* the share of what the device can do, by either count; NAN where nobody says what it can */
    double unigram_entropy; /* of the training split, in nats: a loss below it comes from context */
    const char *token_hash;
    const TrainSourceLoss *sources; /* those in this step */
    gsize sources_count;
    double eval_loss; /* of the split "valid"; NAN when this step had no evaluation */
    const TrainSourceLoss *eval_sources;
    gsize eval_sources_count;
    gboolean spike;            /* the loss or the gradient jumped (train/spike.h) */
    double loss_z, gradient_z; /* robust deviations above what was usual */
    const TrainDocumentLoss *documents; /* of a spike: those that add most to the loss, first the worst */
    gsize documents_count;
    gboolean stopped; /* the last of this run, because it was asked to stop; its checkpoint is written */
} TrainReport;

typedef void (*TrainReportFunction)(const TrainReport *report, gpointer user);

#endif
