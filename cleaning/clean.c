/* SPDX-License-Identifier: Apache-2.0
 * The stage "clean"; see cleaning/clean.h. */
#include "cleaning/clean.h"

#include <string.h>
#include <unicode/uvernum.h>

#include "base/error.h"
#include "cleaning/boilerplate.h"
#include "cleaning/cld2.h"
#include "cleaning/measure.h"
#include "cleaning/rules.h"
#include "store/compressed_text.h"
#include "store/document.h"
#include "store/fingerprint.h"

#define CLEAN_VERSION 3 /* raise it when a rule changes what it does: stores are then cleaned anew */
#define SETTINGS_NAME "clean.settings" /* in TABLE_META */

typedef struct CleanJob {
    const Recipe *recipe;
    GHashTable *boilerplate; /* tag -> Boilerplate */
} CleanJob;

/* Compressed by the worker, since one thread writes for all. */
typedef struct Cleaned {
    Buffer frame; /* the clean text as zstd; empty for a document that is dropped */
    CleanReport report;
    guint64 characters_in;
    guint64 characters_out;
} Cleaned;

static void cleaned_free(gpointer data)
{
    Cleaned *cleaned = data;
    buffer_clear(&cleaned->frame);
    g_free(cleaned);
}

/* A thread's own. */
static gpointer clean_worker_new(gpointer user, GError **error)
{
    return cleaner_new();
}

static void clean_worker_free(gpointer worker)
{
    cleaner_free(worker);
}

static gboolean clean_work(gpointer user, gpointer worker, StageItem *item, GError **error)
{
    const CleanJob *job = user;
    const Recipe *recipe = job->recipe;
    const Document *document = &item->document;
    const RecipeSource *source = recipe_find_source(recipe, document->source, NULL);
    const CleanContext context = {.settings = source ? &source->clean : &recipe->clean,
                                  .boilerplate = g_hash_table_lookup(job->boilerplate, document->source)};
    Cleaned *cleaned = g_new0(Cleaned, 1);
    gsize length;
    buffer_init(&cleaned->frame, 2 * DOCUMENT_TEXT_LIMIT);
    cleaner_clean(worker, &context, document->title, document->text, document->text_length, &cleaned->report);
    cleaned->characters_in = text_characters(document->text, document->text_length);
    if (!cleaned->report.dropped) {
        const char *text = cleaner_text(worker, &length);
        cleaned->characters_out = text_characters(text, length);
        cleaned_compress(text, length, &cleaned->frame);
    }
    item->result = cleaned;
    return TRUE;
}

static gboolean clean_save(gpointer user, StoreTxn *txn, StageItem *item, GError **error)
{
    const Cleaned *cleaned = item->result;
    if (cleaned->report.dropped)
        return ledger_put(txn, item->docno, &cleaned->report.verdict, error);
    return store_put_docno(txn, TABLE_CLEANED, item->docno, cleaned->frame.data, cleaned->frame.length, error);
}

static void count_slug(StageRun *run, const char *source, const char *what, const char *slug, guint64 amount)
{
    g_autofree char *name = g_strconcat(what, ":", slug, NULL);
    stage_count(run, source, name, (gint64)amount);
}

static void clean_count(gpointer user, StageItem *item, StageRun *run)
{
    const Cleaned *cleaned = item->result;
    const CleanReport *report = &cleaned->report;
    const char *source = item->document.source;
    for (unsigned i = 0; i < CLEAN_RULE_COUNT; i++) {
        if (!report->edits[i])
            continue;
        count_slug(run, source, "edits", clean_rules[i].slug, report->edits[i]);
        count_slug(run, source, "edited", clean_rules[i].slug, 1);
    }
    if (report->dropped)
        count_slug(run, source, "dropped", report->verdict.rule, 1);
    if (report->language[0])
        count_slug(run, source, "language", report->language, 1);
    stage_count(run, source, "characters_in", (gint64)cleaned->characters_in);
    stage_count(run, source, "characters_out", (gint64)cleaned->characters_out);
}

/* ---- Settings ------------------------------------------------------------------------------------------------ */

/* Of all sources, as one text. */
static char *settings_text(const Recipe *recipe)
{
    g_autoptr(json_t) sources = json_object();
    for (unsigned i = 0; i < recipe->sources_count; i++)
        json_object_set_new(sources, recipe->sources[i].tag, recipe_clean_json(&recipe->sources[i].clean));
    return json_write(sources);
}

/* Everything that decides the stage's result, the versions of ICU's and CLD2's tables included. */
static char *fingerprint_of(const Recipe *recipe, const char *predecessor)
{
    GString *text = g_string_new(NULL);
    fingerprint_add(text, "clean %d icu %s cld2 %s", CLEAN_VERSION, U_ICU_VERSION, cld2_version());
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        g_autoptr(json_t) settings = recipe_clean_json(&recipe->sources[i].clean);
        g_autofree char *written = json_write(settings);
        fingerprint_add_source_digest(text, recipe->sources[i].tag, "clean", written);
    }
    fingerprint_add_before(text, predecessor);
    return g_string_free(text, FALSE);
}

static gboolean put_settings(StoreTxn *txn, gpointer user, GError **error)
{
    GError *failure = NULL;
    g_autofree char *stored = store_get_meta(txn, SETTINGS_NAME, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    return g_strcmp0(stored, user) == 0 || store_put_meta(txn, SETTINGS_NAME, user, error);
}

json_t *clean_settings_get(StoreTxn *txn, GError **error)
{
    GError *failure = NULL;
    g_autofree char *text = store_get_meta(txn, SETTINGS_NAME, &failure);
    if (!text && !failure)
        g_set_error(&failure, GALEN_ERROR, GALEN_ERROR_INPUT, "this store has not been cleaned yet, or by an older version");
    if (failure)
        g_propagate_error(error, failure);
    return text ? json_parse(text, strlen(text), "the store's record \"" SETTINGS_NAME "\"", error) : NULL;
}

static gboolean run_stage(StageContext *context, const Recipe *recipe, const char *fingerprint, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    g_autoptr(GHashTable) boilerplate = txn ? boilerplate_load(txn, error) : NULL;
    if (!boilerplate)
        return FALSE;
    g_clear_pointer(&txn, store_read_end);
    CleanJob job = {recipe, boilerplate};
    const StageMap map = {
        .stage = "clean",
        .fingerprint = fingerprint,
        .reads = STAGE_READ_DOCUMENT,
        .extends = TRUE,
        .user = &job,
        .worker_new = clean_worker_new,
        .worker_free = clean_worker_free,
        .work = clean_work,
        .save = clean_save,
        .count = clean_count,
        .result_free = cleaned_free,
    };
    return stage_map(context, &map, error);
}

gboolean clean_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error)
{
    g_autofree char *settings = settings_text(recipe), *before = NULL;
    if (!boilerplate_run(context, recipe, predecessor, &before, error))
        return FALSE;
    *fingerprint = fingerprint_of(recipe, before);
    return store_write(context->store, put_settings, settings, error) && run_stage(context, recipe, *fingerprint, error);
}
