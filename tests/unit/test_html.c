/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/html.h: pages to documents, on pages made up for the purpose. */
#include "scrapers/extract/html.h"

#include <string.h>

#include "base/json.h"

#define PROSE "Adults take ten milligrams twice a day with food, for as long as the symptoms last, and they see the " \
              "physician who prescribed it again after four weeks. "
#define PARAGRAPH "<p>" PROSE PROSE "</p>"
#define PROSE_LINE "Adults take ten milligrams twice a day with food, for as long as the symptoms last, and they see " \
                   "the physician who prescribed it again after four weeks."

static gboolean extract(const char *html, const ParseOptions *options, Document *document, ParseFailure *failure)
{
    static const ParseOptions none;
    *failure = (ParseFailure){0};
    return html_extract(html, strlen(html), "text/html; charset=utf-8", "https://example.org/dir/page", options ? options : &none,
                        document, failure);
}

/* The text of a page that must have one. */
static char *text_of(const char *html, const ParseOptions *options)
{
    g_auto(Document) document = {0};
    ParseFailure failure;
    gboolean good = extract(html, options, &document, &failure);
    g_assert_cmpstr(failure.rule, ==, NULL);
    g_assert_true(good);
    g_assert_cmpuint(document.text_length, ==, strlen(document.text));
    return g_steal_pointer(&document.text);
}

/* The text behind a paragraph of prose that makes the page long enough. */
static char *text_after_prose(const char *html, const ParseOptions *options)
{
    g_autofree char *page = g_strconcat("<body><main><p>" PROSE "</p>", html, "</main>", NULL);
    g_autofree char *text = text_of(page, options);
    g_assert_true(g_str_has_prefix(text, PROSE_LINE));
    const char *rest = text + strlen(PROSE_LINE);
    return g_strdup(g_str_has_prefix(rest, "\n\n") ? rest + 2 : rest);
}

static void assert_after_prose(const char *html, const char *expected)
{
    g_autofree char *text = text_after_prose(html, NULL);
    g_assert_cmpstr(text, ==, expected);
}

static void assert_rule(const char *bytes, gsize length, const char *rule)
{
    g_auto(Document) document = {0};
    ParseFailure failure = {0};
    ParseOptions options = {0};
    g_assert_false(html_extract(bytes, length, NULL, "https://example.org/x", &options, &document, &failure));
    g_assert_cmpstr(failure.rule, ==, rule);
    g_assert_cmpstr(document.id, ==, "https://example.org/x");
    g_assert_null(document.text);
}

static void test_menus_and_furniture_are_left_out(void)
{
    g_autofree char *text =
        text_of("<body><nav><ul><li><a href=/>Home</a></ul></nav><div class='cookie-banner'>We use cookies on this site to "
                "make it work better for you and your family.</div><div id=main><h1>Dose</h1>" PARAGRAPH
                "<div class=RelatedLinks><p>Read our other long articles about doses, they are good for you too.</p></div>"
                "<ul><li><a href=/a>One</a><li><a href=/b>Two</a></ul>" PARAGRAPH
                "</div><aside>" PROSE "</aside><footer>Imprint</footer>", NULL);
    g_assert_cmpstr(text, ==, PROSE_LINE " " PROSE_LINE "\n\n" PROSE_LINE " " PROSE_LINE);
}

static void test_an_abstract_beside_the_body_is_kept(void)
{
    g_autofree char *text = text_of("<body><div><div><h2>Abstract</h2><div>" PARAGRAPH "</div></div><div><h2>Body</h2>" PARAGRAPH
                                    PARAGRAPH PARAGRAPH PARAGRAPH PARAGRAPH PARAGRAPH PARAGRAPH PARAGRAPH "</div></div>", NULL);
    g_assert_true(g_str_has_prefix(text, "# Abstract\n\n" PROSE_LINE));
    g_assert_nonnull(strstr(text, "\n\n# Body\n\n"));
}

