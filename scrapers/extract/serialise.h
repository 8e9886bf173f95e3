/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/serialise.h - elements of a page to the text form of store/document.h.
 *
 * serialise appends the selected elements to `out`. Heading levels in use become "#", "##", "###" by rank; headings
 * without anything after them and a first heading that repeats `title` are left out. White space collapses except in
 * <pre>; <br> ends a line, two end the paragraph. Exponents read 10^3; marks of footnotes and references in <sup> are
 * dropped. Tables of data are dropped, or with `tables` become rows with " | " between cells, a cell repeated empty as
 * often as its colspan (at most SPAN_LIMIT) says; tables that only lay out the page are read as blocks.
 */
#ifndef SCRAPERS_EXTRACT_SERIALISE_H
#define SCRAPERS_EXTRACT_SERIALISE_H

#include "scrapers/extract/content.h"

#define SPAN_LIMIT 100u

void serialise(const Selection *selection, const char *title, gboolean tables, Buffer *out);

#endif
