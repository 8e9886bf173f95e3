/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/pdf.h: pdftohtml's XML to text, on pages made up for the purpose; and small PDFs, written here
 * object by object, through pdftohtml itself (skipped where that is not installed). */
#include "scrapers/extract/pdf.h"

#include <glib/gstdio.h>
#include <string.h>

#include "scrapers/extract/pdf_links.h"
#include "scrapers/formats/formats.h"
#include "scrapers/formats/http_body.h"
#include "scrapers/parse_worker.h"

/* ---- pdftohtml's XML -------------------------------------------------------------------------------------------- */

enum { BODY, LARGE, BOLD, SMALL, HUGE_FONT };

#define PITCH 20
#define LETTER 7 /* units that a letter of the body is wide */

static void begin_page(GString *xml)
{
    if (xml->len == 0)
        g_string_append(xml, "<?xml version=\"1.0\"?>\n<pdf2xml>\n");
    g_string_append(xml, "<page number=\"1\" position=\"absolute\" top=\"0\" left=\"0\" height=\"1262\" width=\"892\">\n"
                         "<fontspec id=\"0\" size=\"16\" family=\"Times\" color=\"#000000\"/>\n"
                         "<fontspec id=\"1\" size=\"20\" family=\"Times\" color=\"#000000\"/>\n"
                         "<fontspec id=\"2\" size=\"16\" family=\"Times,Bold\" color=\"#000000\"/>\n"
                         "<fontspec id=\"3\" size=\"10\" family=\"Times\" color=\"#000000\"/>\n"
                         "<fontspec id=\"4\" size=\"30\" family=\"Times\" color=\"#000000\"/>\n");
}

static void add_box(GString *xml, int top, int left, int width, int font, const char *text)
{
    static const int heights[] = {16, 20, 16, 10, 30};
    g_string_append_printf(xml, "<text top=\"%d\" left=\"%d\" width=\"%d\" height=\"%d\" font=\"%d\">%s</text>\n", top, left, width,
                           heights[font], font, text);
}

/* One line after the other from `top` on, separated by "|" in `text`; returns the place below. */
static int add_lines(GString *xml, int top, int left, int width, int font, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "|", -1);
    for (char **line = lines; *line; line++, top += PITCH) {
        int ink = LETTER * (int)strlen(*line);
        add_box(xml, top, left, line[1] ? width : MIN(ink, width), font, *line);
    }
    return top;
}

static void end_page(GString *xml)
{
    g_string_append(xml, "</page>\n");
}

static char *text_of(const char *xml, const ParseOptions *options, Document *document)
{
    static const ParseOptions none;
    g_auto(Document) own = {0};
    ParseFailure failure = {0};
    document = document ? document : &own;
    g_assert_true(pdf_extract(xml, strlen(xml), options ? options : &none, document, &failure));
    g_assert_cmpstr(failure.detail, ==, "");
    g_assert_cmpuint(document->text_length, ==, strlen(document->text));
    return g_strdup(document->text);
}

static void assert_text(const GString *xml, const char *expected)
{
    g_autofree char *text = text_of(xml->str, NULL, NULL);
    g_assert_cmpstr(text, ==, expected);
}

#define LEFT 85
#define RIGHT 470
#define WIDTH 340

static void test_the_left_column_is_read_before_the_right(void)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    begin_page(xml);
    const char *left[] = {"one alpha one alpha one alpha one alpha one", "two alpha two alpha two alpha two alpha two",
                          "three alpha three alpha three alpha three a", "four alpha four alpha four alpha four alpha",
                          "five alpha five alpha five alpha five alpha", "six alpha six alpha six alpha six alpha six."};
    const char *right[] = {"Beta one beta one beta one beta one beta on", "beta two beta two beta two beta two beta tw",
                           "beta three beta three beta three beta three", "beta four beta four beta four beta four beta",
                           "beta five beta five beta five beta five bet", "beta six beta six beta six beta six beta six."};
    for (guint i = 0; i < G_N_ELEMENTS(left); i++) {
        add_box(xml, 300 + PITCH * (int)i, LEFT, WIDTH, BODY, left[i]);
        add_box(xml, 300 + PITCH * (int)i, RIGHT, WIDTH, BODY, right[i]);
    }
    end_page(xml);
    g_autofree char *a = g_strjoin(" ", left[0], left[1], left[2], left[3], left[4], left[5], NULL);
    g_autofree char *b = g_strjoin(" ", right[0], right[1], right[2], right[3], right[4], right[5], NULL);
    g_autofree char *expected = g_strconcat(a, "\n\n", b, NULL);
    assert_text(xml, expected);
}

