/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/pdf_text.h - the blocks of a PDF to the text form of store/document.h.
 *
 * Leaves out the title, what stands around it on the first page (names, addresses, the journal's own lines), labels in
 * pictures, tables unless the recipe keeps them, the list of references, and the sections that the recipe's start_at and
 * stop_at leave out.
 */
#ifndef SCRAPERS_EXTRACT_PDF_TEXT_H
#define SCRAPERS_EXTRACT_PDF_TEXT_H

#include "scrapers/extract/pdf_layout.h"
#include "scrapers/formats/format.h"
#include "scrapers/formats/text_form.h"

void pdf_text_write(PdfLayout *layout, const ParseOptions *options, const PdfBlock *title, TextForm *form);

#endif
