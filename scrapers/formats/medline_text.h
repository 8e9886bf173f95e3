/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/medline_text.h - the text of an element on a tape: the rules of xml_text.h, for MEDLINE.
 *
 * Emphasis vanishes, superscripts and subscripts become ^ and _ where they would be read as part of a word or number,
 * MathML is written on a line; text is kept letter for letter. `marks` puts [formula] and [/formula] around formulas, as
 * the body of a document has them and a title has not.
 */
#ifndef SCRAPERS_FORMATS_MEDLINE_TEXT_H
#define SCRAPERS_FORMATS_MEDLINE_TEXT_H

#include "scrapers/formats/medline_elements.h"
#include "scrapers/formats/text_form.h"

/* Appends what is in the element to the open block. */
void medline_text_append(TextForm *form, const XmlTape *tape, guint32 element, gboolean marks);

/* The same on one line, in `line` (which is emptied before; check line->overflowed). */
void medline_text_line(Buffer *line, const XmlTape *tape, guint32 element);

/* The value of an attribute on one line; FALSE where it is absent or empty. */
gboolean medline_attribute_line(Buffer *line, const XmlTape *tape, guint32 element, const char *name);

#endif
