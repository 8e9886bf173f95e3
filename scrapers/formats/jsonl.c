/* SPDX-License-Identifier: Apache-2.0
 * The format `jsonl`: a document a line, as RedPajama, dolma and most corpora come.
 *
 * The text is taken as it stands, but for line ends. Other fields are used where they are strings: title, url, licence
 * (or license), date (or created), language; `meta` (or metadata) where it is an object. */
#include <string.h>

#include "base/json.h"
#include "scrapers/formats/facts.h"
#include "scrapers/formats/formats.h"
#include "scrapers/formats/json_record.h"

enum { TEXT, ID, TITLE, URL, LICENCE, LICENSE, DATE, CREATED, LANGUAGE, META, METADATA, FIELD_COUNT };

/* CR LF and lone CR become LF. Returns the new length. */
static gsize unify_line_ends(char *text, gsize length)
{
    if (!memchr(text, '\r', length))
        return length;
    gsize to = 0;
    for (gsize from = 0; from < length; from++) {
        if (text[from] != '\r')
            text[to++] = text[from];
        else if (from + 1 == length || text[from + 1] != '\n')
            text[to++] = '\n';
    }
    text[to] = '\0';
    return to;
}

static gboolean is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static char *take(JsonField *field)
{
    return g_steal_pointer(&field->value);
}

/* "YYYY-MM-DD" at the start of a time stamp, else NULL: other forms are left in meta. */
static char *leading_date(const char *text)
{
    if (!text || strlen(text) < 10 || text[4] != '-' || text[7] != '-')
        return text && strlen(text) == 4 ? fact_date(text, NULL, NULL) : NULL;
    return fact_date(text, text + 5, text + 8);
}

/* The object with its keys sorted; NULL if jansson cannot hold it (a number out of range, U+0000). */
static char *canonical_meta(const JsonField *field)
{
    if (!field->value)
        return NULL;
    g_autoptr(json_t) meta = json_loadb(field->value, field->length, 0, NULL);
    return meta ? json_write(meta) : NULL;
}

static void fill_facts(JsonField *fields, const ParseOptions *options, Document *document)
{
    document->title = take(&fields[TITLE]);
    document->url = take(&fields[URL]);
    document->licence = take(&fields[fields[LICENCE].value ? LICENCE : LICENSE]);
    if (!document->licence)
        document->licence = g_strdup(options->licence);
    document->date = leading_date(fields[fields[DATE].value ? DATE : CREATED].value);
    document->language = fields[LANGUAGE].value ? g_strdup(fact_language(fields[LANGUAGE].value)) : NULL;
    document->meta = canonical_meta(&fields[fields[META].value ? META : METADATA]);
}

static gboolean fill_text(JsonField *text, const char *name, Document *document, ParseFailure *failure)
{
    if (!text->value) {
        parse_failure_set(failure, RULE_MALFORMED_JSON, "the object has no field '%s'; set text_field to its name", name);
        return FALSE;
    }
    if (is_blank(text->value)) {
        parse_failure_set(failure, RULE_NO_TEXT, "field '%s' is empty", name);
        return FALSE;
    }
    document->text_length = unify_line_ends(text->value, text->length);
    document->text = take(text);
    return TRUE;
}

static gboolean jsonl_parse(const Record *record, const ParseOptions *options, Document *document,
                            ParseFailure *failure)
{
    const char *text_field = options->text_field ? options->text_field : "text";
    const char *id_field = options->id_field ? options->id_field : "id";
    JsonField fields[FIELD_COUNT] = {
        [TEXT] = {text_field, JSON_FIELD_TEXT},         [ID] = {id_field, JSON_FIELD_ID},
        [TITLE] = {"title", JSON_FIELD_OPTIONAL},       [URL] = {"url", JSON_FIELD_OPTIONAL},
        [LICENCE] = {"licence", JSON_FIELD_OPTIONAL},   [LICENSE] = {"license", JSON_FIELD_OPTIONAL},
        [DATE] = {"date", JSON_FIELD_OPTIONAL},         [CREATED] = {"created", JSON_FIELD_OPTIONAL},
        [LANGUAGE] = {"language", JSON_FIELD_OPTIONAL}, [META] = {"meta", JSON_FIELD_OBJECT},
        [METADATA] = {"metadata", JSON_FIELD_OBJECT},
    };
    document->kind = g_strdup("text");
    char detail[JSON_DETAIL_SIZE] = "";
    JsonRecordResult result = json_record_parse(record->bytes, record->length, fields, FIELD_COUNT, detail);
    gboolean parsed = result == JSON_RECORD_OK;
    if (!parsed)
        parse_failure_set(failure, result == JSON_RECORD_INVALID_UTF8 ? RULE_INVALID_UTF8 : RULE_MALFORMED_JSON, "%s",
                          detail);
    document->id = parsed && fields[ID].value && *fields[ID].value ? take(&fields[ID]) : g_strdup(record->origin);
    if (parsed) {
        fill_facts(fields, options, document);
        parsed = fill_text(&fields[TEXT], text_field, document, failure);
    }
    for (gsize i = 0; i < FIELD_COUNT; i++)
        g_free(fields[i].value);
    return parsed;
}

const Format format_jsonl = {
    .name = "jsonl",
    .summary = "JSON lines with a text field: RedPajama, dolma and the like",
    .split = SPLIT_LINES,
    .parse = jsonl_parse,
};
