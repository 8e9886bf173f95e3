/* SPDX-License-Identifier: Apache-2.0
 * Tables of citation counts, row by row; see scrapers/citation_table.h.
 *
 * A row of CSV is a line, unless a quote in it is open at its end: then lines are added until it closes, but not many: a stray
 * quote must not swallow the rest of the file. If it stays open, the first line is bad and those behind it are read anew. */
#include "scrapers/citation_table.h"

#include <string.h>

#include "base/error.h"
#include "scrapers/formats/json_record.h"
#include "store/identity.h"

#define JOIN_LINES 16
#define FIELD_LIMIT 512  /* bytes of a field that is looked at */
#define COLUMN_LIMIT 4096
#define COLUMNS 4        /* that are looked at: the count, and three identifiers */
#define COUNT_COLUMN CITATION_CORPUS /* the place of the count among them; no column has a corpus id */

/* A line that was read ahead. */
typedef struct HeldLine {
    char *data;
    gsize length;
    guint64 number;
} HeldLine;

struct CitationTable {
    char *path;
    InputStream *stream;
    LineReader *reader;     /* of the member; NULL before the first */
    char *member;
    gboolean json;
    char separator;
    unsigned columns;       /* of a row of CSV */
    unsigned places[COLUMNS]; /* column of each, from 0; COLUMN_LIMIT: there is none */
    GQueue again;           /* of HeldLine: to be read before the stream goes on */
    guint64 lines, bad_lines;
    char *fault;
};

void citation_row_clear(CitationRow *row)
{
    for (unsigned i = 0; i < CITATION_IDS; i++)
        g_free(row->ids[i]);
    *row = (CitationRow){0};
}

static void held_line_free(gpointer data)
{
    HeldLine *line = data;
    if (line)
        g_free(line->data);
    g_free(line);
}

static HeldLine *held_line_new(const char *data, gsize length, guint64 number)
{
    HeldLine *line = g_new(HeldLine, 1);
    *line = (HeldLine){g_malloc(length + 1), length, number};
    memcpy(line->data, data, length);
    line->data[length] = '\0';
    return line;
}

static void G_GNUC_PRINTF(3, 4) bad_line(CitationTable *table, guint64 number, const char *format, ...)
{
    table->bad_lines++;
    if (table->fault)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *valid = g_utf8_make_valid(reason, -1);
    g_strdelimit(valid, "\r\n\t", ' ');
    table->fault = g_strdup_printf("%s%sline %" G_GUINT64_FORMAT ": %s", table->member ? table->member : "", table->member ? ", " : "",
                                   number, valid);
}

/* ---- Lines --------------------------------------------------------------------------------------------------- */

/* The next line, owned by the caller; NULL at the end of the member or on error. Lines over the limit are bad and left out. */
static HeldLine *next_line(CitationTable *table, GError **error)
{
    HeldLine *held = g_queue_pop_head(&table->again);
    Line line;
    int more;
    if (held)
        return held;
    while ((more = line_reader_next(table->reader, &line, error)) > 0) {
        if (!line.too_long)
            return held_line_new(line.data, line.length, line.number);
        table->lines++;
        bad_line(table, line.number, "it has %" G_GUINT64_FORMAT " bytes; at most %" G_GSIZE_FORMAT " are read", line.full_length,
                 CITATION_ROW_LIMIT);
    }
    return NULL;
}

static gboolean quotes_open(const char *data, gsize length)
{
    gboolean open = FALSE;
    for (const char *at = data, *end = data + length; (at = memchr(at, '"', (gsize)(end - at))); at++)
        open = !open;
    return open;
}

/* Puts lines back, the first of them in front. */
static void put_back(CitationTable *table, GPtrArray *lines, guint from)
{
    for (guint i = lines->len; i-- > from;) {
        g_queue_push_head(&table->again, lines->pdata[i]);
        lines->pdata[i] = NULL;
    }
}

