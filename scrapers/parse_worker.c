/* SPDX-License-Identifier: Apache-2.0
 * Records to documents across the sandbox's channel; see scrapers/parse_worker.h.
 *
 * Request: the options' fields, u32 count, then per record origin, url, content type (fields), u64 line, u64 length, the bytes and a NUL.
 * Reply: per record the encoded document, then rule and detail (fields; a null rule is success). */
#include "scrapers/parse_worker.h"

#include <string.h>

#include "base/error.h"
#include "base/sandbox.h"
#include "config.h"

#define CPU_SECONDS 6 /* for one batch, and for one record when it is tried alone */
#define REPLY_LIMIT ((guint64)1 << 30)
#define TRIES 8 /* of a record whose child others kill */

struct Parser {
    const ParseOptions *options;
    const Format *format;
    SandboxWorker *worker; /* NULL: parse in this process */
    Buffer request, reply;
};

void parsed_record_clear(ParsedRecord *parsed)
{
    document_clear(&parsed->document);
    parsed->failure = (ParseFailure){0};
}

static void parse_one(const Format *format, const Record *record, const ParseOptions *options, ParsedRecord *parsed)
{
    *parsed = (ParsedRecord){0};
    if (!format->parse(record, options, &parsed->document, &parsed->failure) && !parsed->failure.rule)
        parse_failure_set(&parsed->failure, RULE_NOT_A_DOCUMENT, "the parser gave no reason");
}

/* ---- The channel --------------------------------------------------------------------------------------------- */

static void append_list(Buffer *buffer, char **list)
{
    guint count = list ? g_strv_length(list) : 0;
    buffer_append_u32(buffer, count);
    for (guint i = 0; i < count; i++)
        buffer_append_field(buffer, list[i]);
}

static gboolean view_list(BufferView *view, char ***list)
{
    guint32 count;
    if (!buffer_view_u32(view, &count) || count > view->length)
        return FALSE;
    *list = count ? g_new0(char *, count + 1) : NULL;
    for (guint32 i = 0; i < count; i++)
        if (!buffer_view_field(view, &(*list)[i]) || !(*list)[i])
            return FALSE;
    return TRUE;
}

static void encode_request(Buffer *buffer, const ParseOptions *options, const Record *records, gsize count)
{
    buffer_append_field(buffer, options->format);
    buffer_append_field(buffer, options->source);
    buffer_append_field(buffer, options->licence);
    buffer_append_field(buffer, options->text_field);
    buffer_append_field(buffer, options->id_field);
    buffer_append_field(buffer, options->compat);
    buffer_append_field(buffer, options->title);
    append_list(buffer, options->content);
    append_list(buffer, options->remove);
    append_list(buffer, options->start_at);
    append_list(buffer, options->stop_at);
    append_list(buffer, options->chapters);
    append_list(buffer, options->chapter_pages);
    append_list(buffer, options->chapter_skip);
    buffer_append_field(buffer, options->date);
    buffer_append_u32(buffer, (guint32)options->tables);
    append_list(buffer, options->abstracts);
    buffer_append_u32(buffer, (guint32)options->labels_in_line);
    buffer_append_u32(buffer, (guint32)options->probe);
    buffer_append_u32(buffer, (guint32)count);
    for (gsize i = 0; i < count; i++) {
        buffer_append_field(buffer, records[i].origin);
        buffer_append_field(buffer, records[i].url);
        buffer_append_field(buffer, records[i].content_type);
        buffer_append_u64(buffer, records[i].line);
        buffer_append_u64(buffer, records[i].length);
        buffer_append(buffer, records[i].bytes, records[i].length + 1);
    }
}

static gboolean decode_options(BufferView *view, ParseOptions *options)
{
    guint32 tables, labels_in_line, probe;
    if (!buffer_view_field(view, &options->format) || !buffer_view_field(view, &options->source) ||
        !buffer_view_field(view, &options->licence) || !buffer_view_field(view, &options->text_field) ||
        !buffer_view_field(view, &options->id_field) || !buffer_view_field(view, &options->compat) ||
        !buffer_view_field(view, &options->title) ||
        !view_list(view, &options->content) || !view_list(view, &options->remove) ||
        !view_list(view, &options->start_at) || !view_list(view, &options->stop_at) || !view_list(view, &options->chapters) ||
        !view_list(view, &options->chapter_pages) || !view_list(view, &options->chapter_skip) || !buffer_view_field(view, &options->date) ||
        !buffer_view_u32(view, &tables) || !view_list(view, &options->abstracts) || !buffer_view_u32(view, &labels_in_line) ||
        !buffer_view_u32(view, &probe))
        return FALSE;
    options->tables = tables != 0;
    options->labels_in_line = labels_in_line != 0;
    options->probe = probe != 0;
    return TRUE;
}

