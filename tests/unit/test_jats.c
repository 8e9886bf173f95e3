/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/jats*.c: an article's text, block by block, and its facts. */
#include "tests/unit/parse_helper.h"

#define FLOATS "<floats-group/>"
#define REF(id, surname, title)                                                                                        \
    "<ref id=\"" id "\"><label>1</label><element-citation><person-group><name><surname>" surname "</surname>"            \
    "</name></person-group><article-title>" title "</article-title><source>J</source></element-citation></ref>"
#define BACK                                                                                                           \
    "<back><ack><p>Thanks.</p></ack><ref-list><title>References</title>" REF("r1", "Ash", "One.") REF("r2", "Beech", "Two") \
        REF("r3", "Cedar", "Three") REF("r4", "Date", "a b c d e f g h i j k l m n") "</ref-list>"                         \
    "<fn-group><fn><p>No conflict.</p></fn></fn-group></back>"
#define CITE(id, text) "<xref ref-type=\"bibr\" rid=\"" id "\">" text "</xref>"
#define ARTICLE(body) "<article><body>" body "</body>" BACK "</article>"

#define ONE "[bib_ref]One, Ash[/bib_ref]"
#define TWO "[bib_ref]Two, Beech[/bib_ref]"
#define THREE "[bib_ref]Three, Cedar[/bib_ref]"

static void test_headings_follow_the_nesting_of_sections(void)
{
    assert_text(&format_jats,
                "<article><front><article-meta><abstract><title>Abstract</title><sec><title>Aim</title><p>A.</p></sec>"
                "</abstract><abstract abstract-type=\"graphical\"><p>G.</p></abstract></article-meta></front><body><p>Loose.</p>"
                "<sec><label>1</label><title>Top</title><sec><title>Mid</title><sec><title>Low</title><sec><title>Lowest"
                "</title><p>P.</p></sec></sec></sec></sec><sec><title>Funding</title><p>Money.</p></sec><sec><p>No title.</p>"
                "</sec><sec><title>Empty</title></sec></body></article>",
                "# Abstract\n\n## Aim\n\nA.\n\n# Main text\n\nLoose.\n\n# Top\n\n## Mid\n\n### Low\n\n### Lowest\n\nP.\n\n# Main text\n\n"
                "No title.");
}

static void test_a_citation_becomes_title_and_name(void)
{
    assert_text(&format_jats, ARTICLE("<p>Known [" CITE("r1", "1") "]. Cut (" CITE("r4", "4") ").</p>"),
                "Known " ONE ". Cut [bib_ref]a b c d e f g h i j k l..., Date[/bib_ref].");
}

static void test_a_citation_range_becomes_one_reference_per_number(void)
{
    assert_text(&format_jats, ARTICLE("<p>Known [" CITE("r1", "1") "&#x2013;" CITE("r3", "3") "].</p>"),
                "Known " ONE " " TWO " " THREE ".");
    assert_text(&format_jats, ARTICLE("<p>Known [" CITE("r1", "1-3") "].</p>"), "Known " ONE " " TWO " " THREE ".");
    assert_text(&format_jats, ARTICLE("<p>Known<sup>" CITE("r1", "1") "-" CITE("r3", "3") "</sup> now.</p>"),
                "Known " ONE " " TWO " " THREE " now.");
}

static void test_a_citation_group_loses_commas_and_brackets(void)
{
    assert_text(&format_jats, ARTICLE("<p>A [" CITE("r1", "1") ", " CITE("r3", "3") "], b<sup>" CITE("r2", "2") "</sup>.</p>"),
                "A " ONE " " THREE ", b " TWO ".");
    assert_text(&format_jats, ARTICLE("<p>A (" CITE("r1", "Ash 1999") "; " CITE("r2", "Beech 2001") ") b "
                                      "(see " CITE("r3", "Cedar") ").</p>"),
                "A " ONE " " TWO " b (see " THREE ").");
    assert_text(&format_jats, ARTICLE("<p>A " CITE("r1 r2", "1,2") " b</p>"), "A " ONE " " TWO " b");
}

