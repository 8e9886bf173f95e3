/* SPDX-License-Identifier: Apache-2.0
 * cleaning/: what each rule changes and what it leaves alone, the order of all, the drops, the stage. */
#include "cleaning/clean.h"

#include <glib/gstdio.h>
#include <string.h>

#include "cleaning/rules.h"
#include "store/document.h"

typedef struct Case {
    const char *before;
    const char *after; /* NULL: no edit */
} Case;

static void check_rule(RuleEdit rule, const Case *cases, gsize count)
{
    g_auto(Buffer) out = {.limit = 1 << 20};
    g_auto(Buffer) again = {.limit = 1 << 20};
    for (gsize i = 0; i < count; i++) {
        guint64 edits = rule(cases[i].before, strlen(cases[i].before), &out);
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
        g_assert_cmpuint(rule(out.data, out.length, &again), ==, 0);
    }
}

#define CHECK(rule, ...)                                      \
    do {                                                      \
        static const Case cases[] = {__VA_ARGS__};            \
        check_rule(rule, cases, G_N_ELEMENTS(cases));         \
    } while (0)

static void test_unicode_changes(void)
{
    CHECK(rule_unicode,
          {"caf\x65\xcc\x81", "caf\xc3\xa9"},                         /* e + acute */
          {"\xe2\x84\xab", "\xc3\x85"},                               /* Angstrom sign */
          {"a\xcc\xa7\xcc\x81 b\xcc\x81\xcc\xa7", "\xc3\xa1\xcc\xa7 b\xcc\xa7\xcc\x81"}, /* marks in canonical order */
          {"\xea\xb0\x80\xe1\x86\xa8", "\xea\xb0\x81"},               /* Hangul LV + T */
          {"bad \xff byte \xe2\x82 cut", "bad \xef\xbf\xbd byte \xef\xbf\xbd cut"},
          {"a\x01\x7f\xc2\x81z", "az"},
          {"zero\xe2\x80\x8bwidth \xef\xbb\xbfmark so\xc2\xad" "ft", "zerowidth mark soft"},
          {"non\xef\xbf\xbe\xef\xb7\x90" "character", "noncharacter"},
          {"one\r\ntwo\rthree\xe2\x80\xa8" "four\xc2\x85" "five\x0c" "six", "one\ntwo\nthree\nfour\nfive\nsix"},
          {"5\xc2\xa0mg 1\xe2\x80\x89" "000 \xe3\x80\x80", "5 mg 1 000  "},
          {"e\xef\xac\x83" "cient \xef\xac\x81" "brosis \xef\xac\x82ow \xef\xac\x80", "efficient fibrosis flow ff"},
          {"a\xe2\x80\x8d" "b", "ab"},
          {"x = \xef\xa3\xb1 \xef\xa3\xb4 \xef\xa3\xbe", "x = \xe2\x8e\xa7 \xe2\x8e\xaa \xe2\x8e\xad"}); /* Symbol font */
}

static void test_unicode_leaves(void)
{
    CHECK(rule_unicode, {"Plain ASCII text, long enough for several blocks of sixteen bytes.\n\tIndented.", NULL},
          {"\xce\xb1-synuclein \xe2\x89\xa5 5 \xc2\xb5g \xe2\x80\x93 \xe2\x80\x9cquoted\xe2\x80\x9d \xc2\xb1 2\xc2\xb2", NULL},
          {"\xe7\xb3\x96\xe5\xb0\xbf\xe7\x97\x85\xe3\x80\x82", NULL}, {"\xef\xbf\xbd", NULL},
          {"\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xb1\xd9\x88\xd8\xaf", NULL}, /* Persian with a non-joiner */
          {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xe2\x9a\x95\xef\xb8\x8f", NULL}, /* an emoji of several parts */
          {"b\xcc\xa7\xcc\x81", NULL}, {"", NULL});
}

static void test_a_flood_of_marks_is_cut(void)
{
    g_autoptr(GString) text = g_string_new("a");
    for (int i = 0; i < 200000; i++)
        g_string_append(text, i % 2 ? "\xcc\xa7" : "\xcc\x81");
    g_auto(Buffer) out = {.limit = 1 << 20};
    g_assert_cmpuint(rule_unicode(text->str, text->len, &out), ==, 1);
    g_assert_cmpuint(out.length, <, 80);
    g_assert_true(g_utf8_validate(out.data, (gssize)out.length, NULL));
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
          {"# A\n\n## B\n\n### C\n\n#### D\n\ntext", "# A\n\n## B\n\n### C\n\n### D\n\ntext"},
          {"text\n\n# References", "text"}, {"# A\n\n## B\n\n# C\n\ntext", "# C\n\ntext"}, {"# \n\ntext", "text"},
          {"#   Wide\n\ntext", "# Wide\n\ntext"});
    CHECK(rule_headings, {"# A\n\n## B\n\ntext\n\n# C\n\ntext", NULL}, {"#hashtag\nC# is not one", NULL}, {"# A\n\n### ", ""},
          {"no heading at all", NULL}, {"- a\n- b\n---\nc", NULL}, {"line one\nline two\n---", NULL}, {"# A #1\n\nx", NULL});
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
            clean_rules[rule].edit(text->str, text->len, &out);
    }
    /* Quadratic work would be 19 x 200,000 squared: minutes. Sanitizers and a busy machine fit below this easily. */
    g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
}