static void test_headings_rank_from_one_to_three_without_the_title(void)
{
    g_autofree char *text = text_of("<title>Heart failure | Clinic</title><main><h1>Heart failure</h1>" PARAGRAPH
                                    "<h2>Signs</h2><p>One.</p><h4>Early</h4><p>Two.</p><h5>In bed</h5><p>Three.</p>"
                                    "<h6>At night</h6><p>Four.</p><h2>Left over</h2></main>", NULL);
    const char *headings = strstr(text, "\n\n# Signs");
    g_assert_cmpstr(headings, ==, "\n\n# Signs\n\nOne.\n\n## Early\n\nTwo.\n\n### In bed\n\nThree.\n\n### At night\n\nFour.");
    g_assert_null(strstr(text, "Heart failure"));
}

static void test_lists_nest_by_two_spaces(void)
{
    assert_after_prose("<ul><li>a<ol><li>b<ul><li>c</ul><li>d</ol>e<li><p>f</p><p>g</p></ul>",
                       "- a\n  - b\n    - c\n  - d\n  e\n- f g");
    assert_after_prose("<ul><li><figure><img></figure><div>a</div>b<li>c<ul></ul>d</ul>", "- a b\n- c d");
    assert_after_prose("<dl><dt>Fever</dt><dd>Over 38 °C</dd><dd>measured twice</dd><dt>Cough:</dt><dd>dry</dd></dl>",
                       "- Fever: Over 38 °C\n- measured twice\n- Cough: dry");
    assert_after_prose("<ul><li><h3>Part</h3><p>Text of it.</p></ul>", "# Part\n\nText of it.");
}

static void test_white_space_collapses_and_breaks_break(void)
{
    assert_after_prose("<p>\n a \t<b>b</b>\n<i> c</i>d </p>", "a b cd");
    assert_after_prose("<p>one<br>two<br><br>three</p>", "one\ntwo\n\nthree");
    assert_after_prose("<p><sup>1</sup> South,<br>\n<sup>2</sup> North</p>", "South,\nNorth");
    assert_after_prose("<p>zero\xe2\x80\x8bwidth soft\xc2\xadhyphen no\xc2\xa0" "break &#1; &#x96;</p>", "zerowidth softhyphen no break \xe2\x80\x93");
    assert_after_prose("<div>loose<p>inner</p>tail</div>", "loose\n\ninner\n\ntail");
    assert_after_prose("<pre>\n a  b  \n\n\n\n   c\n</pre>", " a  b\n\n   c");
    assert_after_prose("<blockquote>said</blockquote>", "said");
}

static void test_exponents_never_glue_to_numbers(void)
{
    assert_after_prose("<p>10<sup>3</sup> cells/mm<sup>3</sup>, 1.73 m<sup>2</sup>, 10<sup>−9</sup>, x<sub>1</sub>, 5<sub>2</sub>, H<sub>2</sub>O</p>",
                       "10^3 cells/mm^3, 1.73 m^2, 10^−9, x1, 5_2, H2O");
    assert_after_prose("<p>0.33 kWh/m\n<sup>2</sup>\n(PAR), 5 cm <sup>3</sup> of it, the patients <sup>4</sup> of group A <sup>5</sup>, R\n<sup>2</sup>\n= 0.77",
                       "0.33 kWh/m^2 (PAR), 5 cm^3 of it, the patients of group A, R^2 = 0.77");
    assert_after_prose("<p>the 1<sup>st</sup> of Acme<sup>®</sup></p>", "the 1st of Acme®");
    assert_after_prose("<p>el 1.<sup>o</sup> de junio, N.<sup>o</sup> 5, fin.<sup>o</sup> Un 3.<sup>a</sup> más</p>",
                       "el 1.o de junio, N.o 5, fin. Un 3. más");
}

static void test_marks_of_notes_and_references_are_dropped(void)
{
    assert_after_prose("<p>as shown<sup><a href=#ref>1</a></sup> before.<sup>2,3</sup> Again<sup>[4]</sup> and<sup>*</sup> patients<sup>5</sup></p>",
                       "as shown before. Again and patients");
    assert_after_prose("<p>^ <a href=#1><sup>a</sup></a> <a href=#2><sup>b</sup></a> Carboneras</p>", "^ Carboneras");
    assert_after_prose("<p>ten<a href=#r><sup>7</sup></a> more</p>", "ten more");
}

