/* SPDX-License-Identifier: Apache-2.0
 * Notes of stages on documents; see store/note.h. */
#include "store/note.h"

#include <string.h>

#include "store/stage_record.h"

gboolean note_put(StoreTxn *txn, Docno docno, const char *stage, const json_t *note, GError **error)
{
    g_autofree char *text = json_write(note);
    return stage_record_put(txn, TABLE_NOTES, docno, stage, text, strlen(text), error);
}

json_t *note_parse(const StoreValue *value, GError **error)
{
    return json_parse(value->data, value->length, "a stage's note", error);
}

json_t *note_get(StoreTxn *txn, Docno docno, const char *stage, GError **error)
{
    StoreValue value;
    return stage_record_get(txn, TABLE_NOTES, docno, stage, &value, error) ? note_parse(&value, error) : NULL;
}

static gboolean add_note(gpointer user, const char *stage, const StoreValue *value, GError **error)
{
    json_t *note = note_parse(value, error);
    return note && json_object_set_new(user, stage, note) == 0;
}

json_t *notes_get(StoreTxn *txn, Docno docno, GError **error)
{
    g_autoptr(json_t) notes = json_object();
    return stage_record_each(txn, TABLE_NOTES, docno, add_note, notes, error) ? g_steal_pointer(&notes) : NULL;
}
