/* SPDX-License-Identifier: Apache-2.0
 * Repeated passages in the report; see store/report/passages.h. */
#include "store/report/passages.h"

#include "store/passage_list.h"
#include "store/report/html.h"

#define SHOWN 20
#define SHOWN_BYTES 120

static guint64 whole(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (guint64)value : 0;
}

static char *count_text(guint64 count)
{
    GString *text = g_string_new(NULL);
    html_count(text, count);
    return g_string_free(text, FALSE);
}

static void add_numbers(GString *page, const char *label, const json_t *numbers)
{
    guint64 words = whole(numbers, "words"), repeated = whole(numbers, "repeated_words");
    double share = words ? (double)repeated / (double)words : 0;
    g_autofree char *all = count_text(words), *some = count_text(repeated), *percent = html_percent(share);
    g_autofree char *documents = count_text(whole(numbers, "documents")), *cut = count_text(whole(numbers, "cut_words"));
    html_row(page, label, share, (const char *const[]){all, some, percent, documents, cut, NULL});
}

static void add_sources(GString *page, const json_t *summary)
{
    static const char *const columns[] = {"source", "words", "repeated", "share", "documents with some", "words cut", NULL};
    const char *tag;
    json_t *numbers;
    html_section(page, "Passages", "Runs of words that stand more than once in the texts that deduplication left.");
    html_table_begin(page, "share of words that are repeated", columns);
    add_numbers(page, "all", summary);
    json_object_foreach(json_object_get(summary, "sources"), tag, numbers)
        add_numbers(page, tag, numbers);
    html_table_end(page);
}

static gboolean add_longest(GString *page, StoreTxn *txn, GError **error)
{
    static const char *const columns[] = {"passage", "words", "places", NULL};
    g_autoptr(PassageList) list = passage_list_load(txn, SHOWN, error);
    if (!list)
        return FALSE;
    if (list->passages->len == 0)
        return TRUE;
    html_section(page, "Most repeated", "The passages that make the corpus longest, by their first words. galen duplicates --passages has their documents.");
    html_table_begin(page, "", columns);
    for (guint i = 0; i < list->passages->len; i++) {
        const Passage *passage = list->passages->pdata[i];
        g_autoptr(json_t) object = passage_json(txn, passage, 1, SHOWN_BYTES, error);
        if (!object)
            return FALSE;
        g_autofree char *words = count_text(passage->words), *copies = count_text(passage->copies);
        html_row(page, json_get_string(object, "text"), -1, (const char *const[]){words, copies, NULL});
    }
    html_table_end(page);
    return TRUE;
}

gboolean report_passages(GString *page, Store *store, const json_t *summary, GError **error)
{
    if (!summary)
        return TRUE;
    add_sources(page, summary);
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    return txn && add_longest(page, txn, error);
}
