/* SPDX-License-Identifier: Apache-2.0
 * A finished store as one HTML page; see store/report/report.h. */
#include "store/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/counters.h"
#include "store/manifest.h"
#include "store/report/html.h"
#include "store/report/lengths.h"
#include "store/report/passages.h"
#include "store/split.h"

static guint64 number(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (guint64)value : 0;
}

static double share_of(guint64 part, guint64 whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static char *count_text(guint64 count)
{
    GString *text = g_string_new(NULL);
    html_count(text, count);
    return g_string_free(text, FALSE);
}

static guint64 source_tokens(const json_t *source)
{
    guint64 sum = 0;
    for (unsigned i = 0; i < SPLIT_COUNT; i++) {
        g_autofree char *key = g_strconcat("tokens_", split_names[i], NULL);
        sum += number(source, key);
    }
    return sum;
}

static guint64 all_tokens(const json_t *sources)
{
    guint64 sum = 0;
    for (gsize i = 0; i < json_array_size(sources); i++)
        sum += source_tokens(json_array_get(sources, i));
    return sum;
}

static const char *source_name(const json_t *source)
{
    const char *name = json_get_string(source, "name");
    return name ? name : json_get_string(source, "tag");
}

static void add_fact(GString *page, const char *name, guint64 count)
{
    g_string_append_printf(page, "<div><dt>%s</dt><dd>", name);
    html_count(page, count);
    g_string_append(page, "</dd></div>");
}

static void add_summary(GString *page, const json_t *manifest)
{
    const char *name = json_get_string(json_object_get(manifest, "recipe"), "name"), *root = json_get_string(manifest, "root");
    g_string_append(page, "<header><h1>Corpus ");
    html_text(page, name);
    g_string_append(page, "</h1><p>Root of the manifest: <code>");
    html_text(page, root);
    g_string_append(page, "</code></p></header>\n<dl>");
    add_fact(page, "documents entered", number(manifest, "entered"));
    add_fact(page, "kept", number(manifest, "kept"));
    add_fact(page, "dropped", number(manifest, "dropped"));
    add_fact(page, "merged as duplicates", number(manifest, "merged"));
    add_fact(page, "tokens", all_tokens(json_object_get(manifest, "sources")));
    g_string_append(page, "</dl>\n");
}

static void add_composition(GString *page, const json_t *sources)
{
    static const char *const columns[] = {"source", "tokens", "share", "kept", "entered", "training", "validation", "test", NULL};
    guint64 all = all_tokens(sources);
    html_section(page, "Composition", "Tokens of each source, all passes and splits together, and its documents. Bars show the share of tokens.");
    html_table_begin(page, "share of tokens", columns);
    for (gsize i = 0; i < json_array_size(sources); i++) {
        const json_t *source = json_array_get(sources, i);
        guint64 tokens = source_tokens(source);
        g_autofree char *total = count_text(tokens), *share = html_percent(share_of(tokens, all)), *kept = count_text(number(source, "kept"));
        g_autofree char *entered = count_text(number(source, "entered")), *train = count_text(number(source, "tokens_train"));
        g_autofree char *valid = count_text(number(source, "tokens_valid")), *test = count_text(number(source, "tokens_test"));
        html_row(page, source_name(source), share_of(tokens, all), (const char *const[]){total, share, kept, entered, train, valid, test, NULL});
    }
    html_table_end(page);
}

/* Sums of one key's counters over all sources: "stage/rule" or a licence. */
static json_t *sum_counters(const json_t *sources, const char *key)
{
    g_autoptr(GHashTable) sums = counters_new();
    for (gsize i = 0; i < json_array_size(sources); i++) {
        const char *name;
        json_t *count;
        json_object_foreach(json_object_get(json_array_get(sources, i), key), name, count)
            counters_add(sums, name, (guint64)json_integer_value(count));
    }
    return counters_json(sums);
}

static guint64 sum_of_stage(const json_t *counters, const char *stage)
{
    g_autofree char *prefix = g_strconcat(stage, "/", NULL);
    guint64 sum = 0;
    const char *name;
    json_t *count;
    json_object_foreach((json_t *)counters, name, count)
        if (g_str_has_prefix(name, prefix))
            sum += (guint64)json_integer_value(count);
    return sum;
}

static void add_funnel(GString *page, guint64 entered, const json_t *dropped, const json_t *merged)
{
    static const char *const columns[] = {"after stage", "left", "share", "dropped", "merged", NULL};
    guint64 left = entered;
    html_section(page, "Funnel", "How many documents are left behind each stage of the build that takes some out.");
    html_table_begin(page, "left of those that entered", columns);
    g_autofree char *all = count_text(entered);
    html_row(page, "entered", entered ? 1 : 0, (const char *const[]){all, "", "", "", NULL});
    for (gsize i = 0; stage_order[i]; i++) {
        guint64 drops = sum_of_stage(dropped, stage_order[i]), merges = sum_of_stage(merged, stage_order[i]);
        if (drops + merges == 0)
            continue;
        left -= MIN(left, drops + merges);
        g_autofree char *now = count_text(left), *share = html_percent(share_of(left, entered)), *d = count_text(drops), *m = count_text(merges);
        html_row(page, stage_order[i], share_of(left, entered), (const char *const[]){now, share, d, m, NULL});
    }
    html_table_end(page);
}

typedef struct Named {
    const char *name;
    guint64 count;
} Named;

static int compare_named(const void *left, const void *right)
{
    const Named *a = left, *b = right;
    return a->count != b->count ? (a->count > b->count ? -1 : 1) : strcmp(a->name, b->name);
}

#define ROWS_SHOWN 100

/* The largest first, names by bytes where they are equal. */
static void add_counters(GString *page, const char *bar, const char *what, const json_t *counters, guint64 whole)
{
    const char *const columns[] = {what, "documents", "share", NULL};
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Named));
    const char *name;
    json_t *count;
    json_object_foreach((json_t *)counters, name, count) {
        Named row = {name, (guint64)json_integer_value(count)};
        g_array_append_val(rows, row);
    }
    if (rows->len > 1)
        qsort(rows->data, rows->len, sizeof(Named), compare_named);
    html_table_begin(page, bar, columns);
    for (guint i = 0; i < MIN(rows->len, ROWS_SHOWN); i++) {
        const Named *row = &g_array_index(rows, Named, i);
        g_autofree char *documents = count_text(row->count), *share = html_percent(share_of(row->count, whole));
        html_row(page, *row->name ? row->name : "none stated", share_of(row->count, whole), (const char *const[]){documents, share, NULL});
    }
    if (rows->len > ROWS_SHOWN) {
        g_autofree char *more = g_strdup_printf("%u more are in the manifest", rows->len - ROWS_SHOWN);
        html_row(page, more, -1, (const char *const[]){"", "", NULL});
    } else if (rows->len == 0)
        html_row(page, "none", -1, (const char *const[]){"0", "", NULL});
    html_table_end(page);
}

