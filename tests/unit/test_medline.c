/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/medline.c: what becomes of a citation. */
#include "tests/unit/parse_helper.h"

#define HEAD "<PubmedArticle><MedlineCitation Status=\"MEDLINE\"><PMID Version=\"1\">123</PMID><Article>"
#define TAIL "<Language>eng</Language></Article></MedlineCitation></PubmedArticle>"
#define ABSTRACT(text) HEAD "<ArticleTitle>T.</ArticleTitle><Abstract>" text "</Abstract>" TAIL

static void test_inline_markup_is_text_and_glues_nothing(void)
{
    assert_text(&format_medline,
                ABSTRACT("<AbstractText>Of <i>Homo</i> <b>sapiens</b>, 10<sup>3</sup> cells in H<sub>2</sub>O, "
                         "p&lt;0.05 [CI], 19<sup>th</sup> of Ca<sup>2+</sup> &amp; x<sup>a b</sup>.</AbstractText>"),
                "Of Homo sapiens, 10^3 cells in H_2O, p<0.05 [CI], 19th of Ca^2+ & x^(a b).");
}

static void test_labels_are_headings_unless_they_say_nothing(void)
{
    assert_text(&format_medline,
                ABSTRACT("<AbstractText Label=\"AIM\" NlmCategory=\"OBJECTIVE\">One.</AbstractText>"
                         "<AbstractText Label=\"UNASSIGNED\">Two.</AbstractText>"
                         "<AbstractText Label=\"\">Three.</AbstractText>"
                         "<AbstractText Label=\"EMPTY\"> </AbstractText>"
                         "<CopyrightInformation>(c) Someone</CopyrightInformation>"),
                "## AIM\n\nOne.\n\nTwo.\n\nThree.");
}

static void test_other_abstracts_stay_out(void)
{
    assert_text(&format_medline,
                HEAD "<Abstract><AbstractText>Main.</AbstractText></Abstract></Article><OtherAbstract Language=\"spa\">"
                     "<AbstractText>Otro.</AbstractText></OtherAbstract></MedlineCitation></PubmedArticle>",
                "Main.");
}

static void test_a_citation_with_only_another_abstract_says_which(void)
{
    assert_failure(&format_medline,
                   HEAD "</Article><OtherAbstract Type=\"Publisher\" Language=\"spa\"><AbstractText>Otro.</AbstractText>"
                        "</OtherAbstract></MedlineCitation></PubmedArticle>",
                   RULE_NO_TEXT, "no abstract but one of type 'Publisher', language 'spa'");
}

static void test_a_translated_title_loses_its_brackets(void)
{
    static const char *const titles[][2] = {
        {"[On the heart].", "On the heart."},
        {"[On the heart]", "On the heart"},
        {"[A] and [B].", "[A] and [B]."},
        {"Plain &#xe9;t&#xe9;.", "Plain \xc3\xa9t\xc3\xa9."},
        {"[Not Available].</ArticleTitle><VernacularTitle>Titel.</VernacularTitle><ArticleTitle>", "Titel."},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(titles); i++) {
        g_autofree char *xml = g_strdup_printf(HEAD "<ArticleTitle>%s</ArticleTitle><Abstract><AbstractText>x"
                                                    "</AbstractText></Abstract>" TAIL, titles[i][0]);
        g_auto(Parsed) parsed = parse(&format_medline, xml);
        g_assert_cmpstr(parsed.document.title, ==, titles[i][1]);
    }
}

