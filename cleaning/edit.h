/* SPDX-License-Identifier: Apache-2.0
 * cleaning/edit.h - how a rule changes a text: from left to right, copying what it leaves alone in long runs.
 *
 * Sequence: editor_init(&e, text, length, out); editor_replace / editor_cut in order of position; return editor_finish(&e).
 * `out` is written only from the first edit on: with no edit it stays empty and the rule's caller keeps the input, so
 * that a clean text costs a scan and no copy. Positions are byte offsets in the input. An edit that changes nothing is
 * not counted, so "no edits" and "the same bytes" mean the same thing; the fixed point of clean_text rests on that.
 */
#ifndef CLEANING_EDIT_H
#define CLEANING_EDIT_H

#include "base/buffer.h"

typedef struct Editor {
    const char *text;
    gsize length;
    gsize copied; /* input before this is in `out`, or gone */
    Buffer *out;
    guint64 edits;
} Editor;

void editor_init(Editor *editor, const char *text, gsize length, Buffer *out);
/* Writes `with` in place of [from, to). `from` must not lie before the end of the last edit. */
void editor_replace(Editor *editor, gsize from, gsize to, const char *with, gsize with_length);
/* Takes [from, to) out of running text and closes the gap: no doubled blank, no blank before punctuation, no blank at
 * the start of a line, no pair of brackets that holds nothing any more. Returns the position to go on from. */
gsize editor_cut(Editor *editor, gsize from, gsize to);
/* Copies the input up to `position`, so that out's end is what precedes it. */
void editor_flush(Editor *editor, gsize position);
guint64 editor_finish(Editor *editor);

#endif
