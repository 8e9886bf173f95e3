/* SPDX-License-Identifier: Apache-2.0
 * A finished store as one HTML page; see store/report/report.h. */
#include "store/report/report.h"

#include <string.h>

#include "store/report/html.h"

#define ROWS_SHOWN 100
#define COLUMNS_MOST 8

typedef enum { COLUMN_LABEL, COLUMN_COUNT, COLUMN_SHARE } ColumnKind;

typedef struct Column {
    const char *title, *key;
    ColumnKind kind;
} Column;

static guint64 number(const json_t *object, const char *key)
{
    return (guint64)json_integer_value(json_object_get(object, key));
}

static double share(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static char *count_text(guint64 count)
{
    GString *text = g_string_new(NULL);
    html_count(text, count);
    return g_string_free(text, FALSE);
}

/* The first column is the row's name. */
static void add_row(GString *page, const Column *columns, const json_t *row)
{
    char *cells[COLUMNS_MOST + 1] = {NULL};
    const char *label = json_get_string(row, columns[0].key);
    for (gsize i = 1; columns[i].title; i++)
        cells[i - 1] = columns[i].kind == COLUMN_SHARE ? html_percent(share(row, columns[i].key)) : count_text(number(row, columns[i].key));
    const json_t *part = json_object_get(row, "share");
    html_row(page, label && *label ? label : "none stated", part ? json_number_value(part) : -1, (const char *const *)cells);
    for (gsize i = 0; cells[i]; i++)
        g_free(cells[i]);
}

static void begin_table(GString *page, const char *bar, const Column *columns)
{
    const char *titles[COLUMNS_MOST + 1] = {NULL};
    for (gsize i = 0; columns[i].title; i++)
        titles[i] = columns[i].title;
    html_table_begin(page, bar, titles);
}

static void add_table(GString *page, const char *bar, const Column *columns, const json_t *rows)
{
    gsize count = json_array_size(rows);
    begin_table(page, bar, columns);
    for (gsize i = 0; i < MIN(count, ROWS_SHOWN); i++)
        add_row(page, columns, json_array_get(rows, i));
    if (count > ROWS_SHOWN) {
        g_autofree char *more = g_strdup_printf("%" G_GSIZE_FORMAT " more: galen report --json", count - ROWS_SHOWN);
        html_row(page, more, -1, (const char *const[]){"", "", NULL});
    } else if (count == 0)
        html_row(page, "none", -1, (const char *const[]){"0", "", NULL});
    html_table_end(page);
}

static void add_fact(GString *page, const char *name, guint64 count)
{
    g_string_append_printf(page, "<div><dt>%s</dt><dd>", name);
    html_count(page, count);
    g_string_append(page, "</dd></div>");
}

static void add_summary(GString *page, const json_t *numbers)
{
    const json_t *documents = json_object_get(numbers, "documents");
    g_string_append(page, "<header><h1>Corpus ");
    html_text(page, json_get_string(numbers, "name"));
    g_string_append(page, "</h1><p>Root of the manifest: <code>");
    html_text(page, json_get_string(numbers, "root"));
    g_string_append(page, "</code></p></header>\n<dl>");
    add_fact(page, "documents entered", number(documents, "entered"));
    add_fact(page, "kept", number(documents, "kept"));
    add_fact(page, "dropped", number(documents, "dropped"));
    add_fact(page, "merged as duplicates", number(documents, "merged"));
    add_fact(page, "tokens", number(numbers, "tokens"));
    g_string_append(page, "</dl>\n");
}

static void add_composition(GString *page, const json_t *numbers)
{
    static const Column columns[] = {
        {"source", "source", COLUMN_LABEL},    {"tokens", "tokens", COLUMN_COUNT},     {"share", "share", COLUMN_SHARE},
        {"kept", "kept", COLUMN_COUNT},        {"entered", "entered", COLUMN_COUNT},   {"training", "training", COLUMN_COUNT},
        {"validation", "validation", COLUMN_COUNT}, {"test", "test", COLUMN_COUNT},    {NULL},
    };
    html_section(page, "Composition", "Tokens of each source, all passes and splits together, and its documents. Bars show the share of tokens.");
    add_table(page, "share of tokens", columns, json_object_get(numbers, "composition"));
}

static void add_samples(GString *page, const json_t *numbers)
{
    static const Column columns[] = {
        {"source", "source", COLUMN_LABEL},        {"records seen", "records_seen", COLUMN_COUNT}, {"drawn", "records_drawn", COLUMN_COUNT},
        {"bytes seen", "bytes_seen", COLUMN_COUNT}, {"drawn", "bytes_drawn", COLUMN_COUNT},        {"share asked", "asked", COLUMN_SHARE},
        {NULL},
    };
    const json_t *rows = json_object_get(numbers, "samples");
    if (json_array_size(rows) == 0)
        return;
    html_section(page, "Samples", "Sources of which only a share entered, drawn by a hash of their records while they were read.");
    add_table(page, "records drawn", columns, rows);
}

static void add_funnel(GString *page, const json_t *numbers)
{
    static const Column columns[] = {
        {"after stage", "stage", COLUMN_LABEL}, {"left", "left", COLUMN_COUNT},     {"share", "share", COLUMN_SHARE},
        {"dropped", "dropped", COLUMN_COUNT},   {"merged", "merged", COLUMN_COUNT}, {NULL},
    };
    html_section(page, "Funnel", "How many documents are left behind each stage of the build that takes some out.");
    add_table(page, "left of those that entered", columns, json_object_get(numbers, "funnel"));
}

static void add_ranked(GString *page, const char *bar, const char *title, const char *key, const json_t *rows)
{
    const Column columns[] = {{title, key, COLUMN_LABEL}, {"documents", "documents", COLUMN_COUNT}, {"share", "share", COLUMN_SHARE}, {NULL}};
    add_table(page, bar, columns, rows);
}

static void add_verdicts(GString *page, const json_t *numbers)
{
    html_section(page, "Drops by rule", "Each document that was dropped, by the stage and the rule that decided.");
    add_ranked(page, "share of those that entered", "stage and rule", "rule", json_object_get(numbers, "drops"));
    html_section(page, "Duplicates", "Documents for which another one stands, by how they were found.");
    add_ranked(page, "share of those that entered", "stage and rule", "rule", json_object_get(numbers, "duplicates"));
}

static void add_passages(GString *page, const json_t *passages)
{
    static const Column columns[] = {
        {"source", "source", COLUMN_LABEL}, {"words", "words", COLUMN_COUNT},                   {"repeated", "repeated", COLUMN_COUNT},
        {"share", "share", COLUMN_SHARE},   {"documents with some", "documents", COLUMN_COUNT}, {"words cut", "cut", COLUMN_COUNT},
        {NULL},
    };
    static const Column longest[] = {{"passage", "text", COLUMN_LABEL}, {"words", "words", COLUMN_COUNT}, {"places", "places", COLUMN_COUNT}, {NULL}};
    const json_t *rows = json_object_get(passages, "longest");
    if (json_is_null(passages))
        return;
    html_section(page, "Passages", "Runs of words that stand more than once in the texts that deduplication left.");
    add_table(page, "share of words that are repeated", columns, json_object_get(passages, "sources"));
    if (json_array_size(rows) == 0)
        return;
    html_section(page, "Most repeated", "The passages that make the corpus longest, by their first words. galen duplicates --passages has their documents.");
    add_table(page, "", longest, rows);
}

static void add_lengths(GString *page, const json_t *rows)
{
    static const char *const titles[] = {"tokens", "documents", "share", NULL};
    html_section(page, "Lengths", "Tokens of each document that was packed, each counted once.");
    html_table_begin(page, "share of documents", titles);
    for (gsize i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        g_autofree char *from = count_text(number(row, "from")), *to = count_text(number(row, "to")), *label = g_strconcat(from, " to ", to, NULL);
        g_autofree char *documents = count_text(number(row, "documents")), *percent = html_percent(share(row, "share"));
        html_row(page, label, share(row, "share"), (const char *const[]){documents, percent, NULL});
    }
    html_table_end(page);
}

static void add_passes(GString *page, const json_t *rows)
{
    for (gsize i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        char asked[G_ASCII_DTOSTR_BUF_SIZE];
        g_autofree char *label = g_strconcat("passes, ", json_get_string(row, "source"), NULL), *drawn = count_text(number(row, "drawn"));
        g_ascii_formatd(asked, sizeof asked, "%.2f", share(row, "asked"));
        html_row(page, label, -1, (const char *const[]){asked, drawn, NULL});
    }
}

static void add_mix(GString *page, const json_t *mix)
{
    static const char *const titles[] = {"what", "asked", "got", NULL};
    const json_t *replay = json_object_get(mix, "replay");
    g_autofree char *asked = html_percent(share(replay, "asked")), *got = html_percent(share(replay, "got"));
    html_section(page, "Mix", "What the recipe asked for, and what the documents gave. Upsampled papers: passes over all of a source's documents.");
    html_table_begin(page, "got", titles);
    html_row(page, "replay, of training tokens", share(replay, "got"), (const char *const[]){asked, got, NULL});
    add_passes(page, json_object_get(mix, "passes"));
    html_table_end(page);
}

char *report_html(const json_t *numbers, gsize *length)
{
    const char *name = json_get_string(numbers, "name");
    g_autofree char *title = g_strconcat("Corpus ", name, NULL);
    GString *page = g_string_new(NULL);
    html_head(page, title);
    add_summary(page, numbers);
    add_composition(page, numbers);
    add_samples(page, numbers);
    add_funnel(page, numbers);
    add_verdicts(page, numbers);
    add_passages(page, json_object_get(numbers, "passages"));
    add_lengths(page, json_object_get(numbers, "lengths"));
    html_section(page, "Licences", "Of the documents that were kept: SPDX identifiers, or the publishers' own words.");
    add_ranked(page, "share of those kept", "licence", "licence", json_object_get(numbers, "licences"));
    add_mix(page, json_object_get(numbers, "mix"));
    g_string_append(page, "</main></body></html>\n");
    if (length)
        *length = page->len;
    return g_string_free(page, FALSE);
}
