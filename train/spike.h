/* SPDX-License-Identifier: Apache-2.0
 * train/spike.h - steps whose loss or gradient jumps, and the documents to blame.
 *
 * A step is a spike when its loss, or the logarithm of its gradient norm, lies more than `threshold` robust standard
 * deviations above the median of the last `window` steps: z = (x - median) / (1.4826 MAD), where MAD is the median absolute
 * deviation (Iglewicz and Hoaglin 1993). Medians let past spikes do little to the measure. The first window / 4 steps are
 * never spikes. The verdict is a function of the steps before, so a run that resumes feeds the watch from its log.
 *
 * Sequence: w = spike_watch_new(threshold, window); spike_watch_see(w, ...) once a step, in order; spike_watch_free(w).
 */
#ifndef TRAIN_SPIKE_H
#define TRAIN_SPIKE_H

#include "train/batch.h"

typedef struct SpikeWatch SpikeWatch;
/* A threshold of 0: nothing is a spike. */
SpikeWatch *spike_watch_new(double threshold, gsize window);
void spike_watch_free(SpikeWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpikeWatch, spike_watch_free)

typedef struct SpikeScore {
    double loss_z, gradient_z; /* 0 while there are too few steps to say */
    double usual_loss;         /* the median */
} SpikeScore;

/* Is this step a spike, seen from those before it? It is one of them from now on. */
gboolean spike_watch_see(SpikeWatch *watch, double loss, double gradient_norm, SpikeScore *score);

typedef struct SpikeDocument {
    guint64 docno;
    guint32 source;
    double loss; /* the mean over its targets in the batch */
    guint64 tokens;
} SpikeDocument;

/* The documents of a batch as SpikeDocument, those first that add most to its loss above `usual`; before these, all whose loss
 * is no finite number. `losses` as in batch_losses. g_array_unref. */
GArray *spike_documents(const Batch *batch, const double *losses, double usual);

/* The first few of them, for an error: "17 (cdc, loss nan), 25 (pmc, loss 3.2)". g_free. */
char *spike_name_documents(const Batch *batch, const double *losses, double usual, const ShardReader *reader);

#endif