static void test_an_unresolved_citation_vanishes(void)
{
    assert_text(&format_jats, ARTICLE("<p>A [" CITE("none", "9") "], b [" CITE("none", "9") ", " CITE("r1", "1") "] c "
                                      "<sup>" CITE("none", "9") "</sup>.</p>"),
                "A, b " ONE " c.");
}

static void test_a_footnote_stands_behind_its_paragraph(void)
{
    assert_text(&format_jats, ARTICLE("<p>Dose<sup><xref ref-type=\"fn\" rid=\"f\">a</xref></sup> of 5 mg"
                                      "<fn><p>Note.</p></fn>.</p>"),
                "Dose of 5 mg.\n\nNote.");
}

static void test_a_figure_stands_once_behind_its_paragraph(void)
{
    assert_text(&format_jats,
                ARTICLE("<p>See (<xref ref-type=\"fig\" rid=\"f1\">Fig. 3A</xref>)"
                        "<fig id=\"f1\"><label>Figure 3.</label><caption><title>Growth of cells</title><p>In 10<sup>3</sup> "
                        "dishes [" CITE("r1", "1") "].</p></caption><graphic/></fig> and on.</p><p>Next.</p>"),
                "See ([fig_ref]Figure 3A: Growth of cells[/fig_ref]) and on.\n\n"
                "[fig]Figure 3: Growth of cells. In 10^3 dishes " ONE ".[/fig]\n\nNext.");
}

static void test_a_number_alone_takes_the_word_before_it(void)
{
    assert_text(&format_jats,
                "<article><body><p>See Table <xref ref-type=\"table\" rid=\"t\">2</xref>.</p></body><floats-group>"
                "<table-wrap id=\"t\"><label>Table 2</label><caption><p>one two three four five six seven eight nine ten "
                "eleven twelve thirteen</p></caption><table><tr><td>cell</td></tr></table></table-wrap></floats-group></article>",
                "See [fig_ref]Table 2: one two three four five six seven eight nine ten eleven twelve...[/fig_ref].\n\n"
                "[table]Table 2: one two three four five six seven eight nine ten eleven twelve thirteen[/table]");
}

static void test_tables_have_rows_when_asked_for(void)
{
    static const char xml[] = "<article><body><table-wrap><label>Table 1</label><caption><title>T</title></caption><table>"
                              "<thead><tr><th>Drug</th><th>mg</th></tr></thead><tbody><tr><td>A</td><td colspan=\"9007199254740991\">5"
                              "</td></tr></tbody></table></table-wrap></body></article>";
    g_auto(Parsed) parsed = parse_bytes(&format_jats, xml, strlen(xml), TRUE);
    g_assert_cmpstr(parsed.document.text, ==, "[table]Table 1: T\n| Drug | mg |\n|---|---|\n| A | 5 |[/table]");
}

static void test_lists_nest_and_keep_one_line_per_item(void)
{
    assert_text(&format_jats,
                ARTICLE("<p>Before<list><list-item><label>1</label><p>One</p><p>more</p></list-item><list-item><p>Two</p><list>"
                        "<list-item><p>In</p></list-item></list></list-item></list>after</p><def-list><def-item><term>BP</term>"
                        "<def><p>blood pressure</p></def></def-item></def-list>"),
                "Before\n\n- One more\n- Two\n  - In\n\nafter\n\n- BP: blood pressure");
}

static void test_boxes_and_quotes_are_text(void)
{
    assert_text(&format_jats,
                ARTICLE("<sec><title>S</title><boxed-text><label>Box 1</label><caption><title>Key points</title></caption>"
                        "<p>P.</p></boxed-text><disp-quote><p>Q.</p></disp-quote></sec>"),
                "# S\n\nQ.\n\n## Box 1: Key points\n\nP.");
}

