/* SPDX-License-Identifier: Apache-2.0
 * Tables as Markdown; see jats_walk.h.
 *
 * XHTML tables (table, tr, td) and OASIS tables (tgroup, row, entry) alike. Markdown knows no spans: a cell stands in the first
 * of its columns and rows, and the others are empty; but in the header, whose rows become one, it stands over each of its
 * columns. A table without a header has an empty one. Spans are clamped, and ignored where a table's grid would grow beyond
 * GRID_LIMIT cells. */
#include "scrapers/formats/jats_walk.h"

#include <stdlib.h>

#define SPAN_LIMIT 1000u
#define WIDTH_LIMIT 1000u /* columns that spans can make; only real cells go beyond */
#define GRID_LIMIT ((gsize)1 << 20)
#define REPEATED ((gsize)256) /* bytes of a header cell that stands over several columns */


typedef struct Grid {
    JatsWalk *walk;
    GPtrArray *header; /* GString of each column */
    GPtrArray *rows;   /* GPtrArray of char *, NULL: empty */
    GArray *below;     /* guint of each column: rows that a cell from above still takes */
    GPtrArray *columns; /* const char *: names of an OASIS table's columns */
    gsize cells;       /* of the grid so far, empty ones too */
    guint width;
} Grid;

static void free_header(gpointer data)
{
    if (data)
        g_string_free(data, TRUE);
}

static void free_row(gpointer data)
{
    g_ptr_array_unref(data);
}

/* A span as an attribute says it, or `absent`. */
static guint span_of(const XmlNode *cell, XmlName name, guint absent)
{
    const char *text = xml_attribute(cell, name);
    guint64 value = text ? g_ascii_strtoull(text, NULL, 10) : absent;
    return (guint)MIN(value, SPAN_LIMIT);
}

static int column_named(const Grid *grid, const char *name)
{
    for (guint i = 0; name && i < grid->columns->len; i++)
        if (strcmp(grid->columns->pdata[i], name) == 0)
            return (int)i;
    return -1;
}

static guint columns_of(const Grid *grid, const XmlNode *cell)
{
    int first = column_named(grid, xml_attribute(cell, XML_NAMEST)), last = column_named(grid, xml_attribute(cell, XML_NAMEEND));
    guint span = first >= 0 && last > first ? (guint)(last - first) + 1 : span_of(cell, XML_COLSPAN, 1);
    return grid->cells + span > GRID_LIMIT ? 1 : MAX(span, 1);
}

static guint rows_of(const Grid *grid, const XmlNode *cell)
{
    guint span = cell->name == XML_ENTRY ? span_of(cell, XML_MOREROWS, 0) + 1 : span_of(cell, XML_ROWSPAN, 1);
    return grid->cells > GRID_LIMIT ? 1 : MAX(span, 1);
}

static void set_below(Grid *grid, guint column, guint rows)
{
    if (column >= WIDTH_LIMIT)
        return;
    if (column >= grid->below->len)
        g_array_set_size(grid->below, column + 1);
    g_array_index(grid->below, guint, column) = rows;
}

/* Steps over the columns that cells from above take. */
static guint free_column(const Grid *grid, guint column)
{
    while (column < grid->below->len && g_array_index(grid->below, guint, column) > 0)
        g_array_index(grid->below, guint, column++)--;
    return column;
}

static void add_header(Grid *grid, guint column, const char *text)
{
    if (column >= grid->header->len)
        g_ptr_array_set_size(grid->header, (int)column + 1);
    GString **cell = (GString **)&grid->header->pdata[column];
    if (!text)
        return;
    if (!*cell)
        *cell = g_string_new(NULL);
    if ((*cell)->len)
        g_string_append_c(*cell, ' ');
    g_string_append(*cell, text);
}

static gboolean is_cell(const XmlNode *node)
{
    return node->name == XML_TD || node->name == XML_TH || node->name == XML_ENTRY;
}

static void read_row(Grid *grid, const XmlNode *node, gboolean header)
{
    g_autoptr(GPtrArray) row = g_ptr_array_new_with_free_func(g_free);
    guint column = free_column(grid, 0);
    XML_EACH_ELEMENT(cell, node) {
        if (!is_cell(cell))
            continue;
        guint room = column < WIDTH_LIMIT ? WIDTH_LIMIT - column : 1;
        guint columns = MIN(columns_of(grid, cell), room), rows = rows_of(grid, cell);
        g_autofree char *text = jats_line(grid->walk, cell);
        for (guint i = 0; i < columns; i++) {
            if (header && (i == 0 || (text && strlen(text) <= REPEATED)))
                add_header(grid, column, text);
            g_ptr_array_set_size(row, (int)MAX(column + 1, row->len));
            if (i == 0)
                row->pdata[column] = g_strdup(text);
            if (rows > 1)
                set_below(grid, column, rows - 1);
            column = i + 1 < columns ? column + 1 : free_column(grid, column + 1);
        }
    }
    while (column < grid->below->len) /* cells from above at the right edge */
        column = free_column(grid, column) + 1;
    grid->cells += row->len + 1;
    if (header)
        return;
    while (row->len && !row->pdata[row->len - 1])
        g_ptr_array_set_size(row, (int)row->len - 1);
    grid->width = MAX(grid->width, row->len);
    if (row->len)
        g_ptr_array_add(grid->rows, g_steal_pointer(&row));
}

