/* SPDX-License-Identifier: Apache-2.0
 * store/pack_placements.h - where each document begins in the shards, for show, why and audit. Used by pack.c alone.
 *
 * Places follow from the order of the items alone. They are noted while the shards are cut, and written once all of them are there, by
 * rising documents: written with the shards they would hit the whole table at random, once for each shard. StageRun.position counts
 * those written, so that a killed run, which cuts all shards again to know what lies where, goes on there.
 *
 * Sequence: p = pack_placements_new(context, items, e); pack_placements_note(p, split, piece, e) for every piece of all items, on one
 * thread; pack_placements_write(p, run, e); pack_placements_free(p).
 */
#ifndef STORE_PACK_PLACEMENTS_H
#define STORE_PACK_PLACEMENTS_H

#include "store/pack_cursor.h"
#include "store/stage.h"

typedef struct PackPlacements PackPlacements;

PackPlacements *pack_placements_new(StageContext *context, const PackItems items[SPLIT_COUNT], GError **error);
void pack_placements_free(PackPlacements *placements);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackPlacements, pack_placements_free)

gboolean pack_placements_note(PackPlacements *placements, unsigned split, const PackPiece *piece, GError **error);
gboolean pack_placements_write(PackPlacements *placements, StageRun *run, GError **error);

#endif
