/* SPDX-License-Identifier: Apache-2.0
 * store/report/html.h - pieces of the report's page: escaped text, numbers, tables whose rows have bars.
 *
 * A section is a heading, a sentence, and a table: html_table_begin with the columns' names (the first is a label, the others are
 * numbers), html_row for each, html_table_end. A bar's share lies between 0 and 1; below 0 there is none.
 */
#ifndef STORE_REPORT_HTML_H
#define STORE_REPORT_HTML_H

#include <glib.h>

void html_text(GString *page, const char *text);   /* escaped */
void html_count(GString *page, guint64 count);     /* 1,234,567 */
char *html_percent(double share);                  /* "12.3 %"; g_free */
void html_section(GString *page, const char *title, const char *sentence);
/* Columns NULL-terminated; `bar` names the column of bars, for those who hear the page. */
void html_table_begin(GString *page, const char *bar, const char *const *columns);
void html_row(GString *page, const char *label, double share, const char *const *cells);
void html_table_end(GString *page);
void html_head(GString *page, const char *title);

#endif
