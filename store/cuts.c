/* SPDX-License-Identifier: Apache-2.0
 * Cuts and the text that they leave; see store/cuts.h. */
#include "store/cuts.h"

#include <string.h>

#include "base/error.h"
#include "store/stage_record.h"

#define CUT_SIZE 16

gboolean cuts_put(StoreTxn *txn, Docno docno, const char *stage, const Cut *cuts, gsize count, GError **error)
{
    if (count == 0)
        return TRUE;
    g_auto(Buffer) record;
    buffer_init(&record, count * CUT_SIZE);
    for (gsize i = 0; i < count; i++) {
        buffer_append_u64(&record, cuts[i].start);
        buffer_append_u64(&record, cuts[i].length);
    }
    return stage_record_put(txn, TABLE_CUTS, docno, stage, record.data, record.length, error);
}

gboolean cuts_parse(const StoreValue *value, GArray *cuts, GError **error)
{
    BufferView view = {.data = value->data, .length = value->length};
    Cut cut;
    while (view.position < view.length && buffer_view_u64(&view, &cut.start) && buffer_view_u64(&view, &cut.length))
        g_array_append_val(cuts, cut);
    if (!view.failed)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "a record of cuts cannot be read; run 'galen audit'");
    return FALSE;
}

static gboolean append_cuts(gpointer user, const char *stage, const StoreValue *value, GError **error)
{
    return cuts_parse(value, user, error);
}

static int compare_starts(gconstpointer a, gconstpointer b)
{
    guint64 left = ((const Cut *)a)->start, right = ((const Cut *)b)->start;
    return (left > right) - (left < right);
}

gboolean cuts_get(StoreTxn *txn, Docno docno, const char *stage, GArray *cuts, GError **error)
{
    if (stage) {
        StoreValue value;
        GError *cause = NULL;
        if (stage_record_get(txn, TABLE_CUTS, docno, stage, &value, &cause))
            return cuts_parse(&value, cuts, error);
        if (cause)
            g_propagate_error(error, cause);
        return cause == NULL;
    }
    if (!stage_record_each(txn, TABLE_CUTS, docno, append_cuts, cuts, error))
        return FALSE;
    g_array_sort(cuts, compare_starts);
    return TRUE;
}

gboolean cuts_fit(const Cut *cuts, gsize count, guint64 length)
{
    guint64 free_from = 0;
    for (gsize i = 0; i < count; i++) {
        if (cuts[i].start < free_from || cuts[i].start > length || cuts[i].length == 0 || cuts[i].length > length - cuts[i].start)
            return FALSE;
        free_from = cuts[i].start + cuts[i].length;
    }
    return TRUE;
}

guint64 cuts_bytes(const Cut *cuts, gsize count)
{
    guint64 bytes = 0;
    for (gsize i = 0; i < count; i++)
        bytes += cuts[i].length;
    return bytes;
}

gsize cuts_apply(const Cut *cuts, gsize count, char *text, gsize length)
{
    gsize to = 0, from = 0;
    for (gsize i = 0; i <= count; i++) {
        gsize end = i < count ? (gsize)cuts[i].start : length;
        memmove(text + to, text + from, end - from);
        to += end - from;
        from = i < count ? end + (gsize)cuts[i].length : end;
    }
    text[to] = '\0';
    return to;
}

void cuts_trace(CutsTrace *trace, const Cut *cuts, gsize count, guint64 start, guint64 end, GArray *pieces)
{
    while (start < end) {
        const Cut *cut = trace->next < count ? &cuts[trace->next] : NULL;
        guint64 stretch = cut ? cut->start - trace->from : G_MAXUINT64 - trace->left;
        if (start < trace->left + stretch) {
            guint64 stop = MIN(end, trace->left + stretch);
            Cut piece = {trace->from + (start - trace->left), stop - start};
            g_array_append_val(pieces, piece);
            start = stop;
        }
        if (start == end || !cut)
            return;
        trace->left += stretch;
        trace->from = cut->start + cut->length;
        trace->next++;
    }
}

gboolean final_text_get(StoreTxn *txn, Docno docno, char **text, gsize *length, GError **error)
{
    g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, sizeof(Cut));
    if (!cuts_get(txn, docno, NULL, cuts, error) || !cleaned_get(txn, docno, text, length, error))
        return FALSE;
    if (cuts_fit((const Cut *)(void *)cuts->data, cuts->len, *length)) {
        *length = cuts_apply((const Cut *)(void *)cuts->data, cuts->len, *text, *length);
        return TRUE;
    }
    g_clear_pointer(text, g_free);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "the cuts of document %" G_GUINT64_FORMAT " do not fit its clean text; run 'galen audit'", docno);
    return FALSE;
}
