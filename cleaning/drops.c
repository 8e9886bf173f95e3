/* SPDX-License-Identifier: Apache-2.0
 * The table of drops; see cleaning/drops.h. */
#include "cleaning/drops.h"

#include <stddef.h>
#include <string.h>

#include "cleaning/language.h"
#include "cleaning/rules.h"

/* A character has one to four bytes: most texts need no counting. */
static double characters_at_least(Measure *measure, double limit)
{
    if (!measure->exact && (double)(measure->length / 4) >= limit)
        return (double)(measure->length / 4);
    return (double)text_characters(measure->text, measure->length);
}

static double characters_at_most(Measure *measure, double limit)
{
    if (!measure->exact && (double)measure->length <= limit)
        return (double)measure->length;
    return (double)text_characters(measure->text, measure->length);
}

static double words(Measure *measure, double limit)
{
    return (double)measure_words(measure)->count;
}

static double long_lines(Measure *measure, double limit)
{
    return (double)measure_lines(measure)->long_lines;
}

static double word_length(Measure *measure, double limit)
{
    return measure_word_length(measure);
}

static double symbols(Measure *measure, double limit)
{
    return measure_symbols(measure);
}

static double words_with_letters(Measure *measure, double limit)
{
    return measure_words_with_letters(measure, limit);
}

