/* SPDX-License-Identifier: Apache-2.0
 * In galen-build: prints a document's tokens; see cli/show_tokens.h. */
#include "cli/show_tokens.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "store/tokenizer_store.h"

/* A token a line: its id and its text. */
static gboolean print_tokens(Store *store, StoreTxn *txn, Docno docno, GError **error)
{
    StoreValue value;
    g_autoptr(Tokenizer) tokenizer = tokenizer_from_store(store, error);
    if (!tokenizer)
        return FALSE;
    GError *failure = NULL;
    if (!store_get_docno(txn, TABLE_TOKENS, docno, &value, &failure)) {
        if (failure)
            g_propagate_error(error, failure);
        else
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " has no tokens; 'galen why' tells why", docno);
        return FALSE;
    }
    gsize width = tokenizer_width(tokenizer_vocabulary(tokenizer));
    for (gsize i = 0; i + width <= value.length; i += width) {
        guint32 id = 0;
        memcpy(&id, (const char *)value.data + i, width);
        id = GUINT32_FROM_LE(id);
        g_autofree char *piece = tokenizer_decode(tokenizer, &id, 1, error);
        if (!piece)
            return FALSE;
        g_autofree char *escaped = g_strescape(piece, "\"");
        printf("%u\t%s\n", id, g_utf8_validate(piece, -1, NULL) && !strchr(piece, '\n') ? piece : escaped);
    }
    return TRUE;
}

int show_tokens(const char *path, const char *name, char **given)
{
    Docno docno;
    GError *error = NULL;
    g_autoptr(Store) store = store_open(path, STORE_READ, &error);
    g_autoptr(StoreTxn) txn = store ? store_read_begin(store, &error) : NULL;
    if (!txn || !resolve_document(txn, name, &docno, &error) || !print_tokens(store, txn, docno, &error))
        return command_fail(error);
    return EXIT_GOOD;
}
