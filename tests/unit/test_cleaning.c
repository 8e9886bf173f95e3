/* SPDX-License-Identifier: Apache-2.0
 * cleaning/: what each rule changes and what it leaves alone, the order of all, the drops, the stage. */
#include "cleaning/clean.h"

#include <glib/gstdio.h>
#include <string.h>

#include "cleaning/characters.h"
#include "cleaning/measure.h"
#include "cleaning/rules.h"
#include "store/document.h"

typedef struct Case {
    const char *before;
    const char *after; /* NULL: no edit */
} Case;

/* Every rule at its default. */
static RecipeClean defaults;
static const CleanContext by_default = {.settings = &defaults};

static void check_rule(RuleEdit rule, const Case *cases, gsize count)
{
    g_auto(Buffer) out = {.limit = 1 << 20};
    g_auto(Buffer) again = {.limit = 1 << 20};
    for (gsize i = 0; i < count; i++) {
        guint64 edits = rule(&by_default, cases[i].before, strlen(cases[i].before), &out);
        if (!cases[i].after) {
            if (edits)
                g_test_message("'%s' became '%s'", cases[i].before, out.data);
            g_assert_cmpuint(edits, ==, 0);
            continue;
        }
        if (!edits)
            g_test_message("'%s' did not change", cases[i].before);
        g_assert_cmpuint(edits, >, 0);
        g_assert_cmpstr(out.data, ==, cases[i].after);
        g_assert_cmpuint(rule(&by_default, out.data, out.length, &again), ==, 0);
    }
}

#define CHECK(rule, ...)                                      \
    do {                                                      \
        static const Case cases[] = {__VA_ARGS__};            \
        check_rule(rule, cases, G_N_ELEMENTS(cases));         \
    } while (0)

