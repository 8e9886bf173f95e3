/* SPDX-License-Identifier: Apache-2.0
 * store/pack_parts.h - what packing and repacking have in common. Used by pack*.c and repack.c alone.
 *
 * One shard, packing: s = pack_shard_new(packing, split, number); pack_shard_add for what lies in it, in order;
 * pack_shard_fill(s, e) on any thread; pack_shard_put(s, txn, e); pack_shard_free(s). The tokens of a shard are fetched by rising
 * documents, not in the order in which they lie there, so that the store is read in one direction. Buffers go back to the packing
 * and are used again. Repacking gives s->ids and the spans (pack_shard_add_span) itself, and keeps the former.
 */
#ifndef STORE_PACK_PARTS_H
#define STORE_PACK_PARTS_H

#include "store/pack_cursor.h"
#include "store/stage.h"

typedef struct Packing {
    StageContext *context;
    const Recipe *recipe;
    guint32 bos, eos, width;
    PackItems items[SPLIT_COUNT];
    StageRun run;
    GAsyncQueue *buffers; /* of recipe->pack.shard_tokens tokens each */
} Packing;

typedef struct PackShard {
    const Packing *packing;
    const char *split;
    guint32 number;
    guint64 tokens, padding; /* the latter among the former */
    char *ids;
    GArray *spans;   /* of Span */
    GArray *lengths; /* of guint32, where the shard is to be filled: tokens of each span's whole item */
    guint64 *source_tokens; /* of each source */
    Sha256 digest;
    Hash128 hash; /* of the ids, as store_put_hashed wants it */
} PackShard;

PackShard *pack_shard_new(const Packing *packing, const char *split, guint32 number);
void pack_shard_free(PackShard *shard);
void pack_shard_add(PackShard *shard, const PackPiece *piece);
void pack_shard_add_span(PackShard *shard, const Span *span);
gboolean pack_shard_fill(PackShard *shard, GError **error);
void pack_shard_hash(PackShard *shard); /* pack_shard_fill has done it */
/* Tokens, spans and digest. */
gboolean pack_shard_put(const PackShard *shard, StoreTxn *txn, GError **error);
/* Spans alone, of a shard whose tokens stay. */
gboolean pack_shard_put_spans(const PackShard *shard, StoreTxn *txn, GError **error);
/* A shard more, in the run's counts. */
void pack_shard_count(const PackShard *shard, StageRun *run);

/* Tokens [span.offset, span.offset + span.length) of "BOS document EOS". */
gboolean pack_copy_tokens(const Packing *packing, StoreTxn *txn, const Span *span, const PackItem *item, char *to, GError **error);

#endif
