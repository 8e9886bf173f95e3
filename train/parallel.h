/* SPDX-License-Identifier: Apache-2.0
 * train/parallel.h - how a run is laid out over ranks: the section `parallel` of the training configuration.
 *
 * Ranks are the product of three numbers: `tensor` ranks share every matrix of a layer, `pipeline` ranks share the
 * layers, `data` ranks share the sequences of a step (Shoeybi et al. 2019; Narayanan et al. 2021). Rank = tensor rank +
 * tensor * (data rank + data * pipeline rank).
 * A layout must divide: heads, keys and the MLP by `tensor`, sequences by `data` times the micro-batch; each chunk of a
 * pipeline needs a layer, but not as many as others, and a vocabulary is padded. What does not divide is GALEN_ERROR_INPUT whose message names both numbers
 * and a value that would do.
 *
 * Sequence: parallel_check when a file is read; parallel_resolve when the number of ranks is known.
 */
#ifndef TRAIN_PARALLEL_H
#define TRAIN_PARALLEL_H

#include "train/shape.h"

/* What forward leaves out and backward computes again: nothing; the outputs of norms and of SwiGLU; all but each layer's
 * input. */
typedef enum { RECOMPUTE_NONE, RECOMPUTE_SELECTIVE, RECOMPUTE_FULL } Recompute;
#define RECOMPUTE_COUNT 3

typedef struct ParallelSettings {
    gsize tensor, pipeline;
    gsize data;          /* 0: as many as there are ranks for */
    gboolean sequence;   /* norms and residuals are split over the tensor ranks too (Korthikanti et al. 2022) */
    gsize interleave;    /* chunks of layers on each pipeline rank */
    unsigned zero;       /* 1: the optimizer's state is split over the data ranks (Rajbhandari et al. 2020); 0: it is not */
    Recompute recompute;
} ParallelSettings;

const char *recompute_name(Recompute recompute); /* as in the file */

/* All that can be said without the number of ranks. A vocabulary of 0 is not known yet, and fits. */
gboolean parallel_check(const ParallelSettings *settings, const ModelShape *shape, gsize sequences, gsize micro_batch,
                        GError **error);
/* The same for a known number of ranks; fills `data`. */
gboolean parallel_resolve(ParallelSettings *settings, const ModelShape *shape, gsize sequences, gsize micro_batch,
                          gsize ranks, GError **error);
/* Of one data rank in a step; `data` must be resolved. The last is smaller where one rank does not divide. */
gsize parallel_micro_batches(const ParallelSettings *settings, gsize sequences, gsize micro_batch);

#endif
