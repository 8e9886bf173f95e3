/* SPDX-License-Identifier: Apache-2.0
 * dedup/cut_range.h - where to cut when words are taken out of a text, so that the rest reads on.
 *
 * A run of words given by bytes [start, end) is widened to the punctuation behind it, to brackets and quotation marks
 * that open what this closes, and to the white space on one side; if nothing else stands on its lines, to the whole
 * lines, their list marks and line ends included. It never takes another word, and never glues two words together.
 */
#ifndef DEDUP_CUT_RANGE_H
#define DEDUP_CUT_RANGE_H

#include "store/cuts.h"

/* [start, end) must begin and end with a word. */
Cut cut_range(const char *text, gsize length, gsize start, gsize end);

#endif
