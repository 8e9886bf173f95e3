/* SPDX-License-Identifier: Apache-2.0
 * S2ORC's bulk shape: one text with stand-off annotations; see s2orc_shapes.h.
 *
 * Spans of the kinds that make blocks (section headings, paragraphs, formulas, figures) are sorted by their place and
 * written in that order; a block that begins inside the one before it is not written twice. Inside a block, spans of
 * citations, mentions and formulas replace their text; of two that overlap the first wins. */
#include <stdlib.h>
#include <string.h>

#include "scrapers/formats/facts.h"
#include "scrapers/formats/s2orc_shapes.h"

#define SPAN_LIMIT 1000000 /* spans of one paper */

typedef enum {
    SPAN_FIGURE, /* before the others: what a float holds is not body */
    SPAN_BIBLIOGRAPHY,
    SPAN_HEADING,
    SPAN_PARAGRAPH,
    SPAN_FORMULA,
    SPAN_CITATION,
    SPAN_MENTION,
} SpanKind;

typedef struct Span {
    gsize start, end; /* bytes of the text */
    SpanKind kind;
    const char *id; /* its own, or of what it points to; borrowed from the JSON; may be NULL */
    const char *number;
    gboolean table;
} Span;

typedef struct Bulk {
    CodePoints points;
    const json_t *annotations;
    GPtrArray *parsed;       /* json_t *: keeps the strings that spans borrow */
    GArray *blocks, *inlines; /* Span, sorted */
    GArray *titles, *names, *captions, *entries, *figures;
    GHashTable *by_id; /* id -> Span * in entries or figures */
    TextForm *form;
} Bulk;

static int compare_spans(gconstpointer a, gconstpointer b)
{
    const Span *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->end > y->end ? -1 : x->end < y->end;
}

/* An offset that may be a number or a string of digits; -1: neither. */
static gint64 offset_value(const json_t *value)
{
    if (json_is_integer(value))
        return json_integer_value(value);
    const char *text = json_string_value(value);
    guint64 number;
    return text && g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT32, &number, NULL) ? (gint64)number : -1;
}

static void add_span(Bulk *bulk, GArray *spans, const json_t *value, SpanKind kind)
{
    gint64 start = offset_value(json_object_get(value, "start")), end = offset_value(json_object_get(value, "end"));
    if (start < 0 || end <= start || (guint64)start >= bulk->points.count || spans->len >= SPAN_LIMIT)
        return;
    const json_t *attributes = json_object_get(value, "attributes");
    gboolean refers = kind == SPAN_CITATION || kind == SPAN_MENTION;
    const char *type = json_get_string(attributes, "type");
    Span span = {
        .start = code_points_offset(&bulk->points, (gsize)start),
        .end = code_points_offset(&bulk->points, (gsize)end),
        .kind = kind,
        .id = json_get_string(attributes, refers ? "ref_id" : "id"),
        .number = json_get_string(attributes, "n"),
        .table = type && strcmp(type, "table") == 0,
    };
    g_array_append_val(spans, span);
}

/* Adds the spans of one annotation, which is a JSON string of a list (or a list, or null). FALSE: neither. */
static gboolean add_annotation(Bulk *bulk, GArray *spans, const char *name, SpanKind kind, ParseFailure *failure)
{
    const json_t *value = json_object_get(bulk->annotations, name);
    if (json_is_string(value) && json_string_length(value) == 0)
        return TRUE;
    if (json_is_string(value)) {
        json_error_t cause;
        json_t *list = json_loadb(json_string_value(value), json_string_length(value), JSON_ALLOW_NUL, &cause);
        if (list)
            g_ptr_array_add(bulk->parsed, list);
        value = list;
        if (!json_is_array(list)) {
            parse_failure_set(failure, RULE_MALFORMED_JSON, "annotation '%s' is no list of spans", name);
            return FALSE;
        }
    } else if (value && !json_is_null(value) && !json_is_array(value)) {
        parse_failure_set(failure, RULE_MALFORMED_JSON, "annotation '%s' is neither a string nor null", name);
        return FALSE;
    }
    for (gsize i = 0; i < json_array_size(value); i++)
        add_span(bulk, spans, json_array_get(value, i), kind);
    return TRUE;
}

