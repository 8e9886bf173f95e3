/* SPDX-License-Identifier: Apache-2.0
 * The search for questions in texts: words, reference marks, n-grams, against a search that compares everything with
 * everything; and the cuts that take them out. */
#include <string.h>

#include "base/hash.h"
#include "dedup/cut_range.h"
#include "dedup/ngram_scan.h"
#include "dedup/reference_marks.h"
#include "dedup/word.h"

static const NgramRules usual = {.ngram = 8, .overlap = 0.8, .long_ngram = 13, .min_words = 8, .common = 10};

static const char question[] = "A 54-year-old woman comes to the clinic because of a burning pain in both feet that has grown worse over "
                               "six months. Which of these vitamins is most likely lacking in what she eats?";

/* ---- Words -------------------------------------------------------------------------------------------------------- */

/* Bytes of all kinds: letters, marks, broken UTF-8. */
static char *noise(guint64 seed, gsize length)
{
    static const char *const pieces[] = {"a", "B", "7", " ", ".", "\n", "\xc3\x89", "\xc8\xba", "e\xcc\x81", "\xe4\xb8\xad", "\xf0\x9d\x94\xb8", "\xff", "\xe2\x82", "\xc2\xb2", "'", "-"};
    GString *text = g_string_new(NULL);
    for (guint64 i = 0; text->len < length; i++)
        g_string_append(text, pieces[random_at(seed, "noise", i) % G_N_ELEMENTS(pieces)]);
    return g_string_free(text, FALSE);
}

static const guint64 *hashes_of(WordHasher *hasher, const char *text, gsize length, gsize *count)
{
    g_autoptr(FoldedText) folded = folded_text_new();
    folded_text_set(folded, text, length);
    return word_hasher_run(hasher, folded, count);
}

static void test_words_are_those_whose_hashes_are_taken(void)
{
    g_autoptr(WordHasher) hasher = word_hasher_new(), single = word_hasher_new();
    g_auto(WordList) list = {0};
    for (guint64 seed = 0; seed < 200; seed++) {
        g_autofree char *text = noise(seed, seed);
        gsize count, one;
        word_list_run(&list, text, strlen(text));
        const guint64 *hashes = hashes_of(hasher, text, strlen(text), &count);
        g_assert_cmpuint(list.count, ==, count);
        for (gsize i = 0; i < count; i++) {
            const Word *word = &list.words[i];
            g_assert_cmpuint(*hashes_of(single, text + word->start, word->end - word->start, &one), ==, hashes[i]);
            g_assert_cmpuint(*hashes_of(single, list.folded + word->folded, word->folded_length, &one), ==, hashes[i]);
            g_assert_cmpuint(one, ==, 1);
        }
    }
}

static void check_split(const char *text, const char *outside, const char *inside)
{
    g_auto(ReferenceMarks) marks;
    reference_marks_init(&marks);
    reference_marks_split(&marks, text, strlen(text));
    g_assert_cmpstr(marks.outside, ==, outside);
    g_assert_cmpstr(marks.inside, ==, inside);
    if (strcmp(text, outside) == 0)
        g_assert_true(marks.outside == text);
}

static void test_reference_marks_are_read_over(void)
{
    check_split("no marks here", "no marks here", NULL);
    check_split("pain[12] in", "pain     in", NULL);
    check_split("pain [3, 7-9; 11] in [1\xe2\x80\x93" "4]", "pain              in        ", NULL);
    check_split("pain [bib_ref]Pain[3] of feet[/bib_ref] in", "pain                                    in", "     [bib_ref]Pain    of feet[/bib_ref]   ");
    check_split("[fig]Feet[/fig]", "     Feet      ", NULL);
    check_split("feet\xc2\xb9\xe2\x81\xb4.", "feet     .", NULL);
    check_split("x [bib_ref] never closed", "x [bib_ref] never closed", NULL);
    check_split("x [12", "x [12", NULL);
    check_split("x [] [a1] [2b]", "x [] [a1] [2b]", NULL);
    check_split("[bib_ref]a [bib_ref]b[/bib_ref]", "[bib_ref]a                     ", "           [bib_ref]b[/bib_ref]");
}

/* ---- The index and the scan ---------------------------------------------------------------------------------------- */

static NgramIndex *make_index(const NgramRules *rules, const char *const *texts)
{
    NgramIndex *index = ngram_index_new(rules);
    for (gsize i = 0; texts[i]; i++)
        g_assert_true(ngram_index_add(index, texts[i], strlen(texts[i])));
    ngram_index_finish(index);
    return index;
}

