/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/formats.h - the formats that there are, for the table in format.c and for their tests. */
#ifndef SCRAPERS_FORMATS_FORMATS_H
#define SCRAPERS_FORMATS_FORMATS_H

#include "scrapers/formats/format.h"

extern const Format format_medline; /* medline.c */
extern const Format format_jats;    /* jats.c */
extern const Format format_s2orc;   /* s2orc.c */
extern const Format format_jsonl;   /* jsonl.c */
extern const Format format_html;    /* html.c */
extern const Format format_pdf;     /* pdf.c */
extern const Format format_warc;    /* warc.c */

/* What `warc` shares with the formats of saved pages and PDFs. */
gboolean html_parse(const Record *record, const ParseOptions *options, Document *document, ParseFailure *failure);
gboolean pdf_parse(const Record *record, const ParseOptions *options, Document *document, ParseFailure *failure);

#endif
