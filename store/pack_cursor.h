/* SPDX-License-Identifier: Apache-2.0
 * store/pack_cursor.h - a split's items cut into pieces, in the order in which they are packed. Used by pack*.c alone.
 *
 * One behind the other as they were shuffled, or put together into windows (store/pack_fit.h), then with padding between them. One
 * cursor on a list at a time.
 *
 * Sequence: pack_cursor_init(&c, items); while ((more = pack_cursor_take(&c, room, &piece, e)) > 0) ...; pack_cursor_clear(&c).
 */
#ifndef STORE_PACK_CURSOR_H
#define STORE_PACK_CURSOR_H

#include "store/pack_fit.h"

/* A piece of an item, and where it lies. */
typedef struct PackPiece {
    PackItem item; /* of document DOCNO_NONE: padding */
    Span span;
} PackPiece;

typedef struct PackCursor {
    const PackItems *items;
    PackFit *fit;     /* NULL: one behind the other */
    guint64 place;    /* of the next item in the shuffled order */
    guint64 position; /* tokens behind the cursor in the split, padding included */
    PackItem item;    /* that is being cut */
    guint32 offset;   /* tokens of it that are behind the cursor; its length: none is being cut */
} PackCursor;

void pack_cursor_init(PackCursor *cursor, const PackItems *items);
void pack_cursor_clear(PackCursor *cursor);
/* The next piece of at most `room` tokens: 1, 0 at the end or without room, -1. */
int pack_cursor_take(PackCursor *cursor, guint64 room, PackPiece *piece, GError **error);

#endif
