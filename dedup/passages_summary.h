/* SPDX-License-Identifier: Apache-2.0
 * dedup/passages_summary.h - what stands more than once in the whole corpus, in numbers.
 *
 * Made of the counts of a run that has looked at everything; kept in TABLE_META as "passages", from where it goes into manifest, status
 * and report: settings, the sums of all sources, and "sources", the same by tag: words, documents (with passages), repeated_words, cut_words,
 * cut (documents), cut_bytes, dropped. It is gone when the stage begins anew.
 */
#ifndef DEDUP_PASSAGES_SUMMARY_H
#define DEDUP_PASSAGES_SUMMARY_H

#include "store/recipe.h"
#include "store/stage.h"

gboolean passages_summary_write(Store *store, const Recipe *recipe, const StageRun *run, GError **error);

#endif