static void test_all_facts_of_a_citation(void)
{
    static const char xml[] =
        "<PubmedArticle><MedlineCitation><PMID Version=\"2\">9</PMID><Article><Journal><JournalIssue><PubDate>"
        "<Year>2019</Year><Month>Jun</Month><Day>3</Day></PubDate></JournalIssue><Title>J Med</Title></Journal>"
        "<ArticleTitle>T.</ArticleTitle><Abstract><AbstractText>x</AbstractText></Abstract>"
        "<AuthorList><Author><LastName>Roe</LastName><ForeName>Jane</ForeName><AffiliationInfo><Affiliation>Home"
        "</Affiliation></AffiliationInfo></Author><Author><CollectiveName>The Group</CollectiveName></Author>"
        "</AuthorList><Language>ger</Language><PublicationTypeList><PublicationType>Review</PublicationType>"
        "<PublicationType>Retracted Publication</PublicationType></PublicationTypeList></Article>"
        "<CommentsCorrectionsList><CommentsCorrections RefType=\"RetractionIn\"><PMID>77</PMID></CommentsCorrections>"
        "</CommentsCorrectionsList><MeshHeadingList><MeshHeading><DescriptorName>Heart</DescriptorName><QualifierName>"
        "blood</QualifierName></MeshHeading><MeshHeading><DescriptorName>Heart</DescriptorName></MeshHeading>"
        "</MeshHeadingList></MedlineCitation><PubmedData><ArticleIdList><ArticleId IdType=\"doi\">10.1/x</ArticleId>"
        "<ArticleId IdType=\"pmc\">PMC55</ArticleId></ArticleIdList><ReferenceList><Reference><ArticleIdList>"
        "<ArticleId IdType=\"doi\">10.1/other</ArticleId></ArticleIdList></Reference></ReferenceList></PubmedData>"
        "</PubmedArticle>";
    g_auto(Parsed) parsed = parse(&format_medline, xml);
    g_assert_true(parsed.good);
    g_assert_cmpstr(parsed.document.id, ==, "PMID:9");
    g_assert_cmpstr(parsed.document.kind, ==, "abstract");
    g_assert_cmpstr(parsed.document.date, ==, "2019-06-03");
    g_assert_cmpstr(parsed.document.language, ==, "de");
    assert_meta(&parsed.document,
                "{\"authors\":[\"Jane Roe\",\"The Group\"],\"doi\":\"10.1/x\",\"journal\":\"J Med\",\"mesh\":[\"Heart\"],"
                "\"mesh_headings\":[\"Heart/blood\"],\"pmcid\":\"PMC55\",\"pmid\":\"9\",\"publication_types\":[\"Review\",\"Retracted Publication\"],"
                "\"related\":[{\"pmid\":\"77\",\"type\":\"RetractionIn\"}],\"retracted\":true,\"retraction_pmids\":[\"77\"],\"version\":2}");
}

