/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/s2orc*.c: stand-off annotations in code points, and the older lists of paragraphs. */
#include "tests/unit/parse_helper.h"

/* Makes a bulk record: spans are found by their text, so that the test need not count. */
typedef struct BulkBuilder {
    const char *text;
    json_t *annotations;
} BulkBuilder;

static json_t *span_of(const BulkBuilder *builder, const char *part, const char *key, const char *value)
{
    const char *at = strstr(builder->text, part);
    g_assert_nonnull(at);
    json_int_t start = g_utf8_strlen(builder->text, at - builder->text);
    json_t *span = json_pack("{s:I,s:I}", "start", start, "end", start + g_utf8_strlen(part, -1));
    if (key)
        json_object_set_new(span, "attributes", json_pack("{s:s}", key, value));
    return span;
}

/* Adds a span to the front of an annotation, so that lists come out unsorted. */
static void annotate(BulkBuilder *builder, const char *kind, const char *part, const char *key, const char *value)
{
    const char *old = json_get_string(builder->annotations, kind);
    json_t *list = old ? json_loads(old, 0, NULL) : json_array();
    json_array_insert_new(list, 0, span_of(builder, part, key, value));
    g_autofree char *text = json_write(list);
    json_object_set_new(builder->annotations, kind, json_string(text));
    json_decref(list);
}

static char *bulk_line(BulkBuilder *builder)
{
    g_autoptr(json_t) record = json_pack("{s:i,s:{s:s,s:s},s:{s:s,s:O}}", "corpusid", 7, "externalids", "pubmed", "5",
                                         "pubmedcentral", "99", "content", "text", builder->text, "annotations",
                                         builder->annotations);
    json_decref(builder->annotations);
    return json_write(record);
}

static void test_offsets_count_code_points_and_order_does_not_matter(void)
{
    BulkBuilder builder = {"\n\xce\xb1-\xce\xb2 T\xc3\xaftle\nWords of it.\nIntro\nS\xc3\xaf, as known (Ash 1999; Beech 2001) and (Fig. 1).\n"
                           "Method\nNext x = 1.\nFigure 1\nA cap.\nRefs\nOn ash. Ash\nOn beech. Beech\n",
                           json_object()};
    annotate(&builder, "title", "\xce\xb1-\xce\xb2 T\xc3\xaftle", NULL, NULL);
    annotate(&builder, "abstract", "Words of it.", NULL, NULL);
    annotate(&builder, "sectionheader", "Intro", "n", "1");
    annotate(&builder, "sectionheader", "Method", "n", "1.1");
    annotate(&builder, "sectionheader", "Figure 1", NULL, NULL);
    annotate(&builder, "sectionheader", "Refs", NULL, NULL);
    annotate(&builder, "paragraph", "S\xc3\xaf, as known (Ash 1999; Beech 2001) and (Fig. 1).", NULL, NULL);
    annotate(&builder, "paragraph", "Next x = 1.", NULL, NULL);
    annotate(&builder, "formula", "x = 1", NULL, NULL);
    annotate(&builder, "bibref", "(Ash 1999;", "ref_id", "b0");
    annotate(&builder, "bibref", "Beech 2001)", "ref_id", "b1");
    annotate(&builder, "figureref", "(Fig. 1)", "ref_id", "f0");
    annotate(&builder, "figure", "Figure 1\nA cap.", "id", "f0");
    annotate(&builder, "figurecaption", "A cap.", NULL, NULL);
    annotate(&builder, "bibentry", "On ash. Ash", "id", "b0");
    annotate(&builder, "bibentry", "On beech. Beech", "id", "b1");
    annotate(&builder, "bibtitle", "On ash", NULL, NULL);
    annotate(&builder, "bibtitle", "On beech", NULL, NULL);
    annotate(&builder, "bibauthorlastname", "Ash\nOn", NULL, NULL);
    json_object_set_new(builder.annotations, "venue", json_null());
    g_autofree char *line = bulk_line(&builder);
    g_auto(Parsed) parsed = parse(&format_s2orc, line);
    g_assert_cmpstr(parsed.failure.detail, ==, "");
    g_assert_cmpstr(parsed.document.id, ==, "CorpusID:7");
    g_assert_cmpstr(parsed.document.title, ==, "\xce\xb1-\xce\xb2 T\xc3\xaftle");
    assert_meta(&parsed.document, "{\"pmcid\":\"PMC99\",\"pmid\":\"5\"}");
    g_assert_cmpstr(parsed.document.text, ==,
                    "# Abstract\n\nWords of it.\n\n# Intro\n\nS\xc3\xaf, as known [bib_ref]On ash, Ash[/bib_ref] "
                    "[bib_ref]On beech[/bib_ref] and ([fig_ref]Fig. 1: A cap.[/fig_ref]).\n\n## Method\n\n"
                    "Next [formula]x = 1[/formula].\n\n[fig]Figure 1: A cap.[/fig]");
}

static void test_a_reference_without_target_vanishes_and_overlaps_count_once(void)
{
    BulkBuilder builder = {"As known (Oak, 2021). More.\n", json_object()};
    annotate(&builder, "paragraph", "As known (Oak, 2021). More.", NULL, NULL);
    annotate(&builder, "paragraph", "known (Oak, 2021). More.", NULL, NULL);
    annotate(&builder, "bibref", "(Oak, 2021)", NULL, NULL);
    annotate(&builder, "bibref", "2021)", NULL, NULL);
    g_autofree char *line = bulk_line(&builder);
    assert_text(&format_s2orc, line, "As known. More.");
}