static void test_tables_of_data_are_dropped_or_become_rows(void)
{
    const char *html = "<table><caption>Doses</caption><tr><th>Drug<th colspan=2>Dose</tr><tr><td>A<td>1<td>2<br>3</table>";
    ParseOptions options = {.tables = TRUE};
    g_autofree char *dropped = text_after_prose(html, NULL);
    g_autofree char *rows = text_after_prose(html, &options);
    g_assert_cmpstr(dropped, ==, "");
    g_assert_cmpstr(rows, ==, "Doses\n\nDrug | Dose | \nA | 1 | 2 3");
}

static void test_a_huge_colspan_is_clamped(void)
{
    ParseOptions options = {.tables = TRUE};
    g_autofree char *rows = text_after_prose("<table><tr><th colspan=9007199254740991>a<th colspan=-4>b</table>"
                                             "<table><tr><th>c<th>d<tr><td colspan=9007199254740991>a<td colspan=-4>b</table>", &options);
    g_assert_cmpuint(strlen(rows), <, 2000);
    g_assert_nonnull(strstr(rows, "c | d"));
}

static void test_tables_of_layout_are_read_as_blocks(void)
{
    g_autofree char *text = text_of("<body><table><tr><td><a href=/>Home</a><td><h2>Part</h2>" PARAGRAPH PARAGRAPH
                                    "<table><tr><td>1<td>2<tr><td>3<td>4</table></table>", NULL);
    g_assert_true(g_str_has_prefix(text, "# Part\n\n" PROSE_LINE));
    g_assert_null(strstr(text, "3"));
}

static void test_hidden_text_is_left_out_but_tabs_are_kept(void)
{
    assert_after_prose("<div style='DISPLAY : none'>secret</div><div class=tab-panel hidden><p>unfolds</p></div>"
                       "<p aria-hidden=true>shadow</p><p>seen</p>", "unfolds\n\nseen");
    assert_after_prose("<div class='window is-hidden'><p>" PROSE "</p></div><p class=this-is-hidden-gold>seen</p>", "seen");
}

static void test_captions_of_numbered_figures_are_kept(void)
{
    assert_after_prose("<figure><img><figcaption><h4><span>Figure 3: </span>Doses</h4><span>(A) Adults.</span></figcaption></figure>",
                       "Figure 3: Doses\n\n(A) Adults.");
    assert_after_prose("<div class=caption>Tabla 2. Dosis.</div><div class=caption>图1 剂量。</div>", "Tabla 2. Dosis.\n\n图1 剂量。");
    assert_after_prose("<figure><img><figcaption>Figures of speech in the park</figcaption></figure><p>seen</p>", "seen");
    assert_after_prose("<h2>Part</h2><p>One.</p><h5>Fig. S1</h5><p>Two.</p><h3>Sub</h3><p>Three.</p>",
                       "# Part\n\nOne.\n\nFig. S1\n\nTwo.\n\n## Sub\n\nThree.");
}

/* Whether the block below an article's six paragraphs is taken for a part of it. */
static gboolean foot_is_kept(const char *name, const char *html)
{
    g_autofree char *page = g_strdup_printf("<body><div>" PARAGRAPH PARAGRAPH PARAGRAPH "<div class=%s>%s</div></div>", name, html);
    g_autofree char *text = text_of(page, NULL);
    return strstr(text, "Thanks") != NULL;
}

static void test_the_foot_of_an_article_is_kept_for_its_weight(void)
{
    g_assert_true(foot_is_kept("generated-article-footer", "<h2>Thanks</h2>" PARAGRAPH PARAGRAPH));
    g_assert_false(foot_is_kept("generated-article-footer", "<p>Thanks for reading, share it</p>"));
    g_assert_false(foot_is_kept("page-footer", "<h2>Thanks</h2>" PARAGRAPH PARAGRAPH));
}