/* The bytes stay where they are. */
static gboolean decode_record(BufferView *view, Record *record)
{
    guint64 length;
    const char *bytes;
    if (!buffer_view_field(view, &record->origin) || !buffer_view_field(view, &record->url) ||
        !buffer_view_field(view, &record->content_type) || !buffer_view_u64(view, &record->line) || !buffer_view_u64(view, &length) ||
        length == G_MAXUINT64 || !buffer_view_bytes(view, length + 1, &bytes) || bytes[length] != '\0')
        return FALSE;
    record->bytes = (char *)bytes;
    record->length = length;
    return TRUE;
}

static void encode_parsed(Buffer *buffer, const ParsedRecord *parsed)
{
    document_encode(&parsed->document, buffer);
    buffer_append_field(buffer, parsed->failure.rule);
    buffer_append_field(buffer, parsed->failure.rule ? parsed->failure.detail : NULL);
}

/* The rule of this name among those that a format may give; NULL: the child invented it. */
static const char *find_rule(const char *name)
{
    static const char *const rules[] = {
        RULE_MALFORMED_XML, RULE_MALFORMED_JSON, RULE_MALFORMED_HTML,  RULE_INVALID_UTF8, RULE_TOO_LARGE,
        RULE_NO_TEXT,       RULE_NOT_A_DOCUMENT, RULE_DAMAGED_INPUT, RULE_DELETED,
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++)
        if (strcmp(rules[i], name) == 0)
            return rules[i];
    return NULL;
}

static gboolean decode_parsed(BufferView *view, ParsedRecord *parsed)
{
    g_autofree char *rule = NULL, *detail = NULL;
    *parsed = (ParsedRecord){0};
    gboolean good = document_decode(view, &parsed->document) && buffer_view_field(view, &rule) && buffer_view_field(view, &detail);
    const char *known = good && rule ? find_rule(rule) : NULL;
    if (!good || (rule && !known)) {
        parsed_record_clear(parsed);
        return FALSE;
    }
    if (known)
        parse_failure_set(&parsed->failure, known, "%s", detail ? detail : "");
    return TRUE;
}

/* ---- The child ----------------------------------------------------------------------------------------------- */

void parse_worker_answer(const char *request, gsize length, Buffer *reply, gpointer user)
{
    BufferView view = {request, length, 0, FALSE};
    g_autoptr(ParseOptions) options = g_new0(ParseOptions, 1);
    guint32 count;
    const Format *format = decode_options(&view, options) && options->format ? format_find(options->format) : NULL;
    if (!format || !buffer_view_u32(&view, &count))
        return;
    for (guint32 i = 0; i < count; i++) {
        Record record = {0};
        ParsedRecord parsed;
        gboolean good = decode_record(&view, &record);
        if (good) {
            parse_one(format, &record, options, &parsed);
            encode_parsed(reply, &parsed);
            parsed_record_clear(&parsed);
        }
        record.bytes = NULL;
        record_clear(&record);
        if (!good)
            return;
    }
}

int parse_worker_main(void)
{
    return sandbox_serve(parse_worker_answer, NULL);
}

/* ---- The parent ---------------------------------------------------------------------------------------------- */

Parser *parser_new(const char *program, const ParseOptions *options, GError **error)
{
    g_autoptr(Parser) parser = g_new0(Parser, 1);
    parser->options = options;
    parser->format = format_find(options->format);
    buffer_init(&parser->request, REPLY_LIMIT);
    buffer_init(&parser->reply, REPLY_LIMIT);
    if (!parser->format) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "there is no format '%s'", options->format);
        return NULL;
    }
    if (program && parser->format->sandboxed) {
        const char *const argv[] = {program, "parse-worker", NULL};
        SandboxLimits limits = {CPU_SECONDS, SANDBOX_MEMORY_BYTES, REPLY_LIMIT};
        parser->worker = sandbox_worker_new(argv, &limits, error);
        if (!parser->worker)
            return NULL;
    }
    return g_steal_pointer(&parser);
}

