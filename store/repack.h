/* SPDX-License-Identifier: Apache-2.0
 * store/repack.h - shards after documents have gone, come back or changed, written anew only where they must be. Used by pack.c.
 *
 * repack_run compares the shards that are there with what the mix has drawn (TABLE_DRAWS, TABLE_TOKENS). A pass of a document
 * stays where it is when all its tokens are there in order and are those that it has now; every other run of tokens is left
 * out, from its first shard to its last. Passes that have no place yet come, in an order drawn from the seed, into the room
 * of what was left out, where they fit whole; those that find none fill shards behind the last one.
 *
 * Tokens of a shard in which nothing is left out stay byte for byte. Shards become shorter than `shard_tokens`; one of which
 * nothing is left goes, and those behind it move up by one number; positions behind a change move, in spans and placements.
 * No document is newly cut between shards. Memory: 1 byte for each pass, and 16 for one
 * without a place; the list of items lies in a file.
 *
 * Each shard is one transaction. After a kill the comparison is made again, and gives what it would have given.
 */
#ifndef STORE_REPACK_H
#define STORE_REPACK_H

#include "store/pack_parts.h"

/* `packing` with its items loaded. Finishes the run, and takes the layout's record away with that (store/layout.h). */
gboolean repack_run(Packing *packing, GError **error);

#endif
