/* SPDX-License-Identifier: Apache-2.0
 * store/recipe_source.h - an entry of a recipe, over a source file where it uses one, to a checked RecipeSource.
 *
 * Only recipe.c and source_file.c use this. `path` is the file that errors name, `number` the entry's place in it, from 1
 * (0: the file is itself the source). `under` is what `entry` overrides, or NULL. The result borrows the strings of both;
 * recipe_source_clear frees what it owns, after a failure too.
 */
#ifndef STORE_RECIPE_SOURCE_H
#define STORE_RECIPE_SOURCE_H

#include "store/recipe_schema.h"

gboolean recipe_source_make(const char *path, unsigned number, const FileSource *entry, const FileSource *under,
                            RecipeSource *source, GError **error);
void recipe_source_clear(RecipeSource *source);

/* Sets a GALEN_ERROR_INPUT error "PATH: message" about a recipe or a source file; always FALSE. */
gboolean recipe_fault(GError **error, const char *path, const char *format, ...) G_GNUC_PRINTF(3, 4);

#endif
