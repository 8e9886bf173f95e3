/* SPDX-License-Identifier: Apache-2.0
 * cleaning/measure.h and cleaning/drops.h: words, lines and repetition, against counts made by hand. */
#include "cleaning/measure.h"

#include <string.h>

#include "cleaning/drops.h"

static Measure begin(const char *text, gboolean exact)
{
    Measure measure = {0};
    measure_begin(&measure, text, strlen(text), exact);
    return measure;
}

static void test_words(void)
{
    static const char text[] = " Two  words\tand\nmore words, \xe7\xb3\x96\xe5\xb0\xbf" "abc \xce\xb1-blocker of-a-very-long-name-with-more-than-sixteen-bytes end";
    static const char *const expected[] = {"Two", "words", "and", "more", "words,", "\xe7\xb3\x96", "\xe5\xb0\xbf", "abc", "\xce\xb1-blocker",
                                           "of-a-very-long-name-with-more-than-sixteen-bytes", "end"};
    Words words = {0};
    gsize bytes = 0;
    words_split(&words, text, strlen(text));
    g_assert_cmpuint(words.count, ==, G_N_ELEMENTS(expected));
    for (gsize i = 0; i < words.count; i++) {
        g_assert_cmpmem(text + words.items[i].start, words.items[i].length, expected[i], strlen(expected[i]));
        g_assert_cmpuint(words.items[i].hash, ==, word_hash(expected[i], strlen(expected[i])));
        bytes += strlen(expected[i]);
    }
    g_assert_cmpuint(words.bytes, ==, bytes);
    words_clear(&words);
}

static void test_words_do_not_depend_on_where_steps_end(void)
{
    /* A word over every possible place of a step of 64 bytes has the hash that it has elsewhere. */
    Words words = {0};
    for (gsize blanks = 0; blanks < 130; blanks++) {
        for (gsize length = 1; length < 40; length += 3) {
            g_autofree char *gap = g_strnfill(blanks, ' '), *word = g_strnfill(length, 'x');
            g_autofree char *text = g_strconcat(gap, word, NULL);
            words_split(&words, text, strlen(text));
            g_assert_cmpuint(words.count, ==, 1);
            g_assert_cmpuint(words.items[0].start, ==, blanks);
            g_assert_cmpuint(words.items[0].hash, ==, word_hash(word, length));
        }
    }
    words_clear(&words);
}

static void test_characters_and_symbols(void)
{
    g_auto(Measure) measure = begin("# Head\n\nna\xc3\xafve #tag wait... and\xe2\x80\xa6 12 5.5 \xce\xb2", FALSE);
    g_assert_cmpuint(text_characters(measure.text, measure.length), ==, 40);
    g_assert_cmpuint(measure_words(&measure)->count, ==, 9);
    g_assert_cmpfloat_with_epsilon(measure_symbols(&measure), 2.0 / 9, 1e-9);
    g_assert_cmpfloat_with_epsilon(measure_words_with_letters(&measure, 1), 6.0 / 9, 1e-9);
    for (double limit = 0.01; limit < 6.0 / 9; limit += 0.01)
        g_assert_cmpfloat(measure_words_with_letters(&measure, limit), >=, limit);
    g_autofree char *long_text = g_strnfill(5000, 'a');
    g_assert_cmpuint(text_characters(long_text, 5000), ==, 5000);
}

static void test_lines_and_paragraphs(void)
{
    g_auto(Measure) measure = begin("one\ntwo...\n\none\ntwo...\n\n- item\n- item\n\none two three four five six seven eight nine ten eleven", FALSE);
    const LineCounts *counts = measure_lines(&measure);
    g_assert_cmpuint(counts->lines, ==, 7);
    g_assert_cmpuint(counts->bullets, ==, 2);
    g_assert_cmpuint(counts->ellipses, ==, 2);
    g_assert_cmpuint(counts->long_lines, ==, 1);
    g_assert_cmpuint(counts->duplicates, ==, 3);
    g_assert_cmpuint(counts->duplicate_bytes, ==, strlen("onetwo...- item"));
    g_assert_cmpuint(counts->paragraphs, ==, 4);
    g_assert_cmpuint(counts->duplicate_paragraphs, ==, 1);
    g_assert_cmpuint(counts->duplicate_paragraph_bytes, ==, strlen("one\ntwo..."));
}

static void test_ngrams(void)
{
    static const char text[] = "a bb c a bb d a bb e f g h i j k l f g h i j";
    g_auto(Measure) measure = begin(text, TRUE);
    double length = (double)strlen(text);
    g_assert_cmpfloat_with_epsilon(measure_top_ngram(&measure, 2, 0), 3 * 4 / length, 1e-9);
    g_assert_cmpfloat_with_epsilon(measure_top_ngram(&measure, 3, 0), 2 * 5 / length, 1e-9); /* "f g h" */
    g_assert_cmpfloat_with_epsilon(measure_duplicate_ngrams(&measure, 5, 0), 5 / length, 1e-9);
    g_assert_cmpfloat(measure_duplicate_ngrams(&measure, 6, 0), ==, 0);
}

