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

struct PackPlacements {
    StageContext *context;
    guint64 count;
    RowScatter *rows; /* of Row, by PackItem.index */
};

PackPlacements *pack_placements_new(StageContext *context, const PackItems items[SPLIT_COUNT], GError **error)
{
    g_autoptr(PackPlacements) placements = g_new0(PackPlacements, 1);
    placements->context = context;
    for (unsigned split = 0; split < SPLIT_COUNT; split++)
        placements->count += items[split].count;
    placements->rows = row_scatter_new(store_directory(context->store), sizeof(Row), placements->count, error);
    return placements->rows ? g_steal_pointer(&placements) : NULL;
}

void pack_placements_free(PackPlacements *placements)
{
    if (!placements)
        return;
    g_clear_pointer(&placements->rows, row_scatter_free);
    g_free(placements);
}

gboolean pack_placements_note(PackPlacements *placements, unsigned split, const PackPiece *piece, GError **error)
{
    if (span_is_padding(&piece->span) || piece->span.offset > 0)
        return TRUE;
    Row row = {piece->item.docno, piece->span.position, piece->item.length, piece->item.repeat, (guint16)split};
    return row_scatter_put(placements->rows, piece->item.index, &row, error);
}

/* Rows [begin, end) as a batch. */
typedef struct Writing {
    PackPlacements *placements;
    StageRun *run;
    guint64 begin, end;
} Writing;

static gboolean put_rows(StoreTxn *txn, gpointer user, GError **error)
{
    const Writing *writing = user;
    for (guint64 i = writing->begin; i < writing->end; i++) {
        const Row *row = row_scatter_at(writing->placements->rows, i, error);
        if (!row)
            return FALSE;
        Placement placement = {.position = row->position, .length = row->length, .repeat = row->repeat};
        g_strlcpy(placement.split, split_names[row->split], sizeof placement.split);
        if (!placement_put(txn, row->docno, &placement, error))
            return FALSE;
    }
    return stage_save(txn, writing->run, error);
}

gboolean pack_placements_write(PackPlacements *placements, StageRun *run, GError **error)
{
    const StageContext *context = placements->context;
    guint64 count = placements->count, limit = context->batch_documents ? context->batch_documents : BATCH_ROWS;
    json_t *known = json_object_get(run->position, POSITION_KEY);
    Writing writing = {.placements = placements, .run = run, .begin = (guint64)json_integer_value(known)};
    if (known && writing.begin >= count)
        return TRUE;
    if (!row_scatter_finish(placements->rows, error))
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