static void test_a_rule_selects_and_removes(void)
{
    char guide[] = "//div[@id='guide']", legal[] = "//p[@class='legal']", nothing[] = "//nothing", title[] = "//div[@id='t']";
    char *content[] = {guide, NULL}, *remove[] = {legal, nothing, NULL};
    ParseOptions options = {.content = content, .remove = remove, .title = title};
    g_auto(Document) document = {0};
    ParseFailure failure;
    g_assert_true(extract("<title>Wrong</title><div id=t> The  title </div><p>" PROSE PROSE PROSE "</p><div id=guide class=sidebar>"
                          "<h4>Key points</h4><p>" PROSE "</p><p class=legal>Legal</p></div>", &options, &document, &failure));
    g_assert_cmpstr(document.title, ==, "The title");
    g_assert_cmpstr(document.text, ==, "# Key points\n\n" PROSE_LINE);
    g_assert_null(document.meta);
}

static void test_a_rule_that_misses_is_noted(void)
{
    char gone[] = "//div[@id='gone']", *content[] = {gone, NULL};
    ParseOptions options = {.content = content};
    g_auto(Document) document = {0};
    ParseFailure failure;
    g_assert_true(extract("<meta name=description content=d><main><p>" PROSE "</p></main>", &options, &document, &failure));
    g_assert_cmpstr(document.text, ==, PROSE_LINE);
    g_assert_cmpstr(document.meta, ==, "{\"content_rule\":\"missed\",\"description\":\"d\"}");
}

static void test_the_page_tells_its_facts(void)
{
    g_auto(Document) document = {0};
    ParseFailure failure;
    g_assert_true(extract("<html lang=en-GB><title>Asthma in adults - Example Clinic</title>"
                          "<link rel=canonical href='/guides/asthma'><link rel=license href='https://creativecommons.org/licenses/by-nc/4.0/'>"
                          "<meta name=citation_publication_date content='2014/5/12'><meta name=citation_doi content='doi:10.1000/ABC'>"
                          "<meta property=og:site_name content='Example Clinic'><meta name=author content='A. Smith'>"
                          "<meta name=description content=' On  asthma '><main>" PARAGRAPH "</main>", NULL, &document, &failure));
    g_assert_cmpstr(document.title, ==, "Asthma in adults");
    g_assert_cmpstr(document.url, ==, "https://example.org/guides/asthma");
    g_assert_cmpstr(document.id, ==, "https://example.org/guides/asthma");
    g_assert_cmpstr(document.kind, ==, "page");
    g_assert_cmpstr(document.licence, ==, "CC-BY-NC-4.0");
    g_auto(Document) igo = {0};
    g_assert_true(extract("<main>" PARAGRAPH "<a href='https://creativecommons.org/licenses/by-nc-sa/3.0/igo/'>terms</a>", NULL, &igo, &failure));
    g_assert_cmpstr(igo.licence, ==, "CC-BY-NC-SA-3.0-IGO");
    g_assert_cmpstr(document.date, ==, "2014-05-12");
    g_assert_cmpstr(document.language, ==, "en");
    g_assert_cmpstr(document.meta, ==,
                    "{\"authors\":[\"A. Smith\"],\"description\":\"On asthma\",\"doi\":\"10.1000/abc\",\"site\":\"Example Clinic\"}");
}

static void test_false_facts_are_refused(void)
{
    g_auto(Document) document = {0};
    ParseFailure failure;
    g_assert_true(extract("<html lang=english><link rel=canonical href='javascript:alert(1)'><link rel=canonical href='https://example.org/'>"
                          "<meta name=date content='12.31.2014'><a href='https://creativecommons.org/licenses/by/4.0/'>x</a>"
                          "<a href='https://creativecommons.org/licenses/by-nc/4.0/'>y</a><main>" PARAGRAPH "</main>",
                          NULL, &document, &failure));
    g_assert_cmpstr(document.url, ==, "https://example.org/dir/page");
    g_assert_null(document.language);
    g_assert_null(document.date);
    g_assert_null(document.licence);
    g_assert_null(document.title);
}

