/* SPDX-License-Identifier: Apache-2.0
 * Creative Commons links to SPDX identifiers; see licence.h. */
#include "scrapers/extract/licence.h"

#include <string.h>

#include "store/licence.h"

char *licence_of_url(const char *url)
{
    return url ? licence_in_text(url) : NULL;
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
