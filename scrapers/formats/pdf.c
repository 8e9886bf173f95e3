/* SPDX-License-Identifier: Apache-2.0
 * The format `pdf`: PDF files, turned into XML by pdftohtml in the parent and into text in the child. */
#include "scrapers/extract/pdf.h"

#include "scrapers/formats/formats.h"

static const char *const pdf_suffixes[] = {".pdf", NULL};

gboolean pdf_parse(const Record *record, const ParseOptions *options, Document *document, ParseFailure *failure)
{
    document->id = g_strdup(record->url ? record->url : record->origin);
    document->url = g_strdup(record->url);
    document->kind = g_strdup("page");
    if (!pdf_extract(record->bytes, record->length, options, document, failure))
        return FALSE;
    if (!document->licence)
        document->licence = g_strdup(options->licence);
    return TRUE;
}

static gboolean pdf_needs_convert(const Record *record)
{
    (void)record;
    return TRUE;
}

const Format format_pdf = {
    .name = "pdf",
    .summary = "PDF files, also inside tar and zip archives; needs pdftohtml (poppler-utils)",
    .split = SPLIT_FILE,
    .suffixes = pdf_suffixes,
    .sandboxed = TRUE,
    .web = TRUE,
    .parse = pdf_parse,
    .needs_convert = pdf_needs_convert,
    .convert = pdf_convert,
};
