/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/facts.h - small facts about publications that several formats state in their own ways.
 */
#ifndef SCRAPERS_FORMATS_FACTS_H
#define SCRAPERS_FORMATS_FACTS_H

#include <glib.h>

#include "base/json.h"

/* "YYYY", "YYYY-MM" or "YYYY-MM-DD" from the parts a publisher gives: month as a number or an English name ("Jun"), any
 * part NULL. NULL without a year of four digits. g_free. */
char *fact_date(const char *year, const char *month, const char *day);

/* The first year, and the month's name behind it, in a free text: "1998 Dec-1999 Jan" is "1998-12". */
char *fact_date_from_words(const char *text);

/* ISO 639-2 or 639-1 code, in any case, with or without a region ("eng", "EN-us"), to ISO 639-1; NULL: unknown. Static. */
const char *fact_language(const char *code);

/* Sets key to a string, unless the value is NULL or empty. */
void fact_set(json_t *object, const char *key, const char *value);
/* Appends to an array of strings; NULL, empty and repeated values are left out. */
void fact_append(json_t *array, const char *value);
/* Sets key to the array if it has elements; takes the reference. */
void fact_set_array(json_t *object, const char *key, json_t *array);

/* "PMC123" from "123", "PMC123" or "pmc123.1"; NULL if it is none of these. g_free. */
char *fact_pmcid(const char *value);

#endif
