/* SPDX-License-Identifier: Apache-2.0
 * store/pack_parts.h - what packing and repacking have in common. Used by pack.c and repack.c alone.
 */
#ifndef STORE_PACK_PARTS_H
#define STORE_PACK_PARTS_H

#include "store/pack_items.h"
#include "store/stage.h"

typedef struct Packing {
    StageContext *context;
    const Recipe *recipe;
    guint32 bos, eos, width;
    PackItems items[SPLIT_COUNT];
    StageRun run;
} Packing;

/* One shard, ready to be written. */
typedef struct PackedShard {
    const Packing *packing;
    const char *split;
    guint32 number;
    char *ids;
    gsize ids_length;
    GArray *spans;      /* of Span */
    GArray *placements; /* of PackedPlacement */
    Sha256 digest;
} PackedShard;

typedef struct PackedPlacement {
    Docno docno;
    Placement placement;
} PackedPlacement;

void packed_shard_init(PackedShard *shard, const Packing *packing, const char *split, guint32 number);
void packed_shard_clear(PackedShard *shard);
/* The span is the shard's next one; where the document begins with it, that is its placement. `length` tokens in all. */
void packed_shard_place(PackedShard *shard, const Span *span, guint64 length);
/* Tokens, spans, digest and placements. */
gboolean packed_shard_put(StoreTxn *txn, const PackedShard *shard, GError **error);
/* Spans and placements alone, of a shard whose tokens stay. */
gboolean packed_shard_put_spans(StoreTxn *txn, const PackedShard *shard, GError **error);
void packed_shard_count(Packing *packing, const PackedShard *shard);

/* Tokens [span.offset, span.offset + span.length) of "BOS document EOS". */
gboolean pack_copy_tokens(const Packing *packing, StoreTxn *txn, const Span *span, const PackItem *item, char *to, GError **error);

#endif