static double share(guint64 part, guint64 whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static double bullet_lines(Measure *measure, double limit)
{
    return share(measure_lines(measure)->bullets, measure_lines(measure)->lines);
}

static double ellipsis_lines(Measure *measure, double limit)
{
    return share(measure_lines(measure)->ellipses, measure_lines(measure)->lines);
}

static double duplicate_lines(Measure *measure, double limit)
{
    return share(measure_lines(measure)->duplicates, measure_lines(measure)->lines);
}

static double duplicate_line_bytes(Measure *measure, double limit)
{
    return share(measure_lines(measure)->duplicate_bytes, measure->length);
}

static double duplicate_paragraphs(Measure *measure, double limit)
{
    return share(measure_lines(measure)->duplicate_paragraphs, measure_lines(measure)->paragraphs);
}

static double duplicate_paragraph_bytes(Measure *measure, double limit)
{
    return share(measure_lines(measure)->duplicate_paragraph_bytes, measure->length);
}

#define NGRAM(name, function, n)                                                                                       \
    static double name(Measure *measure, double limit)                                                                 \
    {                                                                                                                  \
        return function(measure, n, limit);                                                                            \
    }
NGRAM(top_2gram, measure_top_ngram, 2)
NGRAM(top_3gram, measure_top_ngram, 3)
NGRAM(top_4gram, measure_top_ngram, 4)
NGRAM(duplicate_5gram, measure_duplicate_ngrams, 5)
NGRAM(duplicate_6gram, measure_duplicate_ngrams, 6)
NGRAM(duplicate_7gram, measure_duplicate_ngrams, 7)
NGRAM(duplicate_8gram, measure_duplicate_ngrams, 8)
NGRAM(duplicate_9gram, measure_duplicate_ngrams, 9)
NGRAM(duplicate_10gram, measure_duplicate_ngrams, 10)

static gboolean is_kept(const RecipeStrings *languages, const char *language)
{
    for (unsigned i = 0; i < languages->count; i++)
        if (strcmp(languages->items[i], language) == 0)
            return TRUE;
    return languages->count == 0;
}

/* A guess below the confidence is none: the document stays. The quick answer for English serves where English stays; the
 * verdict on an English document tells CLD2's share. */
static gboolean judge_language(const CleanContext *context, Measure *measure, CleanReport *report, CleanJudgement *judgement)
{
    const RecipeClean *settings = context->settings;
    Cld2Guess guess = is_kept(&settings->languages, "en") && !measure->exact ? language_measure(measure)
                                                                             : language_detect(measure->text, measure->length);
    judgement->value = guess.share;
    judgement->threshold = settings->language_confidence;
    if (guess.share == 0 || guess.share < settings->language_confidence)
        return TRUE;
    g_strlcpy(report->language, guess.language, sizeof report->language);
    report->confidence = guess.share;
    if (is_kept(&settings->languages, guess.language))
        return TRUE;
    g_snprintf(report->detail, sizeof report->detail, "language: %s", guess.language);
    return FALSE;
}

/* What the rule "personal" has masked counts. */
static gboolean judge_personal(const CleanContext *context, Measure *measure, CleanReport *report, CleanJudgement *judgement)
{
    for (unsigned i = 0; i < CLEAN_RULE_COUNT; i++)
        if (clean_rules[i].edit == rule_personal)
            judgement->value = (double)report->edits[i];
    judgement->threshold = 0;
    judgement->off = strcmp(context->settings->personal, PERSONAL_DROP) != 0;
    judgement->compared = TRUE;
    return judgement->value == 0 || judgement->off;
}

/* The cheap ones come first. */
#define WHOLE(rule, unit, sense, setting, measure, summary)                                                            \
    {rule, unit, summary, sense, offsetof(RecipeClean, setting), DROP_NO_SETTING, measure, NULL}
#define REAL(rule, sense, setting, measure, summary)                                                                   \
    {rule, NULL, summary, sense, DROP_NO_SETTING, offsetof(RecipeClean, setting), measure, NULL}
#define JUDGE(rule, judge, summary) {rule, NULL, summary, DROP_AT_MOST, DROP_NO_SETTING, DROP_NO_SETTING, NULL, judge}
const CleanDrop clean_drops[CLEAN_DROP_COUNT] = {
    WHOLE("too-short", "characters", DROP_AT_LEAST, min_characters, characters_at_least, "documents of few characters"),
    WHOLE("too-long", "characters", DROP_AT_MOST, max_characters, characters_at_most, "documents of very many characters"),
    WHOLE("too-short", "words", DROP_AT_LEAST, min_words, words, "documents of few words"),
    JUDGE("personal", judge_personal, "documents with personal health information, where the recipe says drop"),
    JUDGE("language", judge_language, "documents in a language that the recipe does not list"),
    WHOLE("few-long-lines", "lines of more than ten words", DROP_AT_LEAST, min_long_lines, long_lines, "documents without sentences"),
    REAL("word-length", DROP_AT_LEAST, min_word_length, word_length, "documents of very short words"),
    REAL("word-length", DROP_AT_MOST, max_word_length, word_length, "documents of very long words"),
    REAL("symbols", DROP_AT_MOST, max_symbols, symbols, "documents full of \"#\" or ellipses"),
    REAL("words-with-letters", DROP_AT_LEAST, min_words_with_letters, words_with_letters, "documents of numbers"),
    REAL("bullet-lines", DROP_AT_MOST, max_bullet_lines, bullet_lines, "documents that are nothing but lists"),
    REAL("ellipsis-lines", DROP_AT_MOST, max_ellipsis_lines, ellipsis_lines, "documents of lines that are cut short"),
    REAL("duplicate-lines", DROP_AT_MOST, max_duplicate_lines, duplicate_lines, "lines that stood above"),
    REAL("duplicate-line-characters", DROP_AT_MOST, max_duplicate_line_characters, duplicate_line_bytes, "and their share of the text"),
    REAL("duplicate-paragraphs", DROP_AT_MOST, max_duplicate_paragraphs, duplicate_paragraphs, "paragraphs that stood above"),
    REAL("duplicate-paragraph-characters", DROP_AT_MOST, max_duplicate_paragraph_characters, duplicate_paragraph_bytes, "and their share of the text"),
    REAL("top-2gram", DROP_AT_MOST, max_top_2gram, top_2gram, "the most frequent two words in a row"),
    REAL("top-3gram", DROP_AT_MOST, max_top_3gram, top_3gram, "three words in a row"),
    REAL("top-4gram", DROP_AT_MOST, max_top_4gram, top_4gram, "four words in a row"),
    REAL("duplicate-5gram", DROP_AT_MOST, max_duplicate_5gram, duplicate_5gram, "five words in a row that stood above"),
    REAL("duplicate-6gram", DROP_AT_MOST, max_duplicate_6gram, duplicate_6gram, "six words in a row"),
    REAL("duplicate-7gram", DROP_AT_MOST, max_duplicate_7gram, duplicate_7gram, "seven words in a row"),
    REAL("duplicate-8gram", DROP_AT_MOST, max_duplicate_8gram, duplicate_8gram, "eight words in a row"),
    REAL("duplicate-9gram", DROP_AT_MOST, max_duplicate_9gram, duplicate_9gram, "nine words in a row"),
    REAL("duplicate-10gram", DROP_AT_MOST, max_duplicate_10gram, duplicate_10gram, "ten words in a row"),
};

/* Length and rows of words mean nothing where words are single characters. */
static gboolean needs_blanks(const CleanDrop *drop)
{
    return drop->measure == word_length || (drop->real >= offsetof(RecipeClean, max_top_2gram) && drop->real != DROP_NO_SETTING);
}

static double limit_of(const CleanDrop *drop, const RecipeClean *settings)
{
    const char *base = (const char *)settings;
    return drop->whole != DROP_NO_SETTING ? (double)*(const uint64_t *)(base + drop->whole) : *(const double *)(base + drop->real);
}

/* Nothing is measured where no value would pass the limit. */
static gboolean is_off(const CleanDrop *drop, double limit)
{
    if (drop->sense == DROP_AT_LEAST)
        return limit <= 0;
    return drop->real != DROP_NO_SETTING && limit >= (drop->measure == word_length || drop->measure == symbols ? 1e9 : 1);
}

CleanJudgement drop_judge(const CleanDrop *drop, const CleanContext *context, Measure *measure, CleanReport *report)
{
    CleanJudgement judgement = {.rule = drop->rule, .unit = drop->unit, .at_least = drop->sense == DROP_AT_LEAST, .passed = TRUE};
    if (drop->judge) {
        judgement.passed = drop->judge(context, measure, report, &judgement);
        return judgement;
    }
    judgement.threshold = limit_of(drop, context->settings);
    judgement.compared = TRUE;
    judgement.off = is_off(drop, judgement.threshold);
    if (judgement.off && !measure->exact)
        return judgement;
    judgement.value = drop->measure(measure, judgement.threshold);
    if (needs_blanks(drop) && !measure_has_blanks(measure))
        return judgement;
    judgement.passed = judgement.at_least ? judgement.value >= judgement.threshold : judgement.value <= judgement.threshold;
    return judgement;
}

gboolean drop_document(CleanReport *report, const char *rule, double value, double threshold)
{
    report->dropped = TRUE;
    report->verdict = (Verdict){.outcome = OUTCOME_DROPPED, .stage = "clean", .rule = rule, .value = value,
                                .threshold = threshold, .winner = DOCNO_NONE,
                                .detail = report->detail[0] ? report->detail : NULL};
    return FALSE;
}
