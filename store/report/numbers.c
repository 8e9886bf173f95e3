/* SPDX-License-Identifier: Apache-2.0
 * A finished store in numbers; see store/report/numbers.h. */
#include "store/report/numbers.h"

#include <stdlib.h>
#include <string.h>

#include "store/counters.h"
#include "store/manifest.h"
#include "store/report/lengths.h"
#include "store/report/passages.h"
#include "store/split.h"

double report_share(guint64 part, guint64 whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static guint64 number(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (guint64)value : 0;
}

static void set_count(json_t *row, const char *key, guint64 count)
{
    json_object_set_new(row, key, json_integer((json_int_t)count));
}

static void set_share(json_t *row, const char *key, guint64 part, guint64 whole)
{
    json_object_set_new(row, key, json_real(report_share(part, whole)));
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

/* A row of a table about sources: tag, and name for people. */
static json_t *source_row(const json_t *source)
{
    const char *tag = json_get_string(source, "tag"), *name = json_get_string(source, "name");
    json_t *row = json_object();
    json_object_set_new(row, "tag", json_text(tag));
    json_object_set_new(row, "source", json_text(name ? name : tag));
    return row;
}

static json_t *composition(const json_t *sources)
{
    json_t *rows = json_array();
    guint64 all = all_tokens(sources);
    for (gsize i = 0; i < json_array_size(sources); i++) {
        const json_t *source = json_array_get(sources, i);
        json_t *row = source_row(source);
        set_count(row, "tokens", source_tokens(source));
        set_share(row, "share", source_tokens(source), all);
        set_count(row, "kept", number(source, "kept"));
        set_count(row, "entered", number(source, "entered"));
        set_count(row, "training", number(source, "tokens_train"));
        set_count(row, "validation", number(source, "tokens_valid"));
        set_count(row, "test", number(source, "tokens_test"));
        json_array_append_new(rows, row);
    }
    return rows;
}

/* What samples were drawn of, where the recipe asks for any. */
static json_t *samples(const json_t *sources)
{
    json_t *rows = json_array();
    for (gsize i = 0; i < json_array_size(sources); i++) {
        const json_t *source = json_array_get(sources, i), *sample = json_object_get(source, "sample");
        if (!sample)
            continue;
        json_t *row = source_row(source);
        set_count(row, "records_seen", number(sample, "seen"));
        set_count(row, "records_drawn", number(sample, "drawn"));
        set_share(row, "share", number(sample, "drawn"), number(sample, "seen"));
        set_count(row, "bytes_seen", number(sample, "seen_bytes"));
        set_count(row, "bytes_drawn", number(sample, "drawn_bytes"));
        json_object_set_new(row, "asked", json_real(json_number_value(json_object_get(sample, "share"))));
        json_array_append_new(rows, row);
    }
    return rows;
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

static void add_step(json_t *rows, const char *stage, guint64 left, guint64 entered, guint64 dropped, guint64 merged)
{
    json_t *row = json_object();
    json_object_set_new(row, "stage", json_string(stage));
    set_count(row, "left", left);
    set_share(row, "share", left, entered);
    set_count(row, "dropped", dropped);
    set_count(row, "merged", merged);
    json_array_append_new(rows, row);
}

static json_t *funnel(guint64 entered, const json_t *dropped, const json_t *merged)
{
    json_t *rows = json_array();
    guint64 left = entered;
    add_step(rows, "entered", entered, entered, 0, 0);
    for (gsize i = 0; stage_order[i]; i++) {
        guint64 drops = sum_of_stage(dropped, stage_order[i]), merges = sum_of_stage(merged, stage_order[i]);
        if (drops + merges == 0)
            continue;
        left -= MIN(left, drops + merges);
        add_step(rows, stage_order[i], left, entered, drops, merges);
    }
    return rows;
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

/* The largest first, names by bytes where they are equal. */
static json_t *ranked(const char *key, const json_t *counters, guint64 whole)
{
    json_t *rows = json_array(), *count;
    g_autoptr(GArray) sorted = g_array_new(FALSE, FALSE, sizeof(Named));
    const char *name;
    json_object_foreach((json_t *)counters, name, count) {
        Named one = {name, (guint64)json_integer_value(count)};
        g_array_append_val(sorted, one);
    }
    if (sorted->len > 1)
        qsort(sorted->data, sorted->len, sizeof(Named), compare_named);
    for (guint i = 0; i < sorted->len; i++) {
        const Named *one = &g_array_index(sorted, Named, i);
        json_t *row = json_object();
        json_object_set_new(row, key, json_text(one->name));
        set_count(row, "documents", one->count);
        set_share(row, "share", one->count, whole);
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *lengths_rows(const Lengths *lengths)
{
    json_t *rows = json_array();
    guint first = 0, last = LENGTH_BINS;
    while (first < LENGTH_BINS && !lengths->bins[first])
        first++;
    while (last > first && !lengths->bins[last - 1])
        last--;
    for (guint i = first; i < last; i++) {
        json_t *row = json_object();
        set_count(row, "from", (guint64)1 << i);
        set_count(row, "to", ((guint64)2 << i) - 1);
        set_count(row, "documents", lengths->bins[i]);
        set_share(row, "share", lengths->bins[i], lengths->documents);
        json_array_append_new(rows, row);
    }
    return rows;
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

static json_t *passes(const json_t *sources)
{
    json_t *rows = json_array();
    for (gsize i = 0; i < json_array_size(sources); i++) {
        const json_t *source = json_array_get(sources, i), *upsample = json_object_get(source, "upsample");
        if (!upsample)
            continue;
        json_t *row = source_row(source);
        json_object_set_new(row, "asked", json_real(json_number_value(json_object_get(upsample, "asked"))));
        set_count(row, "drawn", number(upsample, "drawn"));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *mix(const json_t *manifest)
{
    const json_t *sources = json_object_get(manifest, "sources"), *settings = json_object_get(json_object_get(manifest, "recipe"), "settings");
    double asked = json_number_value(json_object_get(json_object_get(settings, "mix"), "replay_share"));
    guint64 replay = training_tokens(sources, TRUE), other = training_tokens(sources, FALSE);
    json_t *result = json_object();
    json_object_set_new(result, "replay", json_pack("{s:f, s:f}", "asked", asked, "got", report_share(replay, replay + other)));
    json_object_set_new(result, "passes", passes(sources));
    return result;
}

static void set_summary(json_t *numbers, const json_t *manifest)
{
    static const char *const counts[] = {"entered", "kept", "dropped", "merged"};
    json_t *documents = json_object();
    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++)
        set_count(documents, counts[i], number(manifest, counts[i]));
    json_object_set_new(numbers, "version", json_integer(1));
    json_object_set_new(numbers, "name", json_text(json_get_string(json_object_get(manifest, "recipe"), "name")));
    json_object_set_new(numbers, "root", json_text(json_get_string(manifest, "root")));
    json_object_set_new(numbers, "documents", documents);
    set_count(numbers, "tokens", all_tokens(json_object_get(manifest, "sources")));
}

static void set_tables(json_t *numbers, const json_t *manifest)
{
    const json_t *sources = json_object_get(manifest, "sources");
    guint64 entered = number(manifest, "entered");
    g_autoptr(json_t) dropped = sum_counters(sources, "dropped_by");
    g_autoptr(json_t) merged = sum_counters(sources, "merged_by");
    g_autoptr(json_t) licences = sum_counters(sources, "licences");
    json_object_set_new(numbers, "composition", composition(sources));
    json_object_set_new(numbers, "samples", samples(sources));
    json_object_set_new(numbers, "funnel", funnel(entered, dropped, merged));
    json_object_set_new(numbers, "drops", ranked("rule", dropped, entered));
    json_object_set_new(numbers, "duplicates", ranked("rule", merged, entered));
    json_object_set_new(numbers, "licences", ranked("licence", licences, number(manifest, "kept")));
    json_object_set_new(numbers, "mix", mix(manifest));
}

json_t *report_numbers(Store *store, GError **error)
{
    Lengths lengths;
    g_autoptr(json_t) manifest = manifest_require(store, "there is something to report", error);
    if (!manifest || !lengths_count(store, &lengths, error))
        return NULL;
    json_t *passages = report_passages(store, json_object_get(manifest, "passages"), error);
    if (!passages)
        return NULL;
    json_t *numbers = json_object();
    set_summary(numbers, manifest);
    set_tables(numbers, manifest);
    json_object_set_new(numbers, "lengths", lengths_rows(&lengths));
    json_object_set_new(numbers, "passages", passages);
    return numbers;
}
