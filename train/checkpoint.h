/* SPDX-License-Identifier: Apache-2.0
 * train/checkpoint.h - the state of a run on disk, whole or not at all, written and read by any number of ranks.
 *
 * A checkpoint is a directory OUTPUT/step-00000100 with
 *   config.json             the model's sizes, as Hugging Face writes them
 *   model.safetensors       the weights under their Hugging Face names: with config.json, a model that others load
 *   optimizer.safetensors   what the optimizer knows of each tensor: NAME.m, NAME.v and, where weights are narrow, NAME.master
 *   tokenizer.model ...     what lay beside the weights that the run began with (train/model_files.h)
 *   state.json              step, digest of the shards, fingerprint of the configuration, and tensor_sum of every tensor
 * Large ones are cut into several files (train/tensor_writer.h). Tensors are whole: any layout of ranks reads what any other
 * wrote, and all layouts write the same bytes for the same numbers. No random state is kept, for there is none: every draw is
 * a function of its seed and place. The directory is written under another name, flushed, and renamed: one of that name is
 * complete.
 *
 * Sequence, writing: w = checkpoint_writer_new(settings, comm); checkpoint_writer_begin(w, state, slices, count, e);
 *   after each step checkpoint_writer_poll(w, e); at the end checkpoint_writer_finish(w, e); checkpoint_writer_free(w).
 *   In the background, begin copies the numbers and returns; a thread writes. The checkpoint gets its name in the first
 *   poll, begin or finish after all ranks have written; what went wrong in the thread is told there too. Then its half is
 *   removed, and those before it are as they were. Where there is no memory for the copy, begin writes by itself.
 * Sequence, reading: path = checkpoint_find_newest_together(output, comm, e); checkpoint_load_state(path, &state, e);
 *   checkpoint_read(path, slices, count, comm, e).
 *
 * Collective: all functions with a Comm or a CheckpointWriter, on the thread that opened the Comm. Errors come to all ranks.
 * What is damaged, cut off, missing, of another shape or of another format is GALEN_ERROR_INPUT, and a full disk
 * GALEN_ERROR_SYSTEM. Paths are g_free'd by the caller.
 */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "base/comm.h"
#include "base/hash.h"
#include "base/json.h"
#include "train/model_files.h"
#include "train/tensor_reader.h"

/* What a checkpoint must agree on with the run that goes on from it. */
typedef struct CheckpointState {
    guint64 step;        /* steps done */
    Sha256 shards;       /* digest of the training split */
    json_t *fingerprint; /* of the configuration; owned */
    json_t *model;       /* for config.json; owned. Not read by checkpoint_load_state */
} CheckpointState;

void checkpoint_state_clear(CheckpointState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CheckpointState, checkpoint_state_clear)

/* Copies the numbers of a slice, whose data may lie in a machine's memory of its own, to ordinary memory. */
typedef void (*TensorCopy)(const TensorSlice *slice, void *to, gpointer user);

typedef struct CheckpointSettings {
    const char *output;
    guint64 keep;        /* newest checkpoints that stay; 0: all */
    guint64 file_bytes;  /* files larger than this are cut; 0: TENSOR_FILE_BYTES */
    gboolean background; /* copy and write in a thread */
    const ModelFiles *files; /* that each checkpoint gets, borrowed, on rank 0; NULL: none */
    TensorCopy copy;     /* NULL: data lie in ordinary memory */
    gpointer user;
} CheckpointSettings;

typedef struct CheckpointWriter CheckpointWriter;
/* Borrows comm, NULL: one rank. Copies the settings. */
CheckpointWriter *checkpoint_writer_new(const CheckpointSettings *settings, Comm *comm);
/* Not collective; waits for the thread, and leaves a checkpoint that was not finished half written. */
void checkpoint_writer_free(CheckpointWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CheckpointWriter, checkpoint_writer_free)
/* `state` on rank 0 counts. The slices of all ranks must cover each tensor once; they may change as soon as this returns. */
gboolean checkpoint_writer_begin(CheckpointWriter *writer, const CheckpointState *state, const TensorSlice *slices, gsize count,
                                 GError **error);
/* Names the checkpoint if all ranks have written it; never waits for that. */
gboolean checkpoint_writer_poll(CheckpointWriter *writer, GError **error);
gboolean checkpoint_writer_finish(CheckpointWriter *writer, GError **error);

/* The path of the newest complete checkpoint in `output`, or NULL without error where there is none. */
char *checkpoint_find_newest(const char *output, GError **error);
/* What a person means by a path: the newest checkpoint in it, or the path itself; NULL with an error. */
char *checkpoint_resolve(const char *path, GError **error);
/* What rank 0 finds. */
char *checkpoint_find_newest_together(const char *output, Comm *comm, GError **error);

/* Reads and checks state.json alone. */
gboolean checkpoint_load_state(const char *checkpoint, CheckpointState *state, GError **error);
/* Checks all tensors against their sums, each rank a part, and fills this rank's slices. */
gboolean checkpoint_read(const char *checkpoint, const TensorSlice *slices, gsize count, Comm *comm, GError **error);
/* The tensors, unchecked: to see what there is. Of a directory without optimizer.safetensors the weights. */
TensorReader *checkpoint_open(const char *checkpoint, GError **error);
/* A sum as state.json has it: 16 hexadecimal digits. */
json_t *checkpoint_format_sum(guint64 sum);
/* {"format", "step": 0, "import": what is to be remembered, "sums"}: of weights that no run has trained. Takes both. */
json_t *checkpoint_state_of_import(json_t *import, json_t *sums);

/* Removes all but the newest `keep` checkpoints (0: none), and what an interrupted run left half written. */
gboolean checkpoint_prune(const char *output, guint64 keep, GError **error);

#define CHECKPOINT_FORMAT 2

#endif
