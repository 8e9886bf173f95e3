/* SPDX-License-Identifier: Apache-2.0
 * Token ids of one document; see store/tokens.h. */
#include "store/tokens.h"

#include "base/error.h"

void tokens_pack(const guint32 *ids, gsize count, unsigned width, void *to)
{
    guint16 *narrow = to;
    guint32 *wide = to;
    for (gsize i = 0; i < count && width == 2; i++)
        narrow[i] = GUINT16_TO_LE((guint16)ids[i]);
    for (gsize i = 0; i < count && width == 4; i++)
        wide[i] = GUINT32_TO_LE(ids[i]);
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
