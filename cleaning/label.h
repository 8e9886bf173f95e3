/* SPDX-License-Identifier: Apache-2.0
 * cleaning/label.h - does a text end in one of some words, as "Tel" before a number? */
#ifndef CLEANING_LABEL_H
#define CLEANING_LABEL_H

#include <glib.h>

typedef struct Label {
    const char *words; /* in small letters */
    gsize length;
} Label;

#define LABEL(words) {words, sizeof(words) - 1}

/* The index of the first label that stands right before `end`, not before `floor`, not as the end of a longer word, ASCII
 * letters without regard to case; -1: none does. */
int label_before(const Label *labels, gsize count, const char *text, gsize floor, gsize end);

#endif
