/* SPDX-License-Identifier: Apache-2.0
 * Repeated passages in the report; see store/report/passages.h. */
#include "store/report/passages.h"

#include "store/passage_list.h"
#include "store/report/numbers.h"

#define SHOWN 20
#define SHOWN_BYTES 120

static guint64 whole(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (guint64)value : 0;
}

static json_t *source_row(const char *tag, const json_t *numbers)
{
    guint64 words = whole(numbers, "words"), repeated = whole(numbers, "repeated_words");
    return json_pack("{s:o, s:I, s:I, s:f, s:I, s:I}", "source", json_text(tag), "words", (json_int_t)words, "repeated", (json_int_t)repeated, "share",
                     report_share(repeated, words), "documents", (json_int_t)whole(numbers, "documents"), "cut", (json_int_t)whole(numbers, "cut_words"));
}

static json_t *source_rows(const json_t *summary)
{
    json_t *rows = json_array(), *numbers;
    const char *tag;
    json_array_append_new(rows, source_row("all", summary));
    json_object_foreach(json_object_get(summary, "sources"), tag, numbers)
        json_array_append_new(rows, source_row(tag, numbers));
    return rows;
}

static json_t *longest_rows(StoreTxn *txn, GError **error)
{
    g_autoptr(json_t) rows = json_array();
    g_autoptr(PassageList) list = passage_list_load(txn, SHOWN, error);
    for (guint i = 0; list && i < list->passages->len; i++) {
        const Passage *passage = list->passages->pdata[i];
        g_autoptr(json_t) object = passage_json(txn, passage, 1, SHOWN_BYTES, error);
        if (!object)
            return NULL;
        json_array_append_new(rows, json_pack("{s:o, s:I, s:I}", "text", json_text(json_get_string(object, "text")), "words",
                                              (json_int_t)passage->words, "places", (json_int_t)passage->copies));
    }
    return list ? g_steal_pointer(&rows) : NULL;
}

json_t *report_passages(Store *store, const json_t *summary, GError **error)
{
    if (!summary)
        return json_null();
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    json_t *longest = txn ? longest_rows(txn, error) : NULL;
    return longest ? json_pack("{s:o, s:o}", "sources", source_rows(summary), "longest", longest) : NULL;
}
