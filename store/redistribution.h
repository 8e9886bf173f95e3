/* SPDX-License-Identifier: Apache-2.0
 * store/redistribution.h - the stage "rights": a corpus that may be passed on holds no document that may not be.
 *
 * redistribution_run runs where the recipe says `redistributable: true` (or the command line does), behind all stages that
 * say which records stand and which pages make one document, and before any that looks at texts: so the copy of a work that
 * may be passed on stands for the work, and no other copy wins over it. A document that may not (store/rights.h) gets the
 * verdict dropped / rights / "not-redistributable", whose detail names the licence. Counts per source: "documents",
 * "dropped:not-redistributable".
 *
 * Without the setting there is no such stage; what it once decided is taken back. A store that claims to be redistributable
 * says so in the settings of its manifest and by the stage's run; audit holds it to that.
 */
#ifndef STORE_REDISTRIBUTION_H
#define STORE_REDISTRIBUTION_H

#include "store/recipe.h"
#include "store/stage.h"

#define RIGHTS_STAGE "rights"
#define RULE_NOT_REDISTRIBUTABLE "not-redistributable"

gboolean redistribution_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);
/* Whether the store's settings, or before it is packed its stages, say that it may be passed on. */
gboolean redistribution_claimed(StoreTxn *txn, gboolean *claimed, GError **error);

#endif
