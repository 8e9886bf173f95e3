/* SPDX-License-Identifier: Apache-2.0
 * bench_clean FILE [ROUNDS]: megabytes of text a second that one thread cleans, rule by rule and with the drops.
 *
 * FILE holds texts with a NUL between them. Each rule and each drop is timed alone over all texts as they are;
 * "clean_text" is the whole: all rules until they come to rest, language, length. The best of ROUNDS (5) passes counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleaning/rules.h"
#include "store/document.h"

typedef struct Text {
    const char *data;
    gsize length;
} Text;

static char *english[] = {(char *)"en"};
static const RecipeClean settings = {TRUE, TRUE, TRUE, TRUE, TRUE, TRUE, 200, 20, 20000000, {english, 1}, 0.5};

static GArray *split(const char *data, gsize length, gsize *bytes)
{
    GArray *texts = g_array_new(FALSE, FALSE, sizeof(Text));
    *bytes = 0;
    for (gsize at = 0; at < length; at += strlen(data + at) + 1) {
        Text text = {data + at, strlen(data + at)};
        *bytes += text.length;
        g_array_append_val(texts, text);
    }
    return texts;
}

/* One text through the thing that is measured; returns what is counted. */
typedef guint64 (*Work)(const Text *text, unsigned index, Buffer *out);

static guint64 work_rule(const Text *text, unsigned index, Buffer *out)
{
    return clean_rules[index].edit(text->data, text->length, out);
}

static guint64 work_drop(const Text *text, unsigned index, Buffer *out)
{
    CleanReport report = {0};
    return !clean_drops[index].keep(&settings, text->data, text->length, &report);
}

static guint64 work_all(const Text *text, unsigned index, Buffer *out)
{
    CleanReport report;
    return !clean_text(&settings, NULL, text->data, text->length, out, &report);
}

static void measure(const char *name, Work work, unsigned index, const GArray *texts, gsize bytes, int rounds)
{
    g_auto(Buffer) out = {.limit = DOCUMENT_TEXT_LIMIT};
    gint64 best = G_MAXINT64;
    guint64 count = 0;
    for (int round = 0; round < rounds; round++) {
        gint64 start = g_get_monotonic_time();
        count = 0;
        for (guint i = 0; i < texts->len; i++)
            count += work(&g_array_index(texts, Text, i), index, &out);
        best = MIN(best, g_get_monotonic_time() - start);
    }
    const char *unit = work == work_rule ? "edits" : "dropped";
    printf("%-12s %10.1f MB/s %10" G_GUINT64_FORMAT " %s\n", name, (double)bytes / (double)MAX(best, 1), count, unit);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    gsize length, bytes;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_clean FILE [ROUNDS]\n");
        return 2;
    }
    if (!g_file_get_contents(argv[1], &data, &length, &error)) {
        fprintf(stderr, "bench_clean: %s\n", error->message);
        return 3;
    }
    g_autoptr(GArray) texts = split(data, length, &bytes);
    int rounds = argc > 2 ? MAX(atoi(argv[2]), 1) : 5;
    printf("%u texts, %.1f MB\n", texts->len, (double)bytes / 1e6);
    for (unsigned i = 0; i < CLEAN_RULE_COUNT; i++)
        measure(clean_rules[i].slug, work_rule, i, texts, bytes, rounds);
    measure("language", work_drop, 0, texts, bytes, rounds);
    measure("length", work_drop, 1, texts, bytes, rounds);
    measure("clean_text", work_all, 0, texts, bytes, rounds);
    return 0;
}
