/* SPDX-License-Identifier: Apache-2.0
 * store/note.h - what a stage found in a document, in full: for the document's story, and for reports.
 *
 * A verdict has room for one rule and one value. A stage that has more to say, or that found something and was told
 * only to report it, leaves a note: a JSON object (TABLE_NOTES, one a stage). Its keys are the stage's own business and
 * are described where it writes them; "found" is by convention an array of objects, each with what was found and a
 * "summary", one line for people. Notes are
 * part of the document's hash in the manifest.
 */
#ifndef STORE_NOTE_H
#define STORE_NOTE_H

#include "base/json.h"
#include "store/store.h"

gboolean note_put(StoreTxn *txn, Docno docno, const char *stage, const json_t *note, GError **error);
/* NULL without error: there is none. */
json_t *note_get(StoreTxn *txn, Docno docno, const char *stage, GError **error);
/* An object of all notes on a document by the stages' names; empty when there are none. */
json_t *notes_get(StoreTxn *txn, Docno docno, GError **error);
json_t *note_parse(const StoreValue *value, GError **error);

#endif
