/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target for cleaning/: any bytes as title and text give valid UTF-8, and cleaning a clean text changes nothing.
 *
 * Bytes before the first 0x1e are the title. */
#include <stdint.h>
#include <string.h>

#include "cleaning/clean.h"
#include "store/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *const fuzz_seeds[] = {
    "A title [1]\x1e# Heading\n\nText [2,3] with https://example.org/a_(b), see [CDC](https://cdc.gov).\n\n- one\n- two\n",
    "Setext\n======\n\ntext\n\nSub\n---\n\nmore [4-7] (http://a.org; www.b.org)\n\n#### Deep ##\n\n* item\n+ item\n",
    "\xe2\x80\xa2 one\n\xef\x82\xb7 two\n\n***\n\n5\xc2\xa0mg \xe2\x80\x89 so\xc2\xad" "ft \xef\xac\x81 e\xcc\x81 \xe2\x80\x8d\xef\xbb\xbf",
    "caf\xc3\x83\xc2\xa9 patient\xc3\xa2\xe2\x82\xac\xe2\x84\xa2s \xc3\x8e\xc2\xb2 \xc3\x90\xc2\xb4\xc3\x90\xc2\xb0",
    "[bib_ref]A [1] http://x.org[/bib_ref] [fig]Figure [2][/fig] [formula]x[1]",
    "[a](#b) [[1]](http://x) ![i](//y) [^1]: note",
    "median 45 [32-58], 95% CI [12, 45]; [18F]FDG [1]\xe2\x80\x93[3]. ht[1]tp://x ((([5]))) [1[2]]",
    "\xe7\xb3\x96\xe5\xb0\xbf\xe7\x97\x85[1]\xe3\x80\x82\r\n\r\r\n\t \x0c\xed\xa0\x80\xff\xc0\x80 \xea\xb0\x80\xe1\x86\xa8",
    "E-mail: a.b@c.org; d@e.net and f@g.edu. Tel.: +44 (0)20 7946 0958, 404-555-0132 (404) 555-0132 mailto:x@y.org",
    "MRN: 00123456, DOB: 12/03/1965, Patient name: Jane Doe; SSN 123-45-6789. date of birth March 12, 1965",
    "\xef\x81\xa1 \xef\x82\xb3 5 \xee\x80\x81 5 treat\xc2\xad\nment \xef\xa3\xb1 \xef\x82\xb7 item",
    "one two three four five one two three four five one two three four five\n\none\n\none\n\n[bib_ref]a a a a a[/bib_ref] \xe7\xb3\x96\xe7\xb3\x96",
    NULL,
};

/* Every rule and every measure, none of which drops anything. */
static RecipeClean all_rules(void)
{
    RecipeClean settings = recipe_clean_default();
    settings.languages = (RecipeStrings){0};
    settings.min_characters = settings.min_words = 0;
    settings.max_characters = G_MAXUINT64;
    settings.min_word_length = settings.min_words_with_letters = 0;
    settings.max_word_length = settings.max_symbols = 1e9;
    settings.max_duplicate_lines = settings.max_duplicate_line_characters = 1;
    settings.max_duplicate_paragraphs = settings.max_duplicate_paragraph_characters = 1;
    return settings;
}

/* What a source may cut; its rules see the body alone, so that they are no part of the promise of rest. */
static void add_source_rules(RecipeClean *settings)
{
    static char *start[] = {(char *)"Heading"}, *stop[] = {(char *)"Sub", (char *)"References"}, *lines[] = {(char *)"one", (char *)"*item*"};
    settings->start_at = (RecipeStrings){start, 1};
    settings->stop_at = (RecipeStrings){stop, 2};
    settings->remove_lines = (RecipeStrings){lines, 2};
    settings->min_line_words = 2;
}

static void check_judgements(Cleaner *cleaner, const CleanContext *context, const CleanReport *report)
{
    CleanJudgement judgements[CLEAN_DROP_COUNT];
    cleaner_judge(cleaner, context, report, judgements);
    for (unsigned i = 0; i < CLEAN_DROP_COUNT; i++)
        g_assert_true(judgements[i].value >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *mark = size ? memchr(data, 0x1e, size) : NULL;
    gsize body = mark ? (gsize)(mark - data) + 1 : 0, length, again;
    g_autofree char *title = mark ? g_strndup((const char *)data, body - 1) : NULL;
    g_autofree char *text = g_memdup2(data + body, size - body);
    RecipeClean plain = all_rules(), source = plain;
    if (size % 2)
        add_source_rules(&source);
    const CleanContext first = {.settings = &source}, second = {.settings = &plain};
    g_autoptr(Cleaner) cleaner = cleaner_new();
    CleanReport report;
    gboolean settled = cleaner_clean(cleaner, &first, title, text, size - body, &report) || strcmp(report.verdict.rule, "unstable") != 0;
    const char *cleaned = cleaner_text(cleaner, &length);
    g_assert_true(g_utf8_validate_len(length ? cleaned : "", length, NULL));
    if (!settled)
        return 0;
    check_judgements(cleaner, &first, &report);
    g_autofree char *once = g_memdup2(length ? cleaned : "", length + 1);
    cleaner_clean(cleaner, &second, NULL, once, length, &report);
    const char *twice = cleaner_text(cleaner, &again);
    g_assert_cmpmem(once, length, twice, again);
    return 0;
}
