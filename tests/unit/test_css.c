/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/css.h and selector.h: what selectors match on a page, and errors that point. */
#include "scrapers/extract/css.h"

#include <string.h>

#include "base/error.h"
#include "scrapers/extract/content.h"
#include "scrapers/extract/selector.h"

#define PAGE                                                                                                           \
    "<body><div id=top class='page wide-page'><p class=lead>1</p><section><p class='lead  first'>2</p><p>3</p></section></div>" \
    "<ul class=pages><li><a href=/doc/1>4</a><li><a href='/doc/2' title=\"it's\">5</a><li><a href=/about lang=EN>6</a></ul>" \
    "<p class='sm:wide'>7</p>"

/* How many elements of PAGE a selector matches. */
static guint matches(const char *selector)
{
    ParseFailure failure;
    g_autoptr(GError) error = NULL;
    g_autoptr(Page) page = page_parse(PAGE, strlen(PAGE), &failure);
    g_autofree char *xpath = selector_to_xpath(selector, &error);
    g_assert_no_error(error);
    return content_count(page, xpath);
}

static void test_selectors_match_what_css_says(void)
{
    static const struct {
        const char *selector;
        guint count;
    } cases[] = {
        {"css:p", 4},
        {"css:P", 4},
        {"css:*#top", 1},
        {"css:#top", 1},
        {"css:#nothing", 0},
        {"css:.lead", 2},
        {"css:.page", 1}, /* not wide-page, not pages */
        {"css:p.lead.first", 1},
        {"css:div p", 3},
        {"css:div > p", 1},
        {"css:div>p", 1},
        {"css:div > section > p", 2},
        {"css:section p, ul a", 5},
        {"css:  section p ,ul a  ", 5},
        {"css:a[title]", 1},
        {"css:a[href='/about']", 1},
        {"css:a[ href = \"/about\" ]", 1},
        {"css:a[href^='/doc/']", 2},
        {"css:a[href*=bou]", 1},
        {"css:a[href^='']", 0},
        {"css:a[title=\"it's\"]", 1},
        {"css:a[LANG=EN]", 1},
        {"css:p:not(.lead)", 2},
        {"css:p:not([class])", 1},
        {"css:section > *:not(.first):not(#x)", 1},
        {"css:section :not(p)", 0},
        {"css:.sm\\:wide", 1},
        {"//p[@class='lead']", 1},
        {"//a/@href", 3},
        {"string(//a)", 1},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].selector);
        g_assert_cmpuint(matches(cases[i].selector), ==, cases[i].count);
    }
}

static void test_a_value_with_both_quotes_is_matched(void)
{
    g_autofree char *xpath = css_to_xpath("a.it\\'s\\\"x", NULL);
    g_assert_cmpstr(xpath, ==, "//a[contains(concat(' ',normalize-space(@class),' '),concat(' it',\"'\",'s\"x '))]");
}

/* The text before the caret of an error is as long as the text before the bad character. */
static void test_errors_point_at_the_bad_character(void)
{
    static const struct {
        const char *selector;
        int column; /* from 0 */
        const char *says;
    } cases[] = {
        {"css:div..x", 4, "name of a class"},
        {"css:div.", 4, "name of a class"},
        {"css:div#1", 4, "an id"},
        {"css:a[href~=x]", 6, "one of = ^= *= or ]"},
        {"css:a[href=x", 8, "']'"},
        {"css:a[href='x]", 7, "does not end"},
        {"css:a:hover", 1, "only :not()"},
        {"css:a:not(:not(b))", 6, "one tag"},
        {"css:a:not(b c)", 8, "')'"},
        {"css:a + b", 2, "not known"},
        {"css:a,", 2, "must stand here"},
        {"css:", 0, "must stand here"},
        {"css:a > > b", 4, "cannot begin"},
        {"css:\xc3\xa9t\xc3\xa9.\xc3\xa9 !", 0, "of HTML"},
        {"css:p.\xc3\xa9 !", 4, "cannot begin"},
        {"//div[", 6, "XPath"},
        {"//p[@class='a]", 14, "XPath"},
        {"//p[foo(]", 8, "XPath"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(selector_to_xpath(cases[i].selector, &error));
        g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
        g_test_message("%s: %s", cases[i].selector, error->message);
        g_assert_nonnull(strstr(error->message, cases[i].says));
        const char *last = strrchr(error->message, '\n');
        g_assert_cmpint((int)strlen(last + 1) - 1, ==, cases[i].column + 2);
        g_assert_true(g_str_has_suffix(last, "^"));
    }
}

static void test_a_source_names_setting_and_selector(void)
{
    char *content[] = {(char *)"//article", (char *)"css:div..x"};
    RecipeSource source = {.tag = (char *)"nice", .extract = {.content = {content, 2}},
                           .file = "nice.yaml", .file_text = "tag: nice\nextract:\n  content: [\"css:div..x\"]\n"};
    g_autoptr(GError) error = NULL;
    g_assert_false(selectors_check(&source, &error));
    g_test_message("%s", error->message);
    g_assert_true(g_str_has_prefix(error->message, "nice.yaml:3: source 'nice': content: the selector \"css:div..x\" cannot be used: "));
    source.extract.content.count = 1;
    g_assert_true(selectors_check(&source, NULL));
}

static void test_exact_matches_of_a_class_are_warned_of(void)
{
    g_autofree char *lint = selector_lint("//div[@class='a  b ']/p");
    g_assert_nonnull(lint);
    g_assert_nonnull(strstr(lint, "\"css:.a.b\""));
    g_assert_null(selector_lint("//div[contains(@class, 'a b')]"));
    g_assert_null(selector_lint("//div[@id='a b']"));
    g_assert_null(selector_lint("css:div[class='a b']"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/css/selectors match what CSS says", test_selectors_match_what_css_says);
    g_test_add_func("/css/a value with both quotes is matched", test_a_value_with_both_quotes_is_matched);
    g_test_add_func("/css/errors point at the bad character", test_errors_point_at_the_bad_character);
    g_test_add_func("/css/a source names setting and selector", test_a_source_names_setting_and_selector);
    g_test_add_func("/css/exact matches of a class are warned of", test_exact_matches_of_a_class_are_warned_of);
    return g_test_run();
}
