/* SPDX-License-Identifier: Apache-2.0
 * store/recipe_search.h - the recipe's sections `containment`, `passages` and `contamination`: what is looked for in clean texts.
 *
 * Only recipe.c uses this. recipe_search_make checks the sections of `file` and fills recipe->containment, recipe->passages and
 * recipe->contamination, which borrows what `file` holds.
 */
#ifndef STORE_RECIPE_SEARCH_H
#define STORE_RECIPE_SEARCH_H

#include "store/recipe_schema.h"

gboolean recipe_search_make(const char *path, const RecipeFile *file, Recipe *recipe, GError **error);

#endif
