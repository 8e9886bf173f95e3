/* SPDX-License-Identifier: Apache-2.0
 * From the notes of documents to passages of the corpus; see store/passage_list.h. */
#include "store/passage_list.h"

#include <string.h>

#include "base/error.h"
#include "store/document.h"
#include "store/note.h"
#include "store/stage_record.h"

#define STAGE "passages"

typedef struct Loading {
    StoreTxn *txn;
    GHashTable *by_text; /* Hash128 of a Passage -> Passage */
    GPtrArray *passages; /* owned */
    GString *folded;
} Loading;

static void passage_free(gpointer data)
{
    Passage *passage = data;
    g_array_unref(passage->places);
    g_free(passage);
}

static guint hash_text(gconstpointer key)
{
    return (guint)((const Hash128 *)key)->low;
}

static gboolean equal_texts(gconstpointer a, gconstpointer b)
{
    return hash128_equal(*(const Hash128 *)a, *(const Hash128 *)b);
}

/* Letters and digits, in lower case, with one blank for what stands between them. */
static Hash128 fold(GString *folded, const char *text, gsize length)
{
    g_string_truncate(folded, 0);
    for (gsize i = 0; i < length; i++) {
        gboolean kept = g_ascii_isalnum(text[i]) || (text[i] & 0x80);
        if (kept)
            g_string_append_c(folded, g_ascii_tolower(text[i]));
        else if (folded->len && folded->str[folded->len - 1] != ' ')
            g_string_append_c(folded, ' ');
    }
    return hash128(folded->str, folded->len);
}

static guint64 whole(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (guint64)value : 0;
}

static Passage *passage_of(Loading *loading, Hash128 text)
{
    Passage *passage = g_hash_table_lookup(loading->by_text, &text);
    if (passage)
        return passage;
    passage = g_new0(Passage, 1);
    passage->text = text;
    passage->places = g_array_new(FALSE, FALSE, sizeof(PassagePlace));
    g_ptr_array_add(loading->passages, passage);
    g_hash_table_insert(loading->by_text, &passage->text, passage);
    return passage;
}

static gboolean add_place(Loading *loading, Docno docno, const json_t *found, const char *text, gsize length, GError **error)
{
    PassagePlace place = {.docno = docno, .start = whole(found, "start"), .end = whole(found, "end"),
                          .held = json_is_true(json_object_get(found, "held")), .cut = json_is_true(json_object_get(found, "cut"))};
    if (place.start >= place.end || place.end > length) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "a passage of document %" G_GUINT64_FORMAT " lies outside of its clean text; run 'galen audit'", docno);
        return FALSE;
    }
    Passage *passage = passage_of(loading, fold(loading->folded, text + place.start, (gsize)(place.end - place.start)));
    passage->words = MAX(passage->words, whole(found, "words"));
    passage->copies = MAX(passage->copies, whole(found, "copies"));
    passage->documents += passage->places->len == 0 || g_array_index(passage->places, PassagePlace, passage->places->len - 1).docno != docno;
    g_array_append_val(passage->places, place);
    return TRUE;
}

static gboolean get_text(StoreTxn *txn, Docno docno, char **text, gsize *length, GError **error)
{
    GError *failure = NULL;
    if (cleaned_get(txn, docno, text, length, &failure))
        return TRUE;
    if (!failure)
        g_set_error(&failure, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "document %" G_GUINT64_FORMAT " has passages but no clean text; run 'galen audit'", docno);
    g_propagate_error(error, failure);
    return FALSE;
}

static gboolean add_note(Loading *loading, Docno docno, const StoreValue *value, GError **error)
{
    g_autoptr(json_t) note = note_parse(value, error);
    g_autofree char *text = NULL;
    gsize length, index;
    json_t *found;
    if (!note || !get_text(loading->txn, docno, &text, &length, error))
        return FALSE;
    json_array_foreach(json_object_get(note, "found"), index, found)
        if (!add_place(loading, docno, found, text, length, error))
            return FALSE;
    return TRUE;
}

