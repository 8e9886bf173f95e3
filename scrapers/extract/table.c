/* SPDX-License-Identifier: Apache-2.0
 * Data or layout; see table.h. */
#include "scrapers/extract/table.h"

#include <stdlib.h>
#include <string.h>

#include "scrapers/extract/serialise.h"

#define LONG_CELL_WORDS 120u /* cells of data are shorter */

typedef struct Census {
    guint rows, cells, header_cells, widest, paragraphs, longest;
    gboolean caption, nested, headings;
} Census;

static Census take_census(xmlNode *table)
{
    Census census = {0};
    guint width = 0;
    for (xmlNode *node = table->children; node; node = page_next(node, table, TRUE)) {
        GumboTag tag = tag_of(node);
        census.caption |= tag == GUMBO_TAG_CAPTION;
        census.nested |= tag == GUMBO_TAG_TABLE;
        census.headings |= heading_level(tag) > 0;
        census.paragraphs += tag == GUMBO_TAG_P;
        census.header_cells += tag == GUMBO_TAG_TH;
        if (tag == GUMBO_TAG_TR) {
            census.rows++;
            width = 0;
        }
        if (tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH) {
            census.cells++;
            census.widest = MAX(census.widest, ++width);
            census.longest = MAX(census.longest, facts_of(node)->words);
        }
    }
    return census;
}

gboolean table_is_data(xmlNode *table)
{
    const char *role = page_attribute(table, "role");
    if (role && (strcmp(role, "presentation") == 0 || strcmp(role, "none") == 0))
        return FALSE;
    Census census = take_census(table);
    if (census.nested || census.widest < 2)
        return census.header_cells > 0 && !census.nested && census.rows > 1;
    if (census.longest > LONG_CELL_WORDS && (census.headings || census.rows < 3))
        return FALSE;
    if (census.caption || census.header_cells || page_attribute(table, "summary"))
        return TRUE;
    return !(census.headings && census.longest > LONG_CELL_WORDS / 2) && census.longest <= 4 * LONG_CELL_WORDS;
}

guint table_cell_span(const xmlNode *cell)
{
    const char *span = page_attribute(cell, "colspan");
    guint64 value = span ? g_ascii_strtoull(span, NULL, 10) : 1;
    return (guint)CLAMP(value, 1, SPAN_LIMIT);
}
