/* SPDX-License-Identifier: Apache-2.0
 * Tables of citations into works; see scrapers/citations.h. */
#include "scrapers/citations.h"

#include <string.h>

#include "base/error.h"

#define STEP 1000 /* rows between two looks at the progress */

typedef struct TableReading {
    StageContext *context;
    const Input *input;
    Works *works;
    GPtrArray *places;
    char *member; /* whose place is the last */
    guint64 rows, matched;
    guint64 position; /* told to the progress */
} TableReading;

/* The number of the place that rows come from now. A member of an archive is a place of its own. */
static gboolean find_place(TableReading *reading, const CitationTable *table, unsigned *place, GError **error)
{
    const char *member = citation_table_member(table);
    if (reading->rows == 1 || g_strcmp0(member, reading->member) != 0) {
        g_free(reading->member);
        reading->member = g_strdup(member);
        g_ptr_array_add(reading->places, member ? g_strconcat(reading->input->name, "#", member, NULL) : g_strdup(reading->input->name));
    }
    *place = reading->places->len - 1;
    if (*place <= WORK_TABLES)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "metadata: citations: more than %d tables", WORK_TABLES);
    return FALSE;
}

static void tell_progress(TableReading *reading, const CitationTable *table)
{
    guint64 position = citation_table_raw_position(table);
    progress_add(reading->context->progress, position - reading->position);
    reading->position = position;
}

static gboolean read_rows(TableReading *reading, CitationTable *table, GError **error)
{
    for (;;) {
        g_auto(CitationRow) row = {0};
        unsigned place;
        int more = citation_table_next(table, &row, error);
        if (more <= 0)
            return more == 0;
        reading->rows++;
        if (!find_place(reading, table, &place, error))
            return FALSE;
        reading->matched += works_add_row(reading->works, place, &row);
        if (reading->rows % STEP == 0)
            tell_progress(reading, table);
    }
}

static void notice(StageContext *context, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void notice(StageContext *context, const char *format, ...)
{
    if (!context->notices)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(context->notices, format, arguments);
    va_end(arguments);
}

/* What came before the damage counts; a file that cannot be read as a table at all is the recipe's mistake. */
static gboolean forgive_damage(TableReading *reading, const CitationTable *table, GError **failure, GError **error)
{
    if (!*failure)
        return TRUE;
    if (citation_table_lines(table) == 0 || !g_error_matches(*failure, GALEN_ERROR, GALEN_ERROR_INPUT)) {
        g_propagate_error(error, g_steal_pointer(failure));
        return FALSE;
    }
    notice(reading->context, "%s\nIts %" G_GUINT64_FORMAT " lines before that were used.\n", (*failure)->message, citation_table_lines(table));
    g_clear_error(failure);
    return TRUE;
}

static json_t *table_facts(const TableReading *reading, CitationTable *table, gboolean damaged, GError **error)
{
    Sha256 digest;
    char hex[SHA256_HEX_SIZE];
    if (!citation_table_digest(table, &digest, error))
        return NULL;
    sha256_hex(&digest, hex);
    return json_pack("{s:s, s:I, s:s, s:I, s:I, s:I, s:b}", "name", reading->input->name, "bytes", (json_int_t)reading->input->size, "sha256", hex,
                     "lines", (json_int_t)citation_table_lines(table), "bad_lines", (json_int_t)citation_table_bad_lines(table),
                     "matched", (json_int_t)reading->matched, "damaged", damaged);
}

static json_t *read_table(StageContext *context, const Input *input, Works *works, GPtrArray *places, GError **error)
{
    TableReading reading = {.context = context, .input = input, .works = works, .places = places};
    g_autoptr(CitationTable) table = citation_table_open(input->path, error);
    GError *failure = NULL;
    if (!table)
        return NULL;
    read_rows(&reading, table, &failure);
    g_free(reading.member);
    gboolean damaged = failure != NULL;
    if (!forgive_damage(&reading, table, &failure, error))
        return NULL;
    if (citation_table_bad_lines(table))
        notice(context, "%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " lines could not be used; the first is %s\n", input->name,
               citation_table_bad_lines(table), citation_table_lines(table), citation_table_fault(table));
    tell_progress(&reading, table);
    return table_facts(&reading, table, damaged, error);
}

json_t *citations_read(StageContext *context, const GPtrArray *tables, Works *works, GPtrArray *places, GError **error)
{
    g_autoptr(json_t) facts = json_array();
    guint64 total = 0;
    for (guint i = 0; i < tables->len; i++)
        total += ((const Input *)tables->pdata[i])->size;
    if (total)
        progress_begin(context->progress, "citations", "bytes", total);
    gboolean good = TRUE;
    for (guint i = 0; good && i < tables->len; i++) {
        json_t *table = read_table(context, tables->pdata[i], works, places, error);
        good = table && json_array_append_new(facts, table) == 0;
    }
    if (total)
        progress_end(context->progress);
    return good ? g_steal_pointer(&facts) : NULL;
}
