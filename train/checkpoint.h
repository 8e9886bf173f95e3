/* SPDX-License-Identifier: Apache-2.0
 * train/checkpoint.h - the state of a run on disk, whole or not at all.
 *
 * A checkpoint is a directory OUTPUT/step-00000100 with
 *   config.json             the model's sizes, as Hugging Face writes them
 *   model.safetensors       the weights under their Hugging Face names: with config.json, a model that others load
 *   optimizer.safetensors   NAME.m and NAME.v, the moments of each tensor
 *   state.json              step, digest of the shards, fingerprint of the configuration, SHA-256 of the other two files
 * It is written under another name, flushed, and renamed: a directory of that name is complete. On the CPU the weights
 * are float32, and their own masters; a backend with narrower weights adds NAME.master to optimizer.safetensors. No
 * random state is kept, for there is none: every draw is a function of its seed and place.
 *
 * Ownership: paths are g_free'd by the caller. Tensors are whole, so that a run on other ranks can read them.
 */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "base/hash.h"
#include "train/optimizer.h"

/* What a checkpoint must agree on with the run that goes on from it. */
typedef struct CheckpointState {
    guint64 step;        /* steps done */
    Sha256 shards;       /* digest of the training split */
    json_t *fingerprint; /* of the configuration; owned */
} CheckpointState;

void checkpoint_state_clear(CheckpointState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CheckpointState, checkpoint_state_clear)

/* The path of the newest complete checkpoint in `output`, or NULL without error where there is none. */
char *checkpoint_find_newest(const char *output, GError **error);

gboolean checkpoint_save(const char *output, const CheckpointState *state, const Optimizer *optimizer, GError **error);
/* Reads and checks state.json alone. */
gboolean checkpoint_load_state(const char *checkpoint, CheckpointState *state, GError **error);
/* Fills the model's parameters and the optimizer's moments, checking the files against their SHA-256. */
gboolean checkpoint_load(const char *checkpoint, Optimizer *optimizer, GError **error);
/* The model alone, for inference: of a checkpoint, or of any directory with config.json and model.safetensors (F32). */
Model *checkpoint_load_model(const char *checkpoint, Backend *backend, GError **error);

/* Removes all but the newest `keep` checkpoints (0: none), and what an interrupted run left half written. */
gboolean checkpoint_prune(const char *output, guint64 keep, GError **error);

#endif
