/* SPDX-License-Identifier: Apache-2.0
 * train/safetensors.h - the head of a file of tensors that other tools read.
 *
 * Format (huggingface.co/docs/safetensors): u64 little-endian length of the header; the header, a JSON object of tensor
 * name -> {dtype, shape, data_offsets [begin, end)} and perhaps "__metadata__", padded with spaces to a multiple of 8;
 * then the bytes of all tensors, without gaps.
 *
 * Sequence, reading: h = safetensors_load(descriptor, path, e); safetensors_find(h, name); pread at data_at + begin.
 * Sequence, writing: h = safetensors_new(metadata); safetensors_add for each tensor in the order of its bytes;
 * text = safetensors_text(h, &length), the first bytes of the file; pwrite at data_at + begin.
 *
 * Strangers write headers: what is refused, as GALEN_ERROR_INPUT that names file and tensor, is a header over 100 MB (the
 * reference implementation's limit), a name twice, an unknown type, more than eight dimensions, a shape whose bytes
 * are not those of its range, a range outside the file, ranges that overlap or leave gaps, and bytes that no tensor has.
 */
#ifndef TRAIN_SAFETENSORS_H
#define TRAIN_SAFETENSORS_H

#include "base/json.h"
#include "train/tensor.h"

#define SAFETENSORS_DIMENSIONS 8

typedef struct SafetensorsTensor {
    char *name;
    TensorType type;
    unsigned dimensions;
    guint64 shape[SAFETENSORS_DIMENSIONS];
    guint64 elements;
    guint64 begin, end; /* bytes, from data_at on */
} SafetensorsTensor;

typedef struct SafetensorsHeader {
    GPtrArray *tensors; /* of SafetensorsTensor, in the order of the header */
    GHashTable *by_name;
    json_t *metadata;  /* an object, or NULL */
    guint64 data_at;   /* bytes before the tensors */
    guint64 data_size; /* of all tensors */
} SafetensorsHeader;

/* Takes a new reference to `metadata`, which may be NULL. */
SafetensorsHeader *safetensors_new(json_t *metadata);
void safetensors_free(SafetensorsHeader *header);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SafetensorsHeader, safetensors_free)
const SafetensorsTensor *safetensors_get(const SafetensorsHeader *header, gsize index);
const SafetensorsTensor *safetensors_find(const SafetensorsHeader *header, const char *name); /* NULL: not there */

/* Adds a tensor behind the last one. */
void safetensors_add(SafetensorsHeader *header, const char *name, TensorType type, unsigned dimensions, const guint64 *shape);
/* Length, JSON and padding, as Hugging Face's library writes them; sets data_at. g_free. */
char *safetensors_text(SafetensorsHeader *header, gsize *length);

/* The JSON alone, for a file with `data_size` bytes behind it; data_at stays 0. `what` names the file in errors. */
SafetensorsHeader *safetensors_parse(const char *text, gsize length, guint64 data_size, const char *what, GError **error);
SafetensorsHeader *safetensors_load(int descriptor, const char *path, GError **error);

#endif
