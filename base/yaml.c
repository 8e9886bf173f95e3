/* SPDX-License-Identifier: Apache-2.0
 * YAML through libcyaml, whose log lines become one pointed error; see base/yaml.h. */
#include "base/yaml.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/error.h"
#include "base/file.h"

#define YAML_LIMIT (16 * 1024 * 1024)
#define DEPTH_LIMIT 64
#define QUOTED_BEFORE 60 /* bytes of an offending line that are shown, on either side of the place */
#define QUOTED_BEHIND 60

static void collect_log(cyaml_log_t level, void *user, const char *format, va_list arguments)
{
    (void)level;
    g_string_append_vprintf(user, format, arguments);
}

static cyaml_config_t config_for(GString *log)
{
    return (cyaml_config_t){
        .log_fn = collect_log,
        .log_ctx = log,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
        .flags = CYAML_CFG_NO_ALIAS,
    };
}

/* libcyaml ends its log with a backtrace whose innermost line says "(line: L, column: C)". */
static void find_place(const char *log, unsigned *line, unsigned *column)
{
    for (const char *at = log; (at = strstr(at, "(line: ")); at++)
        if (sscanf(at, "(line: %u, column: %u)", line, column) == 2)
            return;
}

/* The first line of the log without libcyaml's "Load: " and without a final newline. */
static char *find_reason(const char *log)
{
    const char *start = g_str_has_prefix(log, "Load: ") ? log + strlen("Load: ") : log;
    return g_strndup(start, strcspn(start, "\n"));
}

/* libcyaml tells the place before an unknown key, not the key's own: moves on to where the key stands. */
static void move_to_key(const char *text, const char *reason, unsigned *line, unsigned *column)
{
    static const char prefix[] = "Unexpected key: ";
    if (!g_str_has_prefix(reason, prefix))
        return;
    const char *key = reason + strlen(prefix);
    gsize key_length = strlen(key);
    if (!key_length) /* "?": it is everywhere, behind the end too */
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned count = g_strv_length(lines);
    for (unsigned i = MAX(*line, 1) - 1; i < count; i++) {
        for (const char *at = lines[i]; (at = strstr(at, key)); at++) {
            gboolean starts = at == lines[i] || strchr(" {,-\"'", at[-1]);
            if (starts && at[key_length + strspn(at + key_length, " \"'")] == ':') {
                *line = i + 1;
                *column = (unsigned)(at - lines[i]) + 1;
                return;
            }
        }
    }
}

/* Moves back to where a UTF-8 character starts. */
static const char *character_start(const char *line, const char *at)
{
    while (at > line && ((guchar)*at & 0xc0) == 0x80)
        at--;
    return at;
}

/* Whether a terminal can show the line as it is. */
static gboolean is_printable(const char *line)
{
    for (const char *at = line; *at; at++)
        if ((guchar)*at < ' ' && *at != '\t')
            return FALSE;
    return g_utf8_validate(line, -1, NULL);
}

static void append_quoted_line(GString *message, const char *text, unsigned line, unsigned column)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    if (line == 0 || line > g_strv_length(lines))
        return;
    const char *whole = g_strchomp(lines[line - 1]);
    if (!is_printable(whole))
        return;
    gsize length = strlen(whole), place = MIN(column > 0 ? column - 1 : 0, length);
    const char *from = character_start(whole, whole + (place > QUOTED_BEFORE ? place - QUOTED_BEFORE : 0));
    const char *to = character_start(whole, whole + MIN(place + QUOTED_BEHIND, length));
    const char *cut = from > whole ? "..." : "";
    g_string_append_printf(message, "\n  %u | %s%.*s%s\n    ", line, cut, (int)(to - from), from, to < whole + length ? "..." : "");
    for (unsigned digits = line; digits >= 10; digits /= 10)
        g_string_append_c(message, ' ');
    g_string_append_printf(message, "| %*s^", (int)(strlen(cut) + (gsize)(whole + place - from)), "");
}

