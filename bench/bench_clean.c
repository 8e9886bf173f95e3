/* SPDX-License-Identifier: Apache-2.0
 * bench_clean FILE [ROUNDS [NAME]]: megabytes of text a second of processor time that one thread cleans, by rule and by drop.
 *
 * FILE holds texts with a NUL between them. Each rule that is on by default is timed alone over all texts as they are, each
 * drop over the cleaned ones: a drop's time holds what it is the first to need (words, lines, bounds). "cleaner_clean" is the
 * whole at its default settings: all rules until they come to rest, then the drops. The best of ROUNDS (5) passes counts.
 * With NAME only the rule or drop of this name is measured, or "cleaner_clean". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleaning/characters.h"
#include "cleaning/drops.h"
#include "cleaning/rules.h"
#include "store/document.h"

typedef struct Text {
    char *data;
    gsize length;
} Text;

typedef struct Bench {
    CleanContext context;
    Cleaner *cleaner;
    Measure measure;
    Buffer out;
    GArray *raw, *clean; /* of Text */
    const char *only;    /* NULL: all */
} Bench;

static GArray *split(char *data, gsize length)
{
    GArray *texts = g_array_new(FALSE, FALSE, sizeof(Text));
    for (gsize at = 0; at < length; at += strlen(data + at) + 1) {
        Text text = {data + at, strlen(data + at)};
        g_array_append_val(texts, text);
    }
    return texts;
}

static gsize bytes_of(const GArray *texts)
{
    gsize bytes = 0;
    for (guint i = 0; i < texts->len; i++)
        bytes += g_array_index(texts, Text, i).length;
    return bytes;
}

/* One text through the thing that is measured; returns what is counted. */
typedef guint64 (*Work)(Bench *bench, const Text *text, unsigned index);

static guint64 work_rule(Bench *bench, const Text *text, unsigned index)
{
    return clean_rules[index].edit(&bench->context, text->data, text->length, &bench->out);
}

static guint64 work_survey(Bench *bench, const Text *text, unsigned index)
{
    return characters_survey(text->data, text->length) != 0;
}

static guint64 work_drop(Bench *bench, const Text *text, unsigned index)
{
    CleanReport report = {0};
    measure_begin(&bench->measure, text->data, text->length, FALSE);
    return !drop_judge(&clean_drops[index], &bench->context, &bench->measure, &report).passed;
}

static guint64 work_all(Bench *bench, const Text *text, unsigned index)
{
    CleanReport report;
    return !cleaner_clean(bench->cleaner, &bench->context, NULL, text->data, text->length, &report);
}

static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void measure(Bench *bench, const char *name, const char *unit, Work work, unsigned index, const GArray *texts, int rounds)
{
    double best = 1e9;
    guint64 count = 0;
    if (bench->only && strcmp(bench->only, name) != 0)
        return;
    for (int round = 0; round < rounds; round++) {
        double start = processor_seconds();
        count = 0;
        for (guint i = 0; i < texts->len; i++)
            count += work(bench, &g_array_index(texts, Text, i), index);
        best = MIN(best, processor_seconds() - start);
    }
    printf("%-32s %10.1f MB/s %10" G_GUINT64_FORMAT " %s\n", name, (double)bytes_of(texts) / 1e6 / MAX(best, 1e-9), count, unit);
}

/* The texts as the rules leave them, which is what the drops see. */
static GArray *clean_all(Bench *bench)
{
    GArray *texts = g_array_new(FALSE, FALSE, sizeof(Text));
    for (guint i = 0; i < bench->raw->len; i++) {
        work_all(bench, &g_array_index(bench->raw, Text, i), 0);
        Text text = {0};
        const char *cleaned = cleaner_text(bench->cleaner, &text.length);
        text.data = g_memdup2(cleaned, text.length + 1);
        g_array_append_val(texts, text);
    }
    return texts;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    gsize length;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_clean FILE [ROUNDS [NAME]]\n");
        return 2;
    }
    if (!g_file_get_contents(argv[1], &data, &length, &error)) {
        fprintf(stderr, "bench_clean: %s\n", error->message);
        return 3;
    }
    const RecipeClean settings = recipe_clean_default();
    Bench bench = {.context = {.settings = &settings}, .cleaner = cleaner_new(), .out = {.limit = DOCUMENT_TEXT_LIMIT}};
    bench.only = argc > 3 ? argv[3] : NULL;
    bench.raw = split(data, length);
    bench.clean = clean_all(&bench);
    int rounds = argc > 2 ? MAX(atoi(argv[2]), 1) : 5;
    printf("%u texts, %.1f MB\n", bench.raw->len, (double)bytes_of(bench.raw) / 1e6);
    measure(&bench, "survey of characters", "texts with work", work_survey, 0, bench.raw, rounds);
    for (unsigned i = 0; i < CLEAN_RULE_COUNT; i++)
        if (rule_is_on(&clean_rules[i], &bench.context))
            measure(&bench, clean_rules[i].slug, "edits", work_rule, i, bench.raw, rounds);
    for (unsigned i = 0; i < CLEAN_DROP_COUNT; i++)
        measure(&bench, clean_drops[i].rule, "dropped", work_drop, i, bench.clean, rounds);
    measure(&bench, "cleaner_clean", "dropped", work_all, 0, bench.raw, rounds);
    return 0;
}
