/* SPDX-License-Identifier: Apache-2.0
 * scrapers/metadata_changes.h - the documents of a store that was built whose works change when others come or go.
 *
 * Sequence: changed = metadata_changes_list; touched = metadata_changes_touched, with an index of identifiers that has the
 * changed ones; works of the touched (scrapers/works.h); metadata_changes_leave_out; metadata_changes_update, which writes
 * what is other than it was and puts the documents for which that matters on the list of changes (store/changes.h).
 */
#ifndef SCRAPERS_METADATA_CHANGES_H
#define SCRAPERS_METADATA_CHANGES_H

#include "scrapers/metadata_join.h"
#include "store/key_index.h"
#include "store/stage.h"

/* Arrays of Docno, rising; NULL on error. */
GArray *metadata_changes_list(Store *store, GError **error);
GArray *metadata_changes_touched(Store *store, const KeyIndexRuns *index, const GArray *changed, gboolean tables, GError **error);
/* Those of the list itself are left to the stage's usual way. */
void metadata_changes_leave_out(GArray *docnos, const GArray *changed);
gboolean metadata_changes_update(StageContext *context, const Joiner *joiner, const GArray *docnos, StageRun *run, GError **error);

#endif
