/* SPDX-License-Identifier: Apache-2.0
 * Records of draws; see store/draw.h. */
#include "store/draw.h"

#include <string.h>

#include "base/error.h"

#define WORDS 4

gboolean draw_put(StoreTxn *txn, const Draw *draw, GError **error)
{
    const guint32 words[WORDS] = {GUINT32_TO_LE(draw->tokens), GUINT32_TO_LE(draw->passes), GUINT32_TO_LE(draw->source),
                                  GUINT32_TO_LE((guint32)draw->split)};
    return store_put_docno(txn, TABLE_DRAWS, draw->docno, words, sizeof words, error);
}

gboolean draw_parse(const StoreValue *key, const StoreValue *value, Draw *draw, GError **error)
{
    guint32 words[WORDS] = {0};
    if (key->length == 8 && value->length == sizeof words)
        memcpy(words, value->data, sizeof words);
    *draw = (Draw){
        .docno = key->length == 8 ? docno_read(key->data) : DOCNO_NONE,
        .tokens = GUINT32_FROM_LE(words[0]),
        .passes = GUINT32_FROM_LE(words[1]),
        .source = GUINT32_FROM_LE(words[2]),
        .split = (Split)GUINT32_FROM_LE(words[3]),
    };
    if (draw->passes > 0 && draw->passes <= G_MAXUINT16 && (guint32)draw->split < SPLIT_COUNT)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the draw of document %" G_GUINT64_FORMAT " makes no sense; run galen audit",
                draw->docno);
    return FALSE;
}

gboolean draw_get(StoreTxn *txn, Docno docno, Draw *draw, GError **error)
{
    guint8 bytes[8];
    StoreValue key = {bytes, sizeof bytes}, value;
    docno_write(docno, bytes);
    return store_get(txn, TABLE_DRAWS, bytes, sizeof bytes, &value, error) && draw_parse(&key, &value, draw, error);
}
