/* SPDX-License-Identifier: Apache-2.0
 * store/pack_placements.h - where each document begins in the shards, for show, why and audit. Used by pack.c alone.
 *
 * Places follow from the order of the items alone. They are written once all shards are, by rising documents: written with the
 * shards they would hit the whole table at random, once for each shard. StageRun.position counts those written, so that a
 * killed run goes on there.
 */
#ifndef STORE_PACK_PLACEMENTS_H
#define STORE_PACK_PLACEMENTS_H

#include "store/pack_cursor.h"
#include "store/stage.h"

gboolean pack_placements_write(StageContext *context, const PackItems items[SPLIT_COUNT], StageRun *run, GError **error);

#endif
