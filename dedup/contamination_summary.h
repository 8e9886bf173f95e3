/* SPDX-License-Identifier: Apache-2.0
 * dedup/contamination_summary.h - which questions were found in the whole corpus, and which never.
 *
 * Made of the notes that the stage left, after it has run; kept in TABLE_META as "contamination", and beside it the
 * stage's fingerprint, so that a build that was killed in between makes up for it.
 */
#ifndef DEDUP_CONTAMINATION_SUMMARY_H
#define DEDUP_CONTAMINATION_SUMMARY_H

#include "dedup/benchmark.h"
#include "dedup/ngram_index.h"
#include "store/store.h"

gboolean contamination_summary_write(Store *store, const RecipeContamination *settings, const BenchmarkSet *set, const NgramIndex *index,
                                     const char *fingerprint, GError **error);
gboolean contamination_summary_remove(Store *store, GError **error);

#endif
