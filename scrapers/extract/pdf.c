/* SPDX-License-Identifier: Apache-2.0
 * The sandboxed half of reading a PDF; see pdf.h. */
#include "scrapers/extract/pdf.h"

#include <string.h>

#include "scrapers/extract/pdf_layout.h"
#include "scrapers/extract/pdf_text.h"
#include "scrapers/extract/pdf_words.h"
#include "scrapers/formats/facts.h"
#include "store/licence.h"

#define SCANNED_LETTERS 40 /* a page; a page of text has more than a thousand */

/* Fewer letters a page than any text has: pictures of pages. */
static gboolean is_scanned(const PdfLayout *layout)
{
    guint64 letters = 0;
    for (guint i = 0; i < layout->boxes->len; i++)
        letters += PDF_BOX(layout, i)->letters;
    return letters < (guint64)SCANNED_LETTERS * layout->pages->len;
}

static char *find_licence(const PdfLayout *layout)
{
    for (guint i = 0; i < layout->blocks->len; i++) {
        const GString *text = PDF_BLOCK(layout, i)->text;
        char *licence = strstr(text->str, "creativecommons.org") ? licence_in_text(text->str) : NULL;
        if (licence)
            return licence;
    }
    return NULL;
}

static gboolean fill_document(PdfLayout *layout, const ParseOptions *options, Document *document, ParseFailure *failure)
{
    g_auto(TextForm) form;
    text_form_init(&form, DOCUMENT_TEXT_LIMIT);
    const PdfBlock *title = pdf_title_block(layout);
    if (title)
        document->title = g_strdup(title->text->str);
    document->licence = find_licence(layout);
    pdf_text_write(layout, options, title, &form);
    g_clear_pointer(&document->text, g_free);
    if (!text_form_finish(&form, &document->text, &document->text_length)) {
        parse_failure_set(failure, RULE_TOO_LARGE, "the text has more than %u MB", (unsigned)(DOCUMENT_TEXT_LIMIT >> 20));
        return FALSE;
    }
    if (document->text_length > 0)
        return TRUE;
    g_clear_pointer(&document->text, g_free);
    parse_failure_set(failure, RULE_NO_TEXT, "nothing is left of it but title, tables and references");
    return FALSE;
}

gboolean pdf_extract(const char *xml, gsize length, const ParseOptions *options, Document *document, ParseFailure *failure)
{
    g_autoptr(PdfLayout) layout = pdf_layout_new();
    g_autofree char *valid = g_utf8_validate(xml, (gssize)length, NULL) ? NULL : g_utf8_make_valid(xml, (gssize)length);
    pdf_xml_read(layout, valid ? valid : xml, valid ? strlen(valid) : length);
    if (layout->pages->len == 0) {
        parse_failure_set(failure, RULE_MALFORMED_PDF, "it has no pages");
        return FALSE;
    }
    if (is_scanned(layout)) {
        parse_failure_set(failure, RULE_SCANNED_PDF, "its %u pages are pictures without text; run OCR on it", layout->pages->len);
        return FALSE;
    }
    pdf_lines_build(layout);
    pdf_furniture_mark(layout);
    pdf_styles_find(layout);
    pdf_columns_order(layout);
    g_autoptr(PdfWords) words = pdf_words_new(layout);
    pdf_blocks_build(layout, words);
    return fill_document(layout, options, document, failure);
}
