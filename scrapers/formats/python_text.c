/* SPDX-License-Identifier: Apache-2.0
 * Methods of Python's str over ICU; see python_text.h. */
#include "scrapers/formats/python_text.h"

#include <string.h>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>

/* What str.isspace() says of one character: the blanks of Unicode's White_Space and the four separators of ASCII. */
static gboolean is_space(gunichar c)
{
    return (c >= 0x1c && c <= 0x1f) || u_hasBinaryProperty((UChar32)c, UCHAR_WHITE_SPACE);
}

const char *python_skip_space(const char *text)
{
    while (*text && is_space(g_utf8_get_char(text)))
        text = g_utf8_next_char(text);
    return text;
}

static const char *skip_word(const char *text)
{
    while (*text && !is_space(g_utf8_get_char(text)))
        text = g_utf8_next_char(text);
    return text;
}

void python_strip(char *text)
{
    const char *start = python_skip_space(text), *end = start + strlen(start);
    while (end > start) {
        const char *last = g_utf8_prev_char(end);
        if (!is_space(g_utf8_get_char(last)))
            break;
        end = last;
    }
    memmove(text, start, (gsize)(end - start));
    text[end - start] = '\0';
}

typedef int32_t (*CaseMapper)(const UCaseMap *map, char *to, int32_t room, const char *from, int32_t length, UErrorCode *status);

static char *map_case(const char *text, CaseMapper mapper)
{
    UErrorCode status = U_ZERO_ERROR;
    UCaseMap *map = ucasemap_open("", 0, &status);
    gsize length = strlen(text), room = 3 * length + 1; /* no mapping makes a character more than three times as long */
    char *mapped = g_malloc(room);
    int32_t written = mapper(map, mapped, (int32_t)room, text, (int32_t)length, &status);
    ucasemap_close(map);
    if (U_FAILURE(status))
        written = 0;
    mapped[written] = '\0';
    return mapped;
}

char *python_lower(const char *text)
{
    return map_case(text, ucasemap_utf8ToLower);
}

char *python_upper(const char *text)
{
    return map_case(text, ucasemap_utf8ToUpper);
}

void python_replace_into(Buffer *out, const char *text, gsize length, const char *from, const char *to)
{
    gsize size = strlen(from), put = strlen(to);
    const char *end = text + length, *found;
    while ((found = memmem(text, (gsize)(end - text), from, size))) {
        buffer_append(out, text, (gsize)(found - text));
        buffer_append(out, to, put);
        text = found + size;
    }
    buffer_append(out, text, (gsize)(end - text));
}

char *python_replace(const char *text, const char *from, const char *to)
{
    if (!*from || !strstr(text, from))
        return g_strdup(text);
    gsize length = strlen(text), grown = length / strlen(from) * strlen(to) + length;
    Buffer out;
    buffer_init(&out, grown);
    python_replace_into(&out, text, length, from, to);
    char *result = buffer_steal(&out, &length);
    return result ? result : g_strdup("");
}

gsize python_first_word(const char *text, const char **rest)
{
    const char *end = skip_word(text);
    *rest = python_skip_space(end);
    return (gsize)(end - text);
}

char *python_words(const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (text = python_skip_space(text); *text;) {
        const char *word = text;
        gsize length = python_first_word(word, &text);
        g_string_append_len(out, out->len ? " " : "", -1);
        g_string_append_len(out, word, (gssize)length);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *python_cut_words(const char *text, unsigned most)
{
    const char *at = python_skip_space(text);
    g_autoptr(GString) out = g_string_new(NULL);
    for (unsigned i = 0; i < most && *at; i++) {
        const char *word = at;
        gsize length = python_first_word(word, &at);
        g_string_append_len(out, i ? " " : "", -1);
        g_string_append_len(out, word, (gssize)length);
    }
    if (!*at)
        return g_strdup(text);
    g_string_append(out, "...");
    return g_string_free(g_steal_pointer(&out), FALSE);
}

gboolean python_is_digit(const char *text, gsize length)
{
    for (const char *at = text; at < text + length; at = g_utf8_next_char(at)) {
        int type = u_getIntPropertyValue((UChar32)g_utf8_get_char(at), UCHAR_NUMERIC_TYPE);
        if (type != U_NT_DECIMAL && type != U_NT_DIGIT)
            return FALSE;
    }
    return length > 0;
}