static void add_lengths(GString *page, const Lengths *lengths)
{
    static const char *const columns[] = {"tokens", "documents", "share", NULL};
    guint first = 0, last = LENGTH_BINS;
    html_section(page, "Lengths", "Tokens of each document that was packed, each counted once.");
    html_table_begin(page, "share of documents", columns);
    while (first < LENGTH_BINS && !lengths->bins[first])
        first++;
    while (last > first && !lengths->bins[last - 1])
        last--;
    for (guint i = first; i < last; i++) {
        g_autoptr(GString) label = g_string_new(NULL);
        html_count(label, (guint64)1 << i);
        g_string_append(label, " to ");
        html_count(label, ((guint64)2 << i) - 1);
        double share = share_of(lengths->bins[i], lengths->documents);
        g_autofree char *documents = count_text(lengths->bins[i]), *percent = html_percent(share);
        html_row(page, label->str, share, (const char *const[]){documents, percent, NULL});
    }
    html_table_end(page);
}

static guint64 training_tokens(const json_t *sources, gboolean replay)
{
    guint64 sum = 0;
    for (gsize i = 0; i < json_array_size(sources); i++) {
        const json_t *source = json_array_get(sources, i);
        if (replay == (g_strcmp0(json_get_string(source, "group"), "replay") == 0))
            sum += number(source, "tokens_train");
    }
    return sum;
}