/* Adds lines to a row with an open quote until it closes. FALSE: it did not; the lines behind the first are put back. */
static gboolean close_quotes(CitationTable *table, HeldLine *row, GError **error)
{
    g_autoptr(GPtrArray) added = g_ptr_array_new_with_free_func(held_line_free);
    g_autoptr(GString) text = g_string_new_len(row->data, (gssize)row->length);
    GError *failure = NULL;
    HeldLine *line;
    while (added->len < JOIN_LINES && text->len < CITATION_ROW_LIMIT && (line = next_line(table, &failure))) {
        g_ptr_array_add(added, line);
        g_string_append_c(text, '\n');
        g_string_append_len(text, line->data, (gssize)line->length);
        if (!quotes_open(line->data, line->length))
            continue;
        g_free(row->data);
        row->length = text->len;
        row->data = g_string_free(g_steal_pointer(&text), FALSE);
        table->lines += added->len;
        return TRUE;
    }
    put_back(table, added, 0);
    if (failure)
        g_propagate_error(error, failure);
    else
        bad_line(table, row->number, "a quote is not closed");
    return FALSE;
}

/* ---- CSV ----------------------------------------------------------------------------------------------------- */

/* One field from *at on, without its quotes and cut to FIELD_LIMIT bytes; *at is moved behind the separator. FALSE: the field
 * was the last. */
static gboolean take_field(const char **at, const char *end, char separator, char field[FIELD_LIMIT])
{
    const char *from = *at;
    gsize length = 0;
    gboolean quoted = FALSE;
    for (; from < end && (quoted || *from != separator); from++) {
        if (*from == '"' && !(quoted && from + 1 < end && from[1] == '"')) {
            quoted = !quoted;
            continue;
        }
        from += *from == '"'; /* two quotes stand for one */
        if (length < FIELD_LIMIT - 1)
            field[length++] = *from;
    }
    field[length] = '\0';
    *at = MIN(from + 1, end);
    return from < end;
}

static gboolean read_headings(CitationTable *table, const HeldLine *line, GError **error)
{
    static const char *const names[COLUMNS][3] = {
        [CITATION_PMID] = {"pmid"},
        [CITATION_PMCID] = {"pmcid"},
        [CITATION_DOI] = {"doi"},
        [COUNT_COLUMN] = {"citation_count", "citationcount", "cited_by_count"},
    };
    const char *at = line->data, *end = line->data + line->length;
    char field[FIELD_LIMIT];
    gboolean more = TRUE;
    at += g_str_has_prefix(at, "\xef\xbb\xbf") ? 3 : 0;
    table->separator = memchr(at, '\t', (gsize)(end - at)) ? '\t' : ',';
    table->columns = 0;
    for (unsigned i = 0; i < COLUMNS; i++)
        table->places[i] = COLUMN_LIMIT;
    for (; more && table->columns < COLUMN_LIMIT; table->columns++) {
        more = take_field(&at, end, table->separator, field);
        g_strstrip(field);
        for (unsigned i = 0; i < COLUMNS; i++)
            for (unsigned j = 0; j < G_N_ELEMENTS(names[i]) && names[i][j]; j++)
                if (g_ascii_strcasecmp(field, names[i][j]) == 0 && table->places[i] == COLUMN_LIMIT)
                    table->places[i] = table->columns;
    }
    gboolean has_id = table->places[CITATION_PMID] < COLUMN_LIMIT || table->places[CITATION_PMCID] < COLUMN_LIMIT ||
                      table->places[CITATION_DOI] < COLUMN_LIMIT;
    if (has_id && table->places[COUNT_COLUMN] < COLUMN_LIMIT)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "%s%s%s: no table of citations: its first line names no column '%s'; CSV with pmid, pmcid or doi and "
                "citation_count is read, and JSON lines of Semantic Scholar's papers",
                table->path, table->member ? "#" : "", table->member ? table->member : "", has_id ? "citation_count" : "pmid");
    return FALSE;
}

/* "12" and, where a program took the column for decimals, "12.0". */
static gboolean parse_count(char *text, guint64 *count)
{
    g_strstrip(text);
    if (g_str_has_suffix(text, ".0"))
        text[strlen(text) - 2] = '\0';
    return g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, count, NULL);
}

static char *normalise(CitationId id, char *text)
{
    static const IdentifierScheme schemes[] = {[CITATION_PMID] = SCHEME_PMID, [CITATION_PMCID] = SCHEME_PMCID, [CITATION_DOI] = SCHEME_DOI};
    if (id != CITATION_DOI && g_str_has_suffix(text, ".0"))
        text[strlen(text) - 2] = '\0';
    if (id != CITATION_CORPUS)
        return identifier_normalise(schemes[id], text);
    return *text && strspn(text, "0123456789") == strlen(text) ? g_strconcat("CorpusID ", text, NULL) : NULL;
}