/* Line and column count from 1; a line of 0 is an unknown place. */
static void set_error_at(GError **error, const char *path, const char *text, unsigned line, unsigned column, const char *reason)
{
    g_autoptr(GString) message = g_string_new(path);
    if (line)
        g_string_append_printf(message, ":%u:%u", line, column);
    g_string_append_printf(message, ": %s", reason);
    append_quoted_line(message, text, line, column);
    g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_INPUT, message->str);
}

/* What is wrong with an event, or NULL. Aliases let a short file ask for any amount of memory. */
static const char *event_fault(const yaml_event_t *event, unsigned *depth)
{
    if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT)
        return ++*depth > DEPTH_LIMIT ? "nested too deeply" : NULL;
    if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT)
        --*depth;
    return event->type == YAML_ALIAS_EVENT ? "aliases (*name) are not supported; write the value out" : NULL;
}

/* Where libyaml stopped. Of bytes that are no text it only tells how far into the file they are. */
static yaml_mark_t problem_place(const yaml_parser_t *parser, const char *text, gsize length)
{
    yaml_mark_t place = {0};
    if (parser->error != YAML_READER_ERROR)
        return parser->problem_mark;
    for (gsize i = 0; i < MIN(parser->problem_offset, length); i++) {
        place.column = text[i] == '\n' ? 0 : place.column + 1;
        place.line += text[i] == '\n';
    }
    return place;
}

/* libcyaml neither says where a syntax error stands nor bounds what aliases multiply, so libyaml goes first. */
static gboolean check_syntax(const char *path, const char *text, gsize length, GError **error)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "no memory to read %s", path);
        return FALSE;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    const char *fault = NULL;
    unsigned depth = 0;
    gboolean ended = FALSE;
    while (!ended && !fault) {
        yaml_event_t event;
        yaml_mark_t mark;
        if (yaml_parser_parse(&parser, &event)) {
            ended = event.type == YAML_STREAM_END_EVENT;
            fault = event_fault(&event, &depth);
            mark = event.start_mark;
            yaml_event_delete(&event);
        } else {
            fault = parser.problem ? parser.problem : "this is no YAML";
            mark = problem_place(&parser, text, length);
        }
        if (fault)
            set_error_at(error, path, text, (unsigned)mark.line + 1, (unsigned)mark.column + 1, fault);
    }
    yaml_parser_delete(&parser);
    return fault == NULL;
}

/* ---- Shorthands ---------------------------------------------------------------------------------------------------- */

/* Where the next scalar of a mapping is a key, and which key came last. */
typedef struct Nesting {
    gboolean mapping[DEPTH_LIMIT + 1], key_next[DEPTH_LIMIT + 1];
    unsigned depth;
} Nesting;

typedef struct Expansion {
    const YamlShorthand *shorthands, *pending; /* pending: its key came just now */
    const char *text;
    GString *out;
    gsize copied; /* bytes of the text */
    Nesting nesting;
} Expansion;

/* libyaml counts characters. */
static gsize byte_of(const Expansion *expansion, const yaml_mark_t *mark)
{
    return (gsize)(g_utf8_offset_to_pointer(expansion->text, (glong)mark->index) - expansion->text);
}

/* Puts braces and the member's name around the scalar. */
static void expand_scalar(Expansion *expansion, const yaml_event_t *event)
{
    gsize start = byte_of(expansion, &event->start_mark), end = byte_of(expansion, &event->end_mark);
    g_string_append_len(expansion->out, expansion->text + expansion->copied, (gssize)(start - expansion->copied));
    g_string_append_printf(expansion->out, "{%s: %.*s}", expansion->pending->member, (int)(end - start), expansion->text + start);
    expansion->copied = end;
}

static const YamlShorthand *find_shorthand(const Expansion *expansion, const yaml_event_t *event)
{
    for (const YamlShorthand *shorthand = expansion->shorthands; shorthand->key; shorthand++)
        if (strcmp((const char *)event->data.scalar.value, shorthand->key) == 0)
            return shorthand;
    return NULL;
}

