/* SPDX-License-Identifier: Apache-2.0
 * Token ids of one document; see store/tokens.h. */
#include "store/tokens.h"

#include "base/error.h"

void *tokens_pack(const guint32 *ids, gsize count, unsigned width)
{
    if (width == 2) {
        guint16 *narrow = g_new(guint16, count);
        for (gsize i = 0; i < count; i++)
            narrow[i] = GUINT16_TO_LE((guint16)ids[i]);
        return narrow;
    }
    guint32 *wide = g_new(guint32, count);
    for (gsize i = 0; i < count; i++)
        wide[i] = GUINT32_TO_LE(ids[i]);
    return wide;
}

gboolean tokens_get(StoreTxn *txn, Docno docno, unsigned width, const void **ids, gsize *count, GError **error)
{
    StoreValue value;
    if (!store_get_docno(txn, TABLE_TOKENS, docno, &value, error))
        return FALSE;
    if (value.length % width != 0) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "document %" G_GUINT64_FORMAT " has %" G_GSIZE_FORMAT " bytes of tokens, no multiple of %u", docno,
                    value.length, width);
        return FALSE;
    }
    *ids = value.data;
    *count = value.length / width;
    return TRUE;
}
