/* SPDX-License-Identifier: Apache-2.0
 * train/tensor_reader.h - the tensors of a folder, whatever files they lie in.
 *
 * Sequence: r = tensor_reader_new(folder); tensor_reader_add(r, "model", e); tensor_reader_read(r, slices, count, e);
 *           tensor_reader_free(r).
 * tensor_reader_add opens STEM.safetensors, or the files that STEM.safetensors.index.json names. Slices are filled
 * whatever layout of ranks wrote the files; numbers of another floating-point type are converted (train/tensor.h).
 * A reader may be used by several threads at once once its files are added.
 *
 * Errors are GALEN_ERROR_INPUT and name file and tensor: a file that is absent, cut off or hostile, an index that does not
 * fit its files, a tensor that is missing, twice, of another shape, or of a type that cannot be converted.
 */
#ifndef TRAIN_TENSOR_READER_H
#define TRAIN_TENSOR_READER_H

#include "train/safetensors.h"

typedef struct TensorFile {
    char *name; /* in the folder */
    char *path;
    int descriptor;
    SafetensorsHeader *header;
} TensorFile;

/* A tensor and where it lies. */
typedef struct TensorPlace {
    const SafetensorsTensor *tensor;
    const TensorFile *file;
} TensorPlace;

typedef struct TensorReader {
    char *directory;
    GPtrArray *files; /* of TensorFile, in order of their names within a stem */
    GArray *places;   /* of TensorPlace: all tensors, by files, in the order of the headers */
    GHashTable *by_name;
} TensorReader;

TensorReader *tensor_reader_new(const char *directory);
void tensor_reader_free(TensorReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TensorReader, tensor_reader_free)
/* Whether there are such files at all. */
gboolean tensor_reader_exists(const TensorReader *reader, const char *stem);
gboolean tensor_reader_add(TensorReader *reader, const char *stem, GError **error);

const TensorPlace *tensor_reader_find(const TensorReader *reader, const char *name); /* NULL: not there */
gboolean tensor_reader_read(const TensorReader *reader, const TensorSlice *slices, gsize count, GError **error);
/* Elements [first, first + count) of a tensor, as they lie in the file. */
gboolean tensor_place_read(const TensorPlace *place, guint64 first, gsize count, void *data, GError **error);
/* tensor_sum of these elements. */
gboolean tensor_place_sum(const TensorPlace *place, guint64 first, guint64 count, guint64 *sum, GError **error);

#endif
