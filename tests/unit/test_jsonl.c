/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/jsonl.c and json_record.cc: documents as lines. */
#include "tests/unit/parse_helper.h"

static void test_the_shape_of_redpajama_has_no_id(void)
{
    g_auto(Parsed) parsed = parse(&format_jsonl, "{\"text\":\"A\\r\\nb \\u00e9\",\"meta\":{\"z\":1,\"a\":\"x\"}}");
    g_assert_true(parsed.good);
    g_assert_cmpstr(parsed.document.id, ==, "file@0");
    g_assert_cmpstr(parsed.document.text, ==, "A\nb \xc3\xa9");
    g_assert_cmpuint(parsed.document.text_length, ==, 6);
    g_assert_cmpstr(parsed.document.kind, ==, "text");
    assert_meta(&parsed.document, "{\"a\":\"x\",\"z\":1}");
}

static void test_known_fields_are_taken_over(void)
{
    g_auto(Parsed) parsed = parse(&format_jsonl, "{\"id\":42,\"text\":\"x\",\"title\":\"T\",\"url\":\"http://a/\",\"license\":"
                                                 "\"CC0-1.0\",\"created\":\"2020-03-04T05:06:07Z\",\"language\":\"eng\"}");
    g_assert_cmpstr(parsed.document.id, ==, "42");
    g_assert_cmpstr(parsed.document.title, ==, "T");
    g_assert_cmpstr(parsed.document.url, ==, "http://a/");
    g_assert_cmpstr(parsed.document.licence, ==, "CC0-1.0");
    g_assert_cmpstr(parsed.document.date, ==, "2020-03-04");
    g_assert_cmpstr(parsed.document.language, ==, "en");
}

static void test_field_names_come_from_the_recipe(void)
{
    RecipeSource source = {.tag = (char *)"t", .format = (char *)"jsonl", .text_field = (char *)"body",
                           .id_field = (char *)"key", .licence = (char *)"MIT"};
    g_autoptr(ParseOptions) options = parse_options_new(&source);
    static const char line[] = "{\"body\":\"b\",\"key\":\"k\",\"text\":\"no\"}";
    Record record = {.bytes = (char *)line, .length = strlen(line), .origin = (char *)"o"};
    g_auto(Parsed) parsed = {0};
    g_assert_true(format_jsonl.parse(&record, options, &parsed.document, &parsed.failure));
    g_assert_cmpstr(parsed.document.text, ==, "b");
    g_assert_cmpstr(parsed.document.id, ==, "k");
    g_assert_cmpstr(parsed.document.licence, ==, "MIT");
}

static void test_bad_lines_name_what_is_wrong(void)
{
    assert_failure(&format_jsonl, "{\"text\":5}", RULE_MALFORMED_JSON, "'text' is a number");
    assert_failure(&format_jsonl, "{\"text\":null}", RULE_MALFORMED_JSON, "'text' is null");
    assert_failure(&format_jsonl, "{\"body\":\"x\"}", RULE_MALFORMED_JSON, "'text'");
    assert_failure(&format_jsonl, "[1,2]", RULE_MALFORMED_JSON, "an array");
    assert_failure(&format_jsonl, "{\"text\":\"x\"", RULE_MALFORMED_JSON, "");
    assert_failure(&format_jsonl, "", RULE_MALFORMED_JSON, "");
    assert_failure(&format_jsonl, "{\"text\":\"  \\n\"}", RULE_NO_TEXT, "empty");
    assert_failure(&format_jsonl, "{\"text\":\"\xff\"}", RULE_INVALID_UTF8, "");
    assert_failure(&format_jsonl, "{\"text\":\"\\ud800\"}", RULE_MALFORMED_JSON, "");
}

static void test_deep_nesting_is_refused(void)
{
    g_autoptr(GString) deep = g_string_new("{\"text\":\"x\",\"meta\":");
    for (int i = 0; i < 100000; i++)
        g_string_append_c(deep, '[');
    for (int i = 0; i < 100000; i++)
        g_string_append_c(deep, ']');
    g_string_append_c(deep, '}');
    assert_failure(&format_jsonl, deep->str, RULE_MALFORMED_JSON, "deeper");
}

static void test_a_zero_in_a_text_is_dropped(void)
{
    assert_text(&format_jsonl, "{\"text\":\"a\\u0000b\"}", "ab");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jsonl/the shape of RedPajama has no id", test_the_shape_of_redpajama_has_no_id);
    g_test_add_func("/jsonl/known fields are taken over", test_known_fields_are_taken_over);
    g_test_add_func("/jsonl/field names come from the recipe", test_field_names_come_from_the_recipe);
    g_test_add_func("/jsonl/bad lines name what is wrong", test_bad_lines_name_what_is_wrong);
    g_test_add_func("/jsonl/deep nesting is refused", test_deep_nesting_is_refused);
    g_test_add_func("/jsonl/a zero in a text is dropped", test_a_zero_in_a_text_is_dropped);
    return g_test_run();
}