static void test_encoding(void)
{
    CHECK(rule_encoding, {"bad \xff byte \xe2\x82 cut", "bad \xef\xbf\xbd byte \xef\xbf\xbd cut"}, {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"});
    CHECK(rule_encoding, {"Plain ASCII text, long enough for several blocks of sixteen bytes.\n\tIndented.", NULL},
          {"\xce\xb1-synuclein \xe2\x89\xa5 5 \xc2\xb5g", NULL}, {"\xef\xbf\xbd", NULL}, {"", NULL});
}

static void test_controls(void)
{
    CHECK(rule_controls, {"a\x01\x7f\xc2\x81z", "az"}, {"zero\xe2\x80\x8bwidth \xef\xbb\xbfmark", "zerowidth mark"},
          {"non\xef\xbf\xbe\xef\xb7\x90" "character", "noncharacter"}, {"a\xe2\x80\x8d" "b", "ab"},
          {"one\r\ntwo\rthree\xe2\x80\xa8" "four\xc2\x85" "five\x0c" "six", "one\ntwo\nthree\nfour\nfive\nsix"});
    CHECK(rule_controls, {"one\n\ttwo", NULL}, {"\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xb1\xd9\x88\xd8\xaf", NULL}, /* Persian with a non-joiner */
          {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xe2\x9a\x95\xef\xb8\x8f", NULL}, /* an emoji of several parts */
          {"so\xc2\xad" "ft", NULL});
}

static void test_spaces(void)
{
    CHECK(rule_spaces, {"5\xc2\xa0mg 1\xe2\x80\x89" "000 \xe3\x80\x80", "5 mg 1 000  "});
    CHECK(rule_spaces, {"5 mg\tx\ny", NULL}, {"\xc2\xb5\xc3\x97", NULL});
}

static void test_soft_hyphens(void)
{
    CHECK(rule_soft_hyphens, {"so\xc2\xad" "ft", "soft"}, {"treat\xc2\xad\nment", "treatment"}, {"treat\xc2\xad \n  ment", "treatment"},
          {"dose\xc2\xad\nB", "dose\nB"}, {"dose\xc2\xad\n5 mg", "dose\n5 mg"});
    CHECK(rule_soft_hyphens, {"hard-coded\nand \xe2\x80\x90 others \xc2\xac", NULL});
}

static void test_ligatures(void)
{
    CHECK(rule_ligatures, {"e\xef\xac\x83" "cient \xef\xac\x81" "brosis \xef\xac\x82ow \xef\xac\x80", "efficient fibrosis flow ff"});
    CHECK(rule_ligatures, {"Encyclop\xc3\xa6" "dia \xc5\x93uvre \xc4\xb3", NULL});
}

static void test_glyphs(void)
{
    CHECK(rule_glyphs, {"x = \xef\xa3\xb1 \xef\xa3\xb4 \xef\xa3\xbe", "x = \xe2\x8e\xa7 \xe2\x8e\xaa \xe2\x8e\xad"}, /* parts of brackets */
          {"TNF-\xef\x81\xa1 \xef\x82\xb3 5 \xef\x81\xad" "g", "TNF-\xce\xb1 \xe2\x89\xa5 5 \xce\xbc" "g"},           /* the font Symbol */
          {"\xef\x82\xb7 one\n\xef\x83\x98 two", "\xe2\x80\xa2 one\n\xe2\x9e\xa2 two"},                               /* bullets */
          {"logo \xee\x80\x81 here", "logo  here"}, {"dose \xee\x80\x81 5 mg", "dose \xef\xbf\xbd 5 mg"});            /* a sign is lost */
    CHECK(rule_glyphs, {"\xce\xb1 \xe2\x89\xa5 \xe2\x8e\xa7 \xe2\x80\xa2 \xef\xbf\xbd", NULL});
}

static void test_nfc(void)
{
    CHECK(rule_nfc, {"caf\x65\xcc\x81", "caf\xc3\xa9"},              /* e + acute */
          {"\xe2\x84\xab", "\xc3\x85"},                               /* Angstrom sign */
          {"a\xcc\xa7\xcc\x81 b\xcc\x81\xcc\xa7", "\xc3\xa1\xcc\xa7 b\xcc\xa7\xcc\x81"}, /* marks in canonical order */
          {"\xea\xb0\x80\xe1\x86\xa8", "\xea\xb0\x81"});              /* Hangul LV + T */
    CHECK(rule_nfc, {"\xe2\x80\x93 \xe2\x80\x9cquoted\xe2\x80\x9d \xc2\xb1 2\xc2\xb2 \xef\xac\x81", NULL}, {"b\xcc\xa7\xcc\x81", NULL},
          {"\xe7\xb3\x96\xe5\xb0\xbf\xe7\x97\x85\xe3\x80\x82", NULL});
}

static void test_a_flood_of_marks_is_cut(void)
{
    g_autoptr(GString) text = g_string_new("a");
    for (int i = 0; i < 200000; i++)
        g_string_append(text, i % 2 ? "\xcc\xa7" : "\xcc\x81");
    g_auto(Buffer) out = {.limit = 1 << 20};
    g_assert_cmpuint(rule_nfc(&by_default, text->str, text->len, &out), ==, 1);
    g_assert_cmpuint(out.length, <, 80);
    g_assert_true(g_utf8_validate(out.data, (gssize)out.length, NULL));
}

static void test_rules_without_their_characters_find_nothing(void)
{
    /* The table says which classes of characters a rule needs: without them it must have no work. */
    static const char *const texts[] = {"Plain.\r\n", "na\xc3\xafve 5\xc2\xa0mg", ("\xef\xac\x81 so\xc2\xad" "ft"), "e\xcc\x81 \xef\x81\xa1", "caf\xc3\x83\xc2\xa9 \xff"};
    g_auto(Buffer) out = {.limit = 1 << 20};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        guint classes = characters_survey(texts[i], strlen(texts[i]));
        g_assert_cmpuint(classes, !=, 0);
        for (unsigned rule = 0; rule < CLEAN_RULE_COUNT; rule++)
            if (clean_rules[rule].needs && !(clean_rules[rule].needs & classes))
                g_assert_cmpuint(clean_rules[rule].edit(&by_default, texts[i], strlen(texts[i]), &out), ==, 0);
    }
    static const char plain[] = "Plain text of more than sixteen bytes.\n\t\xc3\xa9";
    g_assert_cmpuint(characters_survey(plain, strlen(plain)), ==, 0);
}

static void test_mojibake(void)
{
    CHECK(rule_mojibake, {"caf\xc3\x83\xc2\xa9", "caf\xc3\xa9"}, {"patient\xc3\xa2\xe2\x82\xac\xe2\x84\xa2s", "patient\xe2\x80\x99s"},
          {"\xc3\x8e\xc2\xb2-blocker", "\xce\xb2-blocker"}, {"37 \xc3\x82\xc2\xb0" "C", "37 \xc2\xb0" "C"},
          {"5 \xc3\xa2\xe2\x80\xb0\xc2\xa5 3", "5 \xe2\x89\xa5 3"}, {"\xc3\xa2\xc2\x80\xc2\x99", "\xe2\x80\x99"},
          {"\xc3\x90\xc2\xb4\xc3\x90\xc2\xb0", "\xd0\xb4\xd0\xb0"});
    CHECK(rule_mojibake, {"caf\xc3\xa9 na\xc3\xafve \xc3\x85ngstr\xc3\xb6m", NULL}, {"\xc2\xabIRM\xc3\x83\xc2\xbb", NULL},
          {"Spa\xc3\x9f\xc2\xab", NULL}, {"CAF\xc3\x89\xc2\xbb", NULL}, {"\xc3\x90\xc2\xb4", NULL}, {"\xc3", NULL},
          {"\xc3\xa2\xe2\x82", NULL}, {"plain", NULL}, {"\xce\xb2 \xc2\xb1 \xc3\x97", NULL});
}

static void test_urls_go(void)
{
    CHECK(rule_urls, {"See https://example.org/a?b=c#d.", "See."}, {"See https://example.org, and then", "See, and then"},
          {"as shown (http://www.who.int/x_(y)).", "as shown."}, {"at www.cdc.gov/flu today", "at today"},
          {"http://a.org/1\nnext line", "\nnext line"}, {"a (http://a.org; http://b.org) b", "a b"},
          {"<https://example.org>", ""}, {"the [CDC](https://cdc.gov/a_(b)) page", "the CDC page"},
          {"text[1](https://doi.org/10.1/x).", "text[1]."}, {"![figure](http://a.org/b.png) end", "figure end"},
          {"\xe8\xa7\x81http://a.cn/b\xe3\x80\x82\xe5\xa5\xbd", "\xe8\xa7\x81\xe3\x80\x82\xe5\xa5\xbd"},
          {"(see HTTP://EXAMPLE.ORG/A)", "(see)"}, {"FTP: ftp://ftp.ncbi.nlm.nih.gov/pub/", "FTP:"},
          {"[a [b]](http://x.org) c", "a [b] c"}, {"(CRD42, http://x.org/1).", "(CRD42)."}, {"in (http://x.org, project 8)", "in (project 8)"},
          {"Text. DOI: http://dx.doi.org/10.7554/x.1", "Text."}, {"of TL. https://doi.org/10.1/E.", "of TL."},
          {"Made by SIS Inc. (http://x.org).", "Made by SIS Inc."}, {"anydoi: https://doi.org/1", "anydoi:"},
          {"[fig]Map. DOI: http://dx.doi.org/1[/fig]", "[fig]Map.[/fig]"},
          {"[fig]A http://x.org [bib_ref]B http://y.org[/bib_ref][/fig]", "[fig]A [bib_ref]B http://y.org[/bib_ref][/fig]"});
}

static void test_urls_leave(void)
{
    CHECK(rule_urls, {"ratio 3://4", NULL}, {"wwww. and www alone, www.x", NULL}, {"f() and ()", NULL},
          {"a@b.org doi:10.1000/182 example.org", NULL}, {"benzo[a](pyrene)", NULL}, {"http://", NULL},
          {"[bib_ref]A study at http://x.org, Doe[/bib_ref] ends", NULL}, {"[CI](95%)", NULL});
}

static void test_emails_go(void)
{
    CHECK(rule_emails, {"Write to jane.doe+x@uni-bern.ch.", "Write to."}, {"Contact (E-mail: a.b@c.org).", "Contact."},
          {"Email address: a@b.com; c@d.co.uk and e@f.edu. Next", ". Next"}, {"<a@b.org>", ""}, {"see mailto:a@b.org, then", "see, then"},
          {"a@b.org\n\nText", "\n\nText"});
}

static void test_what_is_no_email_stays(void)
{
    CHECK(rule_emails, {"5 mg @ 8 h, @WHO, a@b, x@y.z9", NULL}, {"pbmc@meta.data and obj@images.list", NULL}, {"a@b.org-x", NULL},
          {"TRA@ and @@ and @", NULL}, {"p@.com", NULL}, {"Email: none", NULL});
}

static void test_phones_go(void)
{
    CHECK(rule_phones, {"Call 404-555-0132 today", "Call today"}, {"at (404) 555-0132.", "at."}, {"or 1-800-555-0132, free", "or, free"},
          {"ring 404.555.0132", "ring"}, {"(Tel.: 020 7946 0958; Fax: 020 7946 0959)", ""}, {"Phone: +44 (0)20 7946 0958.", "."},
          {"from +33 1 42 34 56 78", "from"}, {"Telephone number: 61 2 9999 0000, or", ", or"}, {"+1-404-555-0132", ""},
          {"1 (404) 555-0132", ""}, {"(404-555-0132)", ""});
}

static void test_what_is_no_phone_stays(void)
{
    CHECK(rule_phones, {"rose by +10 000 000 and +1.5 to 250-300-350", NULL}, {"NCT01234567, ISRCTN12345678, 10.1000/123-456-7890", NULL},
          {"CAS 7732-18-5; ISBN 978-0-306-40615-7; ISSN 0028-4793", NULL}, {"200-300-4000 mg", NULL}, {"150-300-4000", NULL}, {"95% CI 12.5-14.2, p=0.0012345", NULL}, {"by telephone 2010 2011", NULL},
          {"Na+ 12345678", NULL}, {"call 911 or 112", NULL}, {"Tel.: 12345", NULL}, {"404-555-0132%", NULL}, {"2019-555-0132", NULL},
          {"EudraCT 2004-000446-20", NULL}, {"+12 34 56.7", NULL}, {"phone: 24 h", NULL});
}

static void test_personal_values_are_masked(void)
{
    CHECK(rule_personal, {"MRN: 00123456, male", "MRN: [masked], male"}, {"medical record number 1234-567", "medical record number [masked]"},
          {"SSN 123-45-6789", "SSN [masked]"}, {"DOB: 12/03/1965; seen", "DOB: [masked]; seen"}, {"Date of birth: March 12, 1965.", "Date of birth: [masked]."},
          {"date of birth 12 March 1965", "date of birth [masked]"}, {"Patient name: Jane Q. Doe\nAge: 40", "Patient name: [masked]\nAge: 40"},
          {"(MRN #A12345)", "(MRN #[masked])"}, {"NHS number: 943 476 5919", NULL});
}

static void test_what_names_no_person_stays(void)
{
    CHECK(rule_personal, {"the medical record number, the date of birth and the SSN were removed", NULL}, {"SSN 12.5 (SD 3)", NULL},
          {"MRN 5 mg", NULL}, {"born 12/03/1965 at 3200 g", NULL}, {"date of birth (1990 to 2000)", NULL}, {"patient name: unknown", NULL},
          {"SSN: 1234%", NULL}, {"DOB: 12", NULL}, {"patient no. 4", NULL}, {"MRN: [masked]", NULL}, {"The patient: John Smith Hospital", NULL});
}

/* The rules of one source over `before`. */
static void check_source(RuleEdit rule, const RecipeClean *settings, const char *before, const char *after)
{
    const CleanContext by = {.settings = settings};
    g_auto(Buffer) out = {.limit = 1 << 20};
    guint64 edits = rule(&by, before, strlen(before), &out);
    g_assert_cmpuint(edits > 0, ==, after != NULL);
    if (after)
        g_assert_cmpstr(out.data, ==, after);
}

static void test_a_source_starts_and_stops_at_its_headings(void)
{
    static char *start[] = {(char *)"Introduction", (char *)"Key points"}, *stop[] = {(char *)"References", (char *)"Conflict of interest"};
    RecipeClean settings = recipe_clean_default();
    settings.start_at = (RecipeStrings){start, 2};
    settings.stop_at = (RecipeStrings){stop, 2};
    check_source(rule_sections, &settings, "Menu\n\n# 1. INTRODUCTION\n\nA.\n\n## Dose\n\n5 mg.\n\n# References\n\n1. X.\n\n# Notes\n\nB.",
                 "# 1. INTRODUCTION\n\nA.\n\n## Dose\n\n5 mg.\n\n# Notes\n\nB.");
    check_source(rule_sections, &settings, "Introduction without a mark.\n\n# Methods\n\nText.", NULL);
    check_source(rule_sections, &settings, "# Introduction\n\nText.", NULL);
}

static void test_a_source_removes_its_lines(void)
{
    static char *lines[] = {(char *)"Skip to main content", (char *)"Last updated*", (char *)"*all rights reserved*", (char *)"*[more]"};
    RecipeClean settings = recipe_clean_default();
    settings.remove_lines = (RecipeStrings){lines, 4};
    check_source(rule_remove_lines, &settings, "SKIP TO MAIN CONTENT\nText.\n- Last updated: 2020\n(c) X. All Rights Reserved.\n# read [more]\n5 mg", "Text.\n5 mg");
    check_source(rule_remove_lines, &settings, "Skip to main content, he said.\nIt was last updated in 2020.\n[more] or less", NULL);
}

static void test_a_source_drops_its_short_lines(void)
{
    RecipeClean settings = recipe_clean_default();
    settings.min_line_words = 3;
    check_source(rule_short_lines, &settings, "Page two\nA line of text.\nJournal\n# Dose\n- Fever\n5 mg", "\nA line of text.\n\n# Dose\n- Fever\n5 mg");
    check_source(rule_short_lines, &settings, "three short words\n\n\xe7\xb3\x96\xe5\xb0\xbf\xe7\x97\x85\n500/125", NULL);
}

static void test_references_go(void)
{
    CHECK(rule_references, {"shown [1].", "shown."}, {"shown[2,3] before", "shown before"}, {"shown [4-7], and", "shown, and"},
          {"shown [4\xe2\x80\x93" "7]", "shown"}, {"shown [1][2] [3].", "shown."}, {"shown [1]\xe2\x80\x93[3], [5] here", "shown here"},
          {"shown ([12]; [14]) here", "shown here"}, {"[1] Smith J.", "Smith J."}, {"in 2019 [3-5].", "in 2019."},
          {"see [Table 2](#t2).", "see Table 2."}, {"drug[3](#cite-3).", "drug."}, {"note[^2] here", "note here"}, {"note[^fn1]. So", "note. So"},
          {"\xe7\xa0\x94\xe7\xa9\xb6[1]\xe8\xa1\xa8", "\xe7\xa0\x94\xe7\xa9\xb6\xe8\xa1\xa8"}, {"p<0.05 [9] and n>3", "p<0.05 and n>3"},
          {"[12](#a)[13](#b) x", "x"}, {"COVID-19 [3, 5] spreads", "COVID-19 spreads"});
}

static void test_references_leave(void)
{
    CHECK(rule_references, {"(95% [CI] 1.2)", NULL}, {"[18F]FDG benzo[a]pyrene bicyclo[2.2.1]heptane cucurbit[7]uril", NULL},
          {"[1,2,4]triazolo[1,5-a]pyrimidine [2,3]-fused", NULL}, {"p<0.05 in group A, n>3", NULL}, {"x in [0, 1]", NULL},
          {"95% CI [12, 45]", NULL}, {"median 45 [32-58]", NULL}, {"hospital stay [8-15] days", NULL}, {"in [2019]", NULL},
          {"[bib_ref]Trial [1] of x, Doe[/bib_ref] and [fig_ref]Figure [2]: y[/fig_ref]", NULL},
          {"[formula]a[1] + b[2][/formula] [table]Doses [3][/table]", NULL}, {"[Article in French]", NULL}, {"a [ b", NULL},
          {"[]", NULL}, {"[1.5]", NULL}, {"[01]", NULL}, {"a fit, F_[1,2] = 12.87, x^[3]", NULL},
          {"[bib_ref]A[/bib_ref] plots (t[1]/t[2]), states 40[1], parietal", NULL}, {"[^18F]FDG, [^14C] glucose, [^2H_2]JA, [^3H]-thymidine, [^99mTc]x", NULL}, {"[1", NULL}, {"benzo[a](pyrene)", NULL});
}

static void test_lists(void)
{
    CHECK(rule_lists, {"\xe2\x80\xa2 one\n\xe2\x80\xa2two", "- one\n- two"}, {"* one\n  + two", "- one\n  - two"},
          {"\xe2\x80\x93 one", "- one"}, {"\xef\x82\xb7 \xe2\x97\xa6 x", "- x"}, {"-   wide", "- wide"}, {"\xc2\xb7\tdot", "- dot"});
    CHECK(rule_lists, {"1. one\n2) two\n(3) three\na) four", NULL}, {"- one\n  - two", NULL}, {"-5 mg\n*p < 0.05\n+3", NULL},
          {"a \xe2\x80\xa2 b", NULL}, {"\xe7\xb3\x96\n\xc3\xa9\n", NULL}, {"*\n-", NULL}, {"**bold** text", NULL});
}

static void test_headings(void)
{
    CHECK(rule_headings, {"## A\ntext\n#### B\n\n\ntext\n## C ##\ntext", "# A\n\ntext\n\n## B\n\ntext\n\n# C\n\ntext"},
          {"Title\n=====\ntext\n\nSub\n---\nmore", "# Title\n\ntext\n\n## Sub\n\nmore"},
          {"# A\n\n## B\n\n### C\n\n#### D\n\ntext", "# A\n\n## B\n\n### C\n\n### D\n\ntext"}, {"#   Wide\n\ntext", "# Wide\n\ntext"});
    CHECK(rule_headings, {"# A\n\n## B\n\ntext\n\n# C\n\ntext", NULL}, {"#hashtag\nC# is not one", NULL}, {"# A\n\n## B", NULL},
          {"no heading at all", NULL}, {"- a\n- b\n---\nc", NULL}, {"line one\nline two\n---", NULL}, {"# A #1\n\nx", NULL});
}

static void test_empty_sections(void)
{
    CHECK(rule_empty_sections, {"text\n\n# References", "text\n\n"}, {"# A\n\n## B\n\n# C\n\ntext", "# C\n\ntext"}, {"# \n\ntext", "text"},
          {"# A\n\n### ", ""}, {"# A\n\n- x\n\n## B\n\n## C\n\n5 mg", "# A\n\n- x\n\n## C\n\n5 mg"});
    CHECK(rule_empty_sections, {"# A\n\n## B\n\ntext\n\n# C\n\n500", NULL}, {"# A\n\n### B\n\ntext", NULL}, {"no heading", NULL},
          {"# A\n\n## B\n\n### C\n\n### D\n\ntext", NULL}); /* D may have been deeper */
}

static void test_lines(void)
{
    CHECK(rule_lines, {"a\n***\nb", "a\n\nb"}, {"- a\n-\n- b", "- a\n- b"}, {"\xe2\x80\x94\xe2\x80\x94\xe2\x80\xa6", ""});
    CHECK(rule_lines, {"500/125\n(5)\n\xc2\xbd\n\xe7\xb3\x96\n\xd0\xb4\n\xce\xb1", NULL}, {"\n\n \n", NULL}, {"...and text", NULL});
}

static void test_blank_lines(void)
{
    CHECK(rule_blank_lines, {"a  \n\n\n \t\nb\n", "a\n\nb"}, {"\n \n  indented\n", "  indented"}, {" \n\t", ""}, {"a \nb", "a\nb"},
          {"   ", ""});
    CHECK(rule_blank_lines, {"a\n\nb\n  c", NULL}, {"", NULL}, {"  a", NULL});
}

static void test_rules_take_linear_time(void)
{
    static const char *const units[] = {"[", "[fig]", "](http://", "[1", "\n# x\n", "www.", "://", "(", "- ", "\n \n", "\xc3\xa2",
                                        "[a](#", "http://a(", "  [1]", "[1]-", "\xcc\x81", "\xe2\x80\x8d", "\n=\n", "######## "};
    g_auto(Buffer) out = {.limit = 1 << 24};
    gint64 start = g_get_monotonic_time();
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        while (text->len < 200000)
            g_string_append(text, units[i]);
        for (unsigned rule = 0; rule < CLEAN_RULE_COUNT; rule++)
            clean_rules[rule].edit(&by_default, text->str, text->len, &out);
    }
    /* Quadratic work would be 19 x 200,000 squared: minutes. Sanitizers and a busy machine fit below this easily. */
    g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
}

/* Every rule at its default, and no limits. */
static RecipeClean all_rules(void)
{
    RecipeClean settings = recipe_clean_default();
    settings.min_characters = settings.min_words = 0;
    settings.languages = (RecipeStrings){0};
    settings.min_word_length = settings.min_words_with_letters = 0;
    settings.max_word_length = 1e9;
    settings.max_top_2gram = settings.max_top_3gram = settings.max_top_4gram = 1;
    settings.max_duplicate_5gram = settings.max_duplicate_6gram = settings.max_duplicate_7gram = 1;
    settings.max_duplicate_8gram = settings.max_duplicate_9gram = settings.max_duplicate_10gram = 1;
    return settings;
}

static char *clean(const RecipeClean *settings, const char *title, const char *text, CleanReport *report)
{
    const CleanContext by = {.settings = settings};
    g_autoptr(Cleaner) cleaner = cleaner_new();
    gsize length;
    cleaner_clean(cleaner, &by, title, text, strlen(text), report);
    return g_strdup(cleaner_text(cleaner, &length));
}

static void assert_cleans_to(const char *title, const char *text, const char *expected)
{
    RecipeClean settings = all_rules();
    CleanReport report;
    g_autofree char *once = clean(&settings, title, text, &report);
    g_assert_cmpstr(once, ==, expected);
    g_autofree char *twice = clean(&settings, NULL, once, &report);
    g_assert_cmpstr(twice, ==, expected);
    for (unsigned i = 0; i < CLEAN_RULE_COUNT; i++)
        g_assert_cmpuint(report.edits[i], ==, 0);
}

static void test_title_and_body(void)
{
    assert_cleans_to("A\nlong   title", "Body.", "A long title\n\nBody.");
    assert_cleans_to("A title.", "# A title\n\nBody.", "# A title\n\nBody.");
    assert_cleans_to("A title", "A title\n\nBody.", "A title\n\nBody.");
    assert_cleans_to("A title", "A title is not the whole line.", "A title\n\nA title is not the whole line.");
    assert_cleans_to(NULL, "Body.", "Body.");
    assert_cleans_to(" ", "Body.", "Body.");
    assert_cleans_to("Ef\xef\xac\x81" "cacy", "Efficacy\n\nBody.", "Efficacy\n\nBody.");
}

static void test_rules_work_together(void)
{
    assert_cleans_to("Trial [1]", "Text\xc2\xa0[2](http://a.org/b), see (https://c.org).\r\n\r\n\r\n\xe2\x80\xa2\tone\n***\n## Results\n"
                     "Dose 5\xe2\x80\x89mg [3-5].\n#### References\nhttp://x.org",
                     "Trial\n\nText, see.\n\n- one\n\n# Results\n\nDose 5 mg.");
    assert_cleans_to(NULL, "- a\n  - b\n    - c\n  goes on\n- d", "- a\n  - b\n    - c\n  goes on\n- d");
    assert_cleans_to(NULL, "nested [1[2]] and \xc3\x83\xc6\x92\xc3\x82\xc2\xa9", "nested and \xc3\xa9");
    assert_cleans_to(NULL, "ht[^a]tp://x.org", "");
}

static void test_edits_are_reported(void)
{
    RecipeClean settings = all_rules();
    CleanReport report;
    g_autofree char *text = clean(&settings, NULL, "One [1] two [2] and http://a.org/b.", &report);
    g_assert_cmpstr(text, ==, "One two and.");
    for (unsigned i = 0; i < CLEAN_RULE_COUNT; i++)
        g_assert_cmpuint(report.edits[i], ==, strcmp(clean_rules[i].slug, "references") == 0 ? 2
                                              : strcmp(clean_rules[i].slug, "urls") == 0     ? 1
                                                                                             : 0);
}

static void test_a_rule_that_is_off_does_nothing(void)
{
    RecipeClean settings = all_rules();
    CleanReport report;
    settings.urls = settings.references = FALSE;
    g_autofree char *text = clean(&settings, NULL, "One [1] at http://a.org/b", &report);
    g_assert_cmpstr(text, ==, "One [1] at http://a.org/b");
}

static void test_text_that_does_not_settle_is_dropped(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    RecipeClean settings = all_rules();
    CleanReport report;
    for (int i = 0; i < 2 * CLEAN_ROUNDS; i++) {
        g_string_prepend(text, "[1"); /* each pass takes the innermost mark and so makes the next one */
        g_string_append(text, "]");
    }
    g_free(clean(&settings, NULL, text->str, &report));
    g_assert_true(report.dropped);
    g_assert_cmpstr(report.verdict.rule, ==, "unstable");
    g_assert_cmpfloat(report.verdict.threshold, ==, CLEAN_ROUNDS);
}

static void assert_drop(const RecipeClean *settings, const char *text, const char *rule, double value, double threshold)
{
    CleanReport report;
    g_free(clean(settings, NULL, text, &report));
    g_assert_true(report.dropped);
    g_assert_cmpint(report.verdict.outcome, ==, OUTCOME_DROPPED);
    g_assert_cmpstr(report.verdict.stage, ==, "clean");
    g_assert_cmpstr(report.verdict.rule, ==, rule);
    g_assert_cmpfloat(report.verdict.value, ==, value);
    g_assert_cmpfloat(report.verdict.threshold, ==, threshold);
    g_assert_true(report.verdict.winner == DOCNO_NONE);
}

static void test_text_that_outgrows_the_limit_is_dropped(void)
{
    /* A broken byte becomes three bytes: the text fits as it comes and not as it is cleaned. */
    gsize length = DOCUMENT_TEXT_LIMIT / 3 + 1;
    g_autofree char *text = g_malloc(length);
    memset(text, 0xff, length);
    RecipeClean settings = all_rules();
    const CleanContext by = {.settings = &settings};
    g_autoptr(Cleaner) cleaner = cleaner_new();
    CleanReport report;
    g_assert_false(cleaner_clean(cleaner, &by, NULL, text, length, &report));
    g_assert_cmpstr(report.verdict.rule, ==, "too-long");
    g_assert_cmpstr(report.verdict.detail, ==, "bytes");
}

static void test_length(void)
{
    RecipeClean settings = all_rules();
    CleanReport report;
    settings.min_characters = 10;
    settings.max_characters = 30;
    settings.min_words = 3;
    assert_drop(&settings, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "too-short", 9, 10);
    assert_drop(&settings, "two wooooooords", "too-short", 2, 3);
    assert_drop(&settings, "a text that has more than thirty characters", "too-long", 43, 30);
    g_free(clean(&settings, NULL, "three words here", &report));
    g_assert_false(report.dropped);
    g_free(clean(&settings, NULL, "\xe7\xb3\x96\xe5\xb0\xbf\xe7\x97\x85\xe7\xb3\x96\xe5\xb0\xbf\xe7\x97\x85\xe7\xb3\x96\xe5\xb0\xbf\xe7\x97\x85\xe7\xb3\x96", &report));
    g_assert_false(report.dropped);
}

/* Docno 0: English with edits; 1: German; 2: too short; 3: source code of the replay group. */
static gboolean put_documents(StoreTxn *txn, gpointer user, GError **error)
{
    static const char *const texts[] = {
        "Patients who were treated with metformin had a lower risk of heart failure than the others [1]. We recommend "
        "that clinicians measure blood pressure at every visit (http://example.org/bp) and adjust the dose.",
        "Patienten, die mit Metformin behandelt wurden, hatten ein geringeres Risiko als die anderen. Der Blutdruck sollte "
        "bei jedem Besuch gemessen und die Dosis angepasst werden, wenn das nötig ist und der Patient es wünscht.",
        "Short.",
        "# count the patients\nfor i in range(10):\n    total[1] += len(patients)  # see http://example.org/a\nprint(total)",
    };
    for (Docno docno = 0; docno < G_N_ELEMENTS(texts); docno++) {
        g_auto(Document) document = {.source = g_strdup(docno == 3 ? "code" : "web"), .title = g_strdup("A title")};
        document_set_text(&document, texts[docno], strlen(texts[docno]));
        if (!document_put(txn, docno, &document, error))
            return FALSE;
    }
    return TRUE;
}

static json_int_t count_of(const StageRun *run, const char *name)
{
    return json_integer_value(json_object_get(run->counts, name));
}

static void check_results(Store *store)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autofree char *text = NULL, *code = NULL;
    gsize length;
    Verdict verdict;
    g_assert_true(cleaned_get(txn, 0, &text, &length, &error));
    g_assert_cmpstr(text, ==, "A title\n\nPatients who were treated with metformin had a lower risk of heart failure than the "
                              "others. We recommend that clinicians measure blood pressure at every visit and adjust the dose.");
    g_assert_false(ledger_has(txn, 0));
    g_assert_true(ledger_get(txn, 1, &verdict, &error));
    g_assert_cmpstr(verdict.rule, ==, "language");
    g_assert_cmpstr(verdict.detail, ==, "language: de");
    g_assert_true(ledger_get(txn, 2, &verdict, &error));
    g_assert_cmpstr(verdict.rule, ==, "too-short");
    g_assert_cmpfloat(verdict.value, ==, strlen("A title\n\nShort."));
    g_assert_true(cleaned_get(txn, 3, &code, &length, &error));
    g_assert_nonnull(strstr(code, "# count the patients\nfor i"));
    g_assert_nonnull(strstr(code, "total[1] += len(patients)  # see http://example.org/a"));

    g_auto(StageRun) run = {0};
    g_assert_true(stage_load(txn, "clean", &run, &error));
    g_assert_cmpint(count_of(&run, "web/edits:urls"), ==, 1);
    g_assert_cmpint(count_of(&run, "web/edited:references"), ==, 1);
    g_assert_cmpint(count_of(&run, "web/dropped:language"), ==, 1);
    g_assert_cmpint(count_of(&run, "web/dropped:too-short"), ==, 1);
    g_assert_cmpint(count_of(&run, "web/language:de"), ==, 1);
    g_assert_cmpint(count_of(&run, "web/characters_out"), ==, (json_int_t)strlen(text));
    g_assert_cmpint(count_of(&run, "code/edits:urls"), ==, 0);
    g_assert_no_error(error);
}

