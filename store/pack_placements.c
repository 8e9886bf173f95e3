/* SPDX-License-Identifier: Apache-2.0
 * Placements by rising documents; see store/pack_placements.h. */
#include "store/pack_placements.h"

#include <string.h>

#define BATCH_ROWS 262144
#define POSITION_KEY "placements"

typedef struct Row {
    Docno docno;
    guint64 position;
    guint32 length;
    guint16 repeat, split;
} Row;

typedef struct Writing {
    StageContext *context;
    StageRun *run;
    RowScatter *rows; /* of Row, by PackItem.index */
    guint64 begin, end;
} Writing;

static gboolean scatter_split(RowScatter *rows, const PackItems *items, unsigned split, GError **error)
{
    PackCursor cursor;
    PackPiece piece;
    int more;
    pack_cursor_init(&cursor, items);
    while ((more = pack_cursor_take(&cursor, G_MAXUINT64, &piece, error)) > 0) {
        if (span_is_padding(&piece.span))
            continue;
        Row row = {piece.item.docno, piece.span.position, piece.item.length, piece.item.repeat, (guint16)split};
        if (!row_scatter_put(rows, piece.item.index, &row, error)) {
            more = -1;
            break;
        }
    }
    pack_cursor_clear(&cursor);
    return more == 0;
}

static RowScatter *scatter_all(StageContext *context, const PackItems items[SPLIT_COUNT], guint64 count, GError **error)
{
    g_autoptr(RowScatter) rows = row_scatter_new(store_directory(context->store), sizeof(Row), count, error);
    if (!rows)
        return NULL;
    for (unsigned split = 0; split < SPLIT_COUNT; split++)
        if (!scatter_split(rows, &items[split], split, error))
            return NULL;
    return row_scatter_finish(rows, error) ? g_steal_pointer(&rows) : NULL;
}

static gboolean put_rows(StoreTxn *txn, gpointer user, GError **error)
{
    const Writing *writing = user;
    for (guint64 i = writing->begin; i < writing->end; i++) {
        const Row *row = row_scatter_at(writing->rows, i, error);
        if (!row)
            return FALSE;
        Placement placement = {.position = row->position, .length = row->length, .repeat = row->repeat};
        g_strlcpy(placement.split, split_names[row->split], sizeof placement.split);
        if (!placement_put(txn, row->docno, &placement, error))
            return FALSE;
    }
    return stage_save(txn, writing->run, error);
}

gboolean pack_placements_write(StageContext *context, const PackItems items[SPLIT_COUNT], StageRun *run, GError **error)
{
    guint64 count = 0;
    for (unsigned split = 0; split < SPLIT_COUNT; split++)
        count += items[split].count;
    json_t *known = json_object_get(run->position, POSITION_KEY);
    guint64 begin = (guint64)json_integer_value(known), limit = context->batch_documents ? context->batch_documents : BATCH_ROWS;
    if (known && begin >= count)
        return TRUE;
    g_autoptr(RowScatter) rows = scatter_all(context, items, count, error);
    Writing writing = {.context = context, .run = run, .rows = rows, .begin = begin};
    if (!rows)
        return FALSE;
    if (!run->position)
        run->position = json_object();
    do {
        writing.end = MIN(writing.begin + limit, count);
        json_object_set_new(run->position, POSITION_KEY, json_integer((json_int_t)writing.end));
        if (!store_write(context->store, put_rows, &writing, error))
            return FALSE;
        writing.begin = writing.end;
    } while (writing.begin < count);
    return TRUE;
}
