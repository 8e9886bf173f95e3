/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target: lines that recur. Any text gives lines in order that lie in it and have the hash of their bytes; with every other
 * one of these known, the rule takes out those alone, and finds nothing in what it has written. */
#include <stdint.h>
#include <string.h>

#include "cleaning/boilerplate.h"
#include "cleaning/rules.h"
#include "store/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *const fuzz_seeds[];

#define LEAST_WORDS 2

typedef struct Seen {
    const char *text;
    gsize length, end;
    GArray *hashes;
    unsigned lines;
} Seen;

static void see_line(gpointer user, guint64 hash, gsize start, gsize end)
{
    Seen *seen = user;
    g_assert_cmpuint(hash, !=, 0);
    g_assert_cmpuint(seen->end, <=, start);
    g_assert_cmpuint(start, <, end);
    g_assert_cmpuint(end, <=, seen->length);
    g_assert_cmpuint(boilerplate_hash(seen->text + start, end - start, LEAST_WORDS), ==, hash);
    seen->end = end;
    if (seen->lines++ % 2 == 0)
        g_array_append_val(seen->hashes, hash);
}

static int compare_hashes(gconstpointer one, gconstpointer other)
{
    guint64 a = *(const guint64 *)one, b = *(const guint64 *)other;
    return (a > b) - (a < b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_utf8_make_valid((const char *)data, (gssize)size); /* the rule stands behind "encoding" */
    g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
    Seen seen = {.text = text, .length = strlen(text), .hashes = hashes};
    boilerplate_visit(text, seen.length, LEAST_WORDS, see_line, &seen);
    g_array_sort(hashes, compare_hashes);
    Boilerplate boilerplate = {hashes};
    RecipeClean settings = recipe_clean_default();
    settings.boilerplate_words = LEAST_WORDS;
    const CleanContext context = {.settings = &settings, .boilerplate = &boilerplate};
    g_auto(Buffer) out = {.limit = DOCUMENT_TEXT_LIMIT};
    g_auto(Buffer) again = {.limit = DOCUMENT_TEXT_LIMIT};
    guint64 edits = rule_boilerplate(&context, text, seen.length, &out);
    g_assert_cmpuint(edits, >=, hashes->len);
    g_assert_cmpuint(edits, <=, seen.lines);
    if (!edits)
        return 0;
    g_assert_cmpuint(out.length, <, seen.length);
    g_assert_true(g_utf8_validate_len(out.data, out.length, NULL));
    gsize lines = 0;
    for (gsize i = 0; i < seen.length; i++)
        lines += text[i] == '\n';
    if (lines < BOILERPLATE_LINES) /* with more of them, others are the first and the last now */
        g_assert_cmpuint(rule_boilerplate(&context, out.data, out.length, &again), ==, 0);
    return 0;
}

const char *const fuzz_seeds[] = {
    "Skip to main content\nText of a page.\nPage last reviewed: 12/03/2020\n\n# Share this page\n\nShare this page with others",
    "- Skip to main content\n  skip TO main-content.\n5 mg daily by mouth\n\xe7\xb3\x96\xe5\xb0\xbf \xe7\x97\x85\n\r\none\ntwo words\n",
    NULL,
};
