/* SPDX-License-Identifier: Apache-2.0
 * store/stage_record.h - records that one stage keeps about one document, for tables that several stages share.
 *
 * The key is the document's number and the stage's name, so that a stage's records can be cleared without those of the
 * others, and all that stages keep about a document lies side by side. TABLE_CUTS (store/cuts.h) and TABLE_NOTES
 * (store/note.h) are such tables.
 */
#ifndef STORE_STAGE_RECORD_H
#define STORE_STAGE_RECORD_H

#include "base/buffer.h"
#include "store/store.h"

#define STAGE_NAME_LIMIT 64 /* bytes, of a stage's name in a key */

gboolean stage_record_put(StoreTxn *txn, StoreTable table, Docno docno, const char *stage, const void *data, gsize length,
                          GError **error);
/* FALSE without error: there is none. */
gboolean stage_record_get(StoreTxn *txn, StoreTable table, Docno docno, const char *stage, StoreValue *value, GError **error);

gboolean stage_record_delete(StoreTxn *txn, StoreTable table, Docno docno, const char *stage, GError **error); /* fine if absent */

/* Called for each record of one document, in order of the stages' names; the walk ends where it returns FALSE. */
typedef gboolean (*StageRecordVisit)(gpointer user, const char *stage, const StoreValue *value, GError **error);
gboolean stage_record_each(StoreTxn *txn, StoreTable table, Docno docno, StageRecordVisit visit, gpointer user, GError **error);

/* Document and stage of a key; `stage` is room for STAGE_NAME_LIMIT + 1 bytes. FALSE: no such key. */
gboolean stage_record_key_read(const StoreValue *key, Docno *docno, char *stage);
gboolean stage_record_forget(StoreTxn *txn, StoreTable table, const char *stage, GError **error);

#endif
