/* SPDX-License-Identifier: Apache-2.0
 * store/recipe_metadata.h - the section "metadata" of a recipe: tables of citations, and which publications are left out.
 *
 * Only recipe.c uses this. Without a table `exclude`, what MEDITRON's paper left out is left out (arXiv 2311.16079,
 * table 10); docs/recipe.md lists it.
 */
#ifndef STORE_RECIPE_METADATA_H
#define STORE_RECIPE_METADATA_H

#include "store/recipe_schema.h"

/* `file` is the section of the recipe at `path`, NULL where it has none. The result borrows its strings. */
gboolean recipe_metadata_make(const char *path, const FileMetadata *file, RecipeMetadata *metadata, GError **error);

#endif