/* Takes an identifier into the row. A DOI that is none is passed over, since many are; FALSE: another is none. */
static gboolean take_id(CitationTable *table, CitationRow *row, CitationId id, char *text)
{
    static const char *const names[] = {"PMID", "PMCID", "DOI", "corpus id"};
    g_strstrip(text);
    if (!*text)
        return TRUE;
    g_free(row->ids[id]);
    row->ids[id] = normalise(id, text);
    if (row->ids[id] || id == CITATION_DOI)
        return TRUE;
    bad_line(table, row->line, "'%.40s' is no %s", text, names[id]);
    return FALSE;
}

static gboolean take_count(CitationTable *table, CitationRow *row, char *text)
{
    g_strstrip(text);
    row->counted = *text != '\0';
    if (!row->counted || parse_count(text, &row->citations))
        return TRUE;
    bad_line(table, row->line, "'%.40s' is no number of citations", text);
    return FALSE;
}

static gboolean parse_csv(CitationTable *table, const HeldLine *line, CitationRow *row)
{
    const char *at = line->data, *end = line->data + line->length;
    char field[FIELD_LIMIT];
    unsigned column = 0;
    gboolean more = TRUE;
    for (; more && column < table->columns; column++) {
        more = take_field(&at, end, table->separator, field);
        for (unsigned i = 0; i < COLUMNS; i++) {
            if (table->places[i] != column)
                continue;
            if (i == COUNT_COLUMN ? !take_count(table, row, field) : !take_id(table, row, (CitationId)i, field))
                return FALSE;
        }
    }
    if (!more && column == table->columns)
        return TRUE;
    bad_line(table, line->number, "it has %s fields than the first line", more ? "more" : "fewer");
    return FALSE;
}

/* ---- JSON lines ---------------------------------------------------------------------------------------------- */

typedef struct WantedField {
    const char *name;
    int id; /* CitationId, or one of the two below */
} WantedField;

enum { WANTED_COUNT = CITATION_IDS, WANTED_OBJECT };

static const WantedField record_fields[] = {
    {"citationcount", WANTED_COUNT}, {"citationCount", WANTED_COUNT}, {"citation_count", WANTED_COUNT},
    {"externalids", WANTED_OBJECT},  {"externalIds", WANTED_OBJECT},  {"corpusid", CITATION_CORPUS},
    {"corpusId", CITATION_CORPUS},   {"pmid", CITATION_PMID},         {"pmcid", CITATION_PMCID},
    {"doi", CITATION_DOI},
};

static const WantedField id_fields[] = {
    {"PubMed", CITATION_PMID}, {"PubMedCentral", CITATION_PMCID}, {"DOI", CITATION_DOI}, {"CorpusId", CITATION_CORPUS},
    {"pubmed", CITATION_PMID}, {"pubmedcentral", CITATION_PMCID}, {"doi", CITATION_DOI},
};

static gboolean parse_object(CitationTable *table, const char *text, gsize length, const WantedField *wanted, gsize count,
                             CitationRow *row);

static gboolean take_json(CitationTable *table, CitationRow *row, const WantedField *wanted, JsonField *field)
{
    if (!field->value)
        return TRUE;
    if (wanted->id == WANTED_COUNT)
        return take_count(table, row, field->value);
    if (wanted->id == WANTED_OBJECT)
        return parse_object(table, field->value, field->length, id_fields, G_N_ELEMENTS(id_fields), row);
    return take_id(table, row, (CitationId)wanted->id, field->value);
}

static gboolean parse_object(CitationTable *table, const char *text, gsize length, const WantedField *wanted, gsize count,
                             CitationRow *row)
{
    JsonField fields[G_N_ELEMENTS(record_fields)];
    char detail[JSON_DETAIL_SIZE];
    g_assert(count <= G_N_ELEMENTS(fields));
    for (gsize i = 0; i < count; i++)
        fields[i] = (JsonField){.name = wanted[i].name, .kind = wanted[i].id == WANTED_OBJECT ? JSON_FIELD_OBJECT : JSON_FIELD_ID};
    gboolean good = json_record_parse(text, length, fields, count, detail) == JSON_RECORD_OK;
    if (!good)
        bad_line(table, row->line, "%s", detail);
    for (gsize i = 0; i < count; i++) {
        good = good && take_json(table, row, &wanted[i], &fields[i]);
        g_free(fields[i].value);
    }
    return good;
}