static void test_a_formula_is_tex_first_and_only_once(void)
{
    assert_text(&format_jats,
                ARTICLE("<p>So <inline-formula><alternatives><inline-graphic/><mml:math xmlns:mml=\"m\"><mml:mi>x</mml:mi>"
                        "</mml:math><tex-math>\\documentclass{minimal}\\begin{document}$$x^2$$\\end{document}</tex-math>"
                        "</alternatives></inline-formula>.</p><disp-formula><label>(1)</label><mml:math xmlns:mml=\"m\">"
                        "<mml:msqrt><mml:mi>y</mml:mi></mml:msqrt></mml:math></disp-formula>"),
                "So [formula]x^2[/formula].\n\n[formula]sqrt(y)[/formula]");
}

static void test_scripts_before_a_base_stand_before_it(void)
{
    assert_text(&format_jats,
                ARTICLE("<p><inline-formula><math><mmultiscripts><mi>He</mi><mprescripts/><none/><mn>3</mn></mmultiscripts></math></inline-formula> "
                        "<inline-formula><math><mmultiscripts><mi>C</mi><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts></math></inline-formula> "
                        "<inline-formula><math><mmultiscripts><mi>R</mi><mrow><mi>i</mi><mi>j</mi></mrow><none/><none/><mi>k</mi></mmultiscripts>"
                        "</math></inline-formula></p>"),
                "[formula]^3He[/formula] [formula]_6^14C[/formula] [formula]R_(ij)^k[/formula]");
}

static void test_reviews_are_not_the_article(void)
{
    assert_text(&format_jats,
                "<article><body><p>Mine.</p></body><sub-article><body><p>Review.</p></body></sub-article>"
                "<response><body><p>Answer.</p></body></response></article>",
                "Mine.");
}

static void test_named_characters_need_no_dtd(void)
{
    assert_text(&format_jats, "<!DOCTYPE article SYSTEM \"x.dtd\"><article><body><p>&alpha;&nbsp;&ge;&#160;2<!-- &none; -->"
                              "<![CDATA[ &alpha; ]]></p></body></article>",
                "\xce\xb1 \xe2\x89\xa5 2 &alpha;");
    assert_failure(&format_jats, "<!DOCTYPE article SYSTEM \"x.dtd\"><article><body><p>&myown;</p></body></article>",
                   RULE_MALFORMED_XML, "&myown;");
}

static void test_an_entity_bomb_is_refused(void)
{
#define TEN(name) "&" name ";&" name ";&" name ";&" name ";&" name ";&" name ";&" name ";&" name ";&" name ";&" name ";"
    assert_failure(&format_jats,
                   "<!DOCTYPE article [<!ENTITY a \"lolololololol\"><!ENTITY b \"" TEN("a") "\"><!ENTITY c \"" TEN("b") "\">"
                   "<!ENTITY d \"" TEN("c") "\"><!ENTITY e \"" TEN("d") "\"><!ENTITY f \"" TEN("e") "\">]>"
                   "<article><body>\n<p>" TEN("f") "</p></body></article>",
                   RULE_TOO_LARGE, "line 2: the document's entities expand");
#undef TEN
}