#define COLUMN(word) word " " word " " word " " word " " word " " word "|" word " " word " " word "|" word " " word "|" word " " word "."

static void test_a_bar_across_both_columns_parts_what_is_above_from_what_is_below(void)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    begin_page(xml);
    add_lines(xml, 500, RIGHT, WIDTH, BODY, COLUMN("Fourth"));
    add_lines(xml, 500, LEFT, WIDTH, BODY, COLUMN("Third"));
    add_box(xml, 430, LEFT, 725, BODY, "Figure 1. A caption that runs over the whole width of the page, both columns.");
    add_lines(xml, 300, RIGHT, WIDTH, BODY, COLUMN("Second"));
    add_lines(xml, 300, LEFT, WIDTH, BODY, COLUMN("First"));
    end_page(xml);
    g_autofree char *text = text_of(xml->str, NULL, NULL);
    const char *places[] = {strstr(text, "First"), strstr(text, "Second"), strstr(text, "Figure 1."), strstr(text, "Third"),
                            strstr(text, "Fourth")};
    for (guint i = 1; i < G_N_ELEMENTS(places); i++)
        g_assert_true(places[i - 1] && places[i] && places[i - 1] < places[i]);
}

static void test_a_hyphen_stays_where_the_word_has_one(void)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    begin_page(xml);
    add_lines(xml, 300, LEFT, WIDTH, BODY,
              "The evidence-based guideline covers treat-|ment of adults, an evidence-|based choice in COVID-|19, self-|help, "
              "and soft\xc2\xad|ened words in 2010-|2011 as said.");
    end_page(xml);
    assert_text(xml, "The evidence-based guideline covers treatment of adults, an evidence-based choice in COVID-19, "
                     "self-help, and softened words in 2010-2011 as said.");
}

static void add_framed_page(GString *xml, int number, const char *head, const char *body)
{
    g_autofree char *page = g_strdup_printf("Page %d of 3", number);
    begin_page(xml);
    add_box(xml, 40, LEFT, 300, SMALL, head);
    add_box(xml, 40, 600, 60, SMALL, "May 2020");
    add_lines(xml, 300, LEFT, 725, BODY, body);
    add_box(xml, 1220, 420, 60, SMALL, page);
    end_page(xml);
}

static void test_running_heads_and_page_numbers_go_and_paragraphs_run_on(void)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    add_framed_page(xml, 1, "Guideline 2020, page 1", "A paragraph begins on the first page of this document and it|goes on to the");
    add_framed_page(xml, 2, "Guideline 2020, page 2", "second page, where it ends after some more words of text.");
    add_framed_page(xml, 3, "Guideline 2020, page 3", "Another paragraph stands alone on the last page of them all.");
    assert_text(xml, "A paragraph begins on the first page of this document and it goes on to the second page, where it ends after "
                     "some more words of text.\n\nAnother paragraph stands alone on the last page of them all.");
}

static void add_article(GString *xml)
{
    begin_page(xml);
    add_box(xml, 60, LEFT, 500, HUGE_FONT, "The dose of a medicine in adults");
    add_box(xml, 120, LEFT, 200, BODY, "A. Author and B. Author");
    add_box(xml, 180, LEFT, 90, LARGE, "Methods");
    add_lines(xml, 210, LEFT, 700, BODY, "We asked adults who took the medicine how much of it they|took in a day and for how long.");
    add_box(xml, 270, LEFT, 90, BOLD, "Patients");
    add_lines(xml, 300, LEFT, 700, BODY, "There were many patients, and all of them were adults, and|each was asked once.");
    add_box(xml, 360, LEFT, 90, LARGE, "Results");
    add_lines(xml, 390, LEFT, 700, BODY, "They took ten milligrams a day, which is as much as the|label says that they should.");
    add_box(xml, 450, LEFT, 90, LARGE, "References");
    add_lines(xml, 480, LEFT, 700, BODY, "1. Author A. An older paper about the same thing as this.");
    add_box(xml, 540, LEFT, 90, LARGE, "Appendix");
    add_lines(xml, 570, LEFT, 700, BODY, "The questions that we asked are printed here in full.");
    end_page(xml);
}

