/* SPDX-License-Identifier: Apache-2.0
 * cleaning/units.h - does a unit follow? Then the number before it is a measure, and no rule may take it for anything else. */
#ifndef CLEANING_UNITS_H
#define CLEANING_UNITS_H

#include <glib.h>

/* At `at`, or behind blanks there: "%", "days", "mg". */
gboolean unit_follows(const char *text, gsize at, gsize length);

#endif
