/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/date.h - dates in the form of document->date: "YYYY", "YYYY-MM" or "YYYY-MM-DD".
 *
 * Both return a new string for g_free, or NULL. Years are 1500 to 2200. Dates of digits alone in which day and month
 * could be exchanged ("05/12/2024") are not guessed at.
 */
#ifndef SCRAPERS_EXTRACT_DATE_H
#define SCRAPERS_EXTRACT_DATE_H

/* A text that begins with a date: "2014-05-12T10:00Z", "2014/5/12", "2014-05", "2014". */
char *date_normalise(const char *text);
/* The first date anywhere in a text, as people write it in English: "Last reviewed: 12 May 2024", "May 12th, 2024",
 * "Sept. 2019", "2024-05-12"; a year alone only when nothing else is found. */
char *date_find(const char *text);

#endif