static void test_all_facts_of_an_article(void)
{
    static const char xml[] =
        "<article article-type=\"research-article\" xml:lang=\"en\" xmlns:xlink=\"x\"><front><journal-meta>"
        "<journal-title-group><journal-title>J</journal-title></journal-title-group></journal-meta><article-meta>"
        "<article-id pub-id-type=\"pmid\">7</article-id><article-id pub-id-type=\"pmc\">8</article-id>"
        "<article-id pub-id-type=\"doi\">10.1/x</article-id><title-group><article-title>Main<xref ref-type=\"fn\">*</xref>"
        "</article-title><subtitle>sub</subtitle></title-group><contrib-group><contrib contrib-type=\"author\"><name>"
        "<surname>Roe</surname><given-names>J</given-names></name></contrib><contrib contrib-type=\"editor\"><name>"
        "<surname>Ed</surname></name></contrib></contrib-group><pub-date pub-type=\"collection\"><year>2013</year></pub-date>"
        "<pub-date pub-type=\"epub\"><day>3</day><month>2</month><year>2014</year></pub-date><permissions><license "
        "xlink:href=\"http://creativecommons.org/licenses/by-nc/3.0/\"><license-p>Words.</license-p></license></permissions>"
        "</article-meta></front><body><p>x</p></body></article>";
    g_auto(Parsed) parsed = parse(&format_jats, xml);
    g_assert_true(parsed.good);
    g_assert_cmpstr(parsed.document.id, ==, "PMC8");
    g_assert_cmpstr(parsed.document.title, ==, "Main: sub");
    g_assert_cmpstr(parsed.document.date, ==, "2014-02-03");
    g_assert_cmpstr(parsed.document.language, ==, "en");
    g_assert_cmpstr(parsed.document.licence, ==, "CC-BY-NC-3.0");
    g_assert_cmpstr(parsed.document.kind, ==, "article");
    assert_meta(&parsed.document, "{\"article_type\":\"research-article\",\"authors\":[\"J Roe\"],\"dates\":{\"collection\":\"2013\",\"epub\":"
                                  "\"2014-02-03\"},\"doi\":\"10.1/x\",\"journal\":\"J\",\"pmcid\":\"PMC8\",\"pmid\":\"7\"}");
}

static void test_the_standing_and_the_relatives_of_an_article(void)
{
    static const char xml[] =
        "<article article-type=\"research-article\"><front><journal-meta><journal-id journal-id-type=\"nlm-ta\">J Inv</journal-id>"
        "<journal-title>Journal of Inventions</journal-title><issn pub-type=\"ppub\">1111-2222</issn><issn pub-type=\"epub\">3333-4444</issn>"
        "<publisher><publisher-name>Press</publisher-name></publisher></journal-meta><article-meta><article-id pub-id-type=\"pmcid\">PMC9.1"
        "</article-id><title-group><article-title>T</article-title><trans-title-group><trans-title>\xc3\x9c</trans-title></trans-title-group>"
        "</title-group><volume>4</volume><issue>2</issue><fpage>5</fpage><lpage>9</lpage><history><date date-type=\"received\"><year>2001"
        "</year></date></history><related-article related-article-type=\"retraction-forward\" ext-link-type=\"doi\" href=\"10.1/r\"/>"
        "<related-article related-article-type=\"correction-forward\">J 5, 6</related-article><abstract><p>A.</p></abstract>"
        "<abstract abstract-type=\"toc\"><p>B.</p></abstract><trans-abstract xml:lang=\"fr\"><p>C.</p></trans-abstract></article-meta></front>"
        "<sub-article article-type=\"reply\"><front-stub><title-group><article-title>Answer</article-title></title-group></front-stub></sub-article>"
        "<body><sec><title>Funding</title><p>Us.</p></sec><p><zip>x</zip></p></body></article>";
    g_auto(Parsed) parsed = parse(&format_jats, xml);
    g_assert_true(parsed.good);
    assert_meta(&parsed.document,
                "{\"article_type\":\"research-article\",\"corrected\":true,\"dates\":{\"received\":\"2001\"},\"issn\":\"1111-2222\","
                "\"issn_electronic\":\"3333-4444\",\"issue\":\"2\",\"journal\":\"Journal of Inventions\",\"journal_abbreviation\":\"J Inv\","
                "\"left_out_sections\":[\"Funding\"],\"other_abstracts\":[\"toc\",\"fr\"],\"pages\":\"5-9\",\"pmcid\":\"PMC9\",\"publisher\":"
                "\"Press\",\"related\":[{\"doi\":\"10.1/r\",\"type\":\"retraction-forward\"},{\"source\":\"J 5, 6\",\"type\":"
                "\"correction-forward\"}],\"retracted\":true,\"sub_articles\":[{\"title\":\"Answer\",\"type\":\"reply\"}],\"translated_titles\":"
                "[\"\xc3\x9c\"],\"unknown_elements\":[\"zip\"],\"volume\":\"4\"}");
}

