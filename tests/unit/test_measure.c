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

/* ---- Each drop alone ----------------------------------------------------------------------------------------- */

static void set_limit(RecipeClean *settings, const CleanDrop *drop, double limit)
{
    char *base = (char *)settings;
    if (drop->whole != DROP_NO_SETTING)
        *(uint64_t *)(base + drop->whole) = limit >= 1e18 ? G_MAXUINT64 : (uint64_t)limit;
    else if (drop->real != DROP_NO_SETTING)
        *(double *)(base + drop->real) = limit;
}

/* Settings with all drops off. */
static RecipeClean no_drops(void)
{
    RecipeClean settings = recipe_clean_default();
    settings.languages = (RecipeStrings){0};
    for (unsigned i = 0; i < CLEAN_DROP_COUNT; i++)
        set_limit(&settings, &clean_drops[i], clean_drops[i].sense == DROP_AT_LEAST ? 0 : 1e18);
    return settings;
}

/* `text` by these settings: the name of the drop that it falls by, NULL where it stays. */
static const char *fallen_by(const RecipeClean *settings, const char *text)
{
    const CleanContext context = {.settings = settings};
    g_autoptr(Cleaner) cleaner = cleaner_new();
    CleanReport report;
    return cleaner_clean(cleaner, &context, NULL, text, strlen(text), &report) ? NULL : report.verdict.rule;
}

typedef struct DropCase {
    const char *rule;
    double limit;
    const char *falls, *stays;
} DropCase;

static const DropCase drop_cases[] = {
    {"too-short", 10, "Nine char", "Ten chars."},
    {"too-long", 10, "Eleven char", "Ten chars."},
    {"too-short", 4, "There are three", "There are four words"},
    {"few-long-lines", 1, "one two three four five six seven eight nine ten", "one two three four five six seven eight nine ten eleven"},
    {"word-length", 3, "It is so", "The two are"},
    {"word-length", 6, "hypertension", "strain"},
    {"symbols", 0.3, "cut... short... here", "cut... short here then"},
    {"words-with-letters", 0.5, "1 2 mg", "1 mg"},
    {"bullet-lines", 0.5, "- one\n- two\nthree", "- one\ntwo"},
    {"ellipsis-lines", 0.5, "one...\ntwo\xe2\x80\xa6\nthree", "one...\ntwo"},
    {"duplicate-lines", 0.3, "a one\na one\nthree", "a one\na two\na one\na four"},
    {"duplicate-line-characters", 0.3, "a long line\na long line\nb", "b\nb\na long line"},
    {"duplicate-paragraphs", 0.3, "one\na\n\none\na\n\nthree", "one\na\n\none\nb\n\nthree"},
    {"duplicate-paragraph-characters", 0.3, "a long line\n\na long line\n\nb", "b\n\nb\n\na long line"},
};

/* `times` rows of the same n words, with words between that occur once. */
static char *rows_of(unsigned n, int times)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < times; i++) {
        for (unsigned word = 0; word < n; word++)
            g_string_append_printf(text, "same%u ", word);
        g_string_append_printf(text, "other%d others%d ", i, i);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void check_drop(const CleanDrop *drop, double limit, const char *falls, const char *stays)
{
    RecipeClean settings = no_drops();
    g_assert_cmpstr(fallen_by(&settings, falls), ==, NULL);
    set_limit(&settings, drop, limit);
    g_assert_cmpstr(fallen_by(&settings, falls), ==, drop->rule);
    g_assert_cmpstr(fallen_by(&settings, stays), ==, NULL);
}

/* "top-3gram" and "duplicate-7gram": rows of n words count, shorter ones do not. */
static gboolean check_ngrams(const CleanDrop *drop)
{
    const char *digits = strpbrk(drop->rule, "0123456789");
    if (!digits)
        return FALSE;
    unsigned n = (unsigned)strtoul(digits, NULL, 10);
    g_autofree char *falls = rows_of(n, 4), *stays = rows_of(n - 1, 4);
    check_drop(drop, 0.3, falls, stays);
    return TRUE;
}

static void test_each_drop_alone_decides_by_its_setting(void)
{
    gsize next = 0; /* of drop_cases, which are in the order of the table */
    for (unsigned i = 0; i < CLEAN_DROP_COUNT; i++) {
        const CleanDrop *drop = &clean_drops[i];
        if (drop->judge || check_ngrams(drop))
            continue;
        g_assert_cmpuint(next, <, G_N_ELEMENTS(drop_cases)); /* give the new drop a case */
        g_assert_cmpstr(drop_cases[next].rule, ==, drop->rule);
        check_drop(drop, drop_cases[next].limit, drop_cases[next].falls, drop_cases[next].stays);
        next++;
    }
    g_assert_cmpuint(next, ==, G_N_ELEMENTS(drop_cases));
}

static void test_personal_health_information_drops_where_the_recipe_says_so(void)
{
    static const char with[] = "The patient came on foot. MRN: 00123456.", without[] = "The patient came on foot. The MRN was removed.";
    RecipeClean settings = no_drops();
    g_assert_cmpstr(fallen_by(&settings, with), ==, NULL);
    settings.personal = (char *)PERSONAL_DROP;
    g_assert_cmpstr(fallen_by(&settings, with), ==, "personal");
    g_assert_cmpstr(fallen_by(&settings, without), ==, NULL);
    settings.personal = (char *)PERSONAL_KEEP;
    g_assert_cmpstr(fallen_by(&settings, with), ==, NULL);
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
    g_test_add_func("/measure/each drop alone decides by its setting", test_each_drop_alone_decides_by_its_setting);
    g_test_add_func("/measure/personal health information drops where the recipe says so",
                    test_personal_health_information_drops_where_the_recipe_says_so);
    return g_test_run();
}