static void test_what_references_hold_is_no_repetition(void)
{
    static const char once[] = "It rose [bib_ref]A trial of metformin in adults..., Doe[/bib_ref] and fell ";
    g_autofree char *text = g_strconcat(once, "again [bib_ref]A trial of metformin in adults..., Doe[/bib_ref] later", NULL);
    g_auto(Measure) measure = begin(text, TRUE);
    g_assert_cmpfloat(measure_duplicate_ngrams(&measure, 5, 0), ==, 0);
    g_assert_cmpuint(measure_prose(&measure)->count, ==, 6);
    g_auto(Measure) open = begin("a [bib_ref]b c", TRUE);
    g_assert_cmpuint(measure_prose(&open)->count, ==, 3);
}

/* A bound never lies below what is counted exactly. */
static void test_bounds_hold(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(20231127);
    for (int round = 0; round < 200; round++) {
        g_autoptr(GString) text = g_string_new(NULL);
        int vocabulary = g_rand_int_range(random, 2, 60);
        for (int words = g_rand_int_range(random, 1, 400); words > 0; words--)
            g_string_append_printf(text, "w%d ", g_rand_int_range(random, 0, vocabulary));
        g_auto(Measure) exact = begin(text->str, TRUE), bound = begin(text->str, FALSE);
        for (unsigned n = 2; n <= 4; n++)
            g_assert_cmpfloat(measure_top_ngram(&exact, n, 1), <=, measure_top_ngram(&bound, n, 1) + 1e-12);
        for (unsigned n = 5; n <= 10; n++) {
            double value = measure_duplicate_ngrams(&exact, n, 0.1);
            g_assert_cmpfloat(value, <=, measure_duplicate_ngrams(&bound, n, 1) + 1e-12);
            if (value > 0.1)
                g_assert_cmpfloat(measure_duplicate_ngrams(&bound, n, 0.1), ==, value);
        }
    }
}

/* The rule that decides over a text by the defaults, or "kept". */
static char *verdict_of(const char *text)
{
    RecipeClean settings = recipe_clean_default();
    settings.min_characters = 0;
    settings.languages = (RecipeStrings){0};
    const CleanContext context = {.settings = &settings};
    g_autoptr(Cleaner) cleaner = cleaner_new();
    CleanReport report;
    gboolean kept = cleaner_clean(cleaner, &context, NULL, text, strlen(text), &report);
    return g_strdup(kept ? "kept" : report.verdict.rule);
}

static char *repeat(const char *text, int times)
{
    g_autoptr(GString) whole = g_string_new(NULL);
    while (times-- > 0)
        g_string_append(whole, text);
    return g_string_free(g_steal_pointer(&whole), FALSE);
}

static void test_each_drop_drops_its_kind_and_keeps_the_rest(void)
{
    static const char sentence[] = "Adults with hypertension who took the drug at 5 mg daily for twelve weeks had lower blood pressure than those on placebo.";
    static const char *const pairs[][2] = {
        {"few words", "too-short"},
        {"x y z 1 2 3 a b c x y q w e r t u i o p l k j h", "word-length"},
        {"pneumonoultramicroscopic silicovolcanoconiosis dichlorodiphenyl trichloroethane hydroxymethylglutaryl coenzymereductase "
         "electroencephalography immunoelectrophoresis otorhinolaryngologist thyroparathyroidectomy psychoneuroendocrinology "
         "radioimmunoassaying spectrophotofluorometry hepaticocholangiogastrostomy laryngotracheobronchitis encephalomyelitides "
         "cholangiopancreatography esophagogastroduodenoscopy electrocardiographically uvulopalatopharyngoplasty", "word-length"},
        {"see... more... here... about... these... many... things... that... are... cut... short... for... every... reader... who... comes... here... to... read... them", "symbols"},
        {"1999 2000 2001 2002 2003 2004 2005 2006 2007 2008 2009 2010 2011 2012 2013 2014 2015 2016 2017 2018 and more", "words-with-letters"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autofree char *rule = verdict_of(pairs[i][0]);
        g_assert_cmpstr(rule, ==, pairs[i][1]);
    }
    g_autofree char *kept = verdict_of(sentence), *line = g_strconcat(sentence, "\n\n", NULL), *many = repeat(line, 5);
    g_autofree char *lines = verdict_of(many), *phrase = repeat("dose of the drug ", 30), *top = verdict_of(phrase);
    g_assert_cmpstr(kept, ==, "kept");
    g_assert_cmpstr(lines, ==, "duplicate-lines");
    g_assert_cmpstr(top, ==, "top-2gram");
    g_autofree char *twice = g_strconcat(sentence, "\n\nOther words stand between, so that less than a third of the lines and paragraphs are "
                                         "copies and only the rows of words in them tell that something is repeated here.\n\nAnd one more.\n\n",
                                         sentence, NULL), *rows = verdict_of(twice);
    g_assert_cmpstr(rows, ==, "duplicate-line-characters");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/measure/words end at white space, wide characters are words", test_words);
    g_test_add_func("/measure/words do not depend on where steps end", test_words_do_not_depend_on_where_steps_end);
    g_test_add_func("/measure/characters, symbols and words with letters", test_characters_and_symbols);
    g_test_add_func("/measure/lines and paragraphs, repeated ones among them", test_lines_and_paragraphs);
    g_test_add_func("/measure/n-grams are counted as Gopher counts them", test_ngrams);
    g_test_add_func("/measure/what references hold is no repetition", test_what_references_hold_is_no_repetition);
    g_test_add_func("/measure/bounds hold for any text", test_bounds_hold);
    g_test_add_func("/measure/each drop drops its kind and keeps the rest", test_each_drop_drops_its_kind_and_keeps_the_rest);
    return g_test_run();
}