static void test_names_that_were_escaped_twice_are_read(void)
{
    BulkBuilder builder = {"As known (1).\nRights &amp; wrongs. O&apos;Neill\n", json_object()};
    annotate(&builder, "paragraph", "As known (1).", NULL, NULL);
    annotate(&builder, "bibref", "(1)", "ref_id", "b0");
    annotate(&builder, "bibentry", "Rights &amp; wrongs. O&apos;Neill", "id", "b0");
    annotate(&builder, "bibtitle", "Rights &amp; wrongs", NULL, NULL);
    annotate(&builder, "bibauthorlastname", "O&apos;Neill", NULL, NULL);
    g_autofree char *line = bulk_line(&builder);
    assert_text(&format_s2orc, line, "As known [bib_ref]Rights & wrongs, O'Neill[/bib_ref].");
}

static void test_wrong_shapes_are_named(void)
{
    assert_failure(&format_s2orc, "{\"content\":{\"text\":5}}", RULE_MALFORMED_JSON, "content.text");
    assert_failure(&format_s2orc, "{\"content\":{\"text\":null}}", RULE_NO_TEXT, "content.text");
    assert_failure(&format_s2orc, "{\"content\":{\"text\":\"x\"}}", RULE_MALFORMED_JSON, "content.annotations");
    assert_failure(&format_s2orc, "{\"content\":{\"text\":\"x\",\"annotations\":{\"paragraph\":\"[{\"}}}",
                   RULE_MALFORMED_JSON, "'paragraph'");
    assert_failure(&format_s2orc, "{\"content\":{\"text\":\"x\",\"annotations\":{\"paragraph\":7}}}", RULE_MALFORMED_JSON,
                   "'paragraph'");
    assert_failure(&format_s2orc, "{\"title\":\"x\"}", RULE_NOT_A_DOCUMENT, "body_text");
    assert_failure(&format_s2orc, "{\"body_text\":[{\"text\":1}]}", RULE_MALFORMED_JSON, "body_text[0].text");
    assert_failure(&format_s2orc, "[]", RULE_MALFORMED_JSON, "object");
    assert_failure(&format_s2orc, "{\"a\":\"\xc3\"}", RULE_INVALID_UTF8, "");
}

static void test_spans_beyond_the_text_do_no_harm(void)
{
    assert_text(&format_s2orc,
                "{\"content\":{\"text\":\"Hello you.\",\"annotations\":{\"paragraph\":\"[{\\\"start\\\":\\\"0\\\",\\\"end\\\":999999},"
                "{\\\"start\\\":-5,\\\"end\\\":3},{\\\"start\\\":7,\\\"end\\\":2},{},5]\",\"bibref\":\"[{\\\"start\\\":6,\\\"end\\\":"
                "9000000000}]\"}}}",
                "Hello");
}

static void test_the_older_releases_are_read(void)
{
    g_auto(Parsed) parsed = parse(
        &format_s2orc,
        "{\"paper_id\":\"12\",\"metadata\":{\"title\":\"T\",\"doi\":\"10.1/x\"},\"pdf_parse\":{\"abstract\":[{\"text\":\"A.\",\"section\":"
        "\"Abstract\"}],\"body_text\":[{\"section\":\"Intro\",\"sec_num\":\"2.1\",\"text\":\"\\u03b1 is known [1] in Fig. 2.\",\"cite_spans\":"
        "[{\"start\":11,\"end\":14,\"ref_id\":\"BIBREF0\"}],\"ref_spans\":[{\"start\":18,\"end\":24,\"ref_id\":\"FIGREF0\"}]},{\"section\":"
        "\"Intro\",\"text\":\"More.\"}],\"bib_entries\":{\"BIBREF0\":{\"title\":\"On it\",\"authors\":[{\"last\":\"Ash\"}]}},"
        "\"ref_entries\":{\"FIGREF0\":{\"text\":\"Fig. 2 A picture\",\"type\":\"figure\"}}}}");
    g_assert_cmpstr(parsed.failure.detail, ==, "");
    g_assert_cmpstr(parsed.document.id, ==, "CorpusID:12");
    g_assert_cmpstr(parsed.document.title, ==, "T");
    g_assert_cmpstr(parsed.document.text, ==,
                    "# Abstract\n\nA.\n\n## Intro\n\n\xce\xb1 is known [bib_ref]On it, Ash[/bib_ref] in "
                    "[fig_ref]Fig. 2: A picture[/fig_ref].\n\nMore.\n\n[fig]Fig. 2 A picture[/fig]");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/s2orc/offsets count code points and order does not matter",
                    test_offsets_count_code_points_and_order_does_not_matter);
    g_test_add_func("/s2orc/a reference without target vanishes and overlaps count once",
                    test_a_reference_without_target_vanishes_and_overlaps_count_once);
    g_test_add_func("/s2orc/names that were escaped twice are read", test_names_that_were_escaped_twice_are_read);
    g_test_add_func("/s2orc/wrong shapes are named", test_wrong_shapes_are_named);
    g_test_add_func("/s2orc/spans beyond the text do no harm", test_spans_beyond_the_text_do_no_harm);
    g_test_add_func("/s2orc/the older releases are read", test_the_older_releases_are_read);
    return g_test_run();
}
