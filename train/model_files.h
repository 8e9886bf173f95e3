/* SPDX-License-Identifier: Apache-2.0
 * train/model_files.h - what lies beside the weights of a model: its tokenizer, its licence, how to generate with it.
 *
 * With these files a checkpoint is a folder of Hugging Face that others load, text and all. They are held in memory, so that a
 * run does not depend on the folder that it began with. model_files_read takes all that `galen convert` would take along
 * from a folder (train/convert_files.h), but for config.json, which a checkpoint writes itself. model_files_add_tokenizer takes
 * a store's tokenizer, as tokenizer.model or tokenizer.json, and its special tokens, of which the files of Hugging Face beside
 * it are told.
 *
 * Ownership: strings and bytes belong to the ModelFiles; one that is only read may be shared by threads.
 * Errors: more than MODEL_FILES_LIMIT bytes together are GALEN_ERROR_INPUT, what cannot be read GALEN_ERROR_SYSTEM.
 */
#ifndef TRAIN_MODEL_FILES_H
#define TRAIN_MODEL_FILES_H

#include "store/store.h"

#define MODEL_FILES_LIMIT ((gsize)256 << 20)

typedef struct ModelFiles ModelFiles;
ModelFiles *model_files_read(const char *directory, GError **error); /* NULL: an empty one */
gboolean model_files_have_tokenizer(const ModelFiles *files);
/* A tokenizer whose file is not there is nothing that training needs: then nothing is added. */
gboolean model_files_add_tokenizer(ModelFiles *files, Store *store, GError **error);
void model_files_add(ModelFiles *files, const char *name, char *data, gsize length); /* takes the data */
void model_files_add_token(ModelFiles *files, const char *text, gsize id);
/* Writes them below `directory`, flushed to disk; NULL writes none. */
gboolean model_files_write(const ModelFiles *files, const char *directory, GError **error);
void model_files_free(ModelFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModelFiles, model_files_free)

#endif