/* ---- The table ----------------------------------------------------------------------------------------------- */

static const char *skip_blanks(const HeldLine *line)
{
    const char *at = line->data;
    at += g_str_has_prefix(at, "\xef\xbb\xbf") ? 3 : 0;
    while (g_ascii_isspace(*at))
        at++;
    return at;
}

/* Tells by the first line what the member holds. FALSE with *error: nothing that is read. */
static gboolean begin_member(CitationTable *table, GError **error)
{
    GError *failure = NULL;
    HeldLine *line = next_line(table, &failure);
    if (!line) {
        if (failure)
            g_propagate_error(error, failure);
        return failure == NULL; /* an empty file has no rows */
    }
    table->json = *skip_blanks(line) == '{';
    if (table->json) {
        g_queue_push_head(&table->again, line);
        return TRUE;
    }
    gboolean good = read_headings(table, line, error);
    held_line_free(line);
    return good;
}

/* 1: the next member is open, 0: there is none, -1. */
static int next_member(CitationTable *table, GError **error)
{
    const char *name;
    g_clear_pointer(&table->reader, line_reader_free);
    g_clear_pointer(&table->member, g_free);
    int more = input_stream_next_member(table->stream, &name, error);
    if (more <= 0)
        return more;
    if (input_stream_refusal(table->stream)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s#%s: %s", table->path, name, input_stream_refusal(table->stream));
        return -1;
    }
    table->member = *name ? g_utf8_make_valid(name, -1) : NULL; /* a file that is no archive is its own member, without a name */
    table->reader = line_reader_new(table->stream, CITATION_ROW_LIMIT);
    return begin_member(table, error) ? 1 : -1;
}

CitationTable *citation_table_open(const char *path, GError **error)
{
    g_autoptr(CitationTable) table = g_new0(CitationTable, 1);
    table->path = g_strdup(path);
    g_queue_init(&table->again);
    table->stream = input_stream_open(path, INPUT_STREAM_MEMBERS, error);
    return table->stream ? g_steal_pointer(&table) : NULL;
}

static gboolean has_id(const CitationRow *row)
{
    for (unsigned i = 0; i < CITATION_IDS; i++)
        if (row->ids[i])
            return TRUE;
    return FALSE;
}

/* TRUE: *row is one to give. */
static gboolean parse_line(CitationTable *table, HeldLine *line, CitationRow *row, GError **error)
{
    table->lines++;
    *row = (CitationRow){.line = line->number};
    if (*skip_blanks(line) == '\0')
        return FALSE;
    if (!table->json && quotes_open(line->data, line->length) && !close_quotes(table, line, error))
        return FALSE;
    gboolean good = table->json ? parse_object(table, line->data, line->length, record_fields, G_N_ELEMENTS(record_fields), row)
                                : parse_csv(table, line, row);
    if (good && has_id(row))
        return TRUE;
    citation_row_clear(row);
    return FALSE;
}

int citation_table_next(CitationTable *table, CitationRow *row, GError **error)
{
    for (;;) {
        GError *failure = NULL;
        HeldLine *line = table->reader ? next_line(table, &failure) : NULL;
        if (line) {
            gboolean found = parse_line(table, line, row, &failure);
            held_line_free(line);
            if (found)
                return 1;
        }
        if (failure) {
            g_propagate_error(error, failure);
            return -1;
        }
        int more = line ? 1 : next_member(table, error);
        if (more <= 0)
            return more;
    }
}

void citation_table_free(CitationTable *table)
{
    if (!table)
        return;
    HeldLine *line;
    while ((line = g_queue_pop_head(&table->again)))
        held_line_free(line);
    line_reader_free(table->reader);
    input_stream_free(table->stream);
    g_free(table->member);
    g_free(table->fault);
    g_free(table->path);
    g_free(table);
}

guint64 citation_table_lines(const CitationTable *table)
{
    return table->lines;
}

guint64 citation_table_bad_lines(const CitationTable *table)
{
    return table->bad_lines;
}

const char *citation_table_fault(const CitationTable *table)
{
    return table->fault;
}

const char *citation_table_member(const CitationTable *table)
{
    return table->member;
}

guint64 citation_table_raw_position(const CitationTable *table)
{
    return input_stream_raw_position(table->stream);
}

gboolean citation_table_digest(CitationTable *table, Sha256 *digest, GError **error)
{
    return input_stream_digest(table->stream, digest, error);
}