static void index_spans(Bulk *bulk, const GArray *spans)
{
    for (guint i = 0; i < spans->len; i++) {
        Span *span = &g_array_index(spans, Span, i);
        if (span->id && !g_hash_table_contains(bulk->by_id, span->id))
            g_hash_table_insert(bulk->by_id, (gpointer)span->id, span);
    }
}

static gboolean add_all(Bulk *bulk, ParseFailure *failure)
{
    const struct {
        GArray *spans;
        const char *name;
        SpanKind kind;
    } kinds[] = {
        {bulk->blocks, "sectionheader", SPAN_HEADING}, {bulk->blocks, "paragraph", SPAN_PARAGRAPH},
        {bulk->blocks, "formula", SPAN_FORMULA},       {bulk->blocks, "figure", SPAN_FIGURE},
        {bulk->blocks, "bibentry", SPAN_BIBLIOGRAPHY}, {bulk->inlines, "bibref", SPAN_CITATION},
        {bulk->inlines, "figureref", SPAN_MENTION},    {bulk->inlines, "tableref", SPAN_MENTION},
        {bulk->inlines, "formula", SPAN_FORMULA},      {bulk->titles, "bibtitle", SPAN_BIBLIOGRAPHY},
        {bulk->names, "bibauthorlastname", SPAN_BIBLIOGRAPHY}, {bulk->captions, "figurecaption", SPAN_FIGURE},
        {bulk->entries, "bibentry", SPAN_BIBLIOGRAPHY}, {bulk->figures, "figure", SPAN_FIGURE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (!add_annotation(bulk, kinds[i].spans, kinds[i].name, kinds[i].kind, failure))
            return FALSE;
    GArray *sorted[] = {bulk->blocks, bulk->inlines, bulk->titles, bulk->names, bulk->captions};
    for (gsize i = 0; i < G_N_ELEMENTS(sorted); i++)
        g_array_sort(sorted[i], compare_spans);
    index_spans(bulk, bulk->entries);
    index_spans(bulk, bulk->figures);
    return TRUE;
}

/* The index of the first span in sorted `spans` that does not begin before `start`. */
static guint first_from(const GArray *spans, gsize start)
{
    guint low = 0, high = spans->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(spans, Span, middle).start < start)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Fields that GROBID escaped once too often: "O&apos;Neill". */
static char *unescape(char *text)
{
    static const char *const names[][2] = {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}};
    if (!text || !strchr(text, '&'))
        return text;
    GString *plain = g_string_new(text);
    g_free(text);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        g_string_replace(plain, names[i][0], names[i][1], 0);
    return g_string_free(plain, FALSE);
}

/* The text of the first span of `spans` that lies inside `outer`, on one line; NULL if there is none. */
static char *text_inside(const Bulk *bulk, const GArray *spans, const Span *outer)
{
    guint at = first_from(spans, outer->start);
    if (at >= spans->len || g_array_index(spans, Span, at).start >= outer->end)
        return NULL;
    const Span *span = &g_array_index(spans, Span, at);
    gsize end = MIN(span->end, outer->end), length;
    g_auto(TextForm) form;
    char *text = NULL;
    text_form_init(&form, DOCUMENT_TEXT_LIMIT);
    text_form_begin(&form, BLOCK_PARAGRAPH, "");
    text_form_text(&form, bulk->points.text + span->start, end - span->start);
    if (text_form_finish(&form, &text, &length) && length == 0)
        g_clear_pointer(&text, g_free);
    return unescape(text);
}

static void strip_end(char *text)
{
    gsize length = text ? strlen(text) : 0;
    while (length > 0 && strchr(".,:; ", text[length - 1]))
        text[--length] = '\0';
}

/* The name that a float goes by: what stands before its caption, "Figure 1" of "Figure 1 :\n1Caption". */
static char *float_name(const Bulk *bulk, const Span *figure)
{
    const char *text = bulk->points.text + figure->start;
    gsize length = figure->end - figure->start, skip = 0;
    while (skip < length && g_ascii_isspace(text[skip]))
        skip++;
    gsize end = skip;
    while (end < length && text[end] != '\n' && end - skip < 40)
        end++;
    char *name = g_strndup(text + skip, end - skip);
    strip_end(name);
    static const char *const words[] = {"fig", "table", "scheme", "box", "chart", "algorithm", "plate", "video", "theorem"};
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strncasecmp(name, words[i], strlen(words[i])) == 0 && end - skip < 40)
            return name;
    g_free(name);
    return NULL;
}

