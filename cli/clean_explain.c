/* SPDX-License-Identifier: Apache-2.0
 * One document's way through the rules; see cli/clean.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/diff.h"
#include "base/error.h"
#include "cleaning/boilerplate.h"
#include "cleaning/drops.h"
#include "cleaning/rules.h"
#include "cli/clean.h"
#include "cli/command.h"
#include "store/chapters.h"

#define BOLD "\033[1m"
#define RED "\033[31m"
#define PLAIN "\033[m"

/* The settings of a source, and what they borrow from. */
typedef struct Settings {
    RecipeClean clean;
    json_t *stored; /* of the store, or */
    Recipe *recipe; /* of a file */
    GHashTable *boilerplate; /* that the store was cleaned by */
} Settings;

static void settings_clear(Settings *settings)
{
    if (settings->stored)
        recipe_clean_release(&settings->clean);
    json_decref(settings->stored);
    recipe_free(settings->recipe);
    g_clear_pointer(&settings->boilerplate, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Settings, settings_clear)

static gboolean settings_of_recipe(const char *path, const char *tag, Settings *settings, GError **error)
{
    settings->recipe = recipe_load(path, NULL, error);
    if (!settings->recipe)
        return FALSE;
    const RecipeSource *source = recipe_find_source(settings->recipe, tag, NULL);
    if (source)
        settings->clean = source->clean;
    else
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s has no source '%s', of which the document is", path, tag);
    return source != NULL;
}

static gboolean settings_of_store(StoreTxn *txn, const char *tag, Settings *settings, GError **error)
{
    json_t *stored = clean_settings_get(txn, error);
    const json_t *clean = json_object_get(stored, tag);
    if (clean) {
        settings->stored = stored;
        recipe_clean_from_json(clean, &settings->clean);
        return TRUE;
    }
    if (stored)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the store does not say how source '%s' was cleaned", tag);
    g_prefix_error(error, "cannot tell the settings of the build, so give a recipe with --recipe: ");
    json_decref(stored);
    return FALSE;
}

typedef struct Watcher {
    json_t *rules;
    gboolean colour;
} Watcher;

static void note_rule(gpointer user, unsigned rule, const char *before, gsize before_length, const char *after, gsize after_length,
                      guint64 edits)
{
    Watcher *watcher = user;
    g_autoptr(GString) diff = g_string_new(NULL);
    diff_unified(diff, before, before_length, after, after_length, watcher->colour);
    json_array_append_new(watcher->rules, json_pack("{s:s, s:s, s:I, s:o}", "rule", clean_rules[rule].slug, "summary", clean_rules[rule].summary,
                                                    "edits", (json_int_t)edits, "diff", json_text(diff->str)));
}

static json_t *drops_json(const CleanJudgement *judgements)
{
    json_t *drops = json_array();
    for (unsigned i = 0; i < CLEAN_DROP_COUNT; i++) {
        const CleanJudgement *judgement = &judgements[i];
        json_array_append_new(drops, json_pack("{s:s, s:o, s:f, s:o, s:o, s:b, s:b}", "rule", judgement->rule, "unit", json_text(judgement->unit),
                                               "value", judgement->value, "threshold", json_real(judgement->threshold), "must_be",
                                               json_text(!judgement->compared ? NULL : judgement->at_least ? "at least" : "at most"), "off",
                                               judgement->off, "passed", judgement->passed));
    }
    return drops;
}

/* Was the document decided before cleaning saw it? */
static gboolean was_decided_before(StoreTxn *txn, Docno docno)
{
    Verdict verdict;
    return ledger_get(txn, docno, &verdict, NULL) && strcmp(verdict.stage, "clean") != 0;
}

/* Is the text that has come out the one in the store? Null where there is none of either, or cleaning never saw it. */
static json_t *compare_with_store(StoreTxn *txn, Docno docno, gboolean kept, const char *text, gsize length)
{
    g_autofree char *stored = NULL;
    gsize stored_length;
    if (!cleaned_get(txn, docno, &stored, &stored_length, NULL))
        return kept && !was_decided_before(txn, docno) ? json_false() : json_null();
    return json_boolean(kept && stored_length == length && memcmp(stored, text, length) == 0);
}

static json_t *explain_document(StoreTxn *txn, Docno docno, const Document *document, const Settings *settings, gboolean colour)
{
    g_autoptr(Cleaner) cleaner = cleaner_new();
    const CleanContext context = {.settings = &settings->clean, .boilerplate = g_hash_table_lookup(settings->boilerplate, document->source)};
    Watcher watcher = {json_array(), colour};
    CleanReport report;
    CleanJudgement judgements[CLEAN_DROP_COUNT];
    gsize length;
    cleaner_watch(cleaner, note_rule, &watcher);
    gboolean kept = cleaner_clean(cleaner, &context, document->title, document->text, document->text_length, &report);
    const char *text = cleaner_text(cleaner, &length);
    cleaner_judge(cleaner, &context, &report, judgements);
    json_t *story = json_pack("{s:I, s:o, s:o, s:o, s:I, s:I, s:s, s:o, s:o}", "docno", (json_int_t)docno, "source", json_text(document->source),
                              "id", json_text(document->id), "title", json_text(document->title), "extracted_bytes",
                              (json_int_t)document->text_length, "clean_bytes", (json_int_t)length, "outcome", kept ? "kept" : "dropped", "rules",
                              watcher.rules, "drops", drops_json(judgements));
    json_object_set_new(story, "language", json_text(report.language[0] ? report.language : NULL));
    json_object_set_new(story, "same_as_stored", compare_with_store(txn, docno, kept, text, length));
    if (!kept) {
        json_object_set_new(story, "dropped_by", json_text(report.verdict.rule));
        json_object_set_new(story, "value", json_real(report.verdict.value));
        json_object_set_new(story, "threshold", json_real(report.verdict.threshold));
        json_object_set_new(story, "detail", json_text(report.verdict.detail));
    }
    return story;
}

json_t *clean_explain(StoreTxn *txn, const char *id, const char *recipe, gboolean colour, GError **error)
{
    Docno docno;
    g_auto(Document) document = {0};
    g_auto(Settings) settings = {0};
    if (!resolve_document(txn, id, &docno, error) || !document_get(txn, docno, &document, error) ||
        !chapters_join(txn, docno, &document, error))
        return NULL;
    gboolean known = recipe ? settings_of_recipe(recipe, document.source, &settings, error)
                            : settings_of_store(txn, document.source, &settings, error);
    settings.boilerplate = known ? boilerplate_load(txn, error) : NULL;
    if (!settings.boilerplate)
        return NULL;
    json_t *story = explain_document(txn, docno, &document, &settings, colour);
    json_object_set_new(story, "settings", recipe ? json_text(recipe) : json_string("store"));
    return story;
}

/* "at most 0.1", "at least 20 words", "off", or nothing where more than two numbers decide. */
static char *limit_text(const json_t *drop)
{
    const char *unit = json_get_string(drop, "unit"), *must_be = json_get_string(drop, "must_be");
    if (json_is_true(json_object_get(drop, "off")))
        return g_strdup("off");
    if (!must_be)
        return g_strdup("");
    return g_strdup_printf("%s %.10g%s%s", must_be, json_real_value(json_object_get(drop, "threshold")), unit ? " " : "", unit ? unit : "");
}

static void print_drop(const json_t *drop, gboolean colour)
{
    gboolean passed = json_is_true(json_object_get(drop, "passed"));
    g_autofree char *limit = limit_text(drop);
    printf("%s%s %-30s %12.8g  %s%s\n", !passed && colour ? RED : "", passed ? " " : "x", json_get_string(drop, "rule"),
           json_real_value(json_object_get(drop, "value")), limit, !passed && colour ? PLAIN : "");
}

/* " by RULE: VALUE against THRESHOLD (DETAIL)" */
static void print_verdict(const json_t *explanation, const char *by)
{
    const char *detail = json_get_string(explanation, "detail");
    printf(" by %s: %.8g against %.8g", by, json_real_value(json_object_get(explanation, "value")),
           json_real_value(json_object_get(explanation, "threshold")));
    if (detail)
        printf(" (%s)", detail);
}

void clean_print_explanation(const json_t *explanation, gboolean colour)
{
    gsize index;
    json_t *rule, *drop;
    const char *title = json_get_string(explanation, "title"), *by = json_get_string(explanation, "dropped_by");
    printf("%lld %s/%s%s%s\n", (long long)json_integer_value(json_object_get(explanation, "docno")), json_get_string(explanation, "source"),
           json_get_string(explanation, "id"), title ? "  " : "", title ? title : "");
    json_array_foreach(json_object_get(explanation, "rules"), index, rule) {
        const char *slug = json_get_string(rule, "rule");
        printf("\n%srule %s: %lld edit(s); %s%s\n--- before %s\n+++ after %s\n", colour ? BOLD : "", slug,
               (long long)json_integer_value(json_object_get(rule, "edits")), json_get_string(rule, "summary"), colour ? PLAIN : "", slug, slug);
        fputs(json_get_string(rule, "diff"), stdout);
    }
    printf("\n%s%s rule changed the text.%s\n\n  %-30s %12s\n", colour ? BOLD : "", index ? "No other" : "No", colour ? PLAIN : "", "drop", "value");
    json_array_foreach(json_object_get(explanation, "drops"), index, drop)
        print_drop(drop, colour);
    const char *language = json_get_string(explanation, "language");
    printf("\n%s", json_get_string(explanation, "outcome"));
    if (by)
        print_verdict(explanation, by);
    printf("%s%s\n", language ? "; language " : "", language ? language : "");
    if (json_is_false(json_object_get(explanation, "same_as_stored")))
        puts("This is not what the store holds: its settings or the program were others when it was built.");
}
