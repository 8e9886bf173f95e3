/* SPDX-License-Identifier: Apache-2.0
 * store/draw.h - what the mix drew for each document that is kept: its split, its passes, its tokens.
 *
 * The stage "mix" writes TABLE_DRAWS, 16 bytes a document in the order of numbers; "pack" reads nothing else to know what goes
 * where, and audit compares the shards with it. A document of the ledger's kept ones has a draw, and no other.
 */
#ifndef STORE_DRAW_H
#define STORE_DRAW_H

#include "store/split.h"
#include "store/store.h"

typedef struct Draw {
    Docno docno;
    guint32 tokens; /* of one pass, BOS and EOS included */
    guint32 passes; /* in the split, 1 to 65,535 */
    guint32 source; /* index in the recipe's list of sources, as Span.source */
    Split split;
} Draw;

gboolean draw_put(StoreTxn *txn, const Draw *draw, GError **error);
/* FALSE without error: there is none. */
gboolean draw_get(StoreTxn *txn, Docno docno, Draw *draw, GError **error);
gboolean draw_parse(const StoreValue *key, const StoreValue *value, Draw *draw, GError **error);

#endif