static void test_other_abstracts_come_when_they_are_asked_for(void)
{
    static const char xml[] = "<article><front><article-meta><abstract><p>A.</p></abstract><abstract abstract-type=\"executive-summary\"><p>B.</p>"
                              "</abstract><abstract abstract-type=\"toc\"><title>In brief:</title><p>C.</p></abstract><trans-abstract xml:lang=\"fr\">"
                              "<title>R\xc3\xa9sum\xc3\xa9</title><p>D.</p></trans-abstract></article-meta></front></article>";
    static const struct {
        const char *kinds[4], *text;
    } cases[] = {
        {{NULL}, "# Abstract\n\nA."},
        {{"main", "executive-summary", "fr"}, "# Abstract\n\nA.\n\n# Executive summary\n\nB.\n\n# R\xc3\xa9sum\xc3\xa9\n\nD."},
        {{"toc"}, "# In brief\n\nC."},
        {{"trans"}, "# R\xc3\xa9sum\xc3\xa9\n\nD."},
        {{"any"}, "# Abstract\n\nA.\n\n# Executive summary\n\nB.\n\n# In brief\n\nC.\n\n# R\xc3\xa9sum\xc3\xa9\n\nD."},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        ParseOptions options = {.abstracts = cases[i].kinds[0] ? (char **)cases[i].kinds : NULL};
        Record record = {.bytes = (char *)xml, .length = strlen(xml), .origin = (char *)"file"};
        g_auto(Document) document = {0};
        ParseFailure failure = {0};
        g_assert_true(format_jats.parse(&record, &options, &document, &failure));
        g_assert_cmpstr(document.text, ==, cases[i].text);
    }
}

static void test_retractions_are_flagged(void)
{
    g_auto(Parsed) notice = parse(&format_jats, "<article article-type=\"retraction\"><body><p>x</p></body></article>");
    g_assert_nonnull(strstr(notice.document.meta, "\"retraction_notice\":true"));
    g_auto(Parsed) victim = parse(&format_jats, "<article><front><article-meta><title-group><article-title>RETRACTED: On it"
                                                "</article-title></title-group></article-meta></front><body><p>x</p></body></article>");
    g_assert_nonnull(strstr(victim.document.meta, "\"retracted\":true"));
}

static void test_what_is_no_article_says_so(void)
{
    assert_failure(&format_jats, "<ref><note>x</note></ref>", RULE_NOT_A_DOCUMENT, "<ref>");
    assert_failure(&format_jats, "<html><body>x</body></html>", RULE_NOT_A_DOCUMENT, "format 'html'");
    assert_failure(&format_jats, "<art><bdy/></art>", RULE_NO_TEXT, "neither");
    assert_failure(&format_jats, "<article><front/></article>", RULE_NO_TEXT, "neither");
    assert_failure(&format_jats, "Not Found", RULE_MALFORMED_XML, "text before the first tag");
}

static void test_a_blank_at_the_edge_of_a_script_stays_outside(void)
{
    assert_text(&format_jats, ARTICLE("<p>5% CO<sub>2 </sub>in air, 10<sup> 6 </sup>cells, h<sup>\n -1\n</sup>and<sup>14 </sup>C, "
                                      "t<sub>a b </sub>is.</p>"),
                "5% CO_2 in air, 10^6 cells, h^-1 and^14 C, t_(a b) is.");
}