static void write_citation(Bulk *bulk, const Span *span)
{
    const Span *entry = span->id ? g_hash_table_lookup(bulk->by_id, span->id) : NULL;
    g_autofree char *title = entry ? text_inside(bulk, bulk->titles, entry) : NULL;
    g_autofree char *name = entry ? text_inside(bulk, bulk->names, entry) : NULL;
    strip_end(title);
    strip_end(name);
    s2orc_citation(bulk->form, bulk->points.text + span->start, span->end - span->start, title, name);
}

/* The first whole number in a text; 0: there is none. */
static unsigned first_number(const char *text, gsize length)
{
    gsize at = 0;
    unsigned number = 0;
    while (at < length && !g_ascii_isdigit(text[at]))
        at++;
    for (; at < length && g_ascii_isdigit(text[at]) && number < 10000; at++)
        number = 10 * number + (unsigned)(text[at] - '0');
    return number;
}

/* "Figure 2" that points to Figure 21: the record is wrong, and a caption would make the text so. */
static gboolean names_another(const Bulk *bulk, const Span *figure, const char *text, gsize length)
{
    g_autofree char *name = float_name(bulk, figure);
    unsigned said = first_number(text, length), found = name ? first_number(name, strlen(name)) : 0;
    return said && found && said != found;
}

static void write_mention(Bulk *bulk, const Span *span)
{
    const Span *figure = span->id ? g_hash_table_lookup(bulk->by_id, span->id) : NULL;
    const char *text = bulk->points.text + span->start;
    gsize length = span->end - span->start;
    gboolean cuts_number = span->end < bulk->points.length && g_ascii_isdigit(text[length]); /* "(12.6, 4." before "2)" */
    if (!figure || cuts_number || names_another(bulk, figure, text, length)) {
        text_form_text(bulk->form, text, length);
        return;
    }
    g_autofree char *caption = text_inside(bulk, bulk->captions, figure);
    s2orc_mention(bulk->form, text, length, caption ? caption : "");
}

static void write_formula(Bulk *bulk, const Span *span)
{
    text_form_mark(bulk->form, "[formula]");
    text_form_text(bulk->form, bulk->points.text + span->start, span->end - span->start);
    bulk->form->space = FALSE;
    text_form_mark(bulk->form, "[/formula]");
}

/* The text of [start, end) with its inline spans replaced. */
static void write_inline(Bulk *bulk, gsize start, gsize end)
{
    gsize at = start;
    for (guint i = first_from(bulk->inlines, start); i < bulk->inlines->len; i++) {
        const Span *span = &g_array_index(bulk->inlines, Span, i);
        if (span->start >= end)
            break;
        if (span->start < at || span->end > end)
            continue;
        text_form_text(bulk->form, bulk->points.text + at, span->start - at);
        if (span->kind == SPAN_CITATION)
            write_citation(bulk, span);
        else if (span->kind == SPAN_MENTION)
            write_mention(bulk, span);
        else
            write_formula(bulk, span);
        at = span->end + s2orc_loose_blanks(bulk->points.text + span->end, end - span->end);
    }
    text_form_text(bulk->form, bulk->points.text + at, end - at);
}

static void write_float(Bulk *bulk, const Span *figure)
{
    g_autofree char *caption = text_inside(bulk, bulk->captions, figure);
    g_autofree char *name = float_name(bulk, figure);
    TextForm *form = bulk->form;
    if (!caption || figure->table) /* the captions of tables hold their cells, run together */
        return;
    text_form_begin(form, BLOCK_PARAGRAPH, "");
    text_form_mark(form, "[fig]");
    if (name) {
        text_form_string(form, name);
        text_form_mark(form, ": ");
    }
    text_form_string(form, caption);
    form->space = FALSE;
    text_form_mark(form, "[/fig]");
    text_form_end(form);
}

