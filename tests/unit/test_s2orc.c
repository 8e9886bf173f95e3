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
                    "[fig_ref]Fig. 2: A picture[/fig_ref].\n\nMore.\n\n[fig]Fig. 2: A picture[/fig]");
}

static char *fixture(const char *name, const char *suffix)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", "s2orc", file, NULL);
    char *text = NULL;
    GError *error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

/* The record of tests/fixtures/s2orc in the text of `compat`. */
static Parsed parse_fixture(const char *name, const char *compat)
{
    g_autofree char *line = fixture(name, ".json");
    RecipeSource source = {.tag = (char *)"test", .format = (char *)"s2orc", .compat = (char *)compat};
    g_autoptr(ParseOptions) options = parse_options_new(&source);
    Record record = {.bytes = line, .length = strlen(g_strchomp(line)), .origin = (char *)"file@0"};
    Parsed parsed = {0};
    parsed.good = format_s2orc.parse(&record, options, &parsed.document, &parsed.failure);
    g_assert_cmpstr(parsed.failure.detail, ==, "");
    return parsed;
}

/* The expectations are as galen extract prints a paper. They were written by hand: read before you change one. */
static void test_whole_papers_read_as_they_should(void)
{
    static const char *const names[] = {"trial", "letter", "review", "model", "case"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *expected = fixture(names[i], ".txt");
        g_auto(Parsed) parsed = parse_fixture(names[i], NULL);
        g_autofree char *text = g_strconcat(parsed.document.title, "\n\n", parsed.document.text, "\n", NULL);
        g_assert_cmpstr(text, ==, expected);
    }
}

static void test_facts_of_whole_papers_are_kept(void)
{
    static const struct {
        const char *name, *id, *licence, *date, *meta;
    } cases[] = {
        {"trial", "CorpusID:910000001", "CCBY", NULL, "{\"doi\":\"10.99999/hvmj.2019.0312\",\"pmcid\":\"PMC99000001\",\"pmid\":\"99000001\"}"},
        {"review", "CorpusID:910000003", "CCBYNC", "2021-03-09", "{\"citations\":17,\"doi\":\"10.99999/ward.2021.7\",\"journal\":\"Ward Medicine\"}"},
        {"model", "CorpusID:910000004", NULL, "2019", "{\"doi\":\"10.99999/model.19\",\"journal\":\"Journal of Invented Epidemiology\"}"},
        {"case", "CorpusID:910000005", NULL, "2016-11", "{\"journal\":\"Case Letters in Neurology\",\"pmcid\":\"PMC99000005\",\"pmid\":\"99000005\"}"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Parsed) parsed = parse_fixture(cases[i].name, NULL);
        g_assert_cmpstr(parsed.document.id, ==, cases[i].id);
        g_assert_cmpstr(parsed.document.licence, ==, cases[i].licence);
        g_assert_cmpstr(parsed.document.date, ==, cases[i].date);
        assert_meta(&parsed.document, cases[i].meta);
    }
}

/* What the published program wrote for these records, its losses included: the letter's body is gone for want of a
 * heading before it, the review ends at its first figure, and a wrote glues to its author's removed name. */
static void test_compat_meditron_writes_the_original_programs_bytes(void)
{
    static const char *const names[] = {"trial", "letter", "review"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *expected = fixture(names[i], ".meditron.txt");
        g_auto(Parsed) parsed = parse_fixture(names[i], "meditron");
        g_assert_cmpstr(parsed.document.text, ==, expected);
        g_assert_cmpuint(parsed.document.text_length, ==, strlen(expected));
    }
}

static void test_compat_meditron_says_which_records_the_original_loses(void)
{
    RecipeSource source = {.tag = (char *)"test", .format = (char *)"s2orc", .compat = (char *)"meditron"};
    g_autoptr(ParseOptions) options = parse_options_new(&source);
    const char *const lines[][2] = {
        {"{\"content\":{\"text\":\"Words.\",\"annotations\":{\"title\":null}}}", "'authorfirstname'"},
        {"{\"content\":{\"text\":\"\",\"annotations\":{}}}", "empty"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_auto(Parsed) parsed = {0};
        Record record = {.bytes = (char *)lines[i][0], .length = strlen(lines[i][0]), .origin = (char *)"file@0"};
        g_assert_false(format_s2orc.parse(&record, options, &parsed.document, &parsed.failure));
        g_assert_nonnull(strstr(parsed.failure.detail, lines[i][1]));
    }
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
    g_test_add_func("/s2orc/whole papers read as they should", test_whole_papers_read_as_they_should);
    g_test_add_func("/s2orc/facts of whole papers are kept", test_facts_of_whole_papers_are_kept);
    g_test_add_func("/s2orc/compat meditron writes the original program's bytes",
                    test_compat_meditron_writes_the_original_programs_bytes);
    g_test_add_func("/s2orc/compat meditron says which records the original loses",
                    test_compat_meditron_says_which_records_the_original_loses);
    return g_test_run();
}
