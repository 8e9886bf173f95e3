/* SPDX-License-Identifier: Apache-2.0
 * Token ids of one document; see store/tokens.h. */
#include "store/tokens.h"

#include "base/error.h"

#define STEP 16 /* ids that go through the processor's vectors together */

static void pack_narrow(const guint32 *restrict ids, gsize count, guint16 *restrict to)
{
    gsize i = 0;
    for (; i + STEP <= count; i += STEP)
        for (gsize k = 0; k < STEP; k++)
            to[i + k] = GUINT16_TO_LE((guint16)ids[i + k]);
    for (; i < count; i++)
        to[i] = GUINT16_TO_LE((guint16)ids[i]);
}

static void pack_wide(const guint32 *restrict ids, gsize count, guint32 *restrict to)
{
    for (gsize i = 0; i < count; i++)
        to[i] = GUINT32_TO_LE(ids[i]);
}

void tokens_pack(const guint32 *ids, gsize count, unsigned width, void *to)
{
    if (width == 2)
        pack_narrow(ids, count, to);
    else
        pack_wide(ids, count, to);
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