#define METHODS "# Methods\n\nWe asked adults who took the medicine how much of it they took in a day and for how long.\n\n"
#define PATIENTS "## Patients\n\nThere were many patients, and all of them were adults, and each was asked once.\n\n"
#define RESULTS "# Results\n\nThey took ten milligrams a day, which is as much as the label says that they should."
#define APPENDIX "# Appendix\n\nThe questions that we asked are printed here in full."

static void test_headings_go_by_size_and_references_are_cut(void)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    g_auto(Document) document = {0};
    add_article(xml);
    g_autofree char *text = text_of(xml->str, NULL, &document);
    g_assert_cmpstr(document.title, ==, "The dose of a medicine in adults");
    g_assert_cmpstr(text, ==, METHODS PATIENTS RESULTS "\n\n" APPENDIX);
}

static void test_the_recipe_says_where_to_start_and_to_stop(void)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    char results[] = "results", appendix[] = "append";
    char *start_at[] = {results, NULL}, *stop_at[] = {appendix, NULL};
    ParseOptions options = {.start_at = start_at, .stop_at = stop_at};
    add_article(xml);
    g_autofree char *text = text_of(xml->str, &options, NULL);
    g_assert_cmpstr(text, ==, RESULTS);
}

static void test_bookmarks_name_headings_that_look_like_text(void)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    begin_page(xml);
    add_lines(xml, 300, LEFT, 700, BODY, "Some text of the body before the heading, to have enough.");
    add_lines(xml, 340, LEFT, 700, BODY, "Doses for children");
    add_lines(xml, 380, LEFT, 700, BODY, "Some text of the body behind the heading, to have enough.");
    end_page(xml);
    g_string_append(xml, "<outline>\n<item page=\"1\">Part</item>\n<item page=\"1\">Other</item>\n<outline>\n"
                         "<item page=\"1\">Doses for children</item>\n</outline>\n</outline>\n</pdf2xml>");
    assert_text(xml, "Some text of the body before the heading, to have enough.\n\n## Doses for children\n\n"
                     "Some text of the body behind the heading, to have enough.");
}

static void test_bullets_become_items(void)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    begin_page(xml);
    add_lines(xml, 300, LEFT, 700, BODY, "The patient should know about these things:");
    add_box(xml, 320, LEFT + 20, 400, BODY, "\xe2\x80\xa2 the dose that he takes, which is the same for all of the");
    add_box(xml, 340, LEFT + 35, 200, BODY, "adults who take it;");
    add_box(xml, 360, LEFT + 20, 400, BODY, "\xef\x82\xb7 the time of day;");
    add_box(xml, 380, LEFT + 60, 400, BODY, "\xe2\x80\x93 Morning is best");
    add_box(xml, 400, LEFT + 20, 8, BODY, "\xe2\x80\xa2");
    add_box(xml, 400, LEFT + 50, 300, BODY, "what to do after too much of it.");
    end_page(xml);
    assert_text(xml, "The patient should know about these things:\n\n- the dose that he takes, which is the same for all of the "
                     "adults who take it;\n- the time of day;\n  - Morning is best\n- what to do after too much of it.");
}

