/* SPDX-License-Identifier: Apache-2.0
 * S2ORC's release shape: lists of paragraphs with spans of their own; see s2orc_shapes.h.
 *
 * Field names changed from release to release: the lists stand at the top, or in pdf_parse, grobid_parse or latex_parse;
 * the title at the top or in metadata; cite_spans quote `ref_id`, whose entry is in bib_entries. */
#include <string.h>

#include "scrapers/formats/facts.h"
#include "scrapers/formats/s2orc_shapes.h"

#define SPAN_LIMIT 10000 /* spans of one paragraph */

typedef enum { RELEASE_FORMULA, RELEASE_CITATION, RELEASE_MENTION } ReleaseKind;

typedef struct ReleaseSpan {
    gsize start, end;
    ReleaseKind kind;
    const json_t *value;
} ReleaseSpan;

typedef struct Release {
    const json_t *bibliography, *floats;
    TextForm *form;
} Release;

static int compare_spans(gconstpointer a, gconstpointer b)
{
    const ReleaseSpan *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

static void add_spans(GArray *spans, const json_t *list, ReleaseKind kind, const CodePoints *points)
{
    for (gsize i = 0; i < json_array_size(list) && i < SPAN_LIMIT; i++) {
        const json_t *value = json_array_get(list, i);
        json_int_t start = json_integer_value(json_object_get(value, "start"));
        json_int_t end = json_integer_value(json_object_get(value, "end"));
        if (start < 0 || end <= start || (guint64)end > points->count)
            continue;
        ReleaseSpan span = {code_points_offset(points, (gsize)start), code_points_offset(points, (gsize)end), kind, value};
        g_array_append_val(spans, span);
    }
}

static void write_citation(const Release *release, const json_t *span, const char *text, gsize length)
{
    const char *id = json_get_string(span, "ref_id");
    const json_t *entry = id ? json_object_get(release->bibliography, id) : NULL;
    const char *title = json_get_string(entry, "title");
    const char *name = json_get_string(json_array_get(json_object_get(entry, "authors"), 0), "last");
    s2orc_citation(release->form, text, length, title, name);
}

static void write_mention(const Release *release, const json_t *span, const char *text, gsize length)
{
    const char *id = json_get_string(span, "ref_id");
    const char *caption = id ? json_get_string(json_object_get(release->floats, id), "text") : NULL;
    if (caption && *caption)
        s2orc_mention(release->form, text, length, caption);
    else
        text_form_text(release->form, text, length);
}

static void write_formula(const Release *release, const json_t *span, const char *text, gsize length)
{
    const char *latex = json_get_string(span, "latex");
    text_form_mark(release->form, "[formula]");
    if (latex && *latex)
        text_form_string(release->form, latex);
    else
        text_form_text(release->form, text, length);
    release->form->space = FALSE;
    text_form_mark(release->form, "[/formula]");
}

static void write_text(const Release *release, const json_t *paragraph)
{
    const json_t *value = json_object_get(paragraph, "text");
    const char *text = json_string_value(value);
    CodePoints points;
    code_points_init(&points, text, json_string_length(value));
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(ReleaseSpan));
    add_spans(spans, json_object_get(paragraph, "cite_spans"), RELEASE_CITATION, &points);
    add_spans(spans, json_object_get(paragraph, "ref_spans"), RELEASE_MENTION, &points);
    add_spans(spans, json_object_get(paragraph, "eq_spans"), RELEASE_FORMULA, &points);
    g_array_sort(spans, compare_spans);
    gsize at = 0;
    for (guint i = 0; i < spans->len; i++) {
        const ReleaseSpan *span = &g_array_index(spans, ReleaseSpan, i);
        if (span->start < at)
            continue;
        text_form_text(release->form, text + at, span->start - at);
        if (span->kind == RELEASE_CITATION)
            write_citation(release, span->value, text + span->start, span->end - span->start);
        else if (span->kind == RELEASE_MENTION)
            write_mention(release, span->value, text + span->start, span->end - span->start);
        else
            write_formula(release, span->value, text + span->start, span->end - span->start);
        at = span->end + s2orc_loose_blanks(text + span->end, points.length - span->end);
    }
    text_form_text(release->form, text + at, points.length - at);
    code_points_clear(&points);
}

