/* SPDX-License-Identifier: Apache-2.0
 * The items of a split and their shuffled order; see store/pack_items.h. */
#include "store/pack_items.h"

#include <string.h>

#include "base/error.h"
#include "store/document.h"
#include "store/ledger.h"
#include "store/mix.h"
#include "store/note.h"
#include "store/tokens.h"
#include "store/upsample.h"

static gboolean find_source(const Recipe *recipe, const Document *facts, Docno docno, const RecipeSource **source,
                            unsigned *index, GError **error)
{
    *source = recipe_find_source(recipe, facts->source ? facts->source : "", index);
    if (!*source || !facts->id) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "document %" G_GUINT64_FORMAT " is of source \"%s\", which the recipe does not have", docno,
                    facts->source ? facts->source : "");
        return FALSE;
    }
    if (*index <= G_MAXUINT16 && (*source)->repeat <= G_MAXUINT16)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "source \"%s\": at most 65,535 sources and repeats can be packed",
                (*source)->tag);
    return FALSE;
}

static gboolean item_length(StoreTxn *txn, const Recipe *recipe, unsigned width, Docno docno, guint32 *length, GError **error)
{
    const void *ids;
    gsize count;
    GError *cause = NULL;
    if (!tokens_get(txn, docno, width, &ids, &count, &cause)) {
        if (!cause)
            g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "document %" G_GUINT64_FORMAT " is kept but has no tokens; run galen build again", docno);
        g_propagate_error(error, cause);
        return FALSE;
    }
    count += recipe->pack.bos + recipe->pack.eos;
    if (count > G_MAXUINT32) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " has more than 4,294,967,295 tokens",
                    docno);
        return FALSE;
    }
    *length = (guint32)count;
    return TRUE;
}

/* How often a document goes into its split: once where it is held out, else as the mix has drawn. */
static gboolean count_passes(StoreTxn *txn, const RecipeSource *source, Docno docno, gboolean held_out, unsigned *passes, GError **error)
{
    guint64 asked;
    GError *cause = NULL;
    *passes = held_out ? 1 : source->repeat;
    if (held_out || !source->upsample)
        return TRUE;
    g_autoptr(json_t) note = note_get(txn, docno, "mix", &cause);
    *passes = upsample_note_passes(note, &asked);
    if (!cause && (*passes == 0 || *passes > G_MAXUINT16))
        g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " has no number of passes; run galen build again", docno);
    if (cause)
        g_propagate_error(error, cause);
    return cause == NULL;
}

static gboolean add_document(StoreTxn *txn, const Recipe *recipe, unsigned width, Docno docno, PackItems items[SPLIT_COUNT],
                             GError **error)
{
    g_auto(Document) facts = {0};
    const RecipeSource *source;
    unsigned index;
    GError *cause = NULL;
    if (!document_get_facts(txn, docno, &facts, &cause)) {
        if (!cause)
            g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "document %" G_GUINT64_FORMAT " has a verdict but is not in the store; run galen audit", docno);
        g_propagate_error(error, cause);
        return FALSE;
    }
    PackItem item = {.docno = docno};
    if (!find_source(recipe, &facts, docno, &source, &index, error) ||
        !item_length(txn, recipe, width, docno, &item.length, error))
        return FALSE;
    item.source = (guint16)index;
    Split split = split_of(recipe, source, facts.id);
    PackItems *list = &items[split];
    unsigned passes;
    if (!count_passes(txn, source, docno, split != SPLIT_TRAIN, &passes, error))
        return FALSE;
    for (unsigned repeat = 0; item.length && repeat < passes; repeat++) {
        item.repeat = (guint16)repeat;
        g_array_append_val(list->items, item);
        list->tokens += item.length;
    }
    return TRUE;
}

gboolean pack_items_load(StoreTxn *txn, const Recipe *recipe, unsigned width, PackItems items[SPLIT_COUNT], GError **error)
{
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        items[i] = (PackItems){.split = split_names[i], .items = g_array_new(FALSE, FALSE, sizeof(PackItem))};
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_LEDGER, NULL, 0, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        Verdict verdict;
        if (!ledger_parse(&value, &verdict, error))
            return FALSE;
        if (verdict.outcome == OUTCOME_KEPT &&
            !add_document(txn, recipe, width, docno_read(key.data), items, error))
            return FALSE;
    }
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        permutation_init(&items[i].permutation, items[i].items->len, random_at(recipe->seed, "pack", i));
    return more == 0;
}

void pack_items_clear(PackItems items[SPLIT_COUNT])
{
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        if (items[i].items)
            g_array_unref(items[i].items);
}

static const PackItem *item_at(const PackCursor *cursor)
{
    guint64 place = permutation_at(&cursor->items->permutation, cursor->index);
    return &g_array_index(cursor->items->items, PackItem, place);
}

void pack_cursor_seek(PackCursor *cursor, const PackItems *items, guint64 position)
{
    *cursor = (PackCursor){.items = items};
    Span span;
    PackItem item;
    while (cursor->position < position && pack_cursor_take(cursor, position - cursor->position, &span, &item))
        ;
}

gboolean pack_cursor_take(PackCursor *cursor, guint64 room, Span *span, PackItem *item)
{
    if (cursor->index >= cursor->items->items->len || room == 0)
        return FALSE;
    *item = *item_at(cursor);
    *span = (Span){
        .docno = item->docno,
        .position = cursor->position,
        .length = (guint32)MIN(room, (guint64)(item->length - cursor->offset)),
        .offset = cursor->offset,
        .source = item->source,
        .repeat = item->repeat,
    };
    cursor->position += span->length;
    cursor->offset += span->length;
    if (cursor->offset == item->length) {
        cursor->offset = 0;
        cursor->index++;
    }
    return TRUE;
}
