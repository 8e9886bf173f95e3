/* SPDX-License-Identifier: Apache-2.0
 * The items of a split and their shuffled order; see store/pack_items.h.
 *
 * The draws are read twice: how many items there are decides the permutation, which says of each item where it goes. */
#include "store/pack_items.h"

#include <string.h>

#include "store/draw.h"

typedef gboolean (*VisitItem)(gpointer user, Split split, const PackItem *item, GError **error);

static gboolean visit_passes(const Draw *draw, guint64 *index, VisitItem visit, gpointer user, GError **error)
{
    PackItem item = {.docno = draw->docno, .length = draw->tokens, .source = (guint16)draw->source};
    for (guint32 repeat = 0; item.length && repeat < draw->passes; repeat++) {
        item.repeat = (guint16)repeat;
        item.index = (*index)++;
        if (!visit(user, draw->split, &item, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean each_item(StoreTxn *txn, VisitItem visit, gpointer user, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_DRAWS, NULL, 0, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    guint64 index = 0;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        Draw draw;
        if (!draw_parse(&key, &value, &draw, error) || !visit_passes(&draw, &index, visit, user, error))
            return FALSE;
    }
    return more == 0;
}

static gboolean count_item(gpointer user, Split split, const PackItem *item, GError **error)
{
    PackItems *items = user;
    items[split].count++;
    items[split].tokens += item->length;
    return TRUE;
}

typedef struct Shuffle {
    PackItems *items;
    Permutation permutations[SPLIT_COUNT];
    guint64 seen[SPLIT_COUNT];
} Shuffle;

static gboolean shuffle_item(gpointer user, Split split, const PackItem *item, GError **error)
{
    Shuffle *shuffle = user;
    guint64 place = permutation_find(&shuffle->permutations[split], shuffle->seen[split]++);
    return row_scatter_put(shuffle->items[split].order, place, item, error);
}

gboolean pack_items_load(StoreTxn *txn, const Recipe *recipe, const char *folder, PackItems items[SPLIT_COUNT], GError **error)
{
    Shuffle shuffle = {.items = items};
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        items[i] = (PackItems){.split = split_names[i], .window = recipe->pack.mode == PACK_BEST_FIT ? recipe->pack.window : 0,
                               .seed = random_at(recipe->seed, "fit", i)};
    if (!each_item(txn, count_item, items, error))
        return FALSE;
    for (unsigned i = 0; i < SPLIT_COUNT; i++) {
        permutation_init(&shuffle.permutations[i], items[i].count, random_at(recipe->seed, "pack", i));
        items[i].order = row_scatter_new(folder, sizeof(PackItem), items[i].count, error);
        if (!items[i].order)
            return FALSE;
    }
    if (!each_item(txn, shuffle_item, &shuffle, error))
        return FALSE;
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        if (!row_scatter_finish(items[i].order, error))
            return FALSE;
    return TRUE;
}

static gboolean list_item(gpointer user, Split split, const PackItem *item, GError **error)
{
    PackItems *items = user;
    return count_item(items, split, item, error) && row_file_append(items[split].list, item, error);
}

gboolean pack_items_list(StoreTxn *txn, const char *folder, PackItems items[SPLIT_COUNT], GError **error)
{
    for (unsigned i = 0; i < SPLIT_COUNT; i++) {
        items[i] = (PackItems){.split = split_names[i], .list = row_file_new(folder, sizeof(PackItem), error)};
        if (!items[i].list)
            return FALSE;
    }
    if (!each_item(txn, list_item, items, error))
        return FALSE;
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        if (!row_file_map(items[i].list, error))
            return FALSE;
    return TRUE;
}

void pack_items_clear(PackItems items[SPLIT_COUNT])
{
    for (unsigned i = 0; i < SPLIT_COUNT; i++) {
        g_clear_pointer(&items[i].order, row_scatter_free);
        g_clear_pointer(&items[i].list, row_file_free);
    }
}