/* A value, whole: the next scalar of the mapping around it is a key. */
static void end_value(Expansion *expansion)
{
    Nesting *nesting = &expansion->nesting;
    nesting->key_next[nesting->depth] = nesting->mapping[nesting->depth];
    expansion->pending = NULL;
}

static void take_scalar(Expansion *expansion, const yaml_event_t *event)
{
    Nesting *nesting = &expansion->nesting;
    if (nesting->key_next[nesting->depth]) {
        nesting->key_next[nesting->depth] = FALSE;
        expansion->pending = find_shorthand(expansion, event);
        return;
    }
    if (expansion->pending && event->data.scalar.length)
        expand_scalar(expansion, event);
    end_value(expansion);
}

static void take_event(Expansion *expansion, const yaml_event_t *event)
{
    Nesting *nesting = &expansion->nesting;
    gboolean mapping = event->type == YAML_MAPPING_START_EVENT;
    if (event->type == YAML_SCALAR_EVENT)
        take_scalar(expansion, event);
    if (mapping || event->type == YAML_SEQUENCE_START_EVENT) {
        nesting->depth++;
        nesting->mapping[nesting->depth] = nesting->key_next[nesting->depth] = mapping;
        expansion->pending = NULL;
    }
    if (event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT) {
        nesting->depth--;
        end_value(expansion);
    }
}

/* The text with its shorthands written out, on the lines where they stand. The syntax has been checked. */
static char *expand(const char *text, gsize length, const YamlShorthand *shorthands)
{
    yaml_parser_t parser;
    gboolean ended = FALSE;
    if (!yaml_parser_initialize(&parser))
        return g_strdup(text);
    Expansion expansion = {.shorthands = shorthands, .text = text, .out = g_string_new(NULL)};
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    while (!ended) {
        yaml_event_t event;
        ended = !yaml_parser_parse(&parser, &event) || event.type == YAML_STREAM_END_EVENT;
        if (!ended)
            take_event(&expansion, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    g_string_append(expansion.out, text + expansion.copied);
    return g_string_free(expansion.out, FALSE);
}

/* ---- Reading ------------------------------------------------------------------------------------------------------- */

static gboolean load(const char *path, const char *text, gsize length, const cyaml_schema_value_t *schema, gpointer *value, GError **error)
{
    g_autoptr(GString) log = g_string_new(NULL);
    cyaml_config_t config = config_for(log);
    *value = NULL;
    cyaml_err_t result = cyaml_load_data((const uint8_t *)text, length, &config, schema, value, NULL);
    if (result == CYAML_OK && *value)
        return TRUE;
    unsigned line = 0, column = 0;
    g_autofree char *reason = find_reason(log->len ? log->str : cyaml_strerror(result));
    find_place(log->str, &line, &column);
    move_to_key(text, reason, &line, &column);
    set_error_at(error, path, text, line, column, result == CYAML_OK ? "the file is empty" : reason);
    return FALSE;
}

gboolean yaml_read_short(const char *path, const cyaml_schema_value_t *schema, const YamlShorthand *shorthands, gpointer *value,
                         GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    if (!file_read(path, YAML_LIMIT, &text, &length, error) || !check_syntax(path, text, length, error))
        return FALSE;
    /* Text in another encoding than UTF-8 has no shorthands. libyaml does not count a mark of byte order. */
    gsize mark = g_str_has_prefix(text, "\xef\xbb\xbf") ? 3 : 0;
    if (!shorthands->key || !g_utf8_validate(text, (gssize)length, NULL))
        return load(path, text, length, schema, value, error);
    g_autofree char *whole = expand(text + mark, length - mark, shorthands);
    return load(path, whole, strlen(whole), schema, value, error);
}

gboolean yaml_read(const char *path, const cyaml_schema_value_t *schema, gpointer *value, GError **error)
{
    static const YamlShorthand none[] = {{0}};
    return yaml_read_short(path, schema, none, value, error);
}

void yaml_release(const cyaml_schema_value_t *schema, gpointer value)
{
    g_autoptr(GString) log = g_string_new(NULL);
    cyaml_config_t config = config_for(log);
    cyaml_free(&config, schema, value, 0);
}
