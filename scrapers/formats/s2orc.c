/* SPDX-License-Identifier: Apache-2.0
 * The format `s2orc`: full papers from Semantic Scholar's S2ORC, a JSON object a line, in either of its two shapes. */
#include <string.h>

#include "scrapers/formats/facts.h"
#include "scrapers/formats/formats.h"
#include "scrapers/formats/jats_reference.h"
#include "scrapers/formats/s2orc_meditron.h"
#include "scrapers/formats/s2orc_shapes.h"

#define STRIDE 64
#define WORDS 12

void code_points_init(CodePoints *points, const char *text, gsize length)
{
    *points = (CodePoints){.text = text, .length = length};
    gsize capacity = length / STRIDE + 2;
    points->strides = g_new(guint32, capacity);
    for (gsize at = 0; at < length; at++) {
        if (((guchar)text[at] & 0xc0) == 0x80)
            continue;
        if (points->count % STRIDE == 0)
            points->strides[points->count / STRIDE] = (guint32)at;
        points->count++;
    }
}

void code_points_clear(CodePoints *points)
{
    g_clear_pointer(&points->strides, g_free);
}

gsize code_points_offset(const CodePoints *points, gsize index)
{
    if (index >= points->count)
        return points->length;
    const char *at = points->text + points->strides[index / STRIDE];
    for (gsize rest = index % STRIDE; rest > 0; rest--)
        at = g_utf8_next_char(at);
    return (gsize)(at - points->text);
}

/* The caption behind a label of its own: "Fig. 1 Degradation" is "Degradation". */
static const char *behind_label(const char *caption)
{
    static const char *const words[] = {"figure", "fig.", "fig", "table"};
    caption += strspn(caption, ":.| ");
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strncasecmp(caption, words[i], strlen(words[i])) != 0)
            continue;
        const char *at = caption + strlen(words[i]);
        at += strspn(at, " ");
        gsize digits = strspn(at, "0123456789");
        return digits ? at + digits + strspn(at + digits, ":.| ") : caption;
    }
    return caption;
}

/* A round or square bracket at an end of the span that has no partner in it: it is the sentence's. */
static gboolean is_stray(const char *span, gsize length, const char *at, char partner)
{
    return length > 1 && strchr("([)]", *at) && !memchr(span, partner, length);
}

static void open_bracket(TextForm *form, char bracket)
{
    const char text[] = {bracket, '\0'};
    text_form_string(form, text);
}

static void close_bracket(TextForm *form, char bracket)
{
    form->space = FALSE;
    open_bracket(form, bracket);
}

void s2orc_citation(TextForm *form, const char *span, gsize length, const char *title, const char *last_name)
{
    const char *last = span + (length ? length - 1 : 0);
    if (is_stray(span, length, span, *span == '(' ? ')' : *span == '[' ? ']' : *span))
        open_bracket(form, *span);
    text_form_cite_begin(form);
    if (title && *title) {
        g_auto(Buffer) out;
        buffer_init(&out, DOCUMENT_TEXT_LIMIT);
        bib_ref_append(&out, title, last_name && *last_name ? last_name : NULL);
        text_form_text(form, out.data, out.length);
    }
    text_form_cite_end(form);
    if (is_stray(span, length, last, *last == ')' ? '(' : *last == ']' ? '[' : *last))
        close_bracket(form, *last);
}

gsize s2orc_loose_blanks(const char *text, gsize length)
{
    gsize blanks = 0;
    while (blanks < length && text[blanks] == ' ')
        blanks++;
    return blanks < length && strchr(".,;:)]", text[blanks]) ? blanks : 0;
}

void s2orc_mention(TextForm *form, const char *mention, gsize length, const char *caption)
{
    gboolean open = length > 1 && mention[0] == '(';
    gboolean close = length > 1 && mention[length - 1] == ')' && (open || !memchr(mention, '(', length));
    if (open && !close && memchr(mention, ')', length))
        open = FALSE;
    g_autofree char *name = g_strndup(mention + open, length - open - close);
    if (form->line.length > 0 && strchr("([", form->line.data[form->line.length - 1]))
        form->space = FALSE;
    if (open)
        open_bracket(form, '(');
    g_strstrip(name);
    gsize size = strlen(name);
    while (size > 0 && strchr(".,:; ", name[size - 1]))
        name[--size] = '\0';
    g_auto(Buffer) out;
    buffer_init(&out, DOCUMENT_TEXT_LIMIT);
    const char *rest = behind_label(caption);
    buffer_append_string(&out, "[fig_ref]");
    buffer_append_string(&out, name);
    buffer_append_string(&out, *rest ? ": " : "");
    append_words(&out, rest, WORDS);
    buffer_append_string(&out, "[/fig_ref]");
    text_form_text(form, out.data ? out.data : "", out.length);
    if (close)
        close_bracket(form, ')');
}

