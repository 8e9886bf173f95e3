/* SPDX-License-Identifier: Apache-2.0
 * store/tokens.h - the token ids of one document, as TABLE_TOKENS holds them.
 *
 * A value is a row of little-endian ids of `width` bytes (store/tokenizer_store.h), without BOS or EOS. It lies in the
 * map, so it is valid until the transaction ends, and it may be misaligned for u32: read it with token_at.
 */
#ifndef STORE_TOKENS_H
#define STORE_TOKENS_H

#include <string.h>

#include "store/store.h"

/* Writes the ids, `width` bytes each, to where a guint32 could lie. */
void tokens_pack(const guint32 *ids, gsize count, unsigned width, void *to);
/* FALSE without error: the document was not tokenised. A value that is no whole number of ids is GALEN_ERROR_INPUT. */
gboolean tokens_get(StoreTxn *txn, Docno docno, unsigned width, const void **ids, gsize *count, GError **error);

static inline guint32 token_at(const void *ids, unsigned width, gsize index)
{
    guint16 narrow;
    guint32 wide;
    if (width == 2) {
        memcpy(&narrow, (const char *)ids + index * 2, 2);
        return GUINT16_FROM_LE(narrow);
    }
    memcpy(&wide, (const char *)ids + index * 4, 4);
    return GUINT32_FROM_LE(wide);
}

#endif
