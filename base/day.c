/* SPDX-License-Identifier: Apache-2.0
 * Dates as numbers of days; see base/day.h. */
#include "base/day.h"

#include <string.h>

/* The digits [from, from + count) as a number; 0: others are among them. */
static unsigned digits(const char *text, gsize from, gsize count)
{
    unsigned number = 0;
    for (gsize i = from; i < from + count; i++) {
        if (!g_ascii_isdigit(text[i]))
            return 0;
        number = 10 * number + (unsigned)(text[i] - '0');
    }
    return number;
}

guint32 day_from_date(const char *date)
{
    gsize length = strlen(date);
    gboolean has_month = length >= 7, has_day = length == 10;
    if ((length != 4 && length != 7 && length != 10) || (has_month && date[4] != '-') || (has_day && date[7] != '-'))
        return 0;
    unsigned year = digits(date, 0, 4), month = has_month ? digits(date, 5, 2) : 1, day = has_day ? digits(date, 8, 2) : 1;
    if (!g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return 0;
    GDate value;
    g_date_clear(&value, 1);
    g_date_set_dmy(&value, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    return g_date_get_julian(&value);
}
