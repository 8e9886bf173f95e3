/* SPDX-License-Identifier: Apache-2.0
 * store/recipe_dedup.h - the section "dedup" of a recipe: presets, defaults, and the choice of bands and rows.
 *
 * Only recipe.c uses recipe_dedup_make. lsh_choose_bands finds the bands b and rows r with b * r <= permutations for
 * which the sum of two areas is smallest: of the probability 1 - (1 - s^r)^b that a pair of similarity s becomes
 * a candidate, for s from 0 to the threshold, and of the probability that it does not, for s from there to 1. These are
 * the expected false positives and false negatives over all similarities, equally weighted; Zhu et al., "LSH Ensemble"
 * (2016), section 5, and the programs datasketch and text-dedup choose so too. The integrals are sums over a thousand
 * steps. Of equally good pairs the one with fewer rows, then fewer bands, is taken.
 */
#ifndef STORE_RECIPE_DEDUP_H
#define STORE_RECIPE_DEDUP_H

#include "store/recipe_schema.h"

#define DEDUP_MAX_SHINGLE 64
#define DEDUP_MAX_PERMUTATIONS 4096

/* `file` is the section of the recipe at `path`, NULL where it has none. */
gboolean recipe_dedup_make(const char *path, const FileDedup *file, RecipeDedup *dedup, GError **error);
void lsh_choose_bands(double threshold, guint64 permutations, guint64 *bands, guint64 *rows);

#endif