static void add_mix(GString *page, const json_t *manifest)
{
    static const char *const columns[] = {"what", "asked", "got", NULL};
    const json_t *sources = json_object_get(manifest, "sources"), *settings = json_object_get(json_object_get(manifest, "recipe"), "settings");
    double asked = json_number_value(json_object_get(json_object_get(settings, "mix"), "replay_share"));
    guint64 replay = training_tokens(sources, TRUE), other = training_tokens(sources, FALSE);
    double got = share_of(replay, replay + other);
    g_autofree char *asked_text = html_percent(asked), *got_text = html_percent(got);
    html_section(page, "Mix", "What the recipe asked for, and what the documents gave. Upsampled papers: passes over all of a source's documents.");
    html_table_begin(page, "got", columns);
    html_row(page, "replay, of training tokens", got, (const char *const[]){asked_text, got_text, NULL});
    for (gsize i = 0; i < json_array_size(sources); i++) {
        const json_t *source = json_array_get(sources, i), *upsample = json_object_get(source, "upsample");
        if (!upsample)
            continue;
        char passes[G_ASCII_DTOSTR_BUF_SIZE];
        g_autofree char *label = g_strconcat("passes, ", source_name(source), NULL), *drawn = count_text(number(upsample, "drawn"));
        g_ascii_formatd(passes, sizeof passes, "%.2f", json_number_value(json_object_get(upsample, "asked")));
        html_row(page, label, -1, (const char *const[]){passes, drawn, NULL});
    }
    html_table_end(page);
}

/* What samples were drawn of, where the recipe asks for any. */
static void add_samples(GString *page, const json_t *sources)
{
    static const char *const columns[] = {"source", "records seen", "drawn", "bytes seen", "drawn", "share asked", NULL};
    gboolean any = FALSE;
    for (gsize i = 0; i < json_array_size(sources); i++) {
        const json_t *source = json_array_get(sources, i), *sample = json_object_get(source, "sample");
        if (!sample)
            continue;
        if (!any) {
            html_section(page, "Samples", "Sources of which only a share entered, drawn by a hash of their records while they were read.");
            html_table_begin(page, "records drawn", columns);
        }
        any = TRUE;
        double asked = json_number_value(json_object_get(sample, "share"));
        g_autofree char *seen = count_text(number(sample, "seen")), *drawn = count_text(number(sample, "drawn")), *share = html_percent(asked);
        g_autofree char *of = count_text(number(sample, "seen_bytes")), *bytes = count_text(number(sample, "drawn_bytes"));
        html_row(page, source_name(source), share_of(number(sample, "drawn"), number(sample, "seen")),
                 (const char *const[]){seen, drawn, of, bytes, share, NULL});
    }
    if (any)
        html_table_end(page);
}

static gboolean add_sections(GString *page, Store *store, const json_t *manifest, const Lengths *lengths, GError **error)
{
    const json_t *sources = json_object_get(manifest, "sources");
    guint64 entered = number(manifest, "entered"), kept = number(manifest, "kept");
    g_autoptr(json_t) dropped = sum_counters(sources, "dropped_by");
    g_autoptr(json_t) merged = sum_counters(sources, "merged_by");
    g_autoptr(json_t) licences = sum_counters(sources, "licences");
    add_composition(page, sources);
    add_samples(page, sources);
    add_funnel(page, entered, dropped, merged);
    html_section(page, "Drops by rule", "Each document that was dropped, by the stage and the rule that decided.");
    add_counters(page, "share of those that entered", "stage and rule", dropped, entered);
    html_section(page, "Duplicates", "Documents for which another one stands, by how they were found.");
    add_counters(page, "share of those that entered", "stage and rule", merged, entered);
    if (!report_passages(page, store, json_object_get(manifest, "passages"), error))
        return FALSE;
    add_lengths(page, lengths);
    html_section(page, "Licences", "Of the documents that were kept: SPDX identifiers, or the publishers' own words.");
    add_counters(page, "share of those kept", "licence", licences, kept);
    add_mix(page, manifest);
    return TRUE;
}

static json_t *read_manifest(Store *store, GError **error)
{
    GError *cause = NULL;
    json_t *manifest = manifest_read(store, &cause);
    if (!manifest && !cause)
        g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT, "%s is unfinished: 'galen build' goes on with it, then there is something to report",
                    store_directory(store));
    if (cause)
        g_propagate_error(error, cause);
    return manifest;
}

char *report_html(Store *store, gsize *length, GError **error)
{
    Lengths lengths;
    g_autoptr(json_t) manifest = read_manifest(store, error);
    if (!manifest || !lengths_count(store, &lengths, error))
        return NULL;
    const char *name = json_get_string(json_object_get(manifest, "recipe"), "name");
    g_autofree char *title = g_strconcat("Corpus ", name, NULL);
    g_autoptr(GString) page = g_string_new(NULL);
    html_head(page, title);
    add_summary(page, manifest);
    if (!add_sections(page, store, manifest, &lengths, error))
        return NULL;
    g_string_append(page, "</main></body></html>\n");
    if (length)
        *length = page->len;
    return g_string_free(g_steal_pointer(&page), FALSE);
}
