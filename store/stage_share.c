/* SPDX-License-Identifier: Apache-2.0
 * Documents and results of a stage among ranks; see store/stage_share.h. */
#include "store/stage_share.h"

#include <string.h>

#include "base/error.h"

#define TAG 1
#define MESSAGE_LIMIT ((gsize)1 << 30)
/* Pages that LMDB leaves half empty, and what it writes anew of its trees with each batch. */
#define ROOM_FACTOR 3
#define ROOM_LEAST ((guint64)1 << 30)

typedef struct Header {
    guint64 bytes; /* of the message that follows */
    guint32 items;
    guint32 last; /* of the stretch */
} Header;

unsigned share_owner(const Comm *comm, Docno docno)
{
    return (unsigned)(docno / SHARE_DOCUMENTS % comm_size(comm));
}

Docno share_stop(Docno docno)
{
    return (docno / SHARE_DOCUMENTS + 1) * SHARE_DOCUMENTS;
}

/* ---- Starting ------------------------------------------------------------------------------------------------ */

static gboolean find_end(Store *store, Docno *end, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    return txn && store_docno_end(txn, TABLE_DOCUMENTS, end, error);
}

gboolean share_start(StageContext *context, gsize room, Share *share, StoreTxn **snapshot, GError **error)
{
    gboolean first = comm_rank(context->comm) == 0;
    *snapshot = NULL;
    if (first && share->action != STAGE_SKIP) {
        if (!find_end(context->store, &share->end, error))
            return FALSE;
        *snapshot = store_keep(context->store, share->end * room * ROOM_FACTOR + ROOM_LEAST, error);
        if (!*snapshot)
            return FALSE;
    }
    if (!comm_broadcast(context->comm, share, sizeof *share, 0, error))
        return FALSE;
    if (share->action == STAGE_SKIP)
        return TRUE;
    if (!first) {
        *snapshot = store_refresh(context->store, error) ? store_read_begin(context->store, error) : NULL;
        if (!*snapshot)
            return FALSE;
    }
    return comm_barrier(context->comm, error);
}

/* ---- Results ------------------------------------------------------------------------------------------------- */

static void pack_item(const StageMap *map, const StageItem *item, Buffer *message)
{
    g_auto(Buffer) result;
    buffer_init(&result, MESSAGE_LIMIT);
    map->pack(map->user, item, &result);
    buffer_append_u64(message, item->docno);
    buffer_append_field(message, item->document.source);
    buffer_append_u32(message, (guint32)result.length);
    buffer_append(message, result.data, result.length);
    message->overflowed |= result.overflowed;
}

gboolean share_send(Comm *comm, const StageMap *map, const GArray *items, gboolean last, GError **error)
{
    g_auto(Buffer) message;
    buffer_init(&message, MESSAGE_LIMIT);
    for (guint i = 0; i < items->len; i++)
        pack_item(map, &g_array_index(items, StageItem, i), &message);
    Header header = {message.length, items->len, (guint32)last};
    if (!message.overflowed)
        return comm_send(comm, &header, sizeof header, 0, TAG, error) && comm_send(comm, message.data, message.length, 0, TAG, error);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the results of stage '%s' for %u documents are over %" G_GSIZE_FORMAT " bytes", map->stage,
                items->len, MESSAGE_LIMIT);
    return FALSE;
}

static gboolean unpack_item(const StageMap *map, BufferView *view, StageItem *item, GError **error)
{
    guint32 length = 0;
    const char *bytes = NULL;
    buffer_view_u64(view, &item->docno);
    buffer_view_field(view, &item->document.source);
    buffer_view_u32(view, &length);
    buffer_view_bytes(view, length, &bytes);
    return !view->failed && map->unpack(map->user, item, bytes, length, error);
}

static gboolean receive_message(Comm *comm, const StageMap *map, unsigned from, const Header *header, GArray *items, GError **error)
{
    g_autofree char *message = g_try_malloc(header->bytes + 1);
    if (header->bytes > MESSAGE_LIMIT || !message) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "rank %u sent %" G_GUINT64_FORMAT " bytes, which is too much", from, header->bytes);
        return FALSE;
    }
    if (!comm_receive(comm, message, header->bytes, from, TAG, error))
        return FALSE;
    BufferView view = {.data = message, .length = header->bytes};
    for (guint32 i = 0; i < header->items; i++) {
        g_array_set_size(items, items->len + 1);
        if (unpack_item(map, &view, &g_array_index(items, StageItem, items->len - 1), error))
            continue;
        if (error && !*error)
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "rank %u sent results of stage '%s' that end too early", from, map->stage);
        return FALSE;
    }
    return TRUE;
}

gboolean share_receive(Comm *comm, const StageMap *map, unsigned from, GArray *items, gsize *bytes, GError **error)
{
    Header header = {0};
    while (!header.last) {
        if (!comm_receive(comm, &header, sizeof header, from, TAG, error) || !receive_message(comm, map, from, &header, items, error))
            return FALSE;
        *bytes += header.bytes;
    }
    return TRUE;
}
