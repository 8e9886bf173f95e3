/* SPDX-License-Identifier: Apache-2.0
 * bench_clean FILE [ROUNDS]: megabytes of text a second that one thread cleans, rule by rule and with the drops.
 *
 * FILE holds texts with a NUL between them. Each rule is timed alone over all texts as they are; "clean_text" is the
 * whole: all rules until they come to rest, language, length. The best of ROUNDS (5) passes counts. */
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

static guint64 run_rule(const CleanRule *rule, const GArray *texts, Buffer *out)
{
    guint64 edits = 0;
    for (guint i = 0; i < texts->len; i++) {
        const Text *text = &g_array_index(texts, Text, i);
        edits += rule->edit(text->data, text->length, out);
    }
    return edits;
}

static guint64 run_all(const GArray *texts, Buffer *out)
{
    guint64 dropped = 0;
    CleanReport report;
    for (guint i = 0; i < texts->len; i++) {
        const Text *text = &g_array_index(texts, Text, i);
        dropped += !clean_text(&settings, NULL, text->data, text->length, out, &report);
    }
    return dropped;
}

/* `rule` NULL: clean_text. */
static void measure(const CleanRule *rule, const GArray *texts, gsize bytes, int rounds)
{
    g_auto(Buffer) out = {.limit = DOCUMENT_TEXT_LIMIT};
    gint64 best = G_MAXINT64;
    guint64 count = 0;
    for (int i = 0; i < rounds; i++) {
        gint64 start = g_get_monotonic_time();
        count = rule ? run_rule(rule, texts, &out) : run_all(texts, &out);
        best = MIN(best, g_get_monotonic_time() - start);
    }
    printf("%-12s %10.1f MB/s %10" G_GUINT64_FORMAT " %s\n", rule ? rule->slug : "clean_text", (double)bytes / (double)MAX(best, 1),
           count, rule ? "edits" : "dropped");
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
        measure(&clean_rules[i], texts, bytes, rounds);
    measure(NULL, texts, bytes, rounds);
    return 0;
}