static void test_indented_files_have_no_blanks_around_brackets(void)
{
    assert_text(&format_jats, ARTICLE("<p>Of\n  <italic>Homo</italic>\n  , (\n  <italic>\n  H\n  </italic>\n  ) and\n  <italic>Pan</italic>\n  ."
                                      "</p><p>P\n  <italic>=</italic>\n  .05, kept <italic>as</italic> , is</p>"),
                "Of Homo, (H) and Pan.\n\nP = .05, kept as , is");
}

static void test_a_formula_that_is_a_picture_glues_no_words(void)
{
    assert_text(&format_jats, ARTICLE("<p>written<disp-formula><graphic/></disp-formula>in (<inline-formula><inline-graphic/>"
                                      "</inline-formula>) or<inline-formula><inline-graphic/></inline-formula>, b.</p>"),
                "written in or, b.");
}

static void test_a_mention_keeps_all_its_panels(void)
{
    assert_text(&format_jats,
                ARTICLE("<p>See <xref ref-type=\"fig\" rid=\"f3\">Fig 3A-3C</xref>, <xref ref-type=\"fig\" rid=\"f3\">3B,D and E</xref>, "
                        "<xref ref-type=\"fig\" rid=\"f3\">Figures 3A and 4B</xref>, <xref ref-type=\"fig\" rid=\"f3\">Figure 3</xref>C,D.</p>"
                        "<fig id=\"f3\"><label>Figure 3.</label><caption><p>Cap</p></caption></fig>"),
                "See [fig_ref]Figure 3A-3C: Cap[/fig_ref], [fig_ref]Figure 3B,D and E: Cap[/fig_ref], "
                "[fig_ref]Figure 3A: Cap[/fig_ref], [fig_ref]Figure 3: Cap[/fig_ref] C,D.\n\n[fig]Figure 3: Cap[/fig]");
}

static void test_an_abbreviation_is_explained_in_the_line(void)
{
    assert_text(&format_jats, ARTICLE("<p><abbrev>bc<def><p>: bulbar cavity</p></def></abbrev>; <abbrev>NIH<def><p>National "
                                      "Institutes</p></def></abbrev>.</p>"),
                "bc: bulbar cavity; NIH (National Institutes).");
}

static void test_sections_named_like_back_matter_stay(void)
{
    assert_text(&format_jats, "<article><body><sec><title>Disclosure of errors to patients</title><p>A.</p></sec><sec><title>Disclosure"
                              "</title><p>B.</p></sec><sec><title>Funding of hospitals</title><p>C.</p></sec><sec><title>Funding "
                              "and conflicts of interest</title><p>D.</p></sec><sec><title>Conflict of Interest Statement</title>"
                              "<p>E.</p></sec></body></article>",
                "# Disclosure of errors to patients\n\nA.\n\n# Funding of hospitals\n\nC.");
}

static void test_references_lose_addresses(void)
{
    assert_text(&format_jats, "<article><body><p>A" CITE("t", "1") " too.</p></body><back><ref-list><ref id=\"t\"><element-citation>"
                              "<name><surname>Ng</surname></name><article-title>[Tea and coffee].</article-title></element-citation></ref></ref-list></back></article>",
                "A [bib_ref]Tea and coffee, Ng[/bib_ref] too.");
    assert_text(&format_jats,
                "<article><body><p>A [" CITE("w", "1") "], b [" CITE("v", "2") "].</p></body><back><ref-list><ref id=\"w\"><mixed-citation>"
                "R project. Available: <ext-link>http://r.org</ext-link>. Accessed 2013</mixed-citation></ref><ref id=\"v\">"
                "<element-citation><year>1969</year><pub-id>10.1/x</pub-id></element-citation></ref></ref-list></back></article>",
                "A [bib_ref]R project[/bib_ref], b [bib_ref]1969[/bib_ref].");
}

static void test_code_stands_in_a_paragraph_of_its_own(void)
{
    assert_text(&format_jats, ARTICLE("<p>Run:</p><code>\nmake all\n\nmake check</code>"), "Run:\n\nmake all\nmake check");
}

