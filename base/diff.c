/* SPDX-License-Identifier: Apache-2.0
 * Unified diffs; see base/diff.h. */
#include "base/diff.h"

#include <string.h>

#define RED "\033[31m"
#define GREEN "\033[32m"
#define CYAN "\033[36m"
#define PLAIN "\033[m"
#define REVERSE "\033[7m"
#define REVERSE_OFF "\033[27m"

typedef struct Line {
    const char *text;
    gsize length; /* without its newline */
    gboolean ended; /* by a newline, or as the last one of both texts without */
} Line;

typedef enum { OP_KEEP, OP_REMOVE, OP_ADD } OpKind;

typedef struct Op {
    OpKind kind;
    const Line *line;
} Op;

typedef struct Diff {
    GArray *before, *after; /* of Line */
    GArray *ops;            /* of Op */
} Diff;

static GArray *split_lines(const char *text, gsize length)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(Line));
    for (gsize at = 0; at < length;) {
        const char *newline = memchr(text + at, '\n', length - at);
        Line line = {text + at, newline ? (gsize)(newline - text) - at : length - at, newline != NULL};
        g_array_append_val(lines, line);
        at += line.length + 1;
    }
    return lines;
}

static const Line *line_at(const GArray *lines, gint64 index)
{
    return &g_array_index(lines, Line, index);
}

static gboolean equal(const Line *a, const Line *b)
{
    return a->length == b->length && a->ended == b->ended && memcmp(a->text, b->text, a->length) == 0;
}

static void add_op(Diff *diff, OpKind kind, const Line *line)
{
    Op op = {kind, line};
    g_array_append_val(diff->ops, op);
}

static void add_range(Diff *diff, OpKind kind, const GArray *lines, gint64 from, gint64 to)
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
            Op op = {OP_KEEP, line_at(diff->before, middle->from + x - 1)};
            g_array_append_val(reversed, op);
        }
        if (!d)
            break;
        Op op = down ? (Op){OP_ADD, line_at(diff->after, middle->from + --y)} : (Op){OP_REMOVE, line_at(diff->before, middle->from + --x)};
        g_array_append_val(reversed, op);
    }
}

static void compare_middle(Diff *diff, const Middle *middle)
{
    g_autoptr(GPtrArray) trace = search(diff, middle);
    if (!trace) {
        add_range(diff, OP_REMOVE, diff->before, middle->from, middle->before_to);
        add_range(diff, OP_ADD, diff->after, middle->from, middle->after_to);
        return;
    }
    g_autoptr(GArray) reversed = g_array_new(FALSE, FALSE, sizeof(Op));
    walk_back(diff, middle, trace, reversed);
    for (guint i = reversed->len; i-- > 0;)
        g_array_append_val(diff->ops, g_array_index(reversed, Op, i));
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
    add_range(diff, OP_KEEP, diff->before, 0, middle.from);
    compare_middle(diff, &middle);
    add_range(diff, OP_KEEP, diff->before, middle.before_to, diff->before->len);
}

/* ---- Output ---------------------------------------------------------------------------------------------------- */

/* Narrows a line to what differs from the other: [*from, *to). */
static void differing(const Line *line, const Line *other, gsize *from, gsize *to)
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

/* `other`: the line in its place, or NULL. */
static void write_line(GString *out, char mark, const Line *line, const Line *other, gboolean colour)
{
    gsize from = 0, to = 0;
    if (colour && mark != ' ')
        g_string_append(out, mark == '-' ? RED : GREEN);
    g_string_append_c(out, mark);
    if (colour && other)
        differing(line, other, &from, &to);
    g_string_append_len(out, line->text, (gssize)from);
    if (to > from) {
        g_string_append(out, REVERSE);
        g_string_append_len(out, line->text + from, (gssize)(to - from));
        g_string_append(out, REVERSE_OFF);
    }
    g_string_append_len(out, line->text + to, (gssize)(line->length - to));
    if (colour && mark != ' ')
        g_string_append(out, PLAIN);
    g_string_append_c(out, '\n');
    if (!line->ended)
        g_string_append(out, "\\ No newline at end of file\n");
}

static guint end_of_kind(const GArray *ops, guint at, OpKind kind)
{
    while (at < ops->len && g_array_index(ops, Op, at).kind == kind)
        at++;
    return at;
}

/* Removed lines and the added ones behind them; where they are as many, each stands in the place of one. */
static guint write_change(GString *out, const GArray *ops, guint at, gboolean colour)
{
    guint removed = end_of_kind(ops, at, OP_REMOVE), added = end_of_kind(ops, removed, OP_ADD);
    gboolean paired = removed - at == added - removed;
    for (guint i = at; i < added; i++) {
        guint partner = i < removed ? removed + (i - at) : at + (i - removed);
        write_line(out, i < removed ? '-' : '+', g_array_index(ops, Op, i).line, paired ? g_array_index(ops, Op, partner).line : NULL, colour);
    }
    return added;
}

/* Ops [from, to) as one hunk. `before` and `after` are the numbers of lines above it. */
static void write_hunk(GString *out, const GArray *ops, guint from, guint to, guint before, guint after, gboolean colour)
{
    guint before_count = 0, after_count = 0;
    for (guint i = from; i < to; i++) {
        before_count += g_array_index(ops, Op, i).kind != OP_ADD;
        after_count += g_array_index(ops, Op, i).kind != OP_REMOVE;
    }
    g_string_append_printf(out, "%s@@ -%u,%u +%u,%u @@%s\n", colour ? CYAN : "", before + (before_count > 0), before_count,
                           after + (after_count > 0), after_count, colour ? PLAIN : "");
    while (from < to) {
        if (g_array_index(ops, Op, from).kind != OP_KEEP) {
            from = write_change(out, ops, from, colour);
            continue;
        }
        write_line(out, ' ', g_array_index(ops, Op, from).line, NULL, colour);
        from++;
    }
}

static void write_hunks(GString *out, const GArray *ops, gboolean colour)
{
    guint before = 0, after = 0; /* lines above `at` */
    for (guint at = 0; at < ops->len;) {
        guint change = end_of_kind(ops, at, OP_KEEP), from = MAX(at, change - MIN(change, DIFF_CONTEXT)), end = change, quiet = 0;
        if (change == ops->len)
            return;
        before += from - at;
        after += from - at;
        while (end + quiet < ops->len && quiet <= 2 * DIFF_CONTEXT) {
            if (g_array_index(ops, Op, end + quiet).kind == OP_KEEP) {
                quiet++;
            } else {
                end += quiet + 1;
                quiet = 0;
            }
        }
        guint to = end + MIN(quiet, DIFF_CONTEXT);
        write_hunk(out, ops, from, to, before, after, colour);
        for (; from < to; from++) {
            before += g_array_index(ops, Op, from).kind != OP_ADD;
            after += g_array_index(ops, Op, from).kind != OP_REMOVE;
        }
        at = to;
    }
}

void diff_unified(GString *out, const char *before, gsize before_length, const char *after, gsize after_length, gboolean colour)
{
    Diff diff = {split_lines(before, before_length), split_lines(after, after_length), g_array_new(FALSE, FALSE, sizeof(Op))};
    if (before_length && after_length && before[before_length - 1] != '\n' && after[after_length - 1] != '\n') {
        g_array_index(diff.before, Line, diff.before->len - 1).ended = TRUE;
        g_array_index(diff.after, Line, diff.after->len - 1).ended = TRUE;
    }
    compare(&diff);
    write_hunks(out, diff.ops, colour);
    g_array_unref(diff.before);
    g_array_unref(diff.after);
    g_array_unref(diff.ops);
}
