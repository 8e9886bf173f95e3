/* SPDX-License-Identifier: Apache-2.0
 * train/checkpoint_model.h - a model and its optimizer to and from a checkpoint, by all ranks that hold a part of them.
 *
 * Sequence, writing: w = checkpoint_model_writer_new(output, keep, background, files, optimizer, comm); then for each checkpoint
 *   checkpoint_model_begin(w, &state, optimizer, e), and poll, finish and free as train/checkpoint.h says.
 * Sequence, reading: checkpoint_load. Any layout of ranks reads what any other wrote.
 *
 * A checkpoint with masters may be read by a program whose weights are their own, and one without by a program that keeps
 * masters: they begin as what there is.
 *
 * Of what several ranks hold one writes: data-parallel ranks a share each, the first of a tensor group the norms, the rank of
 * the embedding a tied head. Padding is not written.
 */
#ifndef TRAIN_CHECKPOINT_MODEL_H
#define TRAIN_CHECKPOINT_MODEL_H

#include "train/checkpoint.h"
#include "train/optimizer.h"

/* Borrows the files (NULL: none), the optimizer and comm (NULL: one rank). keep 0: all. */
CheckpointWriter *checkpoint_model_writer_new(const char *output, guint64 keep, gboolean background, const ModelFiles *files,
                                              const Optimizer *optimizer, Comm *comm);
/* state->model need not be set. Collective. */
gboolean checkpoint_model_begin(CheckpointWriter *writer, const CheckpointState *state, const Optimizer *optimizer, GError **error);

/* One rank: writes a checkpoint, and returns when it is complete. */
gboolean checkpoint_save(const char *output, const CheckpointState *state, const Optimizer *optimizer, GError **error);
/* Fills this rank's weights, masters and moments. Collective. */
gboolean checkpoint_load(const char *checkpoint, Optimizer *optimizer, Comm *comm, GError **error);
/* The weights alone, of which a run begins: of a checkpoint, checked, or of any directory with config.json and safetensors of a
 * Llama that has the sizes of the optimizer's model, but perhaps another context. `weights` names the directory or the output
 * of a run, whose newest checkpoint counts. Collective. */
gboolean checkpoint_load_weights(const char *weights, Optimizer *optimizer, Comm *comm, GError **error);
/* The model alone, for inference on one rank: of a checkpoint, or of any directory with config.json and safetensors of a
 * Llama; numbers become those of this program. */
Model *checkpoint_load_model(const char *checkpoint, Backend *backend, GError **error);

#endif
