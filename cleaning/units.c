/* SPDX-License-Identifier: Apache-2.0
 * Units of medicine; see cleaning/units.h. */
#include "cleaning/units.h"

#include <string.h>

#define UNIT_LIMIT 12 /* bytes */

static const char *const units[] = {
    "years", "year", "yr", "yrs", "months", "month", "weeks", "week", "days", "day", "hours", "hour", "h", "hr", "hrs", "minutes", "min",
    "seconds", "s", "mg", "kg", "g", "ng", "ug", "mcg", "ml", "dl", "l", "mm", "cm", "nm", "um", "mmol", "nmol", "mmhg", "kcal", "kda",
    "points", "percent", "bpm", "iu", "units", "cells", "copies", "bp", "ppm",
};

gboolean unit_follows(const char *text, gsize at, gsize length)
{
    gsize end;
    while (at < length && text[at] == ' ')
        at++;
    if (at < length && text[at] == '%')
        return TRUE;
    for (end = at; end < length && end - at < UNIT_LIMIT && g_ascii_isalpha(text[end]);)
        end++;
    for (gsize i = 0; end > at && i < G_N_ELEMENTS(units); i++)
        if (strlen(units[i]) == end - at && g_ascii_strncasecmp(units[i], text + at, end - at) == 0)
            return TRUE;
    return FALSE;
}
