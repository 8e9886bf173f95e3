/* SPDX-License-Identifier: Apache-2.0
 * store/recipe_upsample.h - the section "upsample" of a recipe: which papers are seen more often, and how much.
 *
 * Only recipe.c uses this. What the section leaves out is as in MEDITRON's paper (arXiv 2311.16079, table 10);
 * docs/recipe.md lists it.
 */
#ifndef STORE_RECIPE_UPSAMPLE_H
#define STORE_RECIPE_UPSAMPLE_H

#include "store/recipe_schema.h"

#define UPSAMPLE_MAX_PASSES 65535 /* what a span can count */

/* Fills recipe->upsample from `file`, the section of the recipe at `path`, NULL where it has none. The result borrows
 * its strings. The sources are read already: no document of them may come to more than UPSAMPLE_MAX_PASSES. */
gboolean recipe_upsample_make(const char *path, const FileUpsample *file, Recipe *recipe, GError **error);

#endif
