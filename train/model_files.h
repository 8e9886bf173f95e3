/* SPDX-License-Identifier: Apache-2.0
 * train/model_files.h - what lies beside the weights of a model: its tokenizer, its licence, how to generate with it.
 *
 * With these files a checkpoint is a folder of Hugging Face that others load, text and all. They are held in memory, so that a
 * run does not depend on the folder that it began with. model_files_gather takes all that `galen convert` would take along
 * from a folder (train/convert_files.h), but for config.json, which a checkpoint writes itself; where there is no tokenizer
 * among it, that of the store in another directory, as tokenizer.model or tokenizer.json.
 *
 * Ownership: strings and bytes belong to the ModelFiles; one that is only read may be shared by threads.
 * Errors: more than 256 MiB together are GALEN_ERROR_INPUT, what cannot be read GALEN_ERROR_SYSTEM.
 */
#ifndef TRAIN_MODEL_FILES_H
#define TRAIN_MODEL_FILES_H

#include <glib.h>

typedef struct ModelFiles ModelFiles;
ModelFiles *model_files_gather(const char *directory, const char *store, GError **error); /* directory NULL: the tokenizer alone */
/* Writes them below `directory`, flushed to disk; NULL writes none. */
gboolean model_files_write(const ModelFiles *files, const char *directory, GError **error);
void model_files_free(ModelFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModelFiles, model_files_free)

#endif