/* The first match of the only question in a text; NULL: none. */
static const NgramMatch *find(NgramScanner *scanner, const char *text)
{
    return ngram_scan(scanner, text, strlen(text)) ? &g_array_index(scanner->matches, NgramMatch, 0) : NULL;
}

static void check_found(NgramScanner *scanner, const char *text, const char *from, const char *to)
{
    const NgramMatch *match = find(scanner, text);
    g_assert_nonnull(match);
    g_assert_true(match->by_overlap);
    g_assert_cmpuint(match->found, ==, match->of);
    g_assert_cmpint(g_ascii_strncasecmp(text + match->start, from, strlen(from)), ==, 0);
    g_assert_cmpint(g_ascii_strncasecmp(text + match->end - strlen(to), to, strlen(to)), ==, 0);
    g_assert_cmpuint(scanner->ranges->len, ==, 1);
    g_assert_cmpuint(g_array_index(scanner->ranges, NgramRange, 0).start, ==, match->start);
    g_assert_cmpuint(g_array_index(scanner->ranges, NgramRange, 0).end, ==, match->end);
}

static char *recased(const char *text)
{
    char *copy = g_strdup(text);
    for (gsize i = 0; copy[i]; i++)
        copy[i] = i % 3 == 0 ? g_ascii_toupper(copy[i]) : g_ascii_tolower(copy[i]);
    return copy;
}

static char *replaced(const char *text, const char *what, const char *with)
{
    g_auto(GStrv) parts = g_strsplit(text, what, -1);
    return g_strjoinv(with, parts);
}

static void test_a_question_is_found_however_it_is_written(void)
{
    const char *const texts[] = {question, NULL};
    g_autoptr(NgramIndex) index = make_index(&usual, texts);
    g_autoptr(NgramScanner) scanner = ngram_scanner_new(index);
    g_autofree char *cased = recased(question), *broken = replaced(question, " ", "\n"), *dashed = replaced(question, " ", " -- ");
    g_autofree char *marked = replaced(question, "clinic", "clinic[7,8]");
    g_autofree char *cited = replaced(question, "burning", "burning[bib_ref]A title of many words on something else altogether, Smith[/bib_ref]");
    g_autofree char *inside = g_strdup_printf("Once upon a time. %s The end.", question);
    g_autofree char *filler = noise(1, 100000), *deep = g_strdup_printf("%s %s %s", filler, question, filler);
    check_found(scanner, question, "A 54", "eats");
    check_found(scanner, cased, "A 54", "eats");
    check_found(scanner, broken, "A\n54", "eats");
    check_found(scanner, dashed, "A -- 54", "eats");
    check_found(scanner, marked, "A 54", "eats");
    check_found(scanner, cited, "A 54", "eats");
    check_found(scanner, inside, "A 54", "eats");
    check_found(scanner, deep, "A 54", "eats");
    g_autofree char *title = g_strdup_printf("As others say [bib_ref]%s, Smith[/bib_ref], it is so.", question);
    check_found(scanner, title, "A 54", "eats");
    g_autofree char *torn = replaced(question, "clinic", "[/bib_ref] clinic [bib_ref]"), *titles = g_strdup_printf("[bib_ref]%s[/bib_ref]", torn);
    const NgramMatch *half = find(scanner, titles); /* 13 words of it stand in the second mark */
    g_assert_nonnull(half);
    g_assert_false(half->by_overlap);
    g_assert_null(find(scanner, "A 54-year-old woman comes to the hospital because of a cough. Which vitamins does she eat?"));
    g_assert_null(find(scanner, ""));
    g_assert_null(find(scanner, "one"));
}

static void test_a_changed_word_costs_eight_ngrams_and_leaves_long_ones(void)
{
    const char *const texts[] = {question, NULL};
    g_autoptr(NgramIndex) index = make_index(&usual, texts);
    g_autoptr(NgramScanner) scanner = ngram_scanner_new(index);
    g_auto(GStrv) words = g_strsplit(question, " ", -1);
    for (guint i = 0; words[i]; i++) { /* 34 words and two hyphens: wherever one is changed, 13 stand in a row elsewhere */
        g_autofree char *kept = words[i];
        words[i] = g_strdup("otherwise");
        g_autofree char *text = g_strjoinv(" ", words);
        g_free(words[i]);
        words[i] = g_steal_pointer(&kept);
        const NgramMatch *match = find(scanner, text);
        g_assert_nonnull(match);
        g_assert_cmpuint(match->found, >=, match->of - 9);
        g_assert_cmpuint(match->run, >=, 13);
    }
}

