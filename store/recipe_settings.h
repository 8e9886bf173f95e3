/* SPDX-License-Identifier: Apache-2.0
 * store/recipe_settings.h - a recipe's settings as one canonical JSON text.
 *
 * Every setting with its value, defaults filled in, keys sorted, no spaces: two recipes that ask for the same have the
 * same text, however they are written. Sections on searches that are not asked for are left out. The text of a source file that a source uses is there as it stands. Where things lie on this machine (source paths, the model's path) is left out:
 * inputs and tokenizer are named by their SHA-256 in the manifest. pack_run keeps the text in TABLE_META as
 * "recipe.settings"; manifest and audit read it there.
 */
#ifndef STORE_RECIPE_SETTINGS_H
#define STORE_RECIPE_SETTINGS_H

#include "base/json.h"
#include "store/recipe.h"
#include "store/store.h"

char *recipe_settings_text(const Recipe *recipe); /* g_free */
json_t *recipe_source_settings(const RecipeSource *source); /* the part of one source */
gboolean recipe_settings_put(Store *store, const Recipe *recipe, GError **error);
/* NULL without error: the store was not packed yet. */
json_t *recipe_settings_get(StoreTxn *txn, GError **error);

#endif