static void test_citation_numbers_go_and_exponents_stay(void)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    begin_page(xml);
    add_box(xml, 300, LEFT, 140, BODY, "As shown before");
    add_box(xml, 297, LEFT + 140, 15, SMALL, "1,2");
    add_box(xml, 300, LEFT + 155, 210, BODY, ", there were 10");
    add_box(xml, 297, LEFT + 365, 6, SMALL, "3");
    add_box(xml, 300, LEFT + 376, 60, BODY, "cells in 1.73 m");
    add_box(xml, 297, LEFT + 436, 6, SMALL, "2");
    add_box(xml, 300, LEFT + 447, 60, BODY, "with CO");
    add_box(xml, 310, LEFT + 507, 6, SMALL, "2");
    add_box(xml, 300, LEFT + 518, 60, BODY, "on the 4");
    add_box(xml, 297, LEFT + 578, 10, SMALL, "th");
    add_box(xml, 300, LEFT + 592, 60, BODY, "day &amp; &lt;5.");
    end_page(xml);
    assert_text(xml, "As shown before, there were 10^3 cells in 1.73 m^2 with CO2 on the 4th day & <5.");
}

static void assert_xml_rule(const char *xml, const char *rule)
{
    g_auto(Document) document = {0};
    ParseFailure failure = {0};
    ParseOptions options = {0};
    g_assert_false(pdf_extract(xml, strlen(xml), &options, &document, &failure));
    g_assert_cmpstr(failure.rule, ==, rule);
    g_assert_null(document.text);
}

static void test_pages_without_text_are_scanned(void)
{
    assert_xml_rule("<pdf2xml><page height=\"100\" width=\"100\"></page></pdf2xml>", RULE_SCANNED_PDF);
    assert_xml_rule("<pdf2xml></pdf2xml>", RULE_MALFORMED_PDF);
}

static void test_odd_markup_is_passed_over(void)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    begin_page(xml);
    add_box(xml, 300, LEFT, 600, BODY, "<b>Crossed <i>tags</b></i> and a \x01 control & a <a href=\"x.html#1\">link</a> with &#233; stay text.");
    g_string_append(xml, " link to page 3 <text top=\"320\" left=\"85\" width=\"500\" height=\"16\" font=\"0\">A last line that never ends");
    g_autofree char *text = text_of(xml->str, NULL, NULL);
    g_assert_true(g_str_has_prefix(text, "Crossed tags and a control & a link with \xc3\xa9 stay text."));
    g_assert_nonnull(strstr(text, "A last line that never ends"));
}

static void test_links_are_found_once_each(void)
{
    static const char xml[] = "<text><a href=\"https://a.org/x?b=1&amp;c=2\">x</a></text><a href=\"file.html#3\">3</a>"
                              "<a href=\"mailto:a@b\">m</a><a href=\"HTTP://b.org/\">b</a><a href=\"https://a.org/x?b=1&amp;c=2\">x</a><a href=\"http://cut";
    g_auto(GStrv) links = pdf_links_of_xml(xml, strlen(xml));
    g_autofree char *all = g_strjoinv(" ", links);
    g_assert_cmpstr(all, ==, "https://a.org/x?b=1&c=2 HTTP://b.org/");
}

/* ---- Whole PDFs ------------------------------------------------------------------------------------------------- */

typedef struct Pdf {
    GString *bytes;
    gsize offsets[16];
    guint objects;
} Pdf;

static void pdf_object(Pdf *pdf, const char *body)
{
    pdf->offsets[pdf->objects++] = pdf->bytes->len;
    g_string_append_printf(pdf->bytes, "%u 0 obj\n%s\nendobj\n", pdf->objects, body);
}