static void test_the_threshold_is_met_exactly(void)
{
    /* 17 words: ten 8-grams. A text with the first 15 words has eight of them, one with 14 has seven. */
    const char *const texts[] = {"b c d e f g h i j k l m n o p q r", NULL};
    NgramRules rules = usual;
    rules.long_ngram = 0;
    g_autoptr(NgramIndex) index = make_index(&rules, texts);
    g_autoptr(NgramScanner) scanner = ngram_scanner_new(index);
    const NgramMatch *match = find(scanner, "x b c d e f g h i j k l m n o p x");
    g_assert_nonnull(match);
    g_assert_cmpuint(match->found, ==, 8);
    g_assert_cmpuint(match->of, ==, 10);
    g_assert_cmpuint(match->words, ==, 15);
    g_assert_cmpuint(match->first_word, ==, 1);
    g_assert_null(find(scanner, "x b c d e f g h i j k l m n o x"));
    /* With long n-grams 13 words in a row are enough, and 12 are not. */
    g_autoptr(NgramIndex) with_long = make_index(&usual, texts);
    g_autoptr(NgramScanner) long_scanner = ngram_scanner_new(with_long);
    match = find(long_scanner, "x c d e f g h i j k l m n o x");
    g_assert_nonnull(match);
    g_assert_false(match->by_overlap);
    g_assert_cmpuint(match->run, ==, 13);
    g_assert_cmpuint(match->first_word, ==, 1);
    g_assert_cmpuint(match->words, ==, 13);
    g_assert_null(find(long_scanner, "x c d e f g h i j k l m n x"));
}

static void test_short_questions_are_found_whole_or_not_looked_for(void)
{
    const char *const texts[] = {"What is a fracture of the hip?", "Cause of gout?", "...", NULL};
    NgramRules rules = usual;
    g_autoptr(NgramIndex) unwanted = make_index(&rules, texts);
    g_assert_cmpuint(ngram_index_text(unwanted, 0)->size, ==, 0);
    rules.min_words = 4;
    g_autoptr(NgramIndex) index = make_index(&rules, texts);
    g_autoptr(NgramScanner) scanner = ngram_scanner_new(index);
    g_assert_cmpuint(ngram_index_text(index, 0)->size, ==, 7);
    g_assert_cmpuint(ngram_index_text(index, 1)->size, ==, 0);
    g_assert_cmpuint(ngram_index_text(index, 2)->size, ==, 0);
    g_assert_nonnull(find(scanner, "Tell me: what is a FRACTURE of the hip, please?"));
    g_assert_null(find(scanner, "Tell me: what is a fracture of the knee, please? The cause of gout?"));
}

static void test_a_phrase_of_the_trade_proves_nothing(void)
{
    static const char stock[] = "which of the following is the most appropriate next step in the management of this patient";
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < 4; i++)
        g_ptr_array_add(texts, g_strdup_printf("case %d alpha%d beta%d gamma%d delta%d epsilon%d zeta%d eta%d %s", i, i, i, i, i, i, i, i, stock));
    g_ptr_array_add(texts, g_strdup(g_ptr_array_index(texts, 0))); /* a copy is no further text */
    g_ptr_array_add(texts, NULL);
    NgramRules rules = usual;
    rules.common = 3;
    g_autoptr(NgramIndex) index = make_index(&rules, (const char *const *)texts->pdata);
    g_autoptr(NgramScanner) scanner = ngram_scanner_new(index);
    g_assert_null(find(scanner, stock));
    g_assert_nonnull(find(scanner, texts->pdata[2]));
    rules.common = 4;
    g_autoptr(NgramIndex) stricter = make_index(&rules, (const char *const *)texts->pdata);
    g_autoptr(NgramScanner) strict_scanner = ngram_scanner_new(stricter);
    g_assert_cmpuint(ngram_scan(strict_scanner, stock, strlen(stock)), ==, 4);
}

static void test_equal_questions_are_one_with_copies(void)
{
    const char *const texts[] = {"one two three four five six seven eight", "nine ten eleven twelve one two three four five",
                                 "ONE, two, three, four; five six seven eight?", "one two three four five six seven eight", NULL};
    g_autoptr(NgramIndex) index = make_index(&usual, texts);
    g_autoptr(NgramScanner) scanner = ngram_scanner_new(index);
    const NgramMatch *match = find(scanner, texts[2]);
    g_assert_cmpuint(scanner->matches->len, ==, 1);
    g_assert_cmpuint(match->text, ==, 0);
    guint32 copy = ngram_index_text(index, 0)->next, other = ngram_index_text(index, copy)->next;
    g_assert_cmpuint(copy + other, ==, 5);
    g_assert_cmpuint(ngram_index_text(index, other)->next, ==, NO_TEXT);
    g_assert_cmpuint(ngram_index_text(index, 3)->alias, ==, 0);
}

