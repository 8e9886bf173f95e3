/* SPDX-License-Identifier: Apache-2.0
 * cleaning/language.h: detection, samples of long texts, and the drop "language". */
#include "cleaning/language.h"

#include <string.h>

#include "cleaning/drops.h"
#include "cleaning/english.h"

static const char english[] =
    "Patients with type 2 diabetes who were treated with metformin had a lower risk of cardiovascular events than those "
    "who received placebo. We recommend that clinicians measure blood pressure at every visit and adjust the dose. ";
static const char german[] =
    "Patienten mit Diabetes mellitus, die mit Metformin behandelt wurden, hatten ein geringeres Risiko für "
    "Herzinfarkte als diejenigen, die ein Placebo erhielten. Der Blutdruck sollte bei jedem Besuch gemessen werden. ";
static const char chinese[] = "糖尿病患者接受二甲双胍治疗后，心血管事件的风险低于安慰剂组。我们建议医生在每次就诊时测量血压并调整剂量。";
static const char hebrew[] = "חולי סוכרת שטופלו במטפורמין היו בסיכון נמוך יותר לאירועים לבביים מאשר אלה שקיבלו פלצבו בניסוי הקליני.";

static char *repeat(const char *text, int times)
{
    g_autoptr(GString) whole = g_string_new(NULL);
    while (times-- > 0)
        g_string_append(whole, text);
    return g_string_free(g_steal_pointer(&whole), FALSE);
}

static void test_languages_have_their_iso_codes(void)
{
    static const struct {
        const char *text;
        const char *code;
    } cases[] = {{english, "en"}, {german, "de"}, {chinese, "zh"}, {hebrew, "he"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Cld2Guess guess = language_detect(cases[i].text, strlen(cases[i].text));
        g_assert_cmpstr(guess.language, ==, cases[i].code);
        g_assert_cmpfloat(guess.share, >, 0.8);
    }
}

static void test_nothing_is_no_language(void)
{
    g_assert_cmpstr(language_detect("", 0).language, ==, "");
    g_assert_cmpstr(language_detect("12 34", 5).language, ==, "");
    g_assert_cmpstr(language_detect("bad \xff\xfe", 6).language, ==, "");
}

static void test_an_english_abstract_does_not_hide_a_german_article(void)
{
    g_autofree char *abstract = repeat(english, 60), *article = repeat(german, 600);
    g_autofree char *whole = g_strconcat(abstract, article, NULL);
    g_assert_cmpuint(strlen(abstract), >, 10000);
    Cld2Guess guess = language_detect(whole, strlen(whole));
    g_assert_cmpstr(guess.language, ==, "de");
    g_assert_cmpfloat(guess.share, >, 0.7);
}

static void test_samples_never_cut_a_character(void)
{
    g_autofree char *whole = repeat(chinese, 200);
    for (gsize cut = 0; cut < 30; cut += 3) {
        Cld2Guess guess = language_detect(whole + cut, strlen(whole) - cut);
        g_assert_cmpstr(guess.language, ==, "zh");
    }
}

/* The drop "language" over one text. */
static CleanJudgement judge(char **languages, unsigned count, double confidence, const char *text, CleanReport *report)
{
    RecipeClean settings = recipe_clean_default();
    settings.languages = (RecipeStrings){languages, count};
    settings.language_confidence = confidence;
    const CleanContext context = {.settings = &settings};
    g_auto(Measure) measure = {0};
    unsigned drop = 0;
    while (strcmp(clean_drops[drop].rule, "language") != 0)
        drop++;
    *report = (CleanReport){0};
    measure_begin(&measure, text, strlen(text), FALSE);
    return drop_judge(&clean_drops[drop], &context, &measure, report);
}

static void test_a_language_that_is_not_listed_is_dropped(void)
{
    char *languages[] = {(char *)"fr", (char *)"en"};
    CleanReport report;
    CleanJudgement judgement = judge(languages, 2, 0.5, german, &report);
    g_assert_false(judgement.passed);
    g_assert_cmpstr(judgement.rule, ==, "language");
    g_assert_cmpstr(report.detail, ==, "language: de");
    g_assert_cmpfloat(judgement.threshold, ==, 0.5);
    g_assert_cmpfloat(judgement.value, >, 0.8);
    g_assert_true(judge(languages, 2, 0.5, english, &report).passed);
    g_assert_cmpstr(report.language, ==, "en");
    g_assert_false(judge(languages, 1, 0.5, english, &report).passed);
    g_assert_cmpstr(report.detail, ==, "language: en");
}

static void test_an_unsure_guess_and_an_empty_list_keep_everything(void)
{
    char *languages[] = {(char *)"en"};
    CleanReport report;
    g_assert_true(judge(languages, 1, 1.01, german, &report).passed);
    g_assert_cmpstr(report.language, ==, "");
    g_assert_true(judge(NULL, 0, 0.5, german, &report).passed);
    g_assert_cmpstr(report.language, ==, "de");
}

static gboolean is_sure(const char *text)
{
    Words words = {0};
    EnglishTable table = {0};
    words_split(&words, text, strlen(text));
    gboolean sure = english_is_sure(english_shares(&table, &words, text));
    words_clear(&words);
    return sure;
}

static void test_function_words_tell_english_alone(void)
{
    g_autofree char *half_german = g_strconcat(english, german, NULL), *half_chinese = g_strconcat(english, chinese, NULL);
    g_assert_true(is_sure(english));
    g_assert_false(is_sure(german));
    g_assert_false(is_sure(chinese));
    g_assert_false(is_sure(half_german));
    g_assert_false(is_sure(half_chinese));
    g_assert_false(is_sure("the and of with were was that from")); /* too few to prove anything */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/language/languages have their ISO codes", test_languages_have_their_iso_codes);
    g_test_add_func("/language/nothing is no language", test_nothing_is_no_language);
    g_test_add_func("/language/an English abstract does not hide a German article", test_an_english_abstract_does_not_hide_a_german_article);
    g_test_add_func("/language/samples never cut a character", test_samples_never_cut_a_character);
    g_test_add_func("/language/a language that is not listed is dropped", test_a_language_that_is_not_listed_is_dropped);
    g_test_add_func("/language/an unsure guess and an empty list keep everything", test_an_unsure_guess_and_an_empty_list_keep_everything);
    g_test_add_func("/language/function words tell English alone", test_function_words_tell_english_alone);
    return g_test_run();
}