/* One page with this content stream; `page` and `trailer` hold further entries of these dictionaries. */
static GString *make_pdf(const char *content, const char *page, const char *trailer)
{
    Pdf pdf = {.bytes = g_string_new("%PDF-1.4\n")};
    g_autofree char *stream = g_strdup_printf("<< /Length %zu >>\nstream\n%s\nendstream", strlen(content), content);
    g_autofree char *leaf = g_strdup_printf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << "
                                            "/Font << /F1 5 0 R >> >> %s >>", page);
    pdf_object(&pdf, "<< /Type /Catalog /Pages 2 0 R >>");
    pdf_object(&pdf, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
    pdf_object(&pdf, leaf);
    pdf_object(&pdf, stream);
    pdf_object(&pdf, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
    gsize xref = pdf.bytes->len;
    g_string_append_printf(pdf.bytes, "xref\n0 %u\n0000000000 65535 f \n", pdf.objects + 1);
    for (guint i = 0; i < pdf.objects; i++)
        g_string_append_printf(pdf.bytes, "%010zu 00000 n \n", pdf.offsets[i]);
    g_string_append_printf(pdf.bytes, "trailer\n<< /Size %u /Root 1 0 R %s >>\nstartxref\n%zu\n%%%%EOF\n", pdf.objects + 1, trailer, xref);
    return pdf.bytes;
}

static char *two_columns(void)
{
    GString *content = g_string_new("BT /F1 11 Tf\n");
    for (int i = 0; i < 8; i++) /* row by row, as a bad program writes */
        g_string_append_printf(content, "1 0 0 1 60 %d Tm (Left line %d of the first of two columns) Tj\n1 0 0 1 320 %d Tm "
                               "(Right line %d of the other of two columns) Tj\n", 700 - 14 * i, i, 700 - 14 * i, i);
    g_string_append(content, "ET");
    return g_string_free(content, FALSE);
}

static gboolean is_missing(void)
{
    g_autofree char *program = g_find_program_in_path("pdftohtml");
    if (!program)
        g_test_skip("pdftohtml is not installed");
    return !program;
}

/* The whole way of one record, in this process. */
static void parse_record(const char *format, const char *content_type, const GString *bytes, ParsedRecord *parsed)
{
    g_autoptr(GError) error = NULL;
    RecipeSource source = {.tag = (char *)"test", .format = (char *)format};
    g_autoptr(ParseOptions) options = parse_options_new(&source);
    g_autoptr(Parser) parser = parser_new(NULL, options, &error);
    Record record = {.bytes = bytes->str, .length = bytes->len, .origin = (char *)"a.pdf", .content_type = (char *)content_type};
    g_assert_no_error(error);
    g_assert_true(parser_parse(parser, &record, 1, parsed, &error));
    g_assert_no_error(error);
}

static void assert_rule(GString *bytes, const char *rule)
{
    ParsedRecord parsed;
    parse_record("pdf", NULL, bytes, &parsed);
    g_assert_cmpstr(parsed.failure.rule, ==, rule);
    parsed_record_clear(&parsed);
    g_string_free(bytes, TRUE);
}

static void assert_two_columns(const ParsedRecord *parsed)
{
    g_assert_cmpstr(parsed->failure.rule, ==, NULL);
    g_assert_true(g_str_has_prefix(parsed->document.text, "Left line 0 of the first of two columns Left line 1 of"));
    g_assert_true(g_str_has_suffix(parsed->document.text, "Right line 7 of the other of two columns"));
    g_assert_true(strstr(parsed->document.text, "Left line 7") < strstr(parsed->document.text, "Right line 0"));
}

static void test_a_pdf_goes_the_whole_way(void)
{
    if (is_missing())
        return;
    g_autofree char *content = two_columns();
    g_autoptr(GString) bytes = make_pdf(content, "", "");
    const char *ways[][2] = {{"pdf", NULL}, {"warc", "application/pdf"}, {"warc", "text/html"}};
    for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
        ParsedRecord parsed;
        parse_record(ways[i][0], ways[i][1], bytes, &parsed);
        assert_two_columns(&parsed);
        parsed_record_clear(&parsed);
    }
}

static void test_a_bad_pdf_gets_a_verdict_that_says_how(void)
{
    if (is_missing())
        return;
    g_autofree char *content = two_columns();
    assert_rule(make_pdf("", "", ""), RULE_SCANNED_PDF);
    assert_rule(make_pdf(content, "", "/ID [(0123456789abcdef) (0123456789abcdef)] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 "
                                      "/O (0123456789abcdef0123456789abcdef) /U (0123456789abcdef0123456789abcdef) >>"), RULE_ENCRYPTED_PDF);
    GString *cut = make_pdf(content, "", "");
    g_string_truncate(cut, 150);
    assert_rule(cut, RULE_MALFORMED_PDF);
    assert_rule(g_string_new("<html>Please log in</html>"), RULE_MALFORMED_PDF);
}

