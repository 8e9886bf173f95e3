/* SPDX-License-Identifier: Apache-2.0
 * The format `warc`: captured pages and PDFs, each to the parser for what it is. */
#include "scrapers/extract/pdf.h"
#include "scrapers/formats/formats.h"

static gboolean warc_parse(const Record *record, const ParseOptions *options, Document *document, ParseFailure *failure)
{
    return (pdf_is_record(record) ? pdf_parse : html_parse)(record, options, document, failure);
}

const Format format_warc = {
    .name = "warc",
    .summary = "web captures (pages and PDFs): WARC 1.0 and 1.1 files, plain or compressed by record",
    .split = SPLIT_WARC,
    .sandboxed = TRUE,
    .web = TRUE,
    .parse = warc_parse,
    .needs_convert = pdf_is_record,
    .convert = pdf_convert,
};
