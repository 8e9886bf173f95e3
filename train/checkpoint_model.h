/* SPDX-License-Identifier: Apache-2.0
 * train/checkpoint_model.h - a model and its optimizer to and from a checkpoint, by one rank that has them whole.
 */
#ifndef TRAIN_CHECKPOINT_MODEL_H
#define TRAIN_CHECKPOINT_MODEL_H

#include "train/checkpoint.h"
#include "train/optimizer.h"

/* Slices of the whole tensors, in arrays laid out as the parameters; m and v may be NULL. Names are the array's own:
 * free it with model_slices_free. */
GArray *model_slices_new(const ParameterTable *table, real *weights, real *m, real *v);
void model_slices_free(GArray *slices);

/* Writes a checkpoint, and returns when it is complete. */
gboolean checkpoint_save(const char *output, const CheckpointState *state, const Optimizer *optimizer, GError **error);
/* Fills the model's parameters and the optimizer's moments. */
gboolean checkpoint_load(const char *checkpoint, Optimizer *optimizer, GError **error);
/* The model alone, for inference: of a checkpoint, or of any directory with config.json and safetensors of a Llama; numbers
 * become those of this program. */
Model *checkpoint_load_model(const char *checkpoint, Backend *backend, GError **error);

#endif
