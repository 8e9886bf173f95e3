/* SPDX-License-Identifier: Apache-2.0
 * Small JSON; see base/json.h. */
#include "base/json.h"

#include <stdlib.h>

#include "base/error.h"

json_t *json_parse(const char *text, gsize length, const char *what, GError **error)
{
    json_error_t cause;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &cause);
    if (!value)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s:%d:%d: %s", what, cause.line, cause.column, cause.text);
    return value;
}

static char *json_dump_with(const json_t *value, size_t flags)
{
    char *dumped = json_dumps(value, flags | JSON_ENCODE_ANY);
    char *copy = g_strdup(dumped);
    free(dumped);
    return copy;
}

char *json_write(const json_t *value)
{
    return json_dump_with(value, JSON_COMPACT | JSON_SORT_KEYS);
}

char *json_pretty(const json_t *value)
{
    g_autofree char *dumped = json_dump_with(value, JSON_INDENT(2));
    return g_strconcat(dumped, "\n", NULL);
}

const char *json_get_string(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

json_t *json_text(const char *text)
{
    if (!text)
        return json_null();
    json_t *value = json_string(text);
    if (value)
        return value;
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return json_string(valid);
}

static void append_escaped(Buffer *out, guchar c)
{
    static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'};
    char escape[8];
    if (c < sizeof letters && letters[c])
        g_snprintf(escape, sizeof escape, "\\%c", letters[c]);
    else
        g_snprintf(escape, sizeof escape, "\\u%04X", c);
    buffer_append_string(out, escape);
}

void json_append_string(Buffer *out, const char *text, gsize length)
{
    gsize from = 0;
    buffer_append_byte(out, '"');
    for (gsize i = 0; i < length; i++) {
        guchar c = (guchar)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buffer_append(out, text + from, i - from);
        append_escaped(out, c);
        from = i + 1;
    }
    buffer_append(out, text + from, length - from);
    buffer_append_byte(out, '"');
}
