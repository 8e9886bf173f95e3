/* SPDX-License-Identifier: Apache-2.0
 * train/safetensors.h - tensors in a file that other tools read.
 *
 * Format (huggingface.co/docs/safetensors): u64 little-endian length of the header; the header, a JSON object of tensor
 * name -> {dtype, shape, data_offsets [begin, end)}, padded with spaces to a multiple of 8; then the bytes of all
 * tensors, without gaps. safetensors_write streams and flushes the file to disk; it does not replace atomically: write
 * into a directory that is not complete yet. Errors name the file and the tensor; a file that is no safetensors, has
 * gaps, or does not hold what was asked for is GALEN_ERROR_INPUT.
 */
#ifndef TRAIN_SAFETENSORS_H
#define TRAIN_SAFETENSORS_H

#include "base/hash.h"
#include "base/json.h"
#include "train/real.h"

typedef struct SafetensorsEntry {
    char name[80];
    gsize rows;
    gsize columns; /* 0: a vector of `rows` elements */
    real *data;    /* read from by write, written to by read */
} SafetensorsEntry;

/* `digest` receives the SHA-256 of the file. */
gboolean safetensors_write(const char *path, const SafetensorsEntry *entries, gsize count, Sha256 *digest,
                           GError **error);
/* Fills the data of every entry, which must be in the file with its shape and the number type of this program; the file
 * may hold more. With `expected`, the file must have that SHA-256. */
gboolean safetensors_read(const char *path, const SafetensorsEntry *entries, gsize count, const Sha256 *expected,
                          GError **error);

/* Checks a header: every tensor described, and their bytes without gaps from 0 to `data_length`. The header as JSON.
 * `what` names it in errors. */
json_t *safetensors_parse_header(const char *text, gsize length, guint64 data_length, const char *what, GError **error);

#endif
