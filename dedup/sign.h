/* SPDX-License-Identifier: Apache-2.0
 * dedup/sign.h - the stage "sign": a sketch (dedup/sketch.h) of every undecided document.
 *
 * Run by dedup_run before the stage "dedup". Works on `jobs` threads and resumes where it was stopped. It depends on
 * RecipeDedup.shingle, permutations and near alone: another threshold, number of bands or rule needs no new sketches.
 */
#ifndef DEDUP_SIGN_H
#define DEDUP_SIGN_H

#include "store/recipe.h"
#include "store/stage.h"

gboolean sign_run(StageContext *context, const RecipeDedup *settings, const char *predecessor, char **fingerprint,
                  GError **error);

#endif
