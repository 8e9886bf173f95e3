/* SPDX-License-Identifier: Apache-2.0
 * cleaning/digits.h - from number to number: how rules that look for numbers of a certain shape skip the words between. */
#ifndef CLEANING_DIGITS_H
#define CLEANING_DIGITS_H

#include "cleaning/scan.h"

/* As g_ascii_isdigit, without its table. */
static inline gboolean digits_is(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* The first position from `at` on that holds an ASCII digit; `length` where there is none. */
static inline gsize digits_find(const char *text, gsize at, gsize length)
{
    for (; at + SCAN_BLOCK <= length; at += SCAN_BLOCK) {
        ScanBlock block = scan_load(text + at);
        guint mask = scan_mask((block >= '0') & (block <= '9'));
        if (mask)
            return at + (gsize)__builtin_ctz(mask);
    }
    while (at < length && !digits_is(text[at]))
        at++;
    return at;
}

/* Behind the last digit of the run that starts at `at`. */
static inline gsize digits_end(const char *text, gsize at, gsize length)
{
    while (at < length && digits_is(text[at]))
        at++;
    return at;
}

#endif
