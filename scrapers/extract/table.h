/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/table.h - tables of data told from tables that only lay out a page. */
#ifndef SCRAPERS_EXTRACT_TABLE_H
#define SCRAPERS_EXTRACT_TABLE_H

#include "scrapers/extract/tree.h"

gboolean table_is_data(xmlNode *table);
/* The cell's colspan, between 1 and SPAN_LIMIT. */
guint table_cell_span(const xmlNode *cell);

#endif