char *s2orc_date(const json_t *value)
{
    if (json_is_integer(value)) {
        g_autofree char *year = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return fact_date(year, NULL, NULL);
    }
    const char *text = json_string_value(value);
    if (!text)
        return NULL;
    g_auto(GStrv) parts = g_strsplit(text, "-", 3);
    const char *month = parts[0] ? parts[1] : NULL;
    return parts[0] ? fact_date(parts[0], month, month ? parts[2] : NULL) : NULL;
}

void s2orc_float(TextForm *form, gboolean table, const char *caption)
{
    caption += strspn(caption, ":.| ");
    const char *rest = behind_label(caption);
    g_autofree char *name = g_strndup(caption, (gsize)(rest - caption));
    gsize length = strlen(name);
    while (length > 0 && strchr(":.| ", name[length - 1]))
        name[--length] = '\0';
    text_form_begin(form, BLOCK_PARAGRAPH, "");
    text_form_mark(form, table ? "[table]" : "[fig]");
    if (length > 0) {
        text_form_string(form, name);
        text_form_mark(form, *rest ? ": " : "");
    }
    text_form_string(form, rest);
    form->space = FALSE;
    text_form_mark(form, table ? "[/table]" : "[/fig]");
    text_form_end(form);
}

unsigned s2orc_depth(const char *number)
{
    unsigned depth = 1;
    if (!number)
        return 1;
    for (; *number; number++)
        if (*number == '.' && g_ascii_isdigit(number[1]))
            depth++;
    return depth;
}

static json_t *load(const Record *record, ParseFailure *failure)
{
    if (!g_utf8_validate(record->bytes, (gssize)record->length, NULL)) {
        parse_failure_set(failure, RULE_INVALID_UTF8, "the line is not UTF-8");
        return NULL;
    }
    json_error_t cause;
    json_t *value = json_loadb(record->bytes, record->length, JSON_ALLOW_NUL, &cause);
    if (value && json_is_object(value))
        return value;
    if (value)
        parse_failure_set(failure, RULE_MALFORMED_JSON, "the line is not an object");
    else
        parse_failure_set(failure, RULE_MALFORMED_JSON, "column %d: %s", cause.column, cause.text);
    json_decref(value);
    return NULL;
}

static gboolean finish(TextForm *form, Document *document, ParseFailure *failure)
{
    if (!text_form_finish(form, &document->text, &document->text_length)) {
        parse_failure_set(failure, RULE_TOO_LARGE, "the text is too long");
        return FALSE;
    }
    if (document->text_length == 0) {
        parse_failure_set(failure, RULE_NO_TEXT, "the paper has no paragraphs");
        return FALSE;
    }
    return TRUE;
}

static gboolean s2orc_parse(const Record *record, const ParseOptions *options, Document *document,
                            ParseFailure *failure)
{
    document->id = g_strdup(record->origin);
    document->kind = g_strdup("article");
    g_autoptr(json_t) object = load(record, failure);
    if (!object)
        return FALSE;
    g_auto(TextForm) form;
    g_autoptr(json_t) meta = json_object();
    text_form_init(&form, DOCUMENT_TEXT_LIMIT);
    gboolean parsed, bulk = json_object_get(object, "content") != NULL;
    if (bulk && options->compat)
        parsed = s2orc_bulk_head(object, document, meta, failure) && s2orc_meditron(object, document, failure);
    else if (bulk)
        parsed = s2orc_bulk(object, document, meta, &form, failure) && finish(&form, document, failure);
    else
        parsed = s2orc_release(object, document, meta, &form, failure) && finish(&form, document, failure);
    document->meta = json_write(meta);
    if (!document->licence)
        document->licence = g_strdup(options->licence);
    return parsed;
}

const Format format_s2orc = {
    .name = "s2orc",
    .summary = "S2ORC papers as JSON lines: the API's bulk files and the 2019-2021 releases",
    .split = SPLIT_LINES,
    .sandboxed = TRUE,
    .parse = s2orc_parse,
};
