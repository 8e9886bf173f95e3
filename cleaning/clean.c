/* SPDX-License-Identifier: Apache-2.0
 * The stage "clean"; see cleaning/clean.h. */
#include "cleaning/clean.h"

#include <string.h>
#include <unicode/uvernum.h>

#include "cleaning/cld2.h"
#include "cleaning/rules.h"
#include "store/document.h"

#define CLEAN_VERSION 2 /* raise it when a rule changes what it does: stores are then cleaned anew */

typedef struct CleanJob {
    const Recipe *recipe;
    RecipeClean replay; /* the settings without the rules that have one */
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

static const RecipeClean *settings_for(const CleanJob *job, const char *tag)
{
    const RecipeSource *source = recipe_find_source(job->recipe, tag, NULL);
    return source && source->group == GROUP_REPLAY ? &job->replay : &job->recipe->clean;
}

static gboolean clean_work(gpointer user, gpointer worker, StageItem *item, GError **error)
{
    const Document *document = &item->document;
    Cleaned *cleaned = g_new0(Cleaned, 1);
    g_auto(Buffer) text;
    buffer_init(&text, DOCUMENT_TEXT_LIMIT);
    buffer_init(&cleaned->frame, 2 * DOCUMENT_TEXT_LIMIT);
    clean_text(settings_for(user, document->source), document->title, document->text, document->text_length, &text, &cleaned->report);
    cleaned->characters_in = text_characters(document->text, document->text_length);
    if (!cleaned->report.dropped) {
        cleaned->characters_out = text_characters(text.data, text.length);
        text_compress(text.data, text.length, &cleaned->frame);
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

/* Everything that decides the stage's result, the versions of ICU's and CLD2's tables included. */
static char *fingerprint_of(const Recipe *recipe, const char *predecessor)
{
    const RecipeClean *clean = &recipe->clean;
    char confidence[G_ASCII_DTOSTR_BUF_SIZE], hex[SHA256_HEX_SIZE];
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "clean %d\nicu %s\ncld2 %s\nafter %s\n", CLEAN_VERSION, U_ICU_VERSION, cld2_version(),
                    predecessor);
    for (unsigned i = 0; i < CLEAN_RULE_COUNT; i++)
        g_string_append_printf(text, "%s %d\n", clean_rules[i].slug, rule_is_on(&clean_rules[i], clean));
    g_string_append_printf(text, "length %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\nconfidence %s\n",
                           clean->min_characters, clean->max_characters, clean->min_words,
                           g_ascii_dtostr(confidence, sizeof confidence, clean->language_confidence));
    for (unsigned i = 0; i < clean->languages.count; i++)
        g_string_append_printf(text, "language %s\n", clean->languages.items[i]);
    for (unsigned i = 0; i < recipe->sources_count; i++)
        if (recipe->sources[i].group == GROUP_REPLAY)
            g_string_append_printf(text, "replay %s\n", recipe->sources[i].tag);
    Sha256 digest = sha256(text->str, text->len);
    sha256_hex(&digest, hex);
    return g_strdup(hex);
}

gboolean clean_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error)
{
    CleanJob job = {.recipe = recipe, .replay = recipe->clean};
    job.replay.urls = job.replay.references = job.replay.lists = job.replay.headings = FALSE;
    job.replay.blank_lines = job.replay.lines_without_letters = FALSE;
    *fingerprint = fingerprint_of(recipe, predecessor);
    const StageMap map = {
        .stage = "clean",
        .fingerprint = *fingerprint,
        .reads = STAGE_READ_DOCUMENT,
        .user = &job,
        .work = clean_work,
        .save = clean_save,
        .count = clean_count,
        .result_free = cleaned_free,
    };
    return stage_map(context, &map, error);
}
