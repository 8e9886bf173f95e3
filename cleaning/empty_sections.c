/* SPDX-License-Identifier: Apache-2.0
 * The rule "empty-sections": a heading with nothing under it goes, and so does its parent if that leaves the parent with
 * nothing: "References" of a text whose references went.
 *
 * One that a deeper heading follows stays, and at the deepest level one that another of this level follows stays too, since
 * that one may have been deeper in the original. A heading without words goes, and what stands under it is its parent's.
 */
#include "cleaning/edit.h"
#include "cleaning/outline.h"
#include "cleaning/rules.h"
#include "cleaning/scan.h"

/* A bit for each heading that goes. */
static gboolean *mark_empty(const GArray *headings)
{
    gboolean *gone = g_new0(gboolean, headings->len);
    unsigned next_depth = 0; /* of the next heading that stays; 0 at the end of the text */
    for (guint i = headings->len; i-- > 0;) {
        const Heading *heading = &g_array_index(headings, Heading, i);
        gboolean has_child = next_depth > heading->depth || (next_depth == heading->depth && next_depth == OUTLINE_DEEPEST);
        gone[i] = heading->words == heading->words_end || (!heading->followed && !has_child);
        if (gone[i] && heading->followed)
            next_depth = OUTLINE_DEEPEST + 1;
        else if (!gone[i])
            next_depth = heading->depth;
    }
    return gone;
}

static gsize skip_blank_lines(const char *text, gsize at, gsize length)
{
    for (gsize end; at < length && scan_is_blank(text, at, end = scan_line_end(text, at, length));)
        at = MIN(end + 1, length);
    return at;
}

guint64 rule_empty_sections(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    editor_init(&editor, text, length, out);
    g_autoptr(GArray) headings = outline_find(text, length);
    g_autofree gboolean *gone = headings ? mark_empty(headings) : NULL;
    for (guint i = 0; headings && i < headings->len; i++) {
        const Heading *heading = &g_array_index(headings, Heading, i);
        if (gone[i])
            editor_replace(&editor, heading->start, skip_blank_lines(text, heading->end, length), "", 0);
    }
    return editor_finish(&editor);
}
