/* SPDX-License-Identifier: Apache-2.0
 * Character references and names; see xml_reference.h. */
#include "scrapers/formats/xml_reference.h"

#include <string.h>

#define NAME_LIMIT 64

gsize xml_reference_number(const char *text, gsize length, char *out, gsize *size)
{
    gboolean hexadecimal = length > 3 && text[1] == '#' && text[2] == 'x';
    gsize at = hexadecimal ? 3 : 2, digits = 0;
    guint32 code = 0;
    if (length < 4 || text[1] != '#')
        return 0;
    for (; at < length && g_ascii_isxdigit(text[at]) && (hexadecimal || g_ascii_isdigit(text[at])); at++, digits++) {
        code = code * (hexadecimal ? 16 : 10) + (guint32)g_ascii_xdigit_value(text[at]);
        if (code > 0x10ffff)
            return 0;
    }
    if (digits == 0 || at >= length || text[at] != ';' || code == 0 || !g_unichar_validate(code))
        return 0;
    *size = (gsize)g_unichar_to_utf8(code, out);
    return at + 1;
}

gsize xml_reference_name(const char *text, gsize length)
{
    gsize size = 0;
    if (length == 0 || !(g_ascii_isalpha(*text) || *text == '_' || (guchar)*text >= 0x80))
        return 0;
    while (size < length && (g_ascii_isalnum(text[size]) || strchr("._-:", text[size]) || (guchar)text[size] >= 0x80) && text[size])
        if (++size > NAME_LIMIT)
            return 0;
    return size;
}