static gboolean read_notes(Loading *loading, GError **error)
{
    if (store_count(loading->txn, TABLE_NOTES) == 0)
        return TRUE;
    g_autoptr(StoreCursor) cursor = store_cursor_new(loading->txn, TABLE_NOTES, NULL, 0, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        char stage[STAGE_NAME_LIMIT + 1];
        Docno docno;
        if (stage_record_key_read(&key, &docno, stage) && strcmp(stage, STAGE) == 0 && !add_note(loading, docno, &value, error))
            return FALSE;
    }
    return more == 0;
}

static guint64 surplus(const Passage *passage)
{
    return passage->words * (passage->copies > 0 ? passage->copies - 1 : 0);
}

static int compare_passages(gconstpointer a, gconstpointer b)
{
    const Passage *left = *(Passage *const *)a, *right = *(Passage *const *)b;
    if (surplus(left) != surplus(right))
        return surplus(left) > surplus(right) ? -1 : 1;
    const PassagePlace *first = &g_array_index(left->places, PassagePlace, 0), *second = &g_array_index(right->places, PassagePlace, 0);
    if (first->docno != second->docno)
        return first->docno < second->docno ? -1 : 1;
    return (first->start > second->start) - (first->start < second->start);
}

PassageList *passage_list_load(StoreTxn *txn, guint most, GError **error)
{
    g_autoptr(GPtrArray) passages = g_ptr_array_new_with_free_func(passage_free);
    g_autoptr(GHashTable) by_text = g_hash_table_new(hash_text, equal_texts);
    g_autoptr(GString) folded = g_string_new(NULL);
    Loading loading = {txn, by_text, passages, folded};
    if (!read_notes(&loading, error))
        return NULL;
    PassageList *list = g_new0(PassageList, 1);
    list->total = passages->len;
    g_ptr_array_sort(passages, compare_passages);
    if (most && most < passages->len)
        g_ptr_array_set_size(passages, (gint)most);
    list->passages = g_steal_pointer(&passages);
    return list;
}

void passage_list_free(PassageList *list)
{
    if (!list)
        return;
    g_ptr_array_unref(list->passages);
    g_free(list);
}

/* ---- As JSON ----------------------------------------------------------------------------------------------------- */

static json_t *place_json(StoreTxn *txn, const PassagePlace *place, GError **error)
{
    g_auto(Document) document = {0};
    GError *failure = NULL;
    if (document_get_facts(txn, place->docno, &document, &failure))
        return json_pack("{s:I, s:o, s:o, s:I, s:I, s:b, s:b}", "docno", (json_int_t)place->docno, "source", json_text(document.source), "id",
                         json_text(document.id), "start", (json_int_t)place->start, "end", (json_int_t)place->end, "held", place->held, "cut",
                         place->cut);
    if (!failure)
        g_set_error(&failure, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " is not in the store; run 'galen audit'", place->docno);
    g_propagate_error(error, failure);
    return NULL;
}

/* The beginning of the passage, cut between two characters. */
static json_t *text_json(StoreTxn *txn, const PassagePlace *place, gsize bytes, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    if (!get_text(txn, place->docno, &text, &length, error))
        return NULL;
    gsize end = (gsize)(place->start + MIN(place->end - place->start, bytes));
    while (end < length && end > place->start && ((guchar)text[end] & 0xc0) == 0x80)
        end--;
    g_autofree char *passage = g_strndup(text + place->start, end - place->start);
    return json_text(passage);
}

json_t *passage_json(StoreTxn *txn, const Passage *passage, guint places, gsize bytes, GError **error)
{
    json_t *text = text_json(txn, &g_array_index(passage->places, PassagePlace, 0), bytes, error);
    if (!text)
        return NULL;
    json_t *listed = json_array();
    g_autoptr(json_t) object = json_pack("{s:I, s:I, s:I, s:o, s:o}", "words", (json_int_t)passage->words, "copies", (json_int_t)passage->copies,
                                         "documents", (json_int_t)passage->documents, "text", text, "places", listed);
    for (guint i = 0; i < MIN(passage->places->len, places); i++) {
        json_t *place = place_json(txn, &g_array_index(passage->places, PassagePlace, i), error);
        if (!place)
            return NULL;
        json_array_append_new(listed, place);
    }
    return g_steal_pointer(&object);
}
