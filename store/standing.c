/* SPDX-License-Identifier: Apache-2.0
 * Counts of documents by source and verdict; see store/standing.h.
 *
 * Keys: the source's tag, a NUL, a letter and a name. E is documents that entered; K, D and M are those kept, dropped and merged,
 * whose name is "stage/rule". */
#include "store/standing.h"

#include <string.h>

#include "store/counters.h"

#define ENTERED 'E'
#define NAME_LIMIT 400 /* bytes of a rule: rules are slugs, and a key of LMDB has 511 bytes */

static void add(StoreTxn *txn, const char *source, char kind, const char *name, gint64 amount)
{
    gsize before = source ? strlen(source) : 0, behind = MIN(strlen(name), NAME_LIMIT), length = before + 2 + behind;
    char room[256]; /* in place: each document is counted */
    g_autofree char *longer = length <= sizeof room ? NULL : g_malloc(length);
    char *key = longer ? longer : room;
    if (before)
        memcpy(key, source, before);
    key[before] = '\0';
    key[before + 1] = kind;
    memcpy(key + before + 2, name, behind);
    store_add(txn, TABLE_COUNTS, key, length, amount);
}

void standing_enter(StoreTxn *txn, const char *source)
{
    add(txn, source, ENTERED, "", 1);
}

void standing_leave(StoreTxn *txn, const char *source)
{
    add(txn, source, ENTERED, "", -1);
}

void standing_judge(StoreTxn *txn, const char *source, const Verdict *verdict, StandingChange change)
{
    static const char kinds[] = {[OUTCOME_KEPT] = 'K', [OUTCOME_DROPPED] = 'D', [OUTCOME_MERGED] = 'M'};
    char rule[NAME_LIMIT + 1];
    g_strlcpy(rule, verdict->stage, sizeof rule);
    g_strlcat(rule, "/", sizeof rule);
    g_strlcat(rule, verdict->rule, sizeof rule);
    add(txn, source, kinds[verdict->outcome], rule, change);
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */

/* The source that a key is of, and the rest of it; NULL: of none that the store lists. */
static SourceTally *source_of(const Tally *tally, const StoreValue *key, char *kind, char **name)
{
    const char *nul = memchr(key->data, '\0', key->length);
    if (!nul || nul + 1 == (const char *)key->data + key->length)
        return NULL;
    *kind = nul[1];
    *name = g_strndup(nul + 2, key->length - (gsize)(nul + 2 - (const char *)key->data));
    return g_hash_table_lookup(tally->by_tag, key->data);
}

static gboolean take(SourceTally *source, char kind, const char *name, guint64 count)
{
    switch (kind) {
    case ENTERED:
        source->entered += count;
        return TRUE;
    case 'K':
        source->kept += count;
        return TRUE;
    case 'D':
        source->dropped += count;
        counters_add(source->dropped_by, name, count);
        return TRUE;
    case 'M':
        source->merged += count;
        counters_add(source->merged_by, name, count);
        return TRUE;
    default:
        return FALSE;
    }
}

/* FALSE: not what this program writes. */
static gboolean take_record(const Tally *tally, const StoreValue *key, const StoreValue *value)
{
    char kind = 0;
    gint64 count;
    g_autofree char *name = NULL;
    SourceTally *source = source_of(tally, key, &kind, &name);
    return source && store_counter(value, &count) && count >= 0 && take(source, kind, name, (guint64)count);
}

static gboolean add_up(StoreTxn *txn, Tally *tally)
{
    guint64 entered = 0, decided = 0;
    for (guint i = 0; i < tally->sources->len; i++) {
        SourceTally *source = g_ptr_array_index(tally->sources, i);
        guint64 judged = source->kept + source->dropped + source->merged;
        if (judged > source->entered)
            return FALSE;
        source->undecided = source->entered - judged;
        entered += source->entered;
        decided += judged;
    }
    return entered == store_count(txn, TABLE_DOCUMENTS) && decided == store_count(txn, TABLE_LEDGER);
}

gboolean standing_load(StoreTxn *txn, Tally *tally, gboolean *known, GError **error)
{
    StoreValue key, value;
    int more = -1;
    *known = TRUE;
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_COUNTS, NULL, 0, error);
    while (cursor && *known && (more = store_cursor_next(cursor, &key, &value, error)) > 0)
        *known = take_record(tally, &key, &value);
    *known = *known && more == 0 && add_up(txn, tally);
    return more >= 0;
}
