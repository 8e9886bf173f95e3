/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/pdf.h - a PDF to a document, in two halves.
 *
 * pdf_convert runs in the parent, on a worker's thread: it starts pdftohtml (poppler-utils, found in PATH) in a jail
 * (base/jail.h) and replaces the record's bytes by the XML that pdftohtml prints. pdf_extract runs in the sandboxed
 * child and turns that XML into text: reading order over columns, running heads and page numbers gone, hyphens at line
 * ends undone, paragraphs joined over columns and pages, headings by font and by bookmarks, "- " for bullets, the list
 * of references cut. It is deterministic: the same XML gives the same text.
 *
 * Verdicts: RULE_ENCRYPTED_PDF (a password is needed, or its owner forbids copying), RULE_SCANNED_PDF (pages without
 * text), RULE_MALFORMED_PDF (no PDF, or too broken to read), RULE_PARSER_TIMEOUT, RULE_PARSER_CRASHED, RULE_TOO_LARGE.
 */
#ifndef SCRAPERS_EXTRACT_PDF_H
#define SCRAPERS_EXTRACT_PDF_H

#include "scrapers/formats/format.h"

/* Whether a record is a PDF: its content type says so, or its bytes begin as a PDF does. */
gboolean pdf_is_record(const Record *record);

/* Fills `converted` (all fields; the content type is "application/pdf") or `failure`; free it with record_clear.
 * FALSE with `error` only when the machine fails, which a missing pdftohtml counts as. */
gboolean pdf_convert(const Record *record, Record *converted, ParseFailure *failure, GError **error);

/* Fills title, text, kind and, where the text names one, licence. The caller's other fields are left alone. */
gboolean pdf_extract(const char *xml, gsize length, const ParseOptions *options, Document *document, ParseFailure *failure);

/* The first half alone, for whoever wants the XML. `xml` must be initialised; what it holds on FALSE is nobody's. */
gboolean pdf_to_xml(const char *bytes, gsize length, Buffer *xml, ParseFailure *failure, GError **error);

#endif
