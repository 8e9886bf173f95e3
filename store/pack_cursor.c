/* SPDX-License-Identifier: Apache-2.0
 * Items cut into pieces; see store/pack_cursor.h. */
#include "store/pack_cursor.h"

void pack_cursor_init(PackCursor *cursor, const PackItems *items)
{
    *cursor = (PackCursor){.items = items};
    if (items->window)
        cursor->fit = pack_fit_new(items, items->window, items->seed);
}

void pack_cursor_clear(PackCursor *cursor)
{
    g_clear_pointer(&cursor->fit, pack_fit_free);
}

static int next_item(PackCursor *cursor, GError **error)
{
    if (cursor->fit)
        return pack_fit_next(cursor->fit, &cursor->item, error);
    if (cursor->place >= cursor->items->count)
        return 0;
    const PackItem *item = row_scatter_at(cursor->items->order, cursor->place++, error);
    if (!item)
        return -1;
    cursor->item = *item;
    return 1;
}

int pack_cursor_take(PackCursor *cursor, guint64 room, PackPiece *piece, GError **error)
{
    if (room == 0)
        return 0;
    if (cursor->offset == cursor->item.length) {
        int more = next_item(cursor, error);
        if (more <= 0)
            return more;
        cursor->offset = 0;
    }
    const PackItem *item = &cursor->item;
    piece->item = *item;
    piece->span = (Span){
        .docno = item->docno,
        .position = cursor->position,
        .length = (guint32)MIN(room, (guint64)(item->length - cursor->offset)),
        .offset = cursor->offset,
        .source = item->docno == DOCNO_NONE ? SPAN_NO_SOURCE : item->source,
        .repeat = item->repeat,
    };
    cursor->position += piece->span.length;
    cursor->offset += piece->span.length;
    return 1;
}
