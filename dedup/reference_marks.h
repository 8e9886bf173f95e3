/* SPDX-License-Identifier: Apache-2.0
 * dedup/reference_marks.h - reads over the marks that stand between the words of a text and are not part of it.
 *
 * A question that stands in an article may have reference marks in the middle of it. For comparison these bytes count as
 * blanks, in both texts alike:
 *   - [bib_ref]...[/bib_ref] and [fig_ref]...[/fig_ref] with all that they hold, up to MARK_LIMIT bytes;
 *   - the other marks of figures, tables and formulas themselves ([fig], [/table], ...), not what they hold;
 *   - numbers in brackets: [12], [3, 7-9];
 *   - superscript digits.
 * The copy has the length of the text, so that an offset in one is an offset in the other.
 */
#ifndef DEDUP_REFERENCE_MARKS_H
#define DEDUP_REFERENCE_MARKS_H

#include "base/buffer.h"

#define MARK_LIMIT 2048

/* The text itself where it has no marks, else a copy in `copy` (initialised; emptied first) with them blanked out. */
const char *reference_marks_blank(const char *text, gsize length, Buffer *copy);

#endif
