/* SPDX-License-Identifier: Apache-2.0
 * cleaning/digits.h - from number to number: how rules that look for numbers of a certain shape skip the words between. */
#ifndef CLEANING_DIGITS_H
#define CLEANING_DIGITS_H

#include "cleaning/scan.h"

/* The first position from `at` on that holds an ASCII digit; `length` where there is none. */
static inline gsize digits_find(const char *text, gsize at, gsize length)
{
    for (; at + SCAN_BLOCK <= length; at += SCAN_BLOCK) {
        ScanBlock block = scan_load(text + at);
        if (scan_any((block >= '0') & (block <= '9')))
            break;
    }
    while (at < length && !g_ascii_isdigit(text[at]))
        at++;
    return at;
}

/* Behind the last digit of the run that starts at `at`. */
static inline gsize digits_end(const char *text, gsize at, gsize length)
{
    while (at < length && g_ascii_isdigit(text[at]))
        at++;
    return at;
}

#endif