static void test_the_links_of_a_pdf_are_found(void)
{
    if (is_missing())
        return;
    g_autofree char *content = two_columns();
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) bytes = make_pdf(content, "/Annots [<< /Type /Annot /Subtype /Link /Rect [55 690 300 715] /A << /S /URI /URI "
                                                 "(https://example.org/guideline.pdf?a=1&b=2) >> >>]", "");
    g_auto(GStrv) links = pdf_links(bytes->str, bytes->len, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_strv_length(links), ==, 1);
    g_assert_cmpstr(links[0], ==, "https://example.org/guideline.pdf?a=1&b=2");
    g_assert_null(pdf_links("%PDF-1.4 nonsense", 17, &error));
    g_assert_nonnull(strstr(error->message, RULE_MALFORMED_PDF));
}

static void test_without_pdftohtml_the_build_ends_with_advice(void)
{
    g_autofree char *path = g_strdup(g_getenv("PATH"));
    g_autoptr(GError) error = NULL;
    g_auto(Record) converted = {0};
    ParseFailure failure;
    Record record = {.bytes = (char *)"%PDF-1.4", .length = 8, .origin = (char *)"dir/a.pdf"};
    g_setenv("PATH", "/nonexistent", TRUE);
    g_assert_false(pdf_convert(&record, &converted, &failure, &error));
    g_setenv("PATH", path ? path : "", TRUE);
    g_assert_cmpstr(error->message, ==, "while reading dir/a.pdf: pdftohtml is missing; install poppler-utils");
}

static void assert_response(const char *type, const char *body, const char *rule)
{
    g_auto(Record) record = {0};
    g_autofree char *message = g_strdup_printf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n%s", type, body);
    http_response_decode(message, strlen(message), &record);
    g_assert_cmpstr(record.rule, ==, rule);
    if (!rule)
        g_assert_cmpstr(record.bytes, ==, body);
}

static void test_captured_pdfs_are_records(void)
{
    assert_response("application/pdf", "%PDF-1.4", NULL);
    assert_response("application/octet-stream", "%PDF-1.4", NULL);
    assert_response("application/octet-stream", "PK", RULE_NOT_A_DOCUMENT);
    assert_response("image/png", "%PDF-1.4", RULE_NOT_A_DOCUMENT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pdf/the left column is read before the right", test_the_left_column_is_read_before_the_right);
    g_test_add_func("/pdf/a bar across both columns parts what is above from what is below",
                    test_a_bar_across_both_columns_parts_what_is_above_from_what_is_below);
    g_test_add_func("/pdf/a hyphen stays where the word has one", test_a_hyphen_stays_where_the_word_has_one);
    g_test_add_func("/pdf/running heads and page numbers go and paragraphs run on",
                    test_running_heads_and_page_numbers_go_and_paragraphs_run_on);
    g_test_add_func("/pdf/headings go by size and references are cut", test_headings_go_by_size_and_references_are_cut);
    g_test_add_func("/pdf/the recipe says where to start and to stop", test_the_recipe_says_where_to_start_and_to_stop);
    g_test_add_func("/pdf/bookmarks name headings that look like text", test_bookmarks_name_headings_that_look_like_text);
    g_test_add_func("/pdf/bullets become items", test_bullets_become_items);
    g_test_add_func("/pdf/citation numbers go and exponents stay", test_citation_numbers_go_and_exponents_stay);
    g_test_add_func("/pdf/pages without text are scanned", test_pages_without_text_are_scanned);
    g_test_add_func("/pdf/odd mark-up is passed over", test_odd_markup_is_passed_over);
    g_test_add_func("/pdf/links are found once each", test_links_are_found_once_each);
    g_test_add_func("/pdf/a PDF goes the whole way", test_a_pdf_goes_the_whole_way);
    g_test_add_func("/pdf/a bad PDF gets a verdict that says how", test_a_bad_pdf_gets_a_verdict_that_says_how);
    g_test_add_func("/pdf/the links of a PDF are found", test_the_links_of_a_pdf_are_found);
    g_test_add_func("/pdf/without pdftohtml the build ends with advice", test_without_pdftohtml_the_build_ends_with_advice);
    g_test_add_func("/pdf/captured PDFs are records", test_captured_pdfs_are_records);
    return g_test_run();
}
