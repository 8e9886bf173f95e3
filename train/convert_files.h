/* SPDX-License-Identifier: Apache-2.0
 * train/convert_files.h - what lies beside the weights of a model: configuration, tokenizer, licence.
 */
#ifndef TRAIN_CONVERT_FILES_H
#define TRAIN_CONVERT_FILES_H

#include "base/json.h"
#include "train/vocabulary.h"

/* Names of the regular files in `directory` that go along, sorted, and in `left` of those that do not: weights in other formats,
 * what is larger than such files are, links, folders. Weights in safetensors, state.json and hidden files are in neither. */
GPtrArray *convert_list_files(const char *directory, GPtrArray *left, GError **error);
/* Copies and flushes to disk. */
gboolean convert_copy_file(const char *from, const char *to, const char *name, GError **error);
/* Tells the tokenizer's files in `directory` of new tokens, an array of NewToken, whose pieces are not looked at. */
gboolean convert_add_tokens(const char *directory, const GArray *tokens, GError **error);

#endif