static void test_one_label_for_several_figures(void)
{
    assert_text(&format_jats,
                ARTICLE("<p>See (Figs <xref ref-type=\"fig\" rid=\"f\">7</xref>, <xref ref-type=\"fig\" rid=\"f\">8&#x2013;9</xref>; "
                        "Figs <xref ref-type=\"fig\" rid=\"f\">7&#x2013;10</xref>).</p><fig id=\"f\"><label>Figures 7&#x2013;10.</label>"
                        "<caption><p>Cap</p></caption></fig>"),
                "See ([fig_ref]Figure 7: Cap[/fig_ref], [fig_ref]Figures 8\xe2\x80\x93" "9: Cap[/fig_ref]; "
                "[fig_ref]Figures 7\xe2\x80\x93" "10: Cap[/fig_ref]).\n\n[fig]Figures 7\xe2\x80\x93" "10: Cap[/fig]");
}

static void test_what_is_left_out_parts_no_paragraph(void)
{
    assert_text(&format_jats, ARTICLE("<p>As the <supplementary-material><p>file</p></supplementary-material>shows (<taxon-name>"
                                      "<taxon-name-part>Homo</taxon-name-part><taxon-name-part>sapiens</taxon-name-part></taxon-name>).</p>"),
                "As the shows (Homo sapiens).");
}

static void test_a_statement_of_interests_is_out_at_any_depth(void)
{
    assert_text(&format_jats, "<article><body><sec><title>End</title><p>A.</p><sec><title>Conflict of Interest Statement</title>"
                              "<p>None.</p></sec></sec></body></article>", "# End\n\nA.");
}

