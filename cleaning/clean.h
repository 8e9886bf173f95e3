/* SPDX-License-Identifier: Apache-2.0
 * cleaning/clean.h - the cleaning stage: every document through the table of rules, then language and length.
 *
 * clean_run is a stage (store/stage.h): reads TABLE_DOCUMENTS, writes TABLE_CLEANED and, for documents that a rule
 * drops, a verdict. Counts per source: "rule:SLUG" edits, "dropped:SLUG" drops, bytes in and out.
 * clean_text is the same for one text, without a store.
 */
#ifndef CLEANING_CLEAN_H
#define CLEANING_CLEAN_H

#include "store/recipe.h"
#include "store/stage.h"

gboolean clean_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);

#endif
