/* SPDX-License-Identifier: Apache-2.0
 * store/pack_items.h - what goes into a split, and in which order. Used by pack.c alone.
 *
 * An item is one pass of one kept document; the list is in docno order, 16 bytes each. A PackCursor walks a seeded
 * permutation of the list; where it stands after any number of tokens follows from the lengths alone, so nothing but
 * the number of shards written must be remembered to go on after a kill.
 */
#ifndef STORE_PACK_ITEMS_H
#define STORE_PACK_ITEMS_H

#include "base/permutation.h"
#include "store/recipe.h"
#include "store/shard_record.h"

typedef struct PackItem {
    Docno docno;
    guint32 length; /* tokens, BOS and EOS included */
    guint16 source; /* index in the recipe's list */
    guint16 repeat;
} PackItem;

typedef struct PackItems {
    const char *split;
    GArray *items; /* of PackItem */
    guint64 tokens;
    Permutation permutation;
} PackItems;

typedef struct PackCursor {
    const PackItems *items;
    guint64 position; /* tokens before it in the split */
    guint64 index;    /* in the shuffled order */
    guint32 offset;   /* tokens of that item that are behind it */
} PackCursor;

/* Fills one list per split, by split_names. */
gboolean pack_items_load(StoreTxn *txn, const Recipe *recipe, PackItems items[SPLIT_COUNT], GError **error);
void pack_items_clear(PackItems items[SPLIT_COUNT]);

void pack_cursor_seek(PackCursor *cursor, const PackItems *items, guint64 position);
/* The next piece of at most `room` tokens, as a span; FALSE at the end. `item` is the document it is from. */
gboolean pack_cursor_take(PackCursor *cursor, guint64 room, Span *span, PackItem *item);

#endif