/* One exchange with the child. FALSE with *failure set when the child failed over these records. */
static gboolean exchange(Parser *parser, const Record *records, gsize count, ParsedRecord *parsed, SandboxFailure *failure, GError **error)
{
    buffer_reset(&parser->request);
    buffer_reset(&parser->reply);
    encode_request(&parser->request, parser->options, records, count);
    if (!sandbox_worker_call(parser->worker, parser->request.data, parser->request.length, &parser->reply, failure, error))
        return FALSE;
    BufferView view = {parser->reply.data, parser->reply.length, 0, FALSE};
    for (gsize i = 0; i < count; i++) {
        if (decode_parsed(&view, &parsed[i]))
            continue;
        for (gsize j = 0; j < i; j++)
            parsed_record_clear(&parsed[j]);
        *failure = SANDBOX_CRASHED;
        return FALSE;
    }
    return TRUE;
}

static void blame(ParsedRecord *parsed, SandboxFailure failure)
{
    *parsed = (ParsedRecord){0};
    if (failure == SANDBOX_TIMED_OUT)
        parse_failure_set(&parsed->failure, RULE_PARSER_TIMEOUT, "the parser used more than %d seconds", CPU_SECONDS);
    else if (failure == SANDBOX_TOO_LARGE)
        parse_failure_set(&parsed->failure, RULE_TOO_LARGE, "the parser's answer passed %u MB", (unsigned)(REPLY_LIMIT >> 20));
    else
        parse_failure_set(&parsed->failure, RULE_PARSER_CRASHED, "the parser process died over this record");
}

static gboolean parse_alone(Parser *parser, const Record *record, ParsedRecord *parsed, GError **error)
{
    SandboxFailure failure = SANDBOX_KILLED;
    for (unsigned i = 0; i < TRIES && failure == SANDBOX_KILLED; i++) {
        GError *trouble = NULL;
        if (exchange(parser, record, 1, parsed, &failure, &trouble))
            return TRUE;
        if (trouble) {
            g_propagate_error(error, trouble);
            return FALSE;
        }
    }
    blame(parsed, failure);
    return TRUE;
}

static gboolean parse_sandboxed(Parser *parser, const Record *records, gsize count, ParsedRecord *parsed, GError **error)
{
    SandboxFailure failure;
    GError *trouble = NULL;
    if (exchange(parser, records, count, parsed, &failure, &trouble))
        return TRUE;
    if (trouble) {
        g_propagate_error(error, trouble);
        return FALSE;
    }
    for (gsize i = 0; i < count; i++)
        if (!parse_alone(parser, &records[i], &parsed[i], error))
            return FALSE;
    return TRUE;
}

static gboolean parse_as_they_are(Parser *parser, const Record *records, gsize count, ParsedRecord *parsed, GError **error)
{
    if (parser->worker)
        return parse_sandboxed(parser, records, count, parsed, error);
    for (gsize i = 0; i < count; i++)
        parse_one(parser->format, &records[i], parser->options, &parsed[i]);
    return TRUE;
}

/* What a converted record becomes can be many times its size, so these are converted and parsed one by one. */
static gboolean parse_converted(Parser *parser, const Record *record, ParsedRecord *parsed, GError **error)
{
    g_auto(Record) converted = {0};
    *parsed = (ParsedRecord){0};
    if (!parser->format->convert(record, &converted, &parsed->failure, error))
        return FALSE;
    return parsed->failure.rule || parse_as_they_are(parser, &converted, 1, parsed, error);
}

gboolean parser_parse(Parser *parser, const Record *records, gsize count, ParsedRecord *parsed, GError **error)
{
    gboolean (*needs_convert)(const Record *record) = parser->format->needs_convert;
    for (gsize i = 0; i < count;) {
        gsize end = i;
        while (end < count && !(needs_convert && needs_convert(&records[end])))
            end++;
        if (end > i && !parse_as_they_are(parser, records + i, end - i, parsed + i, error))
            return FALSE;
        if (end < count && !parse_converted(parser, &records[end], &parsed[end], error))
            return FALSE;
        i = end + 1;
    }
    return TRUE;
}

void parser_free(Parser *parser)
{
    if (!parser)
        return;
    sandbox_worker_free(parser->worker);
    buffer_clear(&parser->request);
    buffer_clear(&parser->reply);
    g_free(parser);
}