/* ---- Against brute force ------------------------------------------------------------------------------------------- */

static char *random_words(guint64 seed, const char *stream, guint count, guint vocabulary)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < count; i++)
        g_string_append_printf(text, "%sw%u", i ? " " : "", (guint)(random_at(seed, stream, i) % vocabulary));
    return g_string_free(text, FALSE);
}

/* Whether `count` words from `from` on stand in the text. */
static gboolean stands(char **words, guint from, guint count, char **text)
{
    for (guint i = 0; i + count <= g_strv_length(text); i++) {
        guint k = 0;
        while (k < count && strcmp(words[from + k], text[i + k]) == 0)
            k++;
        if (k == count)
            return TRUE;
    }
    return FALSE;
}

static gboolean same_before(char **words, guint from, guint count)
{
    for (guint i = 0; i < from; i++) {
        guint k = 0;
        while (k < count && strcmp(words[from + k], words[i + k]) == 0)
            k++;
        if (k == count)
            return TRUE;
    }
    return FALSE;
}

static void brute_force(const NgramRules *rules, char **words, char **text, guint *found, guint *of, gboolean *by_long)
{
    guint count = g_strv_length(words), size = MIN(count, rules->ngram);
    *found = *of = 0;
    *by_long = FALSE;
    for (guint i = 0; i + size <= count; i++) {
        if (same_before(words, i, size))
            continue;
        (*of)++;
        *found += stands(words, i, size, text);
    }
    for (guint i = 0; rules->long_ngram && i + rules->long_ngram <= count; i++)
        *by_long = *by_long || stands(words, i, rules->long_ngram, text);
}

static const NgramMatch *match_of(const NgramScanner *scanner, guint32 text)
{
    for (guint i = 0; i < scanner->matches->len; i++)
        if (g_array_index(scanner->matches, NgramMatch, i).text == text)
            return &g_array_index(scanner->matches, NgramMatch, i);
    return NULL;
}

static void compare(const NgramIndex *index, NgramScanner *scanner, char **questions, const char *document, guint *matches)
{
    g_auto(GStrv) text = g_strsplit(document, " ", -1);
    ngram_scan(scanner, document, strlen(document));
    for (guint32 i = 0; questions[i]; i++) {
        g_auto(GStrv) words = g_strsplit(questions[i], " ", -1);
        guint found, of;
        gboolean by_long;
        if (ngram_index_text(index, i)->alias != i || !ngram_index_text(index, i)->size)
            continue;
        brute_force(&index->rules, words, text, &found, &of, &by_long);
        const NgramMatch *match = match_of(scanner, i);
        g_assert_cmpint(match != NULL, ==, (double)found / of >= index->rules.overlap || by_long);
        if (!match)
            continue;
        (*matches)++;
        g_assert_cmpuint(match->found, ==, found);
        g_assert_cmpuint(match->of, ==, of);
        g_assert_cmpint(match->run > 0, ==, by_long);
    }
}

/* Few different words, so that n-grams repeat within questions, across them, and in documents. */
static void test_every_text_gets_the_verdict_of_brute_force(void)
{
    static const NgramRules variants[] = {
        {.ngram = 3, .overlap = 0.6, .long_ngram = 5, .min_words = 2, .common = 1000},
        {.ngram = 4, .overlap = 0.5, .long_ngram = 2, .min_words = 1, .common = 1000}, /* long ones are the shorter ones */
        {.ngram = 2, .overlap = 1.0, .long_ngram = 0, .min_words = 1, .common = 1000},
        {.ngram = 5, .overlap = 0.4, .long_ngram = 5, .min_words = 3, .common = 1000},
    };
    guint matches = 0;
    for (guint64 seed = 0; seed < 40; seed++) {
        const NgramRules *rules = &variants[seed % G_N_ELEMENTS(variants)];
        g_autoptr(GPtrArray) questions = g_ptr_array_new_with_free_func(g_free);
        for (guint i = 0; i < 12; i++)
            g_ptr_array_add(questions, random_words(seed * 100 + i, "question", 1 + (guint)(random_at(seed, "length", i) % 14), 6));
        g_ptr_array_add(questions, NULL);
        g_autoptr(NgramIndex) index = make_index(rules, (const char *const *)questions->pdata);
        g_autoptr(NgramScanner) scanner = ngram_scanner_new(index);
        for (guint i = 0; i < 10; i++) {
            g_autofree char *document = random_words(seed * 100 + i, "document", (guint)(random_at(seed, "size", i) % 60), 7);
            compare(index, scanner, (char **)questions->pdata, document, &matches);
        }
    }
    g_assert_cmpuint(matches, >, 500);
}

