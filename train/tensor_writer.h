/* SPDX-License-Identifier: Apache-2.0
 * train/tensor_writer.h - whole tensors in files, written by all ranks at once.
 *
 * Ranks write their slices at the tensors' own places into the same files, which lie on a file system that all of them see.
 * The bytes depend on names, types, shapes and numbers alone: not on how many ranks there were nor on who had what.
 *
 * Sequence: l = tensor_layout_new(slices, count, file_bytes, comm, e) on all ranks; tensor_layout_create(l, folder, e) on
 *           rank 0; a barrier; o = tensor_output_open(l, folder, sums); tensor_output_put(o, slice, e) for each of this rank's;
 *           tensor_output_close(o, e).
 *
 * Files: weights are in model.safetensors, and what the optimizer knows of a tensor (NAME.master, NAME.m, NAME.v) in
 * optimizer.safetensors; where they would have more than `file_bytes`, in model-00001-of-00003.safetensors and so on with
 * model.safetensors.index.json, as Hugging Face cuts them. Tensors lie in the order of their names, numbers in them by
 * value. Room for all of a file is asked for when it is created, so that a full disk is told before the work.
 *
 * Collective: tensor_layout_new. Its errors (GALEN_ERROR_USAGE: ranks that disagree about a tensor, elements that nobody
 * writes or that two write) come to all ranks. The output may be used on any thread, one at a time.
 */
#ifndef TRAIN_TENSOR_WRITER_H
#define TRAIN_TENSOR_WRITER_H

#include "base/comm.h"
#include "train/safetensors.h"

#define TENSOR_FILE_BYTES ((guint64)5000 * 1000 * 1000) /* Hugging Face's */

typedef struct LayoutFile {
    char *name;
    SafetensorsHeader *header;
} LayoutFile;

/* A tensor of the layout. */
typedef struct LayoutTensor {
    const SafetensorsTensor *tensor; /* in the header of its file */
    unsigned file;
} LayoutTensor;

typedef struct TensorLayout {
    GPtrArray *files;  /* of LayoutFile */
    GArray *tensors;   /* of LayoutTensor, in order of names */
    GHashTable *by_name;
} TensorLayout;

TensorLayout *tensor_layout_new(const TensorSlice *slices, gsize count, guint64 file_bytes, Comm *comm, GError **error);
void tensor_layout_free(TensorLayout *layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TensorLayout, tensor_layout_free)
/* By hand: files, whose headers the caller fills with safetensors_add, and then ready. For one rank that knows what it wants. */
TensorLayout *tensor_layout_empty(void);
LayoutFile *tensor_layout_add_file(TensorLayout *layout, const char *name, json_t *metadata);
void tensor_layout_ready(TensorLayout *layout);
/* The files with their headers, and the indexes. */
gboolean tensor_layout_create(const TensorLayout *layout, const char *directory, GError **error);

typedef struct TensorOutput TensorOutput;
/* `layout` is borrowed. sums[tensors] starts at 0 and gets tensor_sum of what is put: added over ranks it is that of each
 * tensor. */
TensorOutput *tensor_output_open(const TensorLayout *layout, const char *directory, guint64 *sums);
gboolean tensor_output_put(TensorOutput *output, const TensorSlice *slice, GError **error);
/* Flushes to disk what this rank wrote; frees the output in any case. */
gboolean tensor_output_close(TensorOutput *output, GError **error);

/* By bytes, but runs of digits by their value: layers.2 before layers.10. */
int tensor_compare_names(const char *a, const char *b);

#endif
