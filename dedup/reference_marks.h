/* SPDX-License-Identifier: Apache-2.0
 * dedup/reference_marks.h - reads over the marks that stand between the words of a text and are not part of it.
 *
 * A question that stands in an article may have reference marks in the middle of it; or it may be the title in such a
 * mark. For comparison a text is therefore two: what stands outside of marks, and what stands inside. In `outside` blanks
 * stand for
 *   - [bib_ref]...[/bib_ref] and [fig_ref]...[/fig_ref] with all that they hold, up to MARK_LIMIT bytes;
 *   - the other marks of figures, tables and formulas themselves ([fig], [table], ...), not what they hold;
 *   - numbers in brackets: [12], [3, 7-9];
 *   - superscript digits.
 * `inside` has blanks for all but the first of these, whose marks stay as words: no run of words leads from one into the
 * next. Both have the length of the text, so that an offset in one is an offset in the other.
 *
 * Sequence: reference_marks_init(&m); reference_marks_split(&m, text, n); read; reference_marks_clear(&m).
 */
#ifndef DEDUP_REFERENCE_MARKS_H
#define DEDUP_REFERENCE_MARKS_H

#include "base/buffer.h"

#define MARK_LIMIT 2048

typedef struct ReferenceMarks {
    const char *outside; /* the text itself where it has no marks */
    const char *inside;  /* NULL: nothing is inside marks */
    Buffer outside_copy, inside_copy;
} ReferenceMarks;

void reference_marks_init(ReferenceMarks *marks);
void reference_marks_split(ReferenceMarks *marks, const char *text, gsize length);
void reference_marks_clear(ReferenceMarks *marks);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ReferenceMarks, reference_marks_clear)

#endif