/* A header reaches no further than the rows below it, where there are any. */
static guint width_of(const Grid *grid)
{
    return grid->rows->len ? grid->width : grid->header->len;
}

static gboolean is_row(const XmlNode *node)
{
    return node->name == XML_TR || node->name == XML_ROW;
}

static void read_rows(Grid *grid, const XmlNode *group, gboolean header)
{
    XML_EACH_ELEMENT(child, group)
        if (is_row(child))
            read_row(grid, child, header);
}

static void read_groups(Grid *grid, const XmlNode *table, XmlName name)
{
    XML_EACH(group, table, name) {
        g_array_set_size(grid->below, 0); /* cells do not reach out of their group */
        read_rows(grid, group, name == XML_THEAD);
    }
}

static gboolean is_header_row(const XmlNode *row)
{
    gboolean cells = FALSE;
    XML_EACH_ELEMENT(cell, row) {
        if (cell->name != XML_TH)
            return FALSE;
        cells = TRUE;
    }
    return cells;
}

/* Rows that stand in the table itself; the first is the header if all of its cells say so. */
static void read_bare_rows(Grid *grid, const XmlNode *table)
{
    gboolean first = !xml_child(table, XML_THEAD);
    XML_EACH_ELEMENT(child, table) {
        if (is_row(child))
            read_row(grid, child, first && is_header_row(child));
        first &= !is_row(child);
    }
}

static void read_table(Grid *grid, const XmlNode *table)
{
    XML_EACH(column, table, XML_COLSPEC) {
        const char *name = xml_attribute(column, XML_COLNAME);
        g_ptr_array_add(grid->columns, (gpointer)(name ? name : ""));
    }
    read_groups(grid, table, XML_THEAD);
    read_bare_rows(grid, table);
    read_groups(grid, table, XML_TBODY);
    read_groups(grid, table, XML_TFOOT);
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

static void append_cell(Buffer *line, const char *text)
{
    if (text)
        buffer_append_byte(line, ' ');
    for (; text && *text; text++) {
        if (*text == '|')
            buffer_append_byte(line, '\\');
        buffer_append_byte(line, *text);
    }
    buffer_append_string(line, " |");
}

static void begin_line(JatsWalk *walk)
{
    text_form_begin(&walk->form, BLOCK_LINE, "");
    text_form_mark(&walk->form, "|");
}

static void write_header(const Grid *grid)
{
    guint width = width_of(grid);
    begin_line(grid->walk);
    for (guint i = 0; i < width; i++) {
        const GString *cell = i < grid->header->len ? grid->header->pdata[i] : NULL;
        append_cell(&grid->walk->form.line, cell ? cell->str : NULL);
    }
    begin_line(grid->walk);
    for (guint i = 0; i < width; i++)
        text_form_mark(&grid->walk->form, "---|");
}

static void write_grid(const Grid *grid)
{
    if (width_of(grid) == 0)
        return;
    write_header(grid);
    for (guint i = 0; i < grid->rows->len; i++) {
        const GPtrArray *row = grid->rows->pdata[i];
        begin_line(grid->walk);
        for (guint j = 0; j < row->len; j++)
            append_cell(&grid->walk->form.line, row->pdata[j]);
    }
}

static void write_table(JatsWalk *walk, const XmlNode *table)
{
    Grid grid = {.walk = walk};
    grid.header = g_ptr_array_new_with_free_func(free_header);
    grid.rows = g_ptr_array_new_with_free_func(free_row);
    grid.below = g_array_new(FALSE, TRUE, sizeof(guint));
    grid.columns = g_ptr_array_new();
    read_table(&grid, table);
    write_grid(&grid);
    g_ptr_array_unref(grid.header);
    g_ptr_array_unref(grid.rows);
    g_array_unref(grid.below);
    g_ptr_array_unref(grid.columns);
}

void jats_table(JatsWalk *walk, const XmlNode *node)
{
    gboolean rows = xml_child(node, XML_TR) || xml_child(node, XML_TBODY) || xml_child(node, XML_ROW) || xml_child(node, XML_THEAD);
    if (rows) {
        write_table(walk, node);
        return;
    }
    XML_EACH_ELEMENT(child, node) {
        if (child->name == XML_ALTERNATIVES || jats_role(child->name) == JATS_TABLE)
            jats_table(walk, child);
        if (node->name == XML_ALTERNATIVES && jats_role(child->name) == JATS_TABLE)
            return; /* one of several forms */
    }
}