/* Writes a list of paragraphs. A change of section is a heading. FALSE: the list is not one. */
static gboolean write_list(const Release *release, const json_t *list, const char *name, gboolean headings,
                           ParseFailure *failure)
{
    const char *section = "";
    if (list && !json_is_array(list) && !json_is_null(list)) {
        parse_failure_set(failure, RULE_MALFORMED_JSON, "field '%s' is no list", name);
        return FALSE;
    }
    for (gsize i = 0; i < json_array_size(list); i++) {
        const json_t *paragraph = json_array_get(list, i);
        if (!json_is_string(json_object_get(paragraph, "text"))) {
            parse_failure_set(failure, RULE_MALFORMED_JSON, "field '%s[%" G_GSIZE_FORMAT "].text' is no string", name, i);
            return FALSE;
        }
        const char *now = json_get_string(paragraph, "section");
        if (headings && now && strcmp(now, section) != 0) {
            text_form_heading(release->form, s2orc_depth(json_get_string(paragraph, "sec_num")));
            text_form_string(release->form, now);
        }
        section = now ? now : "";
        text_form_begin(release->form, BLOCK_PARAGRAPH, "");
        write_text(release, paragraph);
        text_form_end(release->form);
    }
    return TRUE;
}

static void write_floats(const Release *release)
{
    const char *key;
    json_t *entry;
    json_object_foreach((json_t *)release->floats, key, entry) {
        const char *type = json_get_string(entry, "type"), *caption = json_get_string(entry, "text");
        gboolean table = type && strcmp(type, "table") == 0;
        if (!caption || !*caption || (type && !table && strcmp(type, "figure") != 0))
            continue;
        s2orc_float(release->form, table, caption);
    }
}

/* The object that holds the lists. */
static const json_t *parse_of(const json_t *record)
{
    static const char *const names[] = {"pdf_parse", "grobid_parse", "latex_parse"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const json_t *parse = json_object_get(record, names[i]);
        if (json_is_array(json_object_get(parse, "body_text")))
            return parse;
    }
    return record;
}

static const char *first_string(const json_t *object, const char *first, const char *second)
{
    const char *value = json_get_string(object, first);
    return value && *value ? value : json_get_string(object, second);
}

static void release_facts(const json_t *record, Document *document, json_t *meta)
{
    const json_t *metadata = json_object_get(record, "metadata");
    const char *id = json_get_string(record, "paper_id"), *title = json_get_string(record, "title");
    const json_t *from = json_is_object(metadata) ? metadata : record;
    const json_t *ids = json_object_get(from, "identifiers");
    if (id && *id) {
        g_free(document->id);
        gboolean number = id[strspn(id, "0123456789")] == '\0';
        document->id = g_strconcat(number ? "CorpusID:" : "S2ORC:", id, NULL);
    }
    document->title = g_strdup(title ? title : json_get_string(metadata, "title"));
    const char *pmcid = first_string(from, "pmc_id", "pmcid");
    g_autofree char *pmc = pmcid ? fact_pmcid(pmcid) : NULL;
    const char *doi = json_get_string(from, "doi");
    fact_set(meta, "doi", doi ? doi : json_get_string(ids, "doi"));
    fact_set(meta, "pmid", first_string(from, "pubmed_id", "pmid"));
    fact_set(meta, "arxiv", json_get_string(from, "arxiv_id"));
    fact_set(meta, "pmcid", pmc);
    fact_set(meta, "journal", first_string(from, "journal", "venue"));
    document->date = s2orc_date(json_object_get(from, "year"));
}

gboolean s2orc_release(const json_t *record, Document *document, json_t *meta, TextForm *form, ParseFailure *failure)
{
    const json_t *parse = parse_of(record), *abstract = json_object_get(parse, "abstract");
    release_facts(record, document, meta);
    if (!json_object_get(parse, "body_text")) {
        parse_failure_set(failure, RULE_NOT_A_DOCUMENT, "the object has neither 'content' nor 'body_text'");
        return FALSE;
    }
    Release release = {json_object_get(parse, "bib_entries"), json_object_get(parse, "ref_entries"), form};
    if (json_array_size(abstract) > 0) {
        text_form_heading(form, 1);
        text_form_string(form, "Abstract");
        if (!write_list(&release, abstract, "abstract", FALSE, failure))
            return FALSE;
    }
    if (!write_list(&release, json_object_get(parse, "body_text"), "body_text", TRUE, failure))
        return FALSE;
    write_floats(&release);
    return TRUE;
}
