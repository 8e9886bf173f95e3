/* SPDX-License-Identifier: Apache-2.0
 * Leaving out what may not be passed on; see store/redistribution.h. */
#include "store/redistribution.h"

#include <math.h>

#include "store/fingerprint.h"
#include "store/recipe_settings.h"
#include "store/rights.h"

#define RIGHTS_VERSION 1 /* raise it when store/licence.h or store/rights.h judge otherwise */

typedef struct Redistribution {
    Store *store;
    RightsSources *sources;
} Redistribution;

/* An item's result is the reason to leave the document out; "" is none. */
static gboolean work(gpointer user, gpointer worker, StageItem *item, GError **error)
{
    const Redistribution *job = user;
    gboolean allowed;
    char *reason = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(job->store, error);
    if (!txn || !rights_judge(job->sources, txn, item->docno, &item->document, &allowed, &reason, error))
        return FALSE;
    item->result = reason ? reason : g_strdup("");
    return TRUE;
}

static gboolean save(gpointer user, StoreTxn *txn, StageItem *item, GError **error)
{
    const char *reason = item->result;
    Verdict verdict = {OUTCOME_DROPPED, RIGHTS_STAGE, RULE_NOT_REDISTRIBUTABLE, NAN, NAN, DOCNO_NONE, reason};
    return !*reason || ledger_put(txn, item->docno, &verdict, error);
}

static void count(gpointer user, StageItem *item, StageRun *run)
{
    const char *source = item->document.source ? item->document.source : "";
    stage_count(run, source, "documents", 1);
    stage_count(run, source, "dropped:" RULE_NOT_REDISTRIBUTABLE, *(const char *)item->result != '\0');
}

static char *make_fingerprint(const Recipe *recipe, const char *predecessor)
{
    GString *text = g_string_new(NULL);
    fingerprint_add(text, "rights %d", RIGHTS_VERSION);
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeSource *source = &recipe->sources[i];
        g_autofree char *settings = g_strdup_printf("%d %s", source->redistributable, source->licence ? source->licence : "");
        fingerprint_add_source_digest(text, source->tag, "rights", settings);
    }
    fingerprint_add_before(text, predecessor);
    return g_string_free(text, FALSE);
}

static gboolean load_sources(Redistribution *job, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(job->store, error);
    job->sources = txn ? rights_sources_new(txn, error) : NULL;
    return job->sources != NULL;
}

gboolean redistribution_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error)
{
    *fingerprint = recipe->redistributable ? make_fingerprint(recipe, predecessor) : g_strdup(predecessor);
    if (!recipe->redistributable)
        return stage_leave_out(context->store, RIGHTS_STAGE, error);
    Redistribution job = {.store = context->store};
    StageMap map = {
        .stage = RIGHTS_STAGE,
        .fingerprint = *fingerprint,
        .reads = STAGE_READ_FACTS,
        .extends = TRUE,
        .user = &job,
        .work = work,
        .save = save,
        .count = count,
        .result_free = g_free,
    };
    gboolean good = load_sources(&job, error) && stage_map(context, &map, error);
    rights_sources_free(job.sources);
    return good;
}

gboolean redistribution_claimed(StoreTxn *txn, gboolean *claimed, GError **error)
{
    GError *cause = NULL;
    g_auto(StageRun) run = {0};
    g_autoptr(json_t) settings = recipe_settings_get(txn, &cause);
    *claimed = json_is_true(json_object_get(settings, "redistributable"));
    if (!cause && !*claimed)
        *claimed = stage_load(txn, RIGHTS_STAGE, &run, &cause);
    if (!cause)
        return TRUE;
    g_propagate_error(error, cause);
    return FALSE;
}
