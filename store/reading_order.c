/* SPDX-License-Identifier: Apache-2.0
 * Places of documents in the order of reading; see store/reading_order.h. */
#include "store/reading_order.h"

#include <string.h>

#include "base/json.h"

#define META_NAME "reading_order"

/* A stretch of numbers, and the place of its first one. */
typedef struct Placed {
    ReadingStretch stretch;
    guint64 place;
} Placed;

struct ReadingOrder {
    GArray *stretches; /* of ReadingStretch, in the order of reading */
    GArray *placed;    /* of Placed, by number */
    guint64 end;
};

static int compare_placed(gconstpointer a, gconstpointer b)
{
    Docno left = ((const Placed *)a)->stretch.first, right = ((const Placed *)b)->stretch.first;
    return left < right ? -1 : left > right;
}

static void read_stretches(ReadingOrder *order, const json_t *list)
{
    for (gsize i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        const char *source = json_string_value(json_array_get(entry, 0));
        Placed placed = {.stretch = {g_intern_string(source ? source : ""), (Docno)json_integer_value(json_array_get(entry, 1)),
                                     (guint64)json_integer_value(json_array_get(entry, 2))},
                         .place = order->end};
        order->end += placed.stretch.count;
        g_array_append_val(order->stretches, placed.stretch);
        g_array_append_val(order->placed, placed);
    }
    g_array_sort(order->placed, compare_placed);
}

ReadingOrder *reading_order_load(StoreTxn *txn, GError **error)
{
    GError *failure = NULL;
    g_autoptr(ReadingOrder) order = g_new0(ReadingOrder, 1);
    order->stretches = g_array_new(FALSE, FALSE, sizeof(ReadingStretch));
    order->placed = g_array_new(FALSE, FALSE, sizeof(Placed));
    g_autofree char *text = store_get_meta(txn, META_NAME, &failure);
    g_autoptr(json_t) list = text ? json_parse(text, strlen(text), META_NAME, &failure) : NULL;
    if (failure) {
        g_propagate_error(error, failure);
        return NULL;
    }
    read_stretches(order, list);
    return g_steal_pointer(&order);
}

void reading_order_free(ReadingOrder *order)
{
    if (!order)
        return;
    g_array_unref(order->stretches);
    g_array_unref(order->placed);
    g_free(order);
}

GArray *reading_order_source(const ReadingOrder *order, const char *source)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(ReadingStretch));
    for (guint i = 0; i < order->stretches->len; i++)
        if (strcmp(g_array_index(order->stretches, ReadingStretch, i).source, source) == 0)
            g_array_append_val(found, g_array_index(order->stretches, ReadingStretch, i));
    return found;
}

guint64 reading_order_place(const ReadingOrder *order, Docno docno)
{
    guint low = 0, high = order ? order->placed->len : 0;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(order->placed, Placed, middle).stretch.first <= docno)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return docno;
    const Placed *placed = &g_array_index(order->placed, Placed, low - 1);
    guint64 offset = docno - placed->stretch.first;
    return offset < placed->stretch.count ? placed->place + offset : order->end + docno;
}

/* ---- Saving -------------------------------------------------------------------------------------------------- */

static void append_stretch(json_t *list, const ReadingStretch *stretch)
{
    if (stretch->count)
        json_array_append_new(list, json_pack("[s, I, I]", stretch->source, (json_int_t)stretch->first, (json_int_t)stretch->count));
}

static gboolean follows(const ReadingStretch *before, const ReadingStretch *next)
{
    return before->count == 0 || (next->first == before->first + before->count && strcmp(before->source, next->source) == 0);
}

static json_t *join_stretches(const GArray *stretches)
{
    json_t *list = json_array();
    ReadingStretch open = {0};
    for (guint i = 0; i < stretches->len; i++) {
        const ReadingStretch *next = &g_array_index(stretches, ReadingStretch, i);
        if (next->count == 0)
            continue;
        if (!follows(&open, next)) {
            append_stretch(list, &open);
            open.count = 0;
        }
        if (open.count == 0)
            open = (ReadingStretch){next->source, next->first, 0};
        open.count += next->count;
    }
    append_stretch(list, &open);
    return list;
}

gboolean reading_order_save(StoreTxn *txn, const GArray *stretches, GError **error)
{
    g_autoptr(json_t) list = join_stretches(stretches);
    g_autofree char *text = json_write(list);
    return store_put_meta(txn, META_NAME, text, error);
}
