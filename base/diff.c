/* SPDX-License-Identifier: Apache-2.0
 * Unified diffs; see base/diff.h. */
#include "base/diff.h"

#include "base/diff_lines.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define CYAN "\033[36m"
#define PLAIN "\033[m"
#define REVERSE "\033[7m"
#define REVERSE_OFF "\033[27m"

/* `other`: the line in its place, or NULL. */
static void write_line(GString *out, char mark, const DiffLine *line, const DiffLine *other, gboolean colour)
{
    gsize from = 0, to = 0;
    if (colour && mark != ' ')
        g_string_append(out, mark == '-' ? RED : GREEN);
    g_string_append_c(out, mark);
    if (colour && other)
        diff_narrow(line, other, &from, &to);
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

/* Removed lines and the added ones behind them; where they are as many, each stands in the place of one. */
static guint write_change(GString *out, const GArray *ops, guint at, gboolean colour)
{
    guint removed = diff_end_of_kind(ops, at, DIFF_REMOVE), added = diff_end_of_kind(ops, removed, DIFF_ADD);
    gboolean paired = removed - at == added - removed;
    for (guint i = at; i < added; i++) {
        guint partner = i < removed ? removed + (i - at) : at + (i - removed);
        write_line(out, i < removed ? '-' : '+', g_array_index(ops, DiffOp, i).line, paired ? g_array_index(ops, DiffOp, partner).line : NULL, colour);
    }
    return added;
}

/* Ops [from, to) as one hunk. `before` and `after` are the numbers of lines above it. */
static void write_hunk(GString *out, const GArray *ops, guint from, guint to, guint before, guint after, gboolean colour)
{
    guint before_count = 0, after_count = 0;
    for (guint i = from; i < to; i++) {
        before_count += g_array_index(ops, DiffOp, i).kind != DIFF_ADD;
        after_count += g_array_index(ops, DiffOp, i).kind != DIFF_REMOVE;
    }
    g_string_append_printf(out, "%s@@ -%u,%u +%u,%u @@%s\n", colour ? CYAN : "", before + (before_count > 0), before_count,
                           after + (after_count > 0), after_count, colour ? PLAIN : "");
    while (from < to) {
        if (g_array_index(ops, DiffOp, from).kind != DIFF_KEEP) {
            from = write_change(out, ops, from, colour);
            continue;
        }
        write_line(out, ' ', g_array_index(ops, DiffOp, from).line, NULL, colour);
        from++;
    }
}

static void write_hunks(GString *out, const GArray *ops, gboolean colour)
{
    guint before = 0, after = 0; /* lines above `at` */
    for (guint at = 0; at < ops->len;) {
        guint change = diff_end_of_kind(ops, at, DIFF_KEEP), from = MAX(at, change - MIN(change, DIFF_CONTEXT)), end = change, quiet = 0;
        if (change == ops->len)
            return;
        before += from - at;
        after += from - at;
        while (end + quiet < ops->len && quiet <= 2 * DIFF_CONTEXT) {
            if (g_array_index(ops, DiffOp, end + quiet).kind == DIFF_KEEP) {
                quiet++;
            } else {
                end += quiet + 1;
                quiet = 0;
            }
        }
        guint to = end + MIN(quiet, DIFF_CONTEXT);
        write_hunk(out, ops, from, to, before, after, colour);
        for (; from < to; from++) {
            before += g_array_index(ops, DiffOp, from).kind != DIFF_ADD;
            after += g_array_index(ops, DiffOp, from).kind != DIFF_REMOVE;
        }
        at = to;
    }
}

void diff_unified(GString *out, const char *before, gsize before_length, const char *after, gsize after_length, gboolean colour)
{
    Diff diff;
    diff_compare(&diff, before, before_length, after, after_length);
    write_hunks(out, diff.ops, colour);
    diff_clear(&diff);
}
