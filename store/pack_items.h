/* SPDX-License-Identifier: Apache-2.0
 * store/pack_items.h - what goes into a split, and in which order. Used by pack*.c and repack.c alone.
 *
 * An item is one pass of one kept document. The order of a split is a seeded permutation of its items, which lie, in that
 * order, in a nameless file (base/row_scatter.h), so that memory does not grow with the corpus.
 */
#ifndef STORE_PACK_ITEMS_H
#define STORE_PACK_ITEMS_H

#include "base/permutation.h"
#include "base/row_file.h"
#include "base/row_scatter.h"
#include "store/recipe.h"
#include "store/shard_record.h"

typedef struct PackItem {
    Docno docno;
    guint64 index;  /* among the items of all splits, by document and repeat */
    guint32 length; /* tokens, BOS and EOS included */
    guint16 source; /* index in the recipe's list */
    guint16 repeat;
} PackItem;

typedef struct PackItems {
    const char *split;
    RowScatter *order; /* of PackItem, shuffled; NULL: not loaded */
    RowFile *list;     /* of PackItem, mapped, by document and repeat; NULL: not listed */
    guint64 count, tokens;
    guint64 window, seed; /* of best-fit; window 0: one behind the other */
} PackItems;

/* One list for each split, by split_names; their files lie in `folder`. */
gboolean pack_items_load(StoreTxn *txn, const Recipe *recipe, const char *folder, PackItems items[SPLIT_COUNT], GError **error);
/* The same as lists by document and repeat, for whoever searches them. */
gboolean pack_items_list(StoreTxn *txn, const char *folder, PackItems items[SPLIT_COUNT], GError **error);
void pack_items_clear(PackItems items[SPLIT_COUNT]);

#endif
