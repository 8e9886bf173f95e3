/* SPDX-License-Identifier: Apache-2.0
 * The record of a stage's run, and the order of stages; see store/stage.h. */
#include <string.h>

#include "base/error.h"
#include "store/stage.h"

const char *const stage_order[] = {"ingest", "updates", "chapters", "metadata", "rights", "lines", "boilerplate", "clean", "sign", "dedup", "containment", "passages", "contamination", "tokenise", "mix", "pack", NULL};

unsigned stage_place(const char *stage)
{
    unsigned place = 0;
    while (stage_order[place] && strcmp(stage_order[place], stage) != 0)
        place++;
    return place;
}

void stage_run_clear(StageRun *run)
{
    g_free(run->stage);
    g_free(run->fingerprint);
    json_decref(run->counts);
    json_decref(run->position);
    *run = (StageRun){0};
}

void stage_count(StageRun *run, const char *source, const char *what, gint64 amount)
{
    if (amount == 0)
        return;
    char name[128]; /* in place: stages count each document */
    gsize before = source ? strlen(source) : 0, behind = strlen(what), length = before + 1 + behind;
    g_autofree char *longer = length < sizeof name ? NULL : g_malloc(length + 1);
    char *key = longer ? longer : name;
    if (before)
        memcpy(key, source, before);
    key[before] = '/';
    memcpy(key + before + 1, what, behind + 1);
    json_t *count = json_object_get(run->counts, key);
    if (!count || json_integer_set(count, json_integer_value(count) + amount) < 0)
        json_object_set_new(run->counts, key, json_integer(amount));
}

gboolean stage_save(StoreTxn *txn, const StageRun *run, GError **error)
{
    g_autoptr(json_t) record = json_pack("{s:s, s:b, s:I, s:O}", "fingerprint", run->fingerprint, "complete", run->complete,
                                         "next", (json_int_t)run->next, "counts", run->counts);
    if (run->position)
        json_object_set(record, "position", run->position);
    if (run->generation)
        json_object_set_new(record, "generation", json_integer((json_int_t)run->generation));
    if (run->extends)
        json_object_set_new(record, "extends", json_true());
    g_autofree char *text = json_write(record);
    return store_put(txn, TABLE_RUNS, run->stage, strlen(run->stage), text, strlen(text), error);
}

gboolean stage_load(StoreTxn *txn, const char *stage, StageRun *run, GError **error)
{
    StoreValue value;
    *run = (StageRun){0};
    if (!store_get(txn, TABLE_RUNS, stage, strlen(stage), &value, error))
        return FALSE;
    g_autoptr(json_t) record = json_parse(value.data, value.length, "run record", error);
    if (!record)
        return FALSE;
    run->stage = g_strdup(stage);
    run->fingerprint = g_strdup(json_get_string(record, "fingerprint"));
    run->complete = json_is_true(json_object_get(record, "complete"));
    run->next = (Docno)json_integer_value(json_object_get(record, "next"));
    run->counts = json_incref(json_object_get(record, "counts"));
    run->position = json_incref(json_object_get(record, "position"));
    run->generation = (guint64)json_integer_value(json_object_get(record, "generation"));
    run->extends = json_is_true(json_object_get(record, "extends"));
    if (run->fingerprint && json_is_object(run->counts))
        return TRUE;
    stage_run_clear(run);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the run record of stage '%s' cannot be read", stage);
    return FALSE;
}
