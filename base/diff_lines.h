/* SPDX-License-Identifier: Apache-2.0
 * base/diff_lines.h - what two texts have in common line by line, for the formats in which base/diff.h shows it.
 *
 * diff_compare gives the lines of both texts as one list of ops: kept, removed from the old text, added by the new one. The
 * lines point into the texts. diff_clear frees what it made.
 */
#ifndef BASE_DIFF_LINES_H
#define BASE_DIFF_LINES_H

#include <glib.h>

typedef struct DiffLine {
    const char *text;
    gsize length; /* without its newline */
    gboolean ended; /* by a newline, or as the last one of both texts without */
} DiffLine;

typedef enum { DIFF_KEEP, DIFF_REMOVE, DIFF_ADD } DiffKind;

typedef struct DiffOp {
    DiffKind kind;
    const DiffLine *line;
} DiffOp;

typedef struct Diff {
    GArray *before, *after; /* of DiffLine */
    GArray *ops;            /* of DiffOp */
} Diff;

void diff_compare(Diff *diff, const char *before, gsize before_length, const char *after, gsize after_length);
void diff_clear(Diff *diff);
/* Behind the ops of one kind that begin at `at`. */
guint diff_end_of_kind(const GArray *ops, guint at, DiffKind kind);
/* Narrows a line to what differs from the other, in whole characters: [*from, *to). */
void diff_narrow(const DiffLine *line, const DiffLine *other, gsize *from, gsize *to);

#endif