static void write_block(Bulk *bulk, const Span *span)
{
    switch (span->kind) {
    case SPAN_HEADING:
        text_form_heading(bulk->form, s2orc_depth(span->number));
        text_form_text(bulk->form, bulk->points.text + span->start, span->end - span->start);
        break;
    case SPAN_PARAGRAPH:
        text_form_begin(bulk->form, BLOCK_PARAGRAPH, "");
        write_inline(bulk, span->start, span->end);
        break;
    case SPAN_FORMULA:
        text_form_begin(bulk->form, BLOCK_PARAGRAPH, "");
        write_formula(bulk, span);
        break;
    case SPAN_FIGURE:
        write_float(bulk, span);
        break;
    default:
        break;
    }
    text_form_end(bulk->form);
}

/* A heading counts only if a paragraph or formula follows before the next heading of the same or a lower depth. */
static gboolean heading_is_empty(const Bulk *bulk, guint index)
{
    const Span *heading = &g_array_index(bulk->blocks, Span, index);
    for (guint i = index + 1; i < bulk->blocks->len && i < index + 50; i++) {
        const Span *span = &g_array_index(bulk->blocks, Span, i);
        if (span->kind == SPAN_PARAGRAPH || span->kind == SPAN_FORMULA)
            return FALSE;
        if (span->kind == SPAN_HEADING && s2orc_depth(span->number) <= s2orc_depth(heading->number))
            return TRUE;
    }
    return TRUE;
}

static void write_blocks(Bulk *bulk)
{
    gsize written = 0; /* end of the last block: what begins before it is part of it */
    for (guint i = 0; i < bulk->blocks->len; i++) {
        const Span *span = &g_array_index(bulk->blocks, Span, i);
        if (span->start < written)
            continue;
        written = span->end;
        if (span->kind != SPAN_HEADING || !heading_is_empty(bulk, i))
            write_block(bulk, span);
    }
}

/* The first span of an annotation as text, for title and abstract. */
static char *first_text(Bulk *bulk, const char *name, ParseFailure *failure)
{
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
    Span whole = {.start = 0, .end = bulk->points.length};
    if (!add_annotation(bulk, spans, name, SPAN_HEADING, failure))
        return NULL;
    g_array_sort(spans, compare_spans);
    return text_inside(bulk, spans, &whole);
}

static void write_abstract(Bulk *bulk, ParseFailure *failure)
{
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
    if (!add_annotation(bulk, spans, "abstract", SPAN_PARAGRAPH, failure) || spans->len == 0)
        return;
    g_array_sort(spans, compare_spans);
    text_form_heading(bulk->form, 1);
    text_form_string(bulk->form, "Abstract");
    gsize written = 0;
    for (guint i = 0; i < spans->len; i++) {
        const Span *span = &g_array_index(spans, Span, i);
        if (span->start < written)
            continue;
        written = span->end;
        write_block(bulk, span);
    }
}

static void bulk_init(Bulk *bulk, const json_t *content, TextForm *form)
{
    const json_t *text = json_object_get(content, "text");
    *bulk = (Bulk){.annotations = json_object_get(content, "annotations"), .form = form};
    code_points_init(&bulk->points, json_string_value(text), json_string_length(text));
    bulk->parsed = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    GArray **arrays[] = {&bulk->blocks, &bulk->inlines, &bulk->titles, &bulk->names, &bulk->captions, &bulk->entries,
                         &bulk->figures};
    for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++)
        *arrays[i] = g_array_new(FALSE, FALSE, sizeof(Span));
    bulk->by_id = g_hash_table_new(g_str_hash, g_str_equal);
}

static void bulk_clear(Bulk *bulk)
{
    GArray *arrays[] = {bulk->blocks, bulk->inlines, bulk->titles, bulk->names, bulk->captions, bulk->entries,
                        bulk->figures};
    for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++)
        g_array_unref(arrays[i]);
    g_hash_table_unref(bulk->by_id);
    g_ptr_array_unref(bulk->parsed);
    code_points_clear(&bulk->points);
}

