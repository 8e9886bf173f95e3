/* SPDX-License-Identifier: Apache-2.0
 * base/diff.h - two texts compared line by line: in the unified format of diff(1), or beside each other as sdiff(1) does.
 *
 * The lines that both have in common, in order, are found by Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986)
 * behind the common beginning and end. Texts that differ in more than DIFF_EFFORT lines are shown as one block that is
 * taken out and one that is put in, so that time and memory stay small. That a text lacks its last newline is marked, as
 * diff(1) does, where the other one has it.
 */
#ifndef BASE_DIFF_H
#define BASE_DIFF_H

#include <glib.h>

#define DIFF_EFFORT 2000
#define DIFF_CONTEXT 3 /* unchanged lines around a change */
#define DIFF_LEAST_WIDTH 40 /* of two columns */

/* Appends the hunks, without a file header; nothing when the texts are equal. With `colour`, lines are in the colours of a
 * terminal, and what differs between a line and the one in its place is in reverse video. */
void diff_unified(GString *out, const char *before, gsize before_length, const char *after, gsize after_length, gboolean colour);
/* Appends two columns, `width` characters wide together; lines are broken to fit, longer runs of equal ones left out, and
 * between the columns stands < (only before), > (only after) or | (changed). Characters that would steer a terminal become
 * U+FFFD. Nothing when the texts are equal. */
void diff_columns(GString *out, const char *before, gsize before_length, const char *after, gsize after_length, unsigned width, gboolean colour);

#endif
