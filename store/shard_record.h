/* SPDX-License-Identifier: Apache-2.0
 * store/shard_record.h - keys and small records around shards, for those who write or check them.
 *
 * Keys of TABLE_SHARDS and TABLE_SPANS: the split's name in 8 bytes, padded with NUL, then the shard's number, u32
 * big-endian. Keys of TABLE_PLACEMENTS: docno, then the repeat, u32 big-endian. For each shard TABLE_META has
 * "shard/SPLIT/NUMBER": the SHA-256 of the shard's bytes, in hex, as it was when packed; so the name of a split's data
 * is known without reading all of it.
 */
#ifndef STORE_SHARD_RECORD_H
#define STORE_SHARD_RECORD_H

#include "store/shard.h"
#include "store/split.h"

#define SHARD_KEY_SIZE 12
void shard_key(const char *split, guint32 shard, guint8 key[SHARD_KEY_SIZE]);
/* The split's index in split_names; FALSE for a key that is none. */
gboolean shard_key_read(const StoreValue *key, unsigned *split, guint32 *shard);
char *shard_where(unsigned split, guint32 shard); /* "train/3", for people; g_free */

gboolean placement_put(StoreTxn *txn, Docno docno, const Placement *placement, GError **error);
gboolean placement_delete(StoreTxn *txn, Docno docno, guint32 repeat, GError **error); /* fine if absent */
/* Where pass `repeat` of the document begins; FALSE without error: nowhere. */
gboolean placement_get(StoreTxn *txn, Docno docno, guint32 repeat, Placement *placement, GError **error);

/* Of a shard's bytes, as recorded. FALSE without error: there is no record. */
gboolean shard_digest_get(StoreTxn *txn, const char *split, guint32 shard, Sha256 *digest, GError **error);
gboolean shard_digest_put(StoreTxn *txn, const char *split, guint32 shard, const Sha256 *digest, GError **error);
/* Everything that the stage "pack" has written. */
gboolean shards_clear(StoreTxn *txn, GError **error);
/* Tokens, spans and digest of one shard; its placements are others' to see to. */
gboolean shard_delete(StoreTxn *txn, const char *split, guint32 shard, GError **error);

/* Number `index` of an array of spans that may lie at any address. */
Span span_at(const void *spans, gsize index);

#endif
