/* SPDX-License-Identifier: Apache-2.0
 * Lines in common by Myers' algorithm; see base/diff_lines.h. */
#include "base/diff_lines.h"

#include <string.h>

#include "base/diff.h"

static GArray *split_lines(const char *text, gsize length)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(DiffLine));
    for (gsize at = 0; at < length;) {
        const char *newline = memchr(text + at, '\n', length - at);
        DiffLine line = {text + at, newline ? (gsize)(newline - text) - at : length - at, newline != NULL};
        g_array_append_val(lines, line);
        at += line.length + 1;
    }
    return lines;
}

static const DiffLine *line_at(const GArray *lines, gint64 index)
{
    return &g_array_index(lines, DiffLine, index);
}

static gboolean equal(const DiffLine *a, const DiffLine *b)
{
    return a->length == b->length && a->ended == b->ended && memcmp(a->text, b->text, a->length) == 0;
}

static void add_op(Diff *diff, DiffKind kind, const DiffLine *line)
{
    DiffOp op = {kind, line};
    g_array_append_val(diff->ops, op);
}

static void add_range(Diff *diff, DiffKind kind, const GArray *lines, gint64 from, gint64 to)
{
    for (; from < to; from++)
        add_op(diff, kind, line_at(lines, from));
}

/* ---- Myers ----------------------------------------------------------------------------------------------------- */

/* The lines [from, before_to) and [from, after_to) that are compared. */
typedef struct Middle {
    gint64 from, before_to, after_to;
} Middle;

/* How far down the old text diagonal k is reached with one more edit, given what was reached before. */
static gint64 step(const gint64 *reached, gint64 d, gint64 k)
{
    if (k == -d || (k != d && reached[k - 1] < reached[k + 1]))
        return reached[k + 1];
    return reached[k - 1] + 1;
}

/* The arrays of reached lines, one for each number of edits, the last one arriving at both ends; NULL: too many edits. */
static GPtrArray *search(const Diff *diff, const Middle *middle)
{
    gint64 old_count = middle->before_to - middle->from, new_count = middle->after_to - middle->from;
    GPtrArray *trace = g_ptr_array_new_with_free_func(g_free);
    for (gint64 d = 0; d <= MIN(old_count + new_count, DIFF_EFFORT); d++) {
        gint64 *row = g_new0(gint64, 2 * d + 3), *reached = row + d + 1; /* indices from -d-1 to d+1 */
        const gint64 *previous = d ? (gint64 *)g_ptr_array_index(trace, d - 1) + d : NULL;
        g_ptr_array_add(trace, row);
        for (gint64 k = -d; k <= d; k += 2) {
            gint64 x = d ? step(previous, d, k) : 0, y = x - k;
            while (x < old_count && y < new_count &&
                   equal(line_at(diff->before, middle->from + x), line_at(diff->after, middle->from + y)))
                x++, y++;
            reached[k] = x;
            if (x >= old_count && y >= new_count)
                return trace;
        }
    }
    g_ptr_array_unref(trace);
    return NULL;
}

/* Walks the trace back from the end; ops come out in reverse. */
static void walk_back(const Diff *diff, const Middle *middle, const GPtrArray *trace, GArray *reversed)
{
    gint64 x = middle->before_to - middle->from, y = middle->after_to - middle->from;
    for (gint64 d = (gint64)trace->len - 1; d >= 0; d--) {
        const gint64 *previous = d ? (gint64 *)g_ptr_array_index(trace, d - 1) + d : NULL;
        gint64 k = x - y;
        gboolean down = d && (k == -d || (k != d && previous[k - 1] < previous[k + 1]));
        gint64 start = d ? (down ? previous[k + 1] : previous[k - 1] + 1) : 0;
        for (; x > start; x--, y--) {
            DiffOp op = {DIFF_KEEP, line_at(diff->before, middle->from + x - 1)};
            g_array_append_val(reversed, op);
        }
        if (!d)
            break;
        DiffOp op = down ? (DiffOp){DIFF_ADD, line_at(diff->after, middle->from + --y)} : (DiffOp){DIFF_REMOVE, line_at(diff->before, middle->from + --x)};
        g_array_append_val(reversed, op);
    }
}

static void compare_middle(Diff *diff, const Middle *middle)
{
    g_autoptr(GPtrArray) trace = search(diff, middle);
    if (!trace) {
        add_range(diff, DIFF_REMOVE, diff->before, middle->from, middle->before_to);
        add_range(diff, DIFF_ADD, diff->after, middle->from, middle->after_to);
        return;
    }
    g_autoptr(GArray) reversed = g_array_new(FALSE, FALSE, sizeof(DiffOp));
    walk_back(diff, middle, trace, reversed);
    for (guint i = reversed->len; i-- > 0;)
        g_array_append_val(diff->ops, g_array_index(reversed, DiffOp, i));
}

static void compare(Diff *diff)
{
    Middle middle = {0, diff->before->len, diff->after->len};
    while (middle.from < middle.before_to && middle.from < middle.after_to &&
           equal(line_at(diff->before, middle.from), line_at(diff->after, middle.from)))
        middle.from++;
    while (middle.before_to > middle.from && middle.after_to > middle.from &&
           equal(line_at(diff->before, middle.before_to - 1), line_at(diff->after, middle.after_to - 1)))
        middle.before_to--, middle.after_to--;
    add_range(diff, DIFF_KEEP, diff->before, 0, middle.from);
    compare_middle(diff, &middle);
    add_range(diff, DIFF_KEEP, diff->before, middle.before_to, diff->before->len);
}

/* ---- Ops -------------------------------------------------------------------------------------------------------- */

void diff_compare(Diff *diff, const char *before, gsize before_length, const char *after, gsize after_length)
{
    *diff = (Diff){split_lines(before, before_length), split_lines(after, after_length), g_array_new(FALSE, FALSE, sizeof(DiffOp))};
    if (before_length && after_length && before[before_length - 1] != '\n' && after[after_length - 1] != '\n') {
        g_array_index(diff->before, DiffLine, diff->before->len - 1).ended = TRUE;
        g_array_index(diff->after, DiffLine, diff->after->len - 1).ended = TRUE;
    }
    compare(diff);
}

void diff_clear(Diff *diff)
{
    g_array_unref(diff->before);
    g_array_unref(diff->after);
    g_array_unref(diff->ops);
}

guint diff_end_of_kind(const GArray *ops, guint at, DiffKind kind)
{
    while (at < ops->len && g_array_index(ops, DiffOp, at).kind == kind)
        at++;
    return at;
}

void diff_narrow(const DiffLine *line, const DiffLine *other, gsize *from, gsize *to)
{
    gsize shorter = MIN(line->length, other->length), start = 0, end = 0;
    while (start < shorter && line->text[start] == other->text[start])
        start++;
    while (start > 0 && start < line->length && ((guint8)line->text[start] & 0xc0) == 0x80)
        start--;
    while (end < shorter - start && line->text[line->length - 1 - end] == other->text[other->length - 1 - end])
        end++;
    while (end > 0 && ((guint8)line->text[line->length - end] & 0xc0) == 0x80)
        end--;
    *from = start;
    *to = line->length - end;
}
