/* SPDX-License-Identifier: Apache-2.0
 * From what a person types to a document number; see cli/command.h. */
#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "store/tombstone.h"

static gboolean is_number(const char *name)
{
    return *name && strspn(name, "0123456789") == strlen(name) && strlen(name) < 19;
}

/* By number, if there is such a document. */
static gboolean find_number(StoreTxn *txn, const char *name, Docno *docno)
{
    guint8 key[8];
    StoreValue value;
    if (!is_number(name))
        return FALSE;
    *docno = g_ascii_strtoull(name, NULL, 10);
    docno_write(*docno, key);
    return store_get_unchecked(txn, TABLE_DOCUMENTS, key, sizeof key, &value, NULL);
}

/* By its id, or by the one that it had before it was forgotten. */
static gboolean find_id(StoreTxn *txn, const char *tag, const char *id, Docno *docno, GError **error)
{
    guint8 key[DOCUMENT_KEY_SIZE];
    StoreValue value;
    GError *failure = NULL;
    if (document_find(txn, tag, id, docno, &failure))
        return TRUE;
    document_key(tag, id, key);
    g_autofree char *stub = tombstone_stub_id(key);
    if (!failure && store_get(txn, TABLE_TOMBSTONES, key, sizeof key, &value, &failure))
        return document_find(txn, tag, stub, docno, error);
    if (failure)
        g_propagate_error(error, failure);
    return FALSE;
}

static gboolean find_in_sources(StoreTxn *txn, const json_t *sources, const char *name, GArray *found, GString *tags, GError **error)
{
    gsize index;
    json_t *source;
    json_array_foreach(sources, index, source) {
        const char *tag = json_get_string(source, "tag");
        gsize length = strlen(tag);
        gboolean prefixed = strncmp(name, tag, length) == 0 && name[length] == '/';
        GError *failure = NULL;
        Docno docno;
        if (find_id(txn, tag, name, &docno, &failure) ||
            (!failure && prefixed && find_id(txn, tag, name + length + 1, &docno, &failure))) {
            g_array_append_val(found, docno);
            g_string_append_printf(tags, "%s%s/%s", tags->len ? ", " : "", tag, name);
        }
        if (failure) {
            g_propagate_error(error, failure);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean resolve_document(StoreTxn *txn, const char *name, Docno *docno, GError **error)
{
    if (find_number(txn, name, docno))
        return TRUE;
    GError *failure = NULL;
    g_autofree char *text = store_get_meta(txn, "sources", &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    g_autoptr(json_t) sources = json_parse(text ? text : "[]", text ? strlen(text) : 2, "sources", error);
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Docno));
    g_autoptr(GString) tags = g_string_new(NULL);
    if (!sources || !find_in_sources(txn, sources, name, found, tags, error))
        return FALSE;
    if (found->len == 1) {
        *docno = g_array_index(found, Docno, 0);
        return TRUE;
    }
    if (found->len == 0)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "no document '%s' in this store; 'galen list STORE' lists them all", name);
    else
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "'%s' is in several sources; say which: %s", name, tags->str);
    return FALSE;
}