static const RecipeClean all_rules = {TRUE, TRUE, TRUE, TRUE, TRUE, TRUE, 0, 0, 20000000, {NULL, 0}, 0.5};

static char *clean(const RecipeClean *settings, const char *title, const char *text, CleanReport *report)
{
    g_auto(Buffer) out = {.limit = DOCUMENT_TEXT_LIMIT};
    clean_text(settings, title, text, strlen(text), &out, report);
    return buffer_steal(&out, NULL);
}

static void assert_cleans_to(const char *title, const char *text, const char *expected)
{
    CleanReport report;
    g_autofree char *once = clean(&all_rules, title, text, &report);
    g_assert_cmpstr(once, ==, expected);
    g_autofree char *twice = clean(&all_rules, NULL, once, &report);
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
    CleanReport report;
    g_autofree char *text = clean(&all_rules, NULL, "One [1] two [2] and http://a.org/b.", &report);
    g_assert_cmpstr(text, ==, "One two and.");
    for (unsigned i = 0; i < CLEAN_RULE_COUNT; i++)
        g_assert_cmpuint(report.edits[i], ==, strcmp(clean_rules[i].slug, "references") == 0 ? 2
                                              : strcmp(clean_rules[i].slug, "urls") == 0     ? 1
                                                                                             : 0);
}

static void test_a_rule_that_is_off_does_nothing(void)
{
    RecipeClean settings = all_rules;
    CleanReport report;
    settings.urls = settings.references = FALSE;
    g_autofree char *text = clean(&settings, NULL, "One [1] at http://a.org/b", &report);
    g_assert_cmpstr(text, ==, "One [1] at http://a.org/b");
}

static void test_text_that_does_not_settle_is_dropped(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    CleanReport report;
    for (int i = 0; i < 2 * CLEAN_ROUNDS; i++) {
        g_string_prepend(text, "[1"); /* each pass takes the innermost mark and so makes the next one */
        g_string_append(text, "]");
    }
    g_free(clean(&all_rules, NULL, text->str, &report));
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
    g_auto(Buffer) out = {.limit = DOCUMENT_TEXT_LIMIT};
    CleanReport report;
    g_assert_false(clean_text(&all_rules, NULL, text, length, &out, &report));
    g_assert_cmpstr(report.verdict.rule, ==, "too-long");
    g_assert_cmpstr(report.verdict.detail, ==, "bytes");
}

static void test_length(void)
{
    RecipeClean settings = all_rules;
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
    Recipe recipe = {.sources = sources, .sources_count = 2, .clean = all_rules};
    recipe.clean.languages = (RecipeStrings){languages, 1};
    recipe.clean.min_characters = 30;
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
    recipe.clean.min_words++;
    g_assert_true(clean_run(&context, &recipe, "before", &fourth, &error));
    g_assert_cmpstr(first, !=, fourth);
    g_clear_pointer(&store, store_free);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    g_assert_cmpint(system(command), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cleaning/unicode: composes, decodes and removes what nobody sees", test_unicode_changes);
    g_test_add_func("/cleaning/unicode: leaves good text of every script alone", test_unicode_leaves);
    g_test_add_func("/cleaning/unicode: a flood of marks is cut", test_a_flood_of_marks_is_cut);
    g_test_add_func("/cleaning/mojibake: repairs what is certain and nothing else", test_mojibake);
    g_test_add_func("/cleaning/urls: bare URLs go and links keep their text", test_urls_go);
    g_test_add_func("/cleaning/urls: what only looks like a URL stays", test_urls_leave);
    g_test_add_func("/cleaning/references: citation marks go", test_references_go);
    g_test_add_func("/cleaning/references: intervals, chemical names and special tokens stay", test_references_leave);
    g_test_add_func("/cleaning/lists: bullets of all kinds become dashes", test_lists);
    g_test_add_func("/cleaning/headings: levels, gaps, underlines and empty sections", test_headings);
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
