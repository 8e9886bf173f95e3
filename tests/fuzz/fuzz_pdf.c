/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target of scrapers/extract/pdf.h: any bytes in place of pdftohtml's XML give a failure or a valid text. */
#include "scrapers/extract/pdf.h"

#include <stdint.h>
#include <string.h>

#include "scrapers/extract/pdf_links.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAGE "<page number=\"1\" position=\"absolute\" top=\"0\" left=\"0\" height=\"1262\" width=\"892\">\n" \
             "<fontspec id=\"0\" size=\"16\" family=\"ABCDEF+Times\"/><fontspec id=\"1\" size=\"22\" family=\"Times,Bold\"/>\n"
#define TEXT(top, left, width, font, text) \
    "<text top=\"" top "\" left=\"" left "\" width=\"" width "\" height=\"16\" font=\"" font "\">" text "</text>\n"
#define WORDS "The dose for adults is ten milligrams twice a day"

extern const char *const fuzz_seeds[];
const char *const fuzz_seeds[] = {
    "<pdf2xml>" PAGE TEXT("100", "85", "400", "1", "<b>Methods</b>") TEXT("140", "85", "700", "0", WORDS) TEXT("160", "85", "700", "0", "treat-")
        TEXT("180", "85", "700", "0", "ment, see <a href=\"https://a.org/?a=1&amp;b\">there</a>.") TEXT("220", "85", "80", "1", "References")
        TEXT("260", "85", "700", "0", "1. " WORDS) "</page></pdf2xml>",
    "<pdf2xml>" PAGE TEXT("100", "85", "340", "0", WORDS) TEXT("100", "470", "340", "0", WORDS) TEXT("120", "85", "340", "0", WORDS)
        TEXT("120", "470", "340", "0", WORDS) TEXT("140", "85", "340", "0", WORDS) TEXT("140", "470", "340", "0", WORDS)
        TEXT("160", "85", "340", "0", WORDS) TEXT("160", "470", "340", "0", WORDS) "</page>" PAGE TEXT("40", "85", "90", "0", "Head 2")
        TEXT("300", "85", "90", "0", "\xe2\x80\xa2 item " WORDS) TEXT("1240", "400", "10", "0", "2") "</page>",
    "<pdf2xml>" PAGE TEXT("100", "85", "90", "0", "Table 1. " WORDS) TEXT("120", "85", "90", "0", "a") TEXT("120", "300", "90", "0", "10&#178;")
        TEXT("97", "175", "6", "0", "1,2") TEXT("-5", "99999999", "-7", "77", WORDS) "</page><outline><item page=\"1\">" WORDS
        "</item><outline><item page=\"2\">x</item></outline></outline>",
    NULL,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int tables = 0; tables < 2; tables++) {
        g_auto(Document) document = {0};
        ParseFailure failure = {0};
        ParseOptions options = {.tables = tables};
        if (pdf_extract((const char *)data, size, &options, &document, &failure)) {
            g_assert_true(g_utf8_validate(document.text, (gssize)document.text_length, NULL));
            g_assert_cmpuint(strlen(document.text), ==, document.text_length);
        } else {
            g_assert_nonnull(failure.rule);
        }
    }
    g_auto(GStrv) links = pdf_links_of_xml((const char *)data, size);
    g_assert_nonnull(links);
    return 0;
}