static void test_a_saved_page_without_a_url_keeps_the_callers_id(void)
{
    ParseOptions options = {0};
    g_auto(Document) document = {.id = g_strdup("saved/page.html"), .kind = g_strdup("page")};
    ParseFailure failure;
    g_assert_true(html_extract(PARAGRAPH, strlen(PARAGRAPH), NULL, NULL, &options, &document, &failure));
    g_assert_cmpstr(document.id, ==, "saved/page.html");
    g_assert_null(document.url);

    const char *named = "<link rel=canonical href='https://example.org/guide'>" PARAGRAPH;
    g_auto(Document) known = {.id = g_strdup("saved/page.html"), .url = NULL};
    g_assert_true(html_extract(named, strlen(named), NULL, NULL, &options, &known, &failure));
    g_assert_cmpstr(known.id, ==, "https://example.org/guide");
}

static void test_a_heading_of_one_word_can_be_the_title(void)
{
    g_auto(Document) document = {0};
    ParseFailure failure;
    g_assert_true(extract("<title>Aspirin - Drugs</title><main><h1>Aspirin</h1>" PARAGRAPH "</main>", NULL, &document, &failure));
    g_assert_cmpstr(document.title, ==, "Aspirin");
    g_assert_true(g_str_has_prefix(document.text, PROSE_LINE));
}

static void test_json_ld_serves_where_the_page_is_empty(void)
{
    g_auto(Document) document = {0};
    ParseFailure failure;
    g_assert_true(extract("<script type=application/ld+json>{\"@graph\":[{\"datePublished\":\"2020-02-03T10:00\","
                          "\"author\":[{\"name\":\"B\"}],\"articleBody\":\"" PROSE "\\n" PROSE "\"}]}</script><div id=root></div>",
                          NULL, &document, &failure));
    g_assert_cmpstr(document.text, ==, PROSE_LINE "\n\n" PROSE_LINE);
    g_assert_cmpstr(document.date, ==, "2020-02-03");
    g_assert_cmpstr(document.meta, ==, "{\"authors\":[\"B\"]}");
}

static void test_what_is_no_page_is_named_so(void)
{
    assert_rule("<p>Too short.</p>", 17, RULE_NO_TEXT);
    assert_rule("", 0, RULE_NO_TEXT);
    assert_rule("<?xml version='1.0'?><rss><p>x</p></rss>", 40, RULE_NOT_A_DOCUMENT);
    assert_rule(" {\"a\": [1, 2]}", 14, RULE_NOT_A_DOCUMENT);
    assert_rule("%PDF-1.4 and so on", 18, RULE_NOT_A_DOCUMENT);
    assert_rule("\x89PNG\r\n\x1a\n", 8, RULE_NOT_A_DOCUMENT);
    g_autofree char *zeros = g_malloc0(5000);
    assert_rule(zeros, 5000, RULE_NOT_A_DOCUMENT);
}

static void assert_repeated(const char *prefix, const char *unit, guint times, const char *rule)
{
    g_autoptr(GString) page = g_string_new(prefix);
    for (guint i = 0; i < times; i++)
        g_string_append(page, unit);
    assert_rule(page->str, page->len, rule);
}

static void test_pages_made_to_hang_the_parser_are_refused(void)
{
    assert_repeated("", "<div>", 100000, RULE_MALFORMED_HTML);
    assert_repeated("", "<div><object></div>", 100000, RULE_MALFORMED_HTML);
    assert_repeated("<table>", "<p>x</p>", 100000, RULE_MALFORMED_HTML);
    assert_repeated("", "<a><b><i><u>", 40000, RULE_MALFORMED_HTML);
    assert_repeated("<svg>", "<g>", 1000, RULE_MALFORMED_HTML);
    assert_repeated("<p ", "a b c d ", 100, RULE_MALFORMED_HTML);
    assert_repeated("", "<b><i></b></i>", 100000, RULE_MALFORMED_HTML);
    g_autoptr(GString) page = g_string_new(NULL);
    for (guint i = 0; i < 1000; i++)
        g_string_append_printf(page, "<font color=%u>x", i);
    assert_rule(page->str, page->len, RULE_MALFORMED_HTML);
    g_autofree char *huge = g_strnfill(13 << 20, 'x');
    assert_rule(huge, 13 << 20, RULE_TOO_LARGE);
}

