/* SPDX-License-Identifier: Apache-2.0
 * The ledger: one verdict a document; see store/ledger.h.
 *
 * Record: u8 outcome, u64 winner, f64 value, f64 threshold (little-endian), then stage, rule and detail, each ended by a
 * NUL; an absent detail is an empty one. */
#include "store/ledger.h"

#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "store/document.h"
#include "store/standing.h"

#define FIXED_SIZE (1 + 8 + 8 + 8)
#define RECORD_SIZE_LIMIT 65536
#define FORGET_BATCH 20000

const char *outcome_name(Outcome outcome)
{
    switch (outcome) {
    case OUTCOME_KEPT:
        return "kept";
    case OUTCOME_DROPPED:
        return "dropped";
    case OUTCOME_MERGED:
        return "merged";
    }
    return "unknown";
}

static guint64 double_bits(double number)
{
    guint64 bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static void append_text(Buffer *buffer, const char *text)
{
    buffer_append(buffer, text ? text : "", text ? strlen(text) + 1 : 1);
}

/* Counts a verdict that is given (NULL: none) in the place of the one that is there (NULL: none). Documents that are not in the
 * store are not counted. */
static gboolean count_change(StoreTxn *txn, Docno docno, const Verdict *before, const Verdict *now, GError **error)
{
    GError *failure = NULL;
    gboolean given = now && now->source;
    g_autofree char *looked_up = given ? NULL : document_source(txn, docno, &failure);
    const char *source = given ? now->source : looked_up;
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    if (source && before)
        standing_judge(txn, source, before, STANDING_TAKEN_BACK);
    if (source && now)
        standing_judge(txn, source, now, STANDING_GIVEN);
    return TRUE;
}

/* `present`: the verdict that is there. */
static gboolean replace(StoreTxn *txn, Docno docno, const StoreValue *present, const Verdict *verdict, const Buffer *record, GError **error)
{
    Verdict before;
    return ledger_parse(present, &before, error) && count_change(txn, docno, &before, verdict, error) &&
           store_put_docno(txn, TABLE_LEDGER, docno, record->data, record->length, error);
}

gboolean ledger_put(StoreTxn *txn, Docno docno, const Verdict *verdict, GError **error)
{
    g_auto(Buffer) record;
    buffer_init(&record, RECORD_SIZE_LIMIT);
    buffer_append_byte(&record, (char)verdict->outcome);
    buffer_append_u64(&record, verdict->winner);
    buffer_append_u64(&record, double_bits(verdict->value));
    buffer_append_u64(&record, double_bits(verdict->threshold));
    append_text(&record, verdict->stage);
    append_text(&record, verdict->rule);
    append_text(&record, verdict->detail);
    guint8 key[8];
    StoreValue present;
    docno_write(docno, key);
    if (!store_put_new(txn, TABLE_LEDGER, key, sizeof key, record.data, record.length, &present, error))
        return FALSE;
    return present.data ? replace(txn, docno, &present, verdict, &record, error) : count_change(txn, docno, NULL, verdict, error);
}

static double read_double(const guint8 *bytes)
{
    guint64 bits;
    double number;
    memcpy(&bits, bytes, sizeof bits);
    bits = GUINT64_FROM_LE(bits);
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* The next NUL-terminated string inside [*at, end), or NULL. */
static const char *take_text(const char **at, const char *end)
{
    const char *start = *at;
    const char *nul = start < end ? memchr(start, '\0', (gsize)(end - start)) : NULL;
    if (!nul)
        return NULL;
    *at = nul + 1;
    return start;
}

gboolean ledger_parse(const StoreValue *value, Verdict *verdict, GError **error)
{
    const guint8 *bytes = value->data;
    const char *at = (const char *)bytes + FIXED_SIZE, *end = (const char *)bytes + value->length;
    if (value->length > FIXED_SIZE) {
        guint64 winner;
        memcpy(&winner, bytes + 1, sizeof winner);
        *verdict = (Verdict){
            .outcome = (Outcome)bytes[0],
            .winner = GUINT64_FROM_LE(winner),
            .value = read_double(bytes + 9),
            .threshold = read_double(bytes + 17),
        };
        verdict->stage = take_text(&at, end);
        verdict->rule = take_text(&at, end);
        verdict->detail = take_text(&at, end);
        if (verdict->detail && bytes[0] >= OUTCOME_KEPT && bytes[0] <= OUTCOME_MERGED) {
            if (!*verdict->detail)
                verdict->detail = NULL;
            return TRUE;
        }
    }
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "a ledger record cannot be read; run 'galen audit'");
    return FALSE;
}

gboolean ledger_get(StoreTxn *txn, Docno docno, Verdict *verdict, GError **error)
{
    StoreValue value;
    return store_get_docno(txn, TABLE_LEDGER, docno, &value, error) && ledger_parse(&value, verdict, error);
}

gboolean ledger_has(StoreTxn *txn, Docno docno)
{
    guint8 key[8];
    StoreValue value;
    docno_write(docno, key);
    return store_get_unchecked(txn, TABLE_LEDGER, key, sizeof key, &value, NULL);
}

gboolean ledger_delete(StoreTxn *txn, Docno docno, GError **error)
{
    guint8 key[8];
    Verdict before;
    GError *failure = NULL;
    docno_write(docno, key);
    if (ledger_get(txn, docno, &before, &failure))
        return count_change(txn, docno, &before, NULL, error) && store_delete(txn, TABLE_LEDGER, key, sizeof key, error);
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

/* Up to FORGET_BATCH documents from `from` on that `stage` judged. */
static gboolean collect_stage(StoreTxn *txn, const char *stage, Docno *from, GArray *docnos, GError **error)
{
    guint8 start[8];
    docno_write(*from, start);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_LEDGER, start, sizeof start, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0 && docnos->len < FORGET_BATCH) {
        Verdict verdict;
        Docno docno = docno_read(key.data);
        if (!ledger_parse(&value, &verdict, error))
            return FALSE;
        if (strcmp(verdict.stage, stage) == 0)
            g_array_append_val(docnos, docno);
        *from = docno + 1;
    }
    return more >= 0;
}

gboolean ledger_forget_stage(StoreTxn *txn, const char *stage, GError **error)
{
    Docno from = 0;
    g_autoptr(GArray) docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    do {
        g_array_set_size(docnos, 0);
        if (!collect_stage(txn, stage, &from, docnos, error))
            return FALSE;
        for (guint i = 0; i < docnos->len; i++)
            if (!ledger_delete(txn, g_array_index(docnos, Docno, i), error))
                return FALSE;
    } while (docnos->len == FORGET_BATCH);
    return TRUE;
}
