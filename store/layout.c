/* SPDX-License-Identifier: Apache-2.0
 * The layout that is kept; see store/layout.h. */
#include "store/layout.h"

#include <string.h>

#include "store/mix.h"
#include "store/shard_record.h"
#include "store/stage.h"

#define LAYOUT_META "layout"

void layout_clear(Layout *layout)
{
    g_free(layout->mix);
    g_free(layout->pack);
    json_decref(layout->plan);
    json_decref(layout->asked);
    *layout = (Layout){0};
}

gboolean layout_is_kept(StoreTxn *txn)
{
    StoreValue value;
    return store_get_unchecked(txn, TABLE_META, LAYOUT_META, strlen(LAYOUT_META), &value, NULL);
}

gboolean layout_leave(StoreTxn *txn, GError **error)
{
    return store_delete(txn, TABLE_META, LAYOUT_META, strlen(LAYOUT_META), error);
}

/* TRUE unless an error is set; run->fingerprint is NULL where the stage has not run to its end. */
static gboolean load_finished(StoreTxn *txn, const char *stage, StageRun *run, GError **error)
{
    GError *failure = NULL;
    if (stage_load(txn, stage, run, &failure) && !run->complete)
        stage_run_clear(run);
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

gboolean layout_keep(StoreTxn *txn, GError **error)
{
    g_auto(StageRun) mix = {0}, pack = {0};
    GError *failure = NULL;
    if (layout_is_kept(txn))
        return TRUE;
    if (!load_finished(txn, "mix", &mix, error) || !load_finished(txn, "pack", &pack, error))
        return FALSE;
    if (!pack.fingerprint || !json_object_get(mix.position, "cuts"))
        return TRUE;
    g_autofree char *asked = store_get_meta(txn, MIX_META, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    g_autoptr(json_t) record = json_pack("{s:s, s:s, s:O}", "mix", mix.fingerprint, "pack", pack.fingerprint, "plan", mix.position);
    json_object_set_new(record, "asked", json_text(asked));
    g_autofree char *text = json_write(record);
    return store_put_meta(txn, LAYOUT_META, text, error);
}

/* FALSE without error: there is none. */
static gboolean load(Store *store, Layout *layout, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    g_autofree char *text = txn ? store_get_meta(txn, LAYOUT_META, error) : NULL;
    g_autoptr(json_t) record = text ? json_parse(text, strlen(text), "the store's record \"" LAYOUT_META "\"", error) : NULL;
    const char *asked = json_get_string(record, "asked");
    if (!record)
        return FALSE;
    *layout = (Layout){
        .mix = g_strdup(json_get_string(record, "mix")),
        .pack = g_strdup(json_get_string(record, "pack")),
        .plan = json_incref(json_object_get(record, "plan")),
        .asked = asked ? json_parse(asked, strlen(asked), "what the mix was asked for", error) : NULL,
    };
    return TRUE;
}

static gboolean drop(StoreTxn *txn, gpointer user, GError **error)
{
    return shards_clear(txn, error) && layout_leave(txn, error);
}

gboolean layout_use(Store *store, const char *stage, const char *fingerprint, Layout *layout, gboolean *kept, GError **error)
{
    GError *failure = NULL;
    gboolean found = load(store, layout, &failure);
    const char *made = strcmp(stage, "mix") == 0 ? layout->mix : layout->pack;
    *kept = found && !failure && g_strcmp0(made, fingerprint) == 0;
    if (failure)
        g_propagate_error(error, failure);
    if (failure || *kept || !found)
        return failure == NULL;
    layout_clear(layout);
    return store_write(store, drop, NULL, error);
}
