/* SPDX-License-Identifier: Apache-2.0
 * What cleaning did to a store, by source; see cli/clean.h. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cleaning/boilerplate.h"
#include "cleaning/drops.h"
#include "cleaning/rules.h"
#include "cli/clean.h"
#include "cli/command.h"

static json_t *source_entry(json_t *sources, const char *tag)
{
    gsize index;
    json_t *entry;
    json_array_foreach(sources, index, entry) {
        if (strcmp(json_get_string(entry, "tag"), tag) == 0)
            return entry;
    }
    entry = json_pack("{s:s, s:i, s:i, s:[], s:{}, s:{}}", "tag", tag, "characters_in", 0, "characters_out", 0, "rules", "dropped", "languages");
    json_array_append_new(sources, entry);
    return entry;
}

static gint64 count_of(const json_t *counts, const char *tag, const char *what, const char *slug)
{
    g_autofree char *key = g_strconcat(tag, "/", what, slug ? ":" : "", slug, NULL);
    return json_integer_value(json_object_get(counts, key));
}

static void add_rules(json_t *entry, const json_t *counts, const char *tag)
{
    for (unsigned i = 0; i < CLEAN_RULE_COUNT; i++) {
        gint64 edits = count_of(counts, tag, "edits", clean_rules[i].slug);
        if (edits)
            json_array_append_new(json_object_get(entry, "rules"),
                                  json_pack("{s:s, s:I, s:I}", "rule", clean_rules[i].slug, "documents",
                                            (json_int_t)count_of(counts, tag, "edited", clean_rules[i].slug), "edits", (json_int_t)edits));
    }
}

/* "TAG/dropped:too-short" and "TAG/language:en". */
static void add_counts(json_t *sources, const json_t *counts, const char *only)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)counts, key, value) {
        const char *what = strchr(key, '/');
        g_autofree char *tag = what ? g_strndup(key, (gsize)(what - key)) : NULL;
        if (!tag || (only && strcmp(tag, only) != 0))
            continue;
        json_t *entry = source_entry(sources, tag);
        if (g_str_has_prefix(what, "/dropped:"))
            json_object_set(json_object_get(entry, "dropped"), what + strlen("/dropped:"), value);
        else if (g_str_has_prefix(what, "/language:"))
            json_object_set(json_object_get(entry, "languages"), what + strlen("/language:"), value);
    }
}

json_t *clean_report(Store *store, const char *source, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    g_auto(StageRun) run = {0};
    GError *cause = NULL;
    if (!txn)
        return NULL;
    if (!stage_load(txn, "clean", &run, &cause)) {
        if (!cause)
            g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT, "%s has not been cleaned yet; 'galen build' goes on with it", store_directory(store));
        g_propagate_error(error, cause);
        return NULL;
    }
    json_t *sources = json_array(), *entry;
    gsize index;
    g_autoptr(json_t) boilerplate = boilerplate_report(txn, error);
    if (!boilerplate)
        return NULL;
    add_counts(sources, run.counts, source);
    json_array_foreach(sources, index, entry) {
        const char *tag = json_get_string(entry, "tag");
        json_object_set_new(entry, "characters_in", json_integer((json_int_t)count_of(run.counts, tag, "characters_in", NULL)));
        json_object_set_new(entry, "characters_out", json_integer((json_int_t)count_of(run.counts, tag, "characters_out", NULL)));
        add_rules(entry, run.counts, tag);
        if (json_object_get(boilerplate, tag))
            json_object_set(entry, "boilerplate", json_object_get(boilerplate, tag));
    }
    if (source && json_array_size(sources) == 0) {
        json_decref(sources);
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "cleaning met no document of source '%s'", source);
        return NULL;
    }
    return json_pack("{s:b, s:o}", "complete", run.complete, "sources", sources);
}

static void print_counts(const char *label, const json_t *counts)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)counts, key, value) {
        g_autofree char *documents = format_count((guint64)json_integer_value(value));
        printf("  %-9s %-32s %12s\n", label, key, documents);
    }
}

void clean_print_report(const json_t *report)
{
    gsize index, number;
    json_t *entry, *rule;
    json_array_foreach(json_object_get(report, "sources"), index, entry) {
        g_autofree char *in = format_count((guint64)json_integer_value(json_object_get(entry, "characters_in")));
        g_autofree char *out = format_count((guint64)json_integer_value(json_object_get(entry, "characters_out")));
        printf("%s: %s characters in, %s out\n  %-42s %12s %12s\n", json_get_string(entry, "tag"), in, out, "", "documents", "edits");
        json_array_foreach(json_object_get(entry, "rules"), number, rule) {
            g_autofree char *documents = format_count((guint64)json_integer_value(json_object_get(rule, "documents")));
            g_autofree char *edits = format_count((guint64)json_integer_value(json_object_get(rule, "edits")));
            printf("  %-9s %-32s %12s %12s\n", "edited", json_get_string(rule, "rule"), documents, edits);
        }
        json_array_foreach(json_object_get(entry, "boilerplate"), number, rule)
            printf("  %-9s %12lld  %s\n", "recurring", (long long)json_integer_value(json_object_get(rule, "documents")), json_get_string(rule, "text"));
        print_counts("dropped", json_object_get(entry, "dropped"));
        print_counts("language", json_object_get(entry, "languages"));
    }
    if (!json_is_true(json_object_get(report, "complete")))
        puts("unfinished: 'galen build' goes on with it");
}

void clean_print_rules(gboolean json)
{
    json_t *rules = json_array(), *drops = json_array();
    for (unsigned i = 0; i < CLEAN_RULE_COUNT; i++)
        json_array_append_new(rules, json_pack("{s:s, s:s}", "rule", clean_rules[i].slug, "summary", clean_rules[i].summary));
    for (unsigned i = 0; i < CLEAN_DROP_COUNT; i++)
        json_array_append_new(drops, json_pack("{s:s, s:s}", "rule", clean_drops[i].rule, "summary", clean_drops[i].summary));
    g_autoptr(json_t) all = json_pack("{s:o, s:o}", "rules", rules, "drops", drops);
    if (json) {
        print_json(json_incref(all));
        return;
    }
    gsize index;
    json_t *entry;
    puts("rules, in the order in which they run:");
    json_array_foreach(rules, index, entry)
        printf("  %-32s %s\n", json_get_string(entry, "rule"), json_get_string(entry, "summary"));
    puts("drops; the first that finds against a document is its verdict:");
    json_array_foreach(drops, index, entry)
        printf("  %-32s %s\n", json_get_string(entry, "rule"), json_get_string(entry, "summary"));
}
