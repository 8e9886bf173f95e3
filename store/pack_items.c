/* SPDX-License-Identifier: Apache-2.0
 * The items of a split and their shuffled order; see store/pack_items.h. */
#include "store/pack_items.h"

#include <string.h>

#include "store/draw.h"

static gboolean add_draw(const Draw *draw, PackItems items[SPLIT_COUNT], GError **error)
{
    PackItems *list = &items[draw->split];
    PackItem item = {.docno = draw->docno, .length = draw->tokens, .source = (guint16)draw->source};
    for (guint32 repeat = 0; item.length && repeat < draw->passes; repeat++) {
        item.repeat = (guint16)repeat;
        g_array_append_val(list->items, item);
        list->tokens += item.length;
    }
    return TRUE;
}

gboolean pack_items_load(StoreTxn *txn, const Recipe *recipe, PackItems items[SPLIT_COUNT], GError **error)
{
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        items[i] = (PackItems){.split = split_names[i], .items = g_array_new(FALSE, FALSE, sizeof(PackItem))};
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_DRAWS, NULL, 0, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        Draw draw;
        if (!draw_parse(&key, &value, &draw, error) || !add_draw(&draw, items, error))
            return FALSE;
    }
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        permutation_init(&items[i].permutation, items[i].items->len, random_at(recipe->seed, "pack", i));
    return more == 0;
}

void pack_items_clear(PackItems items[SPLIT_COUNT])
{
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        if (items[i].items)
            g_array_unref(items[i].items);
}

static const PackItem *item_at(const PackCursor *cursor)
{
    guint64 place = permutation_at(&cursor->items->permutation, cursor->index);
    return &g_array_index(cursor->items->items, PackItem, place);
}

void pack_cursor_seek(PackCursor *cursor, const PackItems *items, guint64 position)
{
    *cursor = (PackCursor){.items = items};
    Span span;
    PackItem item;
    while (cursor->position < position && pack_cursor_take(cursor, position - cursor->position, &span, &item))
        ;
}

gboolean pack_cursor_take(PackCursor *cursor, guint64 room, Span *span, PackItem *item)
{
    if (cursor->index >= cursor->items->items->len || room == 0)
        return FALSE;
    *item = *item_at(cursor);
    *span = (Span){
        .docno = item->docno,
        .position = cursor->position,
        .length = (guint32)MIN(room, (guint64)(item->length - cursor->offset)),
        .offset = cursor->offset,
        .source = item->source,
        .repeat = item->repeat,
    };
    cursor->position += span->length;
    cursor->offset += span->length;
    if (cursor->offset == item->length) {
        cursor->offset = 0;
        cursor->index++;
    }
    return TRUE;
}
