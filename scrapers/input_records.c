/* SPDX-License-Identifier: Apache-2.0
 * The inputs that a store has read; see scrapers/input_records.h. */
#include "scrapers/input_records.h"

#include <string.h>

#include "store/reading_order.h"

#define KEY_LIMIT 500 /* a longer name is hashed */

/* What is known of an input that was read. */
typedef struct InputRecord {
    Docno first;
    guint64 records, size;
    gint64 changed;
} InputRecord;

/* TAG, a zero byte, NAME; g_free. */
static char *key_of(const Input *input, gsize *length)
{
    gsize tag_length = strlen(input->source->tag);
    g_autofree char *joined = g_strconcat(input->source->tag, "\n", input->name, NULL);
    joined[tag_length] = '\0';
    *length = tag_length + 1 + strlen(input->name);
    if (*length <= KEY_LIMIT)
        return g_steal_pointer(&joined);
    char *hex = g_malloc(HASH128_HEX_SIZE);
    hash128_hex(hash128(joined, *length), hex);
    *length = strlen(hex);
    return hex;
}

gboolean input_records_put(StoreTxn *txn, const Input *input, Docno first, json_t *facts, GError **error)
{
    gsize length;
    g_autofree char *key = key_of(input, &length);
    json_object_set_new(facts, "read", json_pack("{s:I, s:I, s:I}", "first", (json_int_t)first, "size", (json_int_t)input->size,
                                                 "changed", (json_int_t)input->changed));
    g_autofree char *text = json_write(facts);
    return store_put(txn, TABLE_INPUTS, key, length, text, strlen(text), error);
}

/* FALSE without error: it was not read. */
static gboolean get_record(StoreTxn *txn, const Input *input, InputRecord *record, GError **error)
{
    gsize length;
    StoreValue value;
    g_autofree char *key = key_of(input, &length);
    if (!store_get(txn, TABLE_INPUTS, key, length, &value, error))
        return FALSE;
    g_autoptr(json_t) facts = json_parse(value.data, value.length, "a record of an input", error);
    const json_t *read = json_object_get(facts, "read");
    *record = (InputRecord){
        .first = (Docno)json_integer_value(json_object_get(read, "first")),
        .records = (guint64)json_integer_value(json_object_get(facts, "records")),
        .size = (guint64)json_integer_value(json_object_get(read, "size")),
        .changed = (gint64)json_integer_value(json_object_get(read, "changed")),
    };
    return facts != NULL;
}

/* ---- Comparison ---------------------------------------------------------------------------------------------- */

typedef struct Comparison {
    const ReadingOrder *order;
    GPtrArray *unread;
    guint64 found;  /* inputs that were read */
    guint64 behind; /* the place behind the last one with documents */
    gboolean differs;
} Comparison;

static void compare_input(Comparison *comparison, const Input *input, const InputRecord *record)
{
    comparison->found++;
    comparison->differs |= record->size != input->size || record->changed != input->changed;
    if (record->records == 0)
        return;
    guint64 place = reading_order_place(comparison->order, record->first);
    comparison->differs |= place < comparison->behind;
    comparison->behind = place + record->records;
}

GPtrArray *input_records_new(StoreTxn *txn, const GPtrArray *inputs, GError **error)
{
    g_autoptr(ReadingOrder) order = reading_order_load(txn, error);
    g_autoptr(GPtrArray) unread = g_ptr_array_new();
    Comparison comparison = {.order = order, .unread = unread};
    for (guint i = 0; order && i < inputs->len && !comparison.differs; i++) {
        GError *failure = NULL;
        InputRecord record;
        if (get_record(txn, inputs->pdata[i], &record, &failure))
            compare_input(&comparison, inputs->pdata[i], &record);
        else
            g_ptr_array_add(unread, inputs->pdata[i]);
        if (failure) {
            g_propagate_error(error, failure);
            return NULL;
        }
    }
    if (!order || comparison.differs || comparison.found != store_count(txn, TABLE_INPUTS))
        return NULL;
    return g_steal_pointer(&unread);
}

gboolean input_records_save_order(StoreTxn *txn, const GPtrArray *inputs, GError **error)
{
    g_autoptr(GArray) stretches = g_array_new(FALSE, FALSE, sizeof(ReadingStretch));
    for (guint i = 0; i < inputs->len; i++) {
        GError *failure = NULL;
        InputRecord record;
        if (get_record(txn, inputs->pdata[i], &record, &failure)) {
            ReadingStretch stretch = {((const Input *)inputs->pdata[i])->source->tag, record.first, record.records};
            g_array_append_val(stretches, stretch);
        }
        if (failure) {
            g_propagate_error(error, failure);
            return FALSE;
        }
    }
    return reading_order_save(txn, stretches, error);
}
