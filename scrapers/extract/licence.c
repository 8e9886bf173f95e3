/* SPDX-License-Identifier: Apache-2.0
 * Creative Commons links to SPDX identifiers; see licence.h. */
#include "scrapers/extract/licence.h"

#include <string.h>

static gboolean is_version(const char *text, gsize length)
{
    return length == 3 && g_ascii_isdigit(text[0]) && text[1] == '.' && g_ascii_isdigit(text[2]);
}

char *licence_of_url(const char *url)
{
    static const char *const codes[] = {"by", "by-sa", "by-nd", "by-nc", "by-nc-sa", "by-nc-nd"};
    const char *site = url ? strstr(url, "creativecommons.org/") : NULL;
    if (!site)
        return NULL;
    g_auto(GStrv) parts = g_strsplit_set(site, "/?# ", 5);
    if (g_strv_length(parts) < 4 || !is_version(parts[3], MIN(strlen(parts[3]), 3)))
        return NULL;
    g_autofree char *code = g_ascii_strdown(parts[2], -1);
    if (strcmp(parts[1], "publicdomain") == 0)
        return strcmp(code, "zero") == 0 ? g_strdup_printf("CC0-%.3s", parts[3]) : NULL;
    if (strcmp(parts[1], "licenses") != 0)
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (strcmp(code, codes[i]) == 0) {
            g_autofree char *upper = g_ascii_strup(code, -1);
            return g_strdup_printf("CC-%s-%.3s", upper, parts[3]);
        }
    }
    return NULL;
}

static gboolean has_word(const char *list, const char *word)
{
    gsize length = strlen(word);
    for (const char *at = list; at && (at = strstr(at, word)) != NULL; at += length)
        if ((at == list || g_ascii_isspace(at[-1])) && (!at[length] || g_ascii_isspace(at[length])))
            return TRUE;
    return FALSE;
}

static const char *url_of(const xmlNode *element)
{
    GumboTag tag = tag_of(element);
    return page_attribute(element, tag == GUMBO_TAG_META ? "content" : "href");
}

char *licence_of_page(Page *page)
{
    g_autofree char *named = NULL, *linked = NULL;
    gboolean differ = FALSE;
    for (xmlNode *node = page->html; node; node = page_next(node, page->html, TRUE)) {
        GumboTag tag = tag_of(node);
        if (tag != GUMBO_TAG_A && tag != GUMBO_TAG_LINK && tag != GUMBO_TAG_META)
            continue;
        g_autofree char *licence = licence_of_url(url_of(node));
        if (!licence)
            continue;
        if (tag == GUMBO_TAG_META || has_word(page_attribute(node, "rel"), "license")) {
            if (!named)
                named = g_steal_pointer(&licence);
        } else if (!linked) {
            linked = g_steal_pointer(&licence);
        } else {
            differ |= strcmp(linked, licence) != 0;
        }
    }
    if (named)
        return g_steal_pointer(&named);
    return differ ? NULL : g_steal_pointer(&linked);
}