static void test_a_free_text_date_gives_year_and_month(void)
{
    static const char *const dates[][2] = {
        {"1998 Dec-1999 Jan", "1998-12"}, {"Spring 2003", "2003"}, {"2000-2001", "2000"}, {"19985", NULL}, {"", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(dates); i++) {
        g_autofree char *xml = g_strdup_printf(
            HEAD "<Journal><JournalIssue><PubDate><MedlineDate>%s</MedlineDate></PubDate></JournalIssue></Journal>"
                 "<Abstract><AbstractText>x</AbstractText></Abstract>" TAIL, dates[i][0]);
        g_auto(Parsed) parsed = parse(&format_medline, xml);
        g_assert_cmpstr(parsed.document.date, ==, dates[i][1]);
    }
}

static void test_a_citation_without_abstract_is_no_text_and_keeps_its_title(void)
{
    g_auto(Parsed) parsed = parse(&format_medline, HEAD "<ArticleTitle>Only this.</ArticleTitle>" TAIL);
    g_assert_false(parsed.good);
    g_assert_cmpstr(parsed.failure.rule, ==, RULE_NO_TEXT);
    g_assert_cmpstr(parsed.document.title, ==, "Only this.");
    g_assert_cmpstr(parsed.document.id, ==, "PMID:123");
}

static void test_a_deletion_names_its_citations(void)
{
    g_auto(Parsed) parsed = parse(&format_medline, "<DeleteCitation><PMID Version=\"1\">5</PMID><PMID>6</PMID></DeleteCitation>");
    g_assert_false(parsed.good);
    g_assert_cmpstr(parsed.failure.rule, ==, RULE_DELETED);
    g_assert_cmpstr(parsed.document.id, ==, "DeleteCitation:5,6");
    g_autoptr(GString) many = g_string_new("<DeleteCitation>");
    for (int i = 0; i < 5000; i++)
        g_string_append_printf(many, "<PMID>%d</PMID>", 10000 + i);
    g_string_append(many, "</DeleteCitation>");
    g_auto(Parsed) bounded = parse(&format_medline, many->str);
    g_assert_cmpuint(strlen(bounded.document.id), <, 256);
}

static void test_a_book_article_is_read(void)
{
    assert_text(&format_medline,
                "<PubmedBookArticle><BookDocument><PMID>20301</PMID><Book><BookTitle>Genes</BookTitle></Book>"
                "<ArticleTitle>A gene</ArticleTitle><Language>eng</Language><Abstract><AbstractText Label=\"CLINICAL\">"
                "Body.</AbstractText></Abstract></BookDocument></PubmedBookArticle>",
                "## CLINICAL\n\nBody.");
}

static void test_mathml_is_written_on_a_line(void)
{
    assert_text(&format_medline,
                ABSTRACT("<AbstractText>as <mml:math xmlns:mml=\"m\"><mml:msup><mml:mi>x</mml:mi><mml:mrow><mml:mi>n</mml:mi>"
                         "<mml:mo>+</mml:mo><mml:mn>1</mml:mn></mml:mrow></mml:msup><mml:mo>=</mml:mo><mml:mfrac>"
                         "<mml:mn>1</mml:mn><mml:mi>y</mml:mi></mml:mfrac></mml:math>.</AbstractText>"),
                "as [formula]x^(n + 1) = 1/y[/formula].");
}

static void test_broken_and_hostile_xml_is_refused(void)
{
    assert_failure(&format_medline, "<PubmedArticle><a></PubmedArticle>", RULE_MALFORMED_XML, "line 1");
    assert_failure(&format_medline, ABSTRACT("<AbstractText>\xff\xfe</AbstractText>"), RULE_INVALID_UTF8, "");
    assert_failure(&format_medline, ABSTRACT("<AbstractText>&bogus;</AbstractText>"), RULE_MALFORMED_XML, "&bogus;");
    assert_failure(&format_medline,
                   "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><PubmedArticle>&a;</PubmedArticle>",
                   RULE_MALFORMED_XML, "line 1: a declaration");
    assert_failure(&format_medline, "<PubmedArticle>\n&a;</PubmedArticle>", RULE_MALFORMED_XML, "line 2: unknown entity '&a;'");
    g_autoptr(GString) deep = g_string_new("<PubmedArticle>");
    for (int i = 0; i < 300; i++)
        g_string_append(deep, "<i>");
    assert_failure(&format_medline, deep->str, RULE_MALFORMED_XML, "");
}

/* With settings of a recipe. */
static char *text_with(const char *xml, const char *const *abstracts, gboolean labels_in_line)
{
    RecipeSource source = {.tag = (char *)"test", .format = (char *)"medline", .labels_in_line = labels_in_line};
    if (abstracts)
        source.abstracts = (RecipeStrings){(char **)abstracts, g_strv_length((char **)abstracts)};
    g_autoptr(ParseOptions) options = parse_options_new(&source);
    g_auto(Document) document = {0};
    ParseFailure failure = {0};
    Record record = {.bytes = (char *)xml, .length = strlen(xml), .origin = (char *)"file@0"};
    gboolean good = format_medline.parse(&record, options, &document, &failure);
    return good ? g_strdup_printf("%s: %s", document.language, document.text) : g_strdup(failure.detail);
}

static void test_a_recipe_chooses_the_abstract(void)
{
    static const char xml[] =
        "<PubmedArticle><MedlineCitation><PMID>1</PMID><Article><Abstract><AbstractText> </AbstractText></Abstract><Language>eng</Language>"
        "</Article><OtherAbstract Type=\"Publisher\" Language=\"spa\"><AbstractText>Uno.</AbstractText></OtherAbstract>"
        "<OtherAbstract Type=\"plain-language-summary\" Language=\"fre\"><AbstractText>Deux.</AbstractText></OtherAbstract>"
        "<OtherAbstract Type=\"KIE\" Language=\"fre\"><AbstractText>Trois.</AbstractText></OtherAbstract></MedlineCitation></PubmedArticle>";
    static const struct {
        const char *abstracts[4], *expected;
    } cases[] = {
        {{"main", "fr"}, "fr: Trois."},
        {{"main", "any"}, "es: Uno."},
        {{"Plain-Language-Summary", "es"}, "fr: Deux."},
        {{"ger", "spa"}, "es: Uno."},
        {{"main"}, "the citation has no abstract but one of type 'Publisher', language 'spa'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = text_with(xml, cases[i].abstracts, FALSE);
        g_assert_cmpstr(text, ==, cases[i].expected);
    }
}

static void test_labels_stand_before_their_parts_where_the_recipe_says_so(void)
{
    g_autofree char *text = text_with(ABSTRACT("<AbstractText Label=\"AIM:\">One.</AbstractText><AbstractText Label=\"NONE\"/>"
                                               "<AbstractText>Two <i>three</i>.</AbstractText>"), NULL, TRUE);
    g_assert_cmpstr(text, ==, "en: AIM: One.\n\nTwo three.");
}

static void test_an_empty_citation_has_no_facts(void)
{
    g_auto(Parsed) parsed = parse(&format_medline,
                                  "<PubmedArticle><MedlineCitation><PMID>1</PMID><MeshHeadingList><MeshHeading/><MeshHeading><QualifierName>q"
                                  "</QualifierName></MeshHeading></MeshHeadingList><OtherAbstract/><CommentsCorrectionsList>"
                                  "<CommentsCorrections/></CommentsCorrectionsList></MedlineCitation><PubmedData/></PubmedArticle>");
    g_assert_cmpstr(parsed.failure.rule, ==, RULE_NO_TEXT);
    assert_meta(&parsed.document, "{\"mesh_headings\":[\"q\"],\"other_abstracts\":[\"/eng\"],\"pmid\":\"1\"}");
    g_auto(Parsed) nothing = parse(&format_medline, "<PubmedBookArticle><BookDocument><PMID>1</PMID></BookDocument></PubmedBookArticle>");
    assert_meta(&nothing.document, "{\"pmid\":\"1\"}");
}

static void test_what_is_left_out_leaves_no_trace_in_running_text(void)
{
    assert_text(&format_medline, ABSTRACT("<AbstractText>a<Note>b <i>c</i></Note>d <New x='1'>e <i>f</i> <Newer/></New><b/>g<sup>"
                                          "<Note>h</Note></sup></AbstractText>"),
                "ad e f g");
}

static void test_xml_that_is_not_well_formed_is_refused_with_its_line(void)
{
    static const char *const bad[][2] = {
        {"<a>\n<b></a>", "line 2: </a> where <b> is open"},
        {"<a b='1' b='2'/>", "the attribute 'b' twice"},
        {"<a b=1/>", "without a value in quotes"},
        {"<a b='<'/>", "'<' in the value"},
        {"<a b='&no;'/>", "unknown entity '&no;'"},
        {"<a>&#xd800;</a>", "unknown entity '&#xd800;'"},
        {"<a>a & b</a>", "unknown entity '&'"},
        {"<a>]]></a>", "']]>' in running text"},
        {"<a><!-- a -- b --></a>", "'--' inside a comment"},
        {"<a><!-- </a>", "a comment that does not end"},
        {"<a><![CDATA[ </a>", "a CDATA section that does not end"},
        {"<a><?xml version='1.0'?></a>", "a processing instruction"},
        {"<a>< b></a>", "'<' that begins no tag"},
        {"<a>\x01</a>", "the character U+0001"},
        {"<a/><b/>", "a second root element <b>"},
        {"<a/>x", "text outside of the root element"},
        {"</a>", "an end tag where nothing is open"},
        {"<a><!DOCTYPE a></a>", "a declaration"},
        {"<a><b>", "<b> is not closed"},
        {"<a", "a tag that does not end"},
        {"", "no element at all"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_failure(&format_medline, bad[i][0], RULE_MALFORMED_XML, bad[i][1]);
    assert_failure(&format_medline, "<a>\n\n\xc3</a>", RULE_INVALID_UTF8, "line 3");
}

static void test_a_file_in_another_encoding_is_converted(void)
{
    static const char *const cases[][3] = {
        {"text/xml; charset=ISO-8859-1", "caf\xe9", "caf\xc3\xa9"},
        {"text/xml; charset=Shift_JIS", "\x8a\xbf", "\xe6\xbc\xa2"},
    };
    RecipeSource source = {.tag = (char *)"test", .format = (char *)"medline"};
    g_autoptr(ParseOptions) options = parse_options_new(&source);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Document) document = {0};
        ParseFailure failure = {0};
        g_autofree char *xml = g_strdup_printf(ABSTRACT("<AbstractText>%s</AbstractText>"), cases[i][1]);
        Record record = {.bytes = xml, .length = strlen(xml), .origin = (char *)"f@0", .content_type = (char *)cases[i][0], .line = 9};
        g_assert_true(format_medline.parse(&record, options, &document, &failure));
        g_assert_cmpstr(document.text, ==, cases[i][2]);
    }
    g_auto(Document) document = {0};
    ParseFailure failure = {0};
    Record record = {.bytes = (char *)"<a/>", .length = 4, .origin = (char *)"f@0", .content_type = (char *)"text/xml; charset=klingon", .line = 9};
    g_assert_false(format_medline.parse(&record, options, &document, &failure));
    g_assert_cmpstr(failure.detail, ==, "line 9: the file declares the encoding 'klingon', which is not known");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/medline/inline markup is text and glues nothing", test_inline_markup_is_text_and_glues_nothing);
    g_test_add_func("/medline/labels are headings unless they say nothing",
                    test_labels_are_headings_unless_they_say_nothing);
    g_test_add_func("/medline/other abstracts stay out", test_other_abstracts_stay_out);
    g_test_add_func("/medline/a translated title loses its brackets", test_a_translated_title_loses_its_brackets);
    g_test_add_func("/medline/all facts of a citation", test_all_facts_of_a_citation);
    g_test_add_func("/medline/a free text date gives year and month", test_a_free_text_date_gives_year_and_month);
    g_test_add_func("/medline/a citation without abstract is no-text and keeps its title",
                    test_a_citation_without_abstract_is_no_text_and_keeps_its_title);
    g_test_add_func("/medline/a deletion names its citations", test_a_deletion_names_its_citations);
    g_test_add_func("/medline/a book article is read", test_a_book_article_is_read);
    g_test_add_func("/medline/MathML is written on a line", test_mathml_is_written_on_a_line);
    g_test_add_func("/medline/broken and hostile XML is refused", test_broken_and_hostile_xml_is_refused);
    g_test_add_func("/medline/a citation with only another abstract says which",
                    test_a_citation_with_only_another_abstract_says_which);
    g_test_add_func("/medline/a recipe chooses the abstract", test_a_recipe_chooses_the_abstract);
    g_test_add_func("/medline/labels stand before their parts where the recipe says so",
                    test_labels_stand_before_their_parts_where_the_recipe_says_so);
    g_test_add_func("/medline/an empty citation has no facts", test_an_empty_citation_has_no_facts);
    g_test_add_func("/medline/what is left out leaves no trace in running text", test_what_is_left_out_leaves_no_trace_in_running_text);
    g_test_add_func("/medline/XML that is not well-formed is refused, with its line", test_xml_that_is_not_well_formed_is_refused_with_its_line);
    g_test_add_func("/medline/a file in another encoding is converted", test_a_file_in_another_encoding_is_converted);
    return g_test_run();
}