static void test_untidy_pages_are_no_attack(void)
{
    g_autoptr(GString) page = g_string_new("<p>" PROSE "<ul>");
    for (guint i = 0; i < 2000; i++)
        g_string_append(page, "<li><b>bold<p>text <a name=x>item <table><tr><td><font size=1>1<td><i>2</table><svg><path d=x /></svg>");
    g_autofree char *text = text_of(page->str, NULL);
    g_assert_true(g_str_has_prefix(text, PROSE_LINE));
}

static void test_links_in_headings_are_text_or_signs(void)
{
    assert_after_prose("<h2><a class='toc-backref' href='#id1'>Dosing</a><a class=headerlink href='#d'>\u00b6</a></h2><p>Text.</p>"
                       "<h2>Storage<a href='#s'>#</a></h2><p>More.</p>",
                       "# Dosing\n\nText.\n\n# Storage\n\nMore.");
}

static void test_ids_made_of_headings_are_no_names_of_furniture(void)
{
    assert_after_prose("<div id='sharing-with-one-colleague'><h2>Sharing with one colleague</h2><p>Text.</p></div>"
                       "<div id='related-posts'><h2>Related posts</h2><p>Other.</p></div>",
                       "# Sharing with one colleague\n\nText.");
}

static void test_formulas_keep_their_numbers_and_parts_apart(void)
{
    static const char *const cases[][2] = {
        {"<mroot><mn>8</mn><mn>3</mn></mroot>", "root(8, 3)"},
        {"<msqrt><mn>4</mn></msqrt>", "sqrt(4)"},
        {"<msup><mn>8</mn><mrow><mfrac><mn>1</mn><mn>3</mn></mfrac></mrow></msup>", "8^(1/3)"},
        {"<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mrow><mi>kg</mi></mrow></mfrac>", "(a+b)/kg"},
        {"<msup><mn>10</mn><mn>12</mn></msup>", "10^12"},
        {"<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_i^2"},
        {"<mmultiscripts><mi>C</mi><none/><mo>+</mo><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts>", "_6^14C^+"},
        {"<mn>5</mn><mn>10</mn>", "5 10"},
        {"<semantics><mi>x</mi><annotation encoding='application/x-tex'>\\mathbf x</annotation></semantics>", "x"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *page = g_strdup_printf("<p>It is <math>%s</math> here.</p>", cases[i][0]);
        g_autofree char *expected = g_strdup_printf("It is %s here.", cases[i][1]);
        assert_after_prose(page, expected);
    }
}

#define SECTIONS "<main><p>" PROSE "</p><h2>1. Overview</h2>" PARAGRAPH "<h2>Dosing</h2>" PARAGRAPH "<h3>Children</h3>" PARAGRAPH     "<h2>  REFERENCES and links</h2><p>A reference.</p><h3>Dosing of references</h3><p>Another.</p>"     "<h2>Author notes</h2><p>Last.</p></main>"

static char *text_between(const char *start, const char *stop)
{
    char *starts[] = {(char *)start, NULL}, *stops[] = {(char *)stop, NULL};
    ParseOptions options = {.start_at = start ? starts : NULL, .stop_at = stop ? stops : NULL};
    return text_of(SECTIONS, &options);
}

static void test_a_text_starts_and_stops_at_headings(void)
{
    g_autofree char *start = text_between("overview", NULL);
    g_assert_true(g_str_has_prefix(start, "# 1. Overview\n\nAdults take"));
    g_assert_true(g_str_has_suffix(start, "\n\n# Author notes\n\nLast."));
    g_autofree char *stop = text_between(NULL, "References");
    g_assert_null(strstr(stop, "eference"));
    g_assert_null(strstr(stop, "Another."));
    g_assert_true(g_str_has_suffix(stop, PROSE_LINE "\n\n# Author notes\n\nLast."));
    g_autofree char *both = text_between("Dosing", "References");
    g_assert_true(g_str_has_prefix(both, "# Dosing\n\n"));
    g_assert_nonnull(strstr(both, "\n\n## Children\n\n"));
    g_autofree char *lower = text_between(NULL, "Children");
    g_assert_null(strstr(lower, "Children"));
    g_assert_nonnull(strstr(lower, "# REFERENCES and links\n\nA reference."));
    g_autofree char *last = text_between(NULL, "Author");
    g_assert_true(g_str_has_suffix(last, "Another."));
}

static void test_a_start_that_misses_is_noted(void)
{
    char *starts[] = {(char *)"Nothing like it", NULL};
    ParseOptions options = {.start_at = starts};
    ParseFailure failure;
    g_auto(Document) document = {0};
    g_assert_true(extract("<meta name=description content='About it'>" SECTIONS, &options, &document, &failure));
    g_assert_true(g_str_has_prefix(document.text, PROSE_LINE));
    g_assert_cmpstr(document.meta, ==, "{\"description\":\"About it\",\"start_rule\":\"missed\"}");
}

static void assert_date(const char *shown, const char *expected)
{
    g_autofree char *page = g_strconcat("<main><p class=date>", shown, "</p>" PARAGRAPH "</main>", NULL);
    ParseOptions options = {.date = (char *)"//p[@class='date']"};
    ParseFailure failure;
    g_auto(Document) document = {0};
    g_assert_true(extract(page, &options, &document, &failure));
    g_assert_cmpstr(document.date, ==, expected);
    g_assert_cmpstr(document.meta, ==, expected ? NULL : "{\"date_rule\":\"missed\"}");
}

/* The chapters of a page by these rules: "URL HEADING;" each, or "" for none. */
static char *chapters_of(const char *body, const ParseOptions *options)
{
    g_auto(Document) document = {0};
    ParseFailure failure;
    GString *list = g_string_new(NULL);
    g_assert_true(extract(body, options, &document, &failure));
    g_autoptr(json_t) meta = json_loads(document.meta ? document.meta : "{}", 0, NULL);
    gsize index;
    json_t *chapter;
    json_array_foreach(json_object_get(meta, "chapters"), index, chapter) {
        const char *heading = json_get_string(chapter, "heading");
        g_string_append_printf(list, "%s %s;", json_get_string(chapter, "url"), heading ? heading : "-");
    }
    return g_string_free(list, FALSE);
}

static void test_chapters_are_the_links_that_a_rule_selects(void)
{
    char nav[] = "//nav//a", last[] = "//a[@id='last']", self[] = "self", skipped[] = "/skipped$", dir[] = "/dir/", no[] = "/other/";
    char *links[] = {nav, last, self, NULL}, *skip[] = {skipped, NULL}, *pages[] = {no, dir, NULL}, *none[] = {no, NULL};
    ParseOptions options = {.chapters = links, .chapter_skip = skip};
    static const char body[] =
        "<head><base href=/dir/sub/></head><nav><a href=../page>Over\n view</a><a href='a b'># First <b>part</b></a><a href=skipped>S</a>"
        "<a href='#inside'>Inside</a><a href=HTTP://Example.ORG:80/x#y><img src=i></a><a href=/x>Late name</a>"
        "<a href=mailto:x@y>mail</a></nav><main>" PARAGRAPH "<a id=last href=a%20b>Again</a></main>";
    g_autofree char *all = chapters_of(body, &options);
    g_assert_cmpstr(all, ==,
                    "https://example.org/dir/page Over view;https://example.org/dir/sub/a%20b First part;http://example.org/x -;"
                    "https://example.org/x Late name;");
    options.chapter_pages = pages;
    g_autofree char *same = chapters_of(body, &options);
    g_assert_cmpstr(same, ==, all);
    options.chapter_pages = none;
    g_autofree char *nothing = chapters_of(body, &options);
    g_assert_cmpstr(nothing, ==, "");
    options.chapter_pages = NULL;
    g_autofree char *alone = chapters_of("<nav><a href=page>Me</a></nav>" PARAGRAPH, &options);
    g_assert_cmpstr(alone, ==, "");
}

static void test_the_number_of_chapters_is_bounded(void)
{
    char every[] = "//a";
    char *links[] = {every, NULL};
    ParseOptions options = {.chapters = links};
    g_autoptr(GString) page = g_string_new("<main>" PARAGRAPH);
    for (int i = 0; i < 3000; i++)
        g_string_append_printf(page, "<a href=/c/%d>%d</a>", i, i);
    g_autofree char *list = chapters_of(page->str, &options);
    g_auto(GStrv) parts = g_strsplit(list, ";", -1);
    g_assert_cmpuint(g_strv_length(parts), ==, 1001);
}

static void test_a_rule_finds_the_date(void)
{
    assert_date("Last reviewed: 2 May 2024", "2024-05-02");
    assert_date("Updated May 12th, 2024 by the board", "2024-05-12");
    assert_date("Sept. 2019", "2019-09");
    assert_date("1st of December 2020", "2020-12-01");
    assert_date("Version 2024-05-12", "2024-05-12");
    assert_date("2016 guideline, revised March 2021", "2021-03");
    assert_date("Published in 2016", "2016");
    assert_date("05/12/2024", NULL);
    assert_date("12345 patients may benefit", NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/html/menus and furniture are left out", test_menus_and_furniture_are_left_out);
    g_test_add_func("/html/an abstract beside the body is kept", test_an_abstract_beside_the_body_is_kept);
    g_test_add_func("/html/headings rank from one to three without the title",
                    test_headings_rank_from_one_to_three_without_the_title);
    g_test_add_func("/html/lists nest by two spaces", test_lists_nest_by_two_spaces);
    g_test_add_func("/html/white space collapses and breaks break", test_white_space_collapses_and_breaks_break);
    g_test_add_func("/html/exponents never glue to numbers", test_exponents_never_glue_to_numbers);
    g_test_add_func("/html/marks of notes and references are dropped", test_marks_of_notes_and_references_are_dropped);
    g_test_add_func("/html/tables of data are dropped or become rows", test_tables_of_data_are_dropped_or_become_rows);
    g_test_add_func("/html/a huge colspan is clamped", test_a_huge_colspan_is_clamped);
    g_test_add_func("/html/tables of layout are read as blocks", test_tables_of_layout_are_read_as_blocks);
    g_test_add_func("/html/hidden text is left out but tabs are kept", test_hidden_text_is_left_out_but_tabs_are_kept);
    g_test_add_func("/html/captions of numbered figures are kept", test_captions_of_numbered_figures_are_kept);
    g_test_add_func("/html/the foot of an article is kept for its weight", test_the_foot_of_an_article_is_kept_for_its_weight);
    g_test_add_func("/html/a rule selects and removes", test_a_rule_selects_and_removes);
    g_test_add_func("/html/a rule that misses is noted", test_a_rule_that_misses_is_noted);
    g_test_add_func("/html/links in headings are text or signs", test_links_in_headings_are_text_or_signs);
    g_test_add_func("/html/ids made of headings are no names of furniture",
                    test_ids_made_of_headings_are_no_names_of_furniture);
    g_test_add_func("/html/formulas keep their numbers and parts apart", test_formulas_keep_their_numbers_and_parts_apart);
    g_test_add_func("/html/a text starts and stops at headings", test_a_text_starts_and_stops_at_headings);
    g_test_add_func("/html/a start that misses is noted", test_a_start_that_misses_is_noted);
    g_test_add_func("/html/a rule finds the date", test_a_rule_finds_the_date);
    g_test_add_func("/html/chapters are the links that a rule selects", test_chapters_are_the_links_that_a_rule_selects);
    g_test_add_func("/html/the number of chapters is bounded", test_the_number_of_chapters_is_bounded);
    g_test_add_func("/html/the page tells its facts", test_the_page_tells_its_facts);
    g_test_add_func("/html/false facts are refused", test_false_facts_are_refused);
    g_test_add_func("/html/a saved page without a URL keeps the caller's id",
                    test_a_saved_page_without_a_url_keeps_the_callers_id);
    g_test_add_func("/html/a heading of one word can be the title", test_a_heading_of_one_word_can_be_the_title);
    g_test_add_func("/html/JSON-LD serves where the page is empty", test_json_ld_serves_where_the_page_is_empty);
    g_test_add_func("/html/what is no page is named so", test_what_is_no_page_is_named_so);
    g_test_add_func("/html/pages made to hang the parser are refused", test_pages_made_to_hang_the_parser_are_refused);
    g_test_add_func("/html/untidy pages are no attack", test_untidy_pages_are_no_attack);
    return g_test_run();
}