/* ---- Cuts ----------------------------------------------------------------------------------------------------------- */

static void check_cut(const char *text, const char *words, const char *expected)
{
    g_autofree char *copy = g_strdup(text);
    const char *place = strstr(text, words);
    gsize start = (gsize)(place - text), length = strlen(text);
    Cut cut = cut_range(text, length, start, start + strlen(words));
    g_assert_true(cuts_fit(&cut, 1, length));
    cuts_apply(&cut, 1, copy, length);
    g_assert_cmpstr(copy, ==, expected);
}

static void test_a_cut_leaves_text_that_reads_on(void)
{
    check_cut("One. Two three? Four.", "Two three", "One. Four.");
    check_cut("One (two three) four.", "two three", "One four.");
    check_cut("One\n\n- Two three.\n\nFour", "Two three", "One\n\nFour");
    check_cut("Two three.\nFour", "Two three", "Four");
    check_cut("One\nTwo three", "Two three", "One\n");
    check_cut("Two three", "Two three", "");
    check_cut("One two three[12] four", "two three", "One [12] four");
    check_cut("One two-three four", "three", "One two- four");
    check_cut("\xe2\x80\x9cTwo three.\xe2\x80\x9d Four", "Two three", "Four");
    check_cut("One two\nthree four\nfive", "two\nthree", "One four\nfive");
}

/* A text with questions in it, masked round by round as the stage does it. */
static void test_ranges_hold_every_ngram_of_what_matched(void)
{
    for (guint64 seed = 0; seed < 60; seed++) {
        static const NgramRules rules = {.ngram = 3, .overlap = 0.7, .long_ngram = 4, .min_words = 2, .common = 1000};
        g_autofree char *first = random_words(seed, "a", 9, 5), *second = random_words(seed, "b", 6, 5);
        const char *const texts[] = {first, second, NULL};
        g_autoptr(NgramIndex) index = make_index(&rules, texts);
        g_autoptr(NgramScanner) scanner = ngram_scanner_new(index);
        g_autofree char *filler = random_words(seed, "c", 40, 6);
        g_autofree char *text = g_strdup_printf("%s %s %s %s", filler, first, filler, second);
        gsize length = strlen(text);
        guint rounds = 0;
        g_assert_cmpuint(ngram_scan(scanner, text, length), >, 0);
        do {
            g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, sizeof(Cut));
            guint64 from = 0;
            for (guint i = 0; i < scanner->ranges->len; i++) {
                const NgramRange *range = &g_array_index(scanner->ranges, NgramRange, i);
                g_assert_cmpuint(range->start, >=, from);
                g_assert_cmpuint(range->end, >, range->start);
                Cut cut = {range->start, range->end - range->start};
                g_array_append_val(cuts, cut);
                from = range->end;
            }
            length = cuts_apply((const Cut *)(void *)cuts->data, cuts->len, text, length);
            rounds++;
        } while (ngram_scan(scanner, text, length) > 0);
        g_assert_cmpuint(rounds, <, 64);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ngram/words are those whose hashes are taken", test_words_are_those_whose_hashes_are_taken);
    g_test_add_func("/ngram/reference marks are read over", test_reference_marks_are_read_over);
    g_test_add_func("/ngram/a question is found however it is written", test_a_question_is_found_however_it_is_written);
    g_test_add_func("/ngram/a changed word costs eight n-grams and leaves long ones", test_a_changed_word_costs_eight_ngrams_and_leaves_long_ones);
    g_test_add_func("/ngram/the threshold is met exactly", test_the_threshold_is_met_exactly);
    g_test_add_func("/ngram/short questions are found whole or not looked for", test_short_questions_are_found_whole_or_not_looked_for);
    g_test_add_func("/ngram/a phrase of the trade proves nothing", test_a_phrase_of_the_trade_proves_nothing);
    g_test_add_func("/ngram/equal questions are one with copies", test_equal_questions_are_one_with_copies);
    g_test_add_func("/ngram/every text gets the verdict of brute force", test_every_text_gets_the_verdict_of_brute_force);
    g_test_add_func("/ngram/a cut leaves text that reads on", test_a_cut_leaves_text_that_reads_on);
    g_test_add_func("/ngram/ranges hold every n-gram of what matched", test_ranges_hold_every_ngram_of_what_matched);
    return g_test_run();
}
