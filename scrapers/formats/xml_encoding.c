/* SPDX-License-Identifier: Apache-2.0
 * Encodings of XML documents; see xml_encoding.h. */
#include "scrapers/formats/xml_encoding.h"

#include <string.h>

#include "scrapers/extract/charset.h"

#define DECLARATION_LIMIT ((gsize)512)

static const char *skip_ascii(const char *at, const char *end)
{
    guint64 words[4];
    for (; (gsize)(end - at) >= sizeof words; at += sizeof words) {
        memcpy(words, at, sizeof words);
        if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080u)
            break;
    }
    while (at < end && (guchar)*at < 0x80)
        at++;
    return at;
}

gboolean utf8_check(const char *bytes, gsize length, gsize *bad)
{
    const char *at = bytes, *end = bytes + length;
    while ((at = skip_ascii(at, end)) < end) {
        gunichar character = g_utf8_get_char_validated(at, end - at);
        if (character == (gunichar)-1 || character == (gunichar)-2) {
            *bad = (gsize)(at - bytes);
            return FALSE;
        }
        at = g_utf8_next_char(at);
    }
    return TRUE;
}

/* The value of the encoding pseudo-attribute of the XML declaration, or NULL. g_free. */
static char *declared_encoding(const char *bytes, gsize length)
{
    if (length < 6 || memcmp(bytes, "<?xml", 5) != 0)
        return NULL;
    const char *end = memmem(bytes, MIN(length, DECLARATION_LIMIT), "?>", 2);
    const char *at = end ? memmem(bytes, (gsize)(end - bytes), "encoding", 8) : NULL;
    if (!at)
        return NULL;
    at += 8;
    while (at < end && (g_ascii_isspace(*at) || *at == '='))
        at++;
    const char *close = at < end ? memchr(at + 1, *at, (gsize)(end - at - 1)) : NULL;
    return close ? g_strndup(at + 1, (gsize)(close - at - 1)) : NULL;
}

static const char *encoding_of_marks(const char *bytes, gsize length)
{
    if (length < 2)
        return NULL;
    if (memcmp(bytes, "\xfe\xff", 2) == 0 || (!bytes[0] && bytes[1] == '<'))
        return "UTF-16BE";
    if (memcmp(bytes, "\xff\xfe", 2) == 0 || (bytes[0] == '<' && !bytes[1]))
        return "UTF-16LE";
    return NULL;
}

static gboolean convert(const char *bytes, gsize length, const char *encoding, char **converted, gsize *converted_length,
                        ParseFailure *failure)
{
    g_autofree char *type = g_strdup_printf("text/xml; charset=%s", encoding);
    *converted = charset_decode(bytes, length, type, 2 * RECORD_LIMIT, converted_length);
    if (!*converted) {
        parse_failure_set(failure, RULE_TOO_LARGE, "the document is too large to convert from %s", encoding);
        return FALSE;
    }
    gboolean replaced = memmem(*converted, *converted_length, "\xef\xbf\xbd", 3) || memchr(*converted, '\x1a', *converted_length);
    if (!replaced) /* ICU writes U+FFFD for what it cannot decode, and SUBSTITUTE for single bytes */
        return TRUE;
    parse_failure_set(failure, RULE_MALFORMED_XML, "the bytes are not of the encoding %s that the document claims", encoding);
    g_clear_pointer(converted, g_free);
    return FALSE;
}

static void fail_at(const char *bytes, gsize bad, ParseFailure *failure)
{
    guint line = 1;
    for (gsize i = 0; i < bad; i++)
        line += bytes[i] == '\n';
    parse_failure_set(failure, RULE_INVALID_UTF8, "line %u: the byte 0x%02x is not UTF-8; if the file is in another encoding, its XML "
                      "declaration must say so", line, (guint)(guchar)bytes[bad]);
}

gboolean xml_encoding_decode(const char *bytes, gsize length, const char **text, gsize *text_length, char **converted,
                             ParseFailure *failure)
{
    gsize bad, mark = length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    *converted = NULL;
    *text = bytes + mark;
    *text_length = length - mark;
    const char *wide = encoding_of_marks(bytes, length);
    if (!wide && utf8_check(bytes, length, &bad))
        return TRUE;
    g_autofree char *declared = wide ? NULL : declared_encoding(*text, *text_length);
    const char *known = wide ? wide : declared ? charset_from_label(declared, strlen(declared)) : "UTF-8";
    if (!known) {
        parse_failure_set(failure, RULE_MALFORMED_XML, "line 1: the encoding '%.40s' is unknown; convert the file to UTF-8", declared);
        return FALSE;
    }
    if (strcmp(known, "UTF-8") == 0) {
        fail_at(bytes, bad, failure);
        return FALSE;
    }
    if (!convert(bytes, length, known, converted, text_length, failure))
        return FALSE;
    *text = *converted;
    return TRUE;
}