/* What a record has that was joined with Semantic Scholar's dataset `papers`, as GAP-Replay's were. */
static void set_joined_facts(const json_t *record, Document *document, json_t *meta)
{
    const char *journal = json_get_string(json_object_get(record, "journal"), "name");
    const json_t *citations = json_object_get(record, "citationcount");
    document->date = s2orc_date(json_object_get(record, "publicationdate"));
    if (!document->date)
        document->date = s2orc_date(json_object_get(record, "year"));
    fact_set(meta, "journal", journal && *journal ? journal : json_get_string(record, "venue"));
    if (json_is_integer(citations) && json_integer_value(citations) >= 0)
        json_object_set_new(meta, "citations", json_integer(json_integer_value(citations)));
}

/* S2ORC writes "CCBY", "CCBYNC" for Creative Commons licences of a version that it does not know. */
static void bulk_facts(const json_t *record, Document *document, json_t *meta)
{
    const json_t *ids = json_object_get(record, "externalids");
    const json_t *info = json_object_get(json_object_get(json_object_get(record, "content"), "source"), "oainfo");
    const json_t *corpus = json_object_get(record, "corpusid");
    const char *pmcid = json_get_string(ids, "pubmedcentral");
    if (json_is_integer(corpus)) {
        g_free(document->id);
        document->id = g_strdup_printf("CorpusID:%" JSON_INTEGER_FORMAT, json_integer_value(corpus));
    }
    g_autofree char *pmc = pmcid ? fact_pmcid(pmcid) : NULL;
    fact_set(meta, "doi", json_get_string(ids, "doi"));
    fact_set(meta, "pmid", json_get_string(ids, "pubmed"));
    fact_set(meta, "arxiv", json_get_string(ids, "arxiv"));
    fact_set(meta, "pmcid", pmc);
    set_joined_facts(record, document, meta);
    document->licence = g_strdup(json_get_string(info, "license"));
    document->url = g_strdup(json_get_string(info, "openaccessurl"));
}

static gboolean check_content(const json_t *content, ParseFailure *failure)
{
    const json_t *text = json_object_get(content, "text");
    if (!json_is_string(text)) {
        gboolean absent = json_is_object(content) && (!text || json_is_null(text));
        parse_failure_set(failure, absent ? RULE_NO_TEXT : RULE_MALFORMED_JSON, "field 'content.text' is no string");
        return FALSE;
    }
    if (json_is_object(json_object_get(content, "annotations")))
        return TRUE;
    parse_failure_set(failure, RULE_MALFORMED_JSON, "field 'content.annotations' is no object");
    return FALSE;
}

/* The title that a record was joined with, before the one that was read from the page. */
static void read_title(Bulk *bulk, const json_t *record, Document *document, ParseFailure *failure)
{
    const char *title = json_get_string(record, "title");
    document->title = title && *title ? g_strdup(title) : first_text(bulk, "title", failure);
}

gboolean s2orc_bulk_head(const json_t *record, Document *document, json_t *meta, ParseFailure *failure)
{
    const json_t *content = json_object_get(record, "content");
    bulk_facts(record, document, meta);
    if (!check_content(content, failure))
        return FALSE;
    Bulk bulk;
    bulk_init(&bulk, content, NULL);
    read_title(&bulk, record, document, failure);
    bulk_clear(&bulk);
    failure->rule = NULL; /* a paper whose title cannot be read is one without a title */
    return TRUE;
}

gboolean s2orc_bulk(const json_t *record, Document *document, json_t *meta, TextForm *form, ParseFailure *failure)
{
    const json_t *content = json_object_get(record, "content");
    bulk_facts(record, document, meta);
    if (!check_content(content, failure))
        return FALSE;
    Bulk bulk;
    bulk_init(&bulk, content, form);
    failure->rule = NULL;
    read_title(&bulk, record, document, failure);
    gboolean good = add_all(&bulk, failure);
    if (good) {
        write_abstract(&bulk, failure);
        write_blocks(&bulk);
    }
    bulk_clear(&bulk);
    return good && !failure->rule;
}