static void test_mathml(void)
{
#define MATH(inner) ARTICLE("<p>It <inline-formula><math>" inner "</math></inline-formula></p>")
    assert_text(&format_jats, MATH("<msup><mn>10</mn><mrow>\n<mo>-</mo>\n<mn>3</mn>\n</mrow></msup>"), "It [formula]10^(-3)[/formula]");
    assert_text(&format_jats, MATH("<mi>exp</mi><mo>(</mo><mo>-</mo><mi>k</mi><mo>=</mo><mo>-</mo><mn>2</mn><mo>-</mo><mi>x</mi><mo>)</mo>"),
                "It [formula]exp(-k = -2 - x)[/formula]");
    assert_text(&format_jats, MATH("<msub><mi>t</mi><mrow><mspace/><mi>a</mi><mi>b</mi></mrow></msub>"), "It [formula]t_(ab)[/formula]");
    assert_text(&format_jats, MATH("<msub><mover><mi>b</mi><mo>^</mo></mover><mn>1</mn></msub>"), "It [formula]b\xcc\x82_1[/formula]");
    assert_text(&format_jats, MATH("<msup><mrow><mo>(</mo><mi>n</mi><mi>x</mi><mo>)</mo></mrow><mn>2</mn></msup>"),
                "It [formula](nx)^2[/formula]");
    assert_text(&format_jats, MATH("<msup><mrow><mo>(</mo><mi>a</mi><mo>)</mo><mo>(</mo><mi>b</mi><mo>)</mo></mrow><mn>2</mn></msup>"),
                "It [formula]((a)(b))^2[/formula]");
    assert_text(&format_jats, MATH("<mfenced separators=\"; ,\"><mi>a</mi><mi>b</mi><mi>c</mi><mi>d</mi></mfenced>"),
                "It [formula](a; b, c, d)[/formula]");
    assert_text(&format_jats, MATH("<mtable><mtr><mtd><mi>y</mi></mtd><mtd><mo>=</mo></mtd><mtd><mi>x</mi></mtd></mtr>"
                                   "<mtr><mtd/><mtd><mo>=</mo><mi>z</mi></mtd></mtr></mtable>"),
                "It [formula]y = x; =z[/formula]");
    assert_text(&format_jats, MATH("<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>-2</mn></mtd></mtr></mtable>"),
                "It [formula]1, -2[/formula]");
#undef MATH
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jats/headings follow the nesting of sections", test_headings_follow_the_nesting_of_sections);
    g_test_add_func("/jats/a citation becomes title and name", test_a_citation_becomes_title_and_name);
    g_test_add_func("/jats/a citation range becomes one reference per number",
                    test_a_citation_range_becomes_one_reference_per_number);
    g_test_add_func("/jats/a citation group loses commas and brackets", test_a_citation_group_loses_commas_and_brackets);
    g_test_add_func("/jats/an unresolved citation vanishes", test_an_unresolved_citation_vanishes);
    g_test_add_func("/jats/a footnote mark vanishes, and the footnote stands behind its paragraph", test_a_footnote_stands_behind_its_paragraph);
    g_test_add_func("/jats/a figure stands once, behind its paragraph", test_a_figure_stands_once_behind_its_paragraph);
    g_test_add_func("/jats/a number alone takes the word before it", test_a_number_alone_takes_the_word_before_it);
    g_test_add_func("/jats/tables have rows when asked for", test_tables_have_rows_when_asked_for);
    g_test_add_func("/jats/lists nest and keep one line per item", test_lists_nest_and_keep_one_line_per_item);
    g_test_add_func("/jats/boxes and quotes are text", test_boxes_and_quotes_are_text);
    g_test_add_func("/jats/a formula is TeX first and only once", test_a_formula_is_tex_first_and_only_once);
    g_test_add_func("/jats/reviews are not the article", test_reviews_are_not_the_article);
    g_test_add_func("/jats/named characters need no DTD", test_named_characters_need_no_dtd);
    g_test_add_func("/jats/an entity bomb is refused", test_an_entity_bomb_is_refused);
    g_test_add_func("/jats/all facts of an article", test_all_facts_of_an_article);
    g_test_add_func("/jats/the standing and the relatives of an article are facts", test_the_standing_and_the_relatives_of_an_article);
    g_test_add_func("/jats/other abstracts come when they are asked for", test_other_abstracts_come_when_they_are_asked_for);
    g_test_add_func("/jats/retractions are flagged", test_retractions_are_flagged);
    g_test_add_func("/jats/scripts before a base stand before it", test_scripts_before_a_base_stand_before_it);
    g_test_add_func("/jats/what is no article says so", test_what_is_no_article_says_so);
    g_test_add_func("/jats/a blank at the edge of a script stays outside of it", test_a_blank_at_the_edge_of_a_script_stays_outside);
    g_test_add_func("/jats/indented files have no blanks around brackets and commas", test_indented_files_have_no_blanks_around_brackets);
    g_test_add_func("/jats/a formula that is a picture glues no words", test_a_formula_that_is_a_picture_glues_no_words);
    g_test_add_func("/jats/a mention keeps all its panels", test_a_mention_keeps_all_its_panels);
    g_test_add_func("/jats/an abbreviation is explained in the line", test_an_abbreviation_is_explained_in_the_line);
    g_test_add_func("/jats/sections named like back matter stay", test_sections_named_like_back_matter_stay);
    g_test_add_func("/jats/references lose addresses and where to find them", test_references_lose_addresses);
    g_test_add_func("/jats/code stands in a paragraph of its own", test_code_stands_in_a_paragraph_of_its_own);
    g_test_add_func("/jats/MathML signs, accents, separators and columns", test_mathml);
    g_test_add_func("/jats/one label for several figures", test_one_label_for_several_figures);
    g_test_add_func("/jats/what is left out parts no paragraph", test_what_is_left_out_parts_no_paragraph);
    g_test_add_func("/jats/a statement of interests is out at any depth", test_a_statement_of_interests_is_out_at_any_depth);
    return g_test_run();
}
