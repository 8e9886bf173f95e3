/* SPDX-License-Identifier: Apache-2.0
 * store/recipe_mix.h - the recipe's section `mix` and what it has to do with the weights and limits of sources.
 *
 * Only recipe.c uses this. What cannot be kept whatever the documents are is refused here, before hours of work; the rest is
 * refused by the stage (store/mix_targets.h).
 */
#ifndef STORE_RECIPE_MIX_H
#define STORE_RECIPE_MIX_H

#include "store/recipe_schema.h"

/* `file` may be NULL: all defaults. Needs the sources of *recipe; fills recipe->mix. */
gboolean recipe_mix_make(const char *path, const FileMix *file, Recipe *recipe, GError **error);

#endif
