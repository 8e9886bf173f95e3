/* SPDX-License-Identifier: Apache-2.0
 * Two texts beside each other in two columns; see base/diff.h. */
#include "base/diff.h"
#include "base/diff_lines.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define CYAN "\033[36m"
#define PLAIN "\033[m"
#define REVERSE "\033[7m"
#define REVERSE_OFF "\033[27m"

#define GUTTER 3 /* the mark between the columns, with a blank on either side */

typedef struct Table {
    GString *out;
    unsigned column; /* characters of one column */
    gboolean colour;
} Table;

/* A line on its way into a column. */
typedef struct Cell {
    const DiffLine *line; /* NULL: nothing stands there */
    gsize at;             /* what is written already */
    gsize from, to;       /* what differs from the other side */
    const char *colour;
} Cell;

/* The character at `at`, as a terminal may see it, and how many columns it takes. */
static gunichar character_at(const DiffLine *line, gsize at, gsize *next, unsigned *width)
{
    gunichar character = g_utf8_get_char_validated(line->text + at, (gssize)(line->length - at));
    if (character >= (gunichar)-2) {
        *next = at + 1;
        character = 0xfffd;
    } else {
        *next = (gsize)(g_utf8_next_char(line->text + at) - line->text);
    }
    if (character == '\t')
        character = ' ';
    if (g_unichar_iscntrl(character))
        character = 0xfffd;
    *width = g_unichar_iszerowidth(character) ? 0 : g_unichar_iswide(character) ? 2 : 1;
    return character;
}

/* Behind the last byte that fits a row of the column, at a blank if there is one. */
static gsize row_end(const Cell *cell, unsigned column)
{
    gsize at = cell->at, blank = 0, next;
    unsigned used = 0, width;
    while (at < cell->line->length) {
        gunichar character = character_at(cell->line, at, &next, &width);
        if (used + width > column)
            return blank ? blank : MAX(at, cell->at + 1);
        used += width;
        at = next;
        if (character == ' ')
            blank = at;
    }
    return at;
}

static void write_row(const Table *table, Cell *cell, gboolean pad)
{
    unsigned used = 0, width;
    gsize next, end = cell->line ? row_end(cell, table->column) : 0;
    gboolean inside = FALSE, coloured = table->colour && cell->line && cell->colour;
    if (coloured)
        g_string_append(table->out, cell->colour);
    for (gsize at = cell->line ? cell->at : 0; at < end; at = next) {
        gunichar character = character_at(cell->line, at, &next, &width);
        gboolean differs = coloured && at >= cell->from && at < cell->to;
        if (differs != inside)
            g_string_append(table->out, differs ? REVERSE : REVERSE_OFF);
        inside = differs;
        g_string_append_unichar(table->out, character);
        used += width;
    }
    if (coloured)
        g_string_append(table->out, PLAIN);
    for (; pad && used < table->column; used++)
        g_string_append_c(table->out, ' ');
    cell->at = end;
}

static gboolean is_left(const Cell *cell)
{
    return cell->line && cell->at < cell->line->length;
}

/* As many rows as the longer of the two needs; the mark stands in the first. */
static void write_pair(const Table *table, Cell left, Cell right, char mark)
{
    do {
        write_row(table, &left, TRUE);
        g_string_append_printf(table->out, right.line || mark != ' ' ? " %c " : " %c", mark);
        write_row(table, &right, FALSE);
        while (table->out->str[table->out->len - 1] == ' ')
            g_string_truncate(table->out, table->out->len - 1);
        g_string_append_c(table->out, '\n');
        mark = ' ';
    } while (is_left(&left) || is_left(&right));
}

static const DiffLine *line_of(const GArray *ops, guint at)
{
    return g_array_index(ops, DiffOp, at).line;
}

/* Removed lines and the added ones behind them, the first beside the first. */
static guint write_change(const Table *table, const GArray *ops, guint at)
{
    guint removed = diff_end_of_kind(ops, at, DIFF_REMOVE), added = diff_end_of_kind(ops, removed, DIFF_ADD);
    guint lefts = removed - at, rights = added - removed;
    for (guint i = 0; i < MAX(lefts, rights); i++) {
        Cell left = {.line = i < lefts ? line_of(ops, at + i) : NULL, .colour = RED};
        Cell right = {.line = i < rights ? line_of(ops, removed + i) : NULL, .colour = GREEN};
        if (left.line && right.line) {
            diff_narrow(left.line, right.line, &left.from, &left.to);
            diff_narrow(right.line, left.line, &right.from, &right.to);
        }
        write_pair(table, left, right, left.line && right.line ? '|' : left.line ? '<' : '>');
    }
    return added;
}

/* Lines in common: those beside a change, and how many were left out. */
static void write_common(const Table *table, const GArray *ops, guint from, guint to)
{
    guint head = from == 0 ? 0 : DIFF_CONTEXT, tail = to == ops->len ? 0 : DIFF_CONTEXT, count = to - from;
    for (guint i = from; i < to; i++) {
        if (count > head + tail + 1 && i == from + head) {
            g_string_append_printf(table->out, "%s... %u equal lines ...%s\n", table->colour ? CYAN : "", count - head - tail,
                                   table->colour ? PLAIN : "");
            i = to - tail;
            if (i == to)
                return;
        }
        write_pair(table, (Cell){.line = line_of(ops, i)}, (Cell){.line = line_of(ops, i)}, ' ');
    }
}

void diff_columns(GString *out, const char *before, gsize before_length, const char *after, gsize after_length, unsigned width, gboolean colour)
{
    Diff diff;
    Table table = {out, (MAX(width, DIFF_LEAST_WIDTH) - GUTTER) / 2, colour};
    diff_compare(&diff, before, before_length, after, after_length);
    guint changes = diff_end_of_kind(diff.ops, 0, DIFF_KEEP);
    for (guint at = 0; changes < diff.ops->len && at < diff.ops->len;) {
        guint end = diff_end_of_kind(diff.ops, at, DIFF_KEEP);
        write_common(&table, diff.ops, at, end);
        at = end < diff.ops->len ? write_change(&table, diff.ops, end) : end;
    }
    diff_clear(&diff);
}
