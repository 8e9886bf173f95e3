/* SPDX-License-Identifier: Apache-2.0
 * train/presets.h - models by name, for `model: {preset: NAME}`; each size can be overridden in the file.
 *
 * tiny: learns visibly in a minute on two processor cores. 125m: the sizes of GPT-3 Small (Brown et al. 2020) as a Llama.
 * 1b: 1.1 billion parameters with heads of 128, which suit tensor cores. llama2-7b, llama2-70b: Touvron et al. 2023.
 * The learning rates of the last two are those that MEDITRON trained them with (arXiv 2311.16079).
 */
#ifndef TRAIN_PRESETS_H
#define TRAIN_PRESETS_H

#include "train/shape.h"

typedef struct TrainPreset {
    const char *name;
    ModelShape shape; /* without a vocabulary, which is the store's */
    double rate;      /* peak, where the file names none */
} TrainPreset;

/* NULL with GALEN_ERROR_INPUT that lists the names. */
const TrainPreset *train_preset_find(const char *name, GError **error);

#endif