static void test_the_stage(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("galen-cleaning-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "store", NULL);
    static char *languages[] = {(char *)"en"};
    RecipeSource sources[] = {{.tag = (char *)"web"}, {.tag = (char *)"code", .group = GROUP_REPLAY}};
    Recipe recipe = {.sources = sources, .sources_count = 2, .clean = all_rules()};
    for (int i = 0; i < 2; i++) {
        sources[i].clean = recipe.clean;
        sources[i].clean.languages = (RecipeStrings){languages, 1};
        sources[i].clean.min_characters = 30;
    }
    recipe_clean_for_replay(&sources[1].clean);
    g_autoptr(Store) store = store_open(path, STORE_CREATE, &error);
    g_assert_true(store_write(store, put_documents, NULL, &error));
    StageContext context = {.store = store, .jobs = 2};
    g_autofree char *first = NULL, *second = NULL, *third = NULL, *fourth = NULL;
    g_assert_true(clean_run(&context, &recipe, "before", &first, &error));
    g_assert_no_error(error);
    check_results(store);
    g_assert_true(clean_run(&context, &recipe, "before", &second, &error));
    check_results(store);
    g_assert_cmpstr(first, ==, second);
    g_assert_true(clean_run(&context, &recipe, "other", &third, &error));
    g_assert_cmpstr(first, !=, third);
    sources[0].clean.min_words++;
    g_assert_true(clean_run(&context, &recipe, "before", &fourth, &error));
    g_assert_cmpstr(first, !=, fourth);
    g_clear_pointer(&store, store_free);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    g_assert_cmpint(system(command), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    defaults = recipe_clean_default();
    g_test_add_func("/cleaning/encoding: what is no UTF-8 becomes U+FFFD", test_encoding);
    g_test_add_func("/cleaning/controls: what nobody sees goes, line ends become newlines", test_controls);
    g_test_add_func("/cleaning/spaces: blanks of all kinds become plain", test_spaces);
    g_test_add_func("/cleaning/soft hyphens go, and words broken by them are whole", test_soft_hyphens);
    g_test_add_func("/cleaning/ligatures become letters", test_ligatures);
    g_test_add_func("/cleaning/glyphs: private characters become what they show", test_glyphs);
    g_test_add_func("/cleaning/nfc: composes, and leaves every script alone", test_nfc);
    g_test_add_func("/cleaning/nfc: a flood of marks is cut", test_a_flood_of_marks_is_cut);
    g_test_add_func("/cleaning/a rule without its characters finds nothing", test_rules_without_their_characters_find_nothing);
    g_test_add_func("/cleaning/mojibake: repairs what is certain and nothing else", test_mojibake);
    g_test_add_func("/cleaning/urls: bare URLs go and links keep their text", test_urls_go);
    g_test_add_func("/cleaning/urls: what only looks like a URL stays", test_urls_leave);
    g_test_add_func("/cleaning/emails: addresses go with their label", test_emails_go);
    g_test_add_func("/cleaning/emails: what only looks like one stays", test_what_is_no_email_stays);
    g_test_add_func("/cleaning/phones: telephone numbers go", test_phones_go);
    g_test_add_func("/cleaning/phones: doses, intervals, identifiers and years stay", test_what_is_no_phone_stays);
    g_test_add_func("/cleaning/personal: values of fields of records are masked", test_personal_values_are_masked);
    g_test_add_func("/cleaning/personal: names of fields, ages and doses stay", test_what_names_no_person_stays);
    g_test_add_func("/cleaning/sections: a source starts and stops at its headings", test_a_source_starts_and_stops_at_its_headings);
    g_test_add_func("/cleaning/remove-lines: a source removes its lines", test_a_source_removes_its_lines);
    g_test_add_func("/cleaning/short-lines: doses, headings and items stay", test_a_source_drops_its_short_lines);
    g_test_add_func("/cleaning/references: citation marks go", test_references_go);
    g_test_add_func("/cleaning/references: intervals, chemical names and special tokens stay", test_references_leave);
    g_test_add_func("/cleaning/lists: bullets of all kinds become dashes", test_lists);
    g_test_add_func("/cleaning/headings: levels, gaps and underlines", test_headings);
    g_test_add_func("/cleaning/empty sections go, with parents that held nothing else", test_empty_sections);
    g_test_add_func("/cleaning/lines: lines without letter and digit go, doses and Chinese stay", test_lines);
    g_test_add_func("/cleaning/blank lines: at most one", test_blank_lines);
    g_test_add_func("/cleaning/all rules take linear time", test_rules_take_linear_time);
    g_test_add_func("/cleaning/the title stands above the body once", test_title_and_body);
    g_test_add_func("/cleaning/the rules work together and come to rest", test_rules_work_together);
    g_test_add_func("/cleaning/edits are reported by rule", test_edits_are_reported);
    g_test_add_func("/cleaning/a rule that is off does nothing", test_a_rule_that_is_off_does_nothing);
    g_test_add_func("/cleaning/text that does not settle is dropped", test_text_that_does_not_settle_is_dropped);
    g_test_add_func("/cleaning/text that outgrows the limit is dropped", test_text_that_outgrows_the_limit_is_dropped);
    g_test_add_func("/cleaning/length counts code points and words", test_length);
    g_test_add_func("/cleaning/the stage saves, drops, counts and names its settings", test_the_stage);
    return g_test_run();
}
