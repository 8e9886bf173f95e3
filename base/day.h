/* SPDX-License-Identifier: Apache-2.0
 * base/day.h - dates as numbers of days, for differences.
 */
#ifndef BASE_DAY_H
#define BASE_DAY_H

#include <glib.h>

/* Days since 31 December of the year 0, in the Gregorian calendar, of "YYYY", "YYYY-MM" or "YYYY-MM-DD"; what is left out
 * counts as the first. 0: no such date. */
guint32 day_from_date(const char *date);

#endif
