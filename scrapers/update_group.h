/* SPDX-License-Identifier: Apache-2.0
 * scrapers/update_group.h - the entries of one citation: which record stands, and what is written of each.
 *
 * The rules are those of scrapers/updates.h.
 */
#ifndef SCRAPERS_UPDATE_GROUP_H
#define SCRAPERS_UPDATE_GROUP_H

#include "scrapers/update_entries.h"
#include "store/stage.h"

#define UPDATES_STAGE "updates"
#define UPDATE_NOBODY G_MAXUINT32

/* What became of one entry of a group. */
typedef struct UpdateFate {
    guint32 successor; /* the entry of the group that stands in its place, or UPDATE_NOBODY */
    guint32 deletion;  /* the entry of the group that took it back, or UPDATE_NOBODY */
} UpdateFate;

/* `entries` in the order of reading. Returns the one that stands, or UPDATE_NOBODY. */
guint32 update_group_decide(const UpdateEntry *entries, guint32 count, UpdateFate *fates);

/* Writes verdicts, note and the index of ids, where they are not what they should be. With run->extends what later stages
 * made of a document that changes is withdrawn (store/changes.h). Counts into `run`. */
gboolean update_group_write(StoreTxn *txn, const UpdateEntry *entries, guint32 count, StageRun *run, GError **error);

#endif
