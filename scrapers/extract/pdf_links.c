/* SPDX-License-Identifier: Apache-2.0
 * The links of a PDF; see pdf_links.h. */
#include "scrapers/extract/pdf_links.h"

#include <string.h>

#include "base/error.h"
#include "scrapers/extract/pdf.h"

#define MARK "<a href=\""
#define LINK_BYTES 8192

/* A link's address with its entities decoded; NULL if it is none of the web's. */
static char *decode_address(const char *text, gsize length)
{
    static const struct { const char *name, *character; } entities[] = {{"&quot;", "\""}, {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}};
    if (length > LINK_BYTES || (g_ascii_strncasecmp(text, "http://", 7) != 0 && g_ascii_strncasecmp(text, "https://", 8) != 0))
        return NULL;
    g_autoptr(GString) address = g_string_new_len(text, (gssize)length);
    for (gsize i = 0; i < G_N_ELEMENTS(entities); i++)
        g_string_replace(address, entities[i].name, entities[i].character, 0);
    return g_utf8_make_valid(address->str, (gssize)address->len);
}

char **pdf_links_of_xml(const char *xml, gsize length)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *links = g_ptr_array_new();
    const char *end = xml + length;
    for (const char *at = xml; (at = memmem(at, (gsize)(end - at), MARK, strlen(MARK))) && links->len < PDF_LINKS_LIMIT;) {
        at += strlen(MARK);
        const char *close = memchr(at, '"', (gsize)(end - at));
        if (!close)
            break;
        char *address = decode_address(at, (gsize)(close - at));
        if (address && !g_hash_table_contains(seen, address)) {
            g_hash_table_add(seen, address);
            g_ptr_array_add(links, address);
        } else {
            g_free(address);
        }
        at = close;
    }
    g_ptr_array_add(links, NULL);
    return (char **)g_ptr_array_free(links, FALSE);
}

char **pdf_links(const char *pdf, gsize length, GError **error)
{
    ParseFailure failure = {0};
    GError *trouble = NULL;
    g_auto(Buffer) xml;
    buffer_init(&xml, RECORD_LIMIT);
    if (pdf_to_xml(pdf, length, &xml, &failure, &trouble))
        return pdf_links_of_xml(xml.data, xml.length);
    if (trouble)
        g_propagate_error(error, trouble);
    else
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the PDF cannot be read (%s): %s", failure.rule, failure.detail);
    return NULL;
}
