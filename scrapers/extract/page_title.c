/* SPDX-License-Identifier: Apache-2.0
 * Title without site name; see page_title.h. */
#include "scrapers/extract/page_title.h"

#include <string.h>

#define TITLE_BYTES 1024
#define SITE_WORDS 5u /* names of sites are shorter */
#define TITLE_WORDS 3u

static char *letters_of(const char *text)
{
    g_autoptr(GString) letters = g_string_new(NULL);
    for (; text && *text; text = g_utf8_next_char(text))
        if (g_unichar_isalnum(g_utf8_get_char(text)))
            g_string_append_unichar(letters, g_unichar_tolower(g_utf8_get_char(text)));
    return g_string_free(g_steal_pointer(&letters), FALSE);
}

static gboolean repeats(const char *whole, const char *part)
{
    g_autofree char *a = letters_of(whole), *b = letters_of(part);
    return strlen(b) >= 4 && strstr(a, b) != NULL;
}

static gboolean is_site_name(const char *part, const char *whole, const char *site_name)
{
    g_autofree char *a = letters_of(part), *b = letters_of(site_name);
    if (*b && (strcmp(a, b) == 0 || strstr(b, a) || strstr(a, b)))
        return TRUE;
    gsize rest = strlen(whole) - strlen(part);
    return text_words(part) <= SITE_WORDS && text_words(whole) >= text_words(part) + TITLE_WORDS && rest > strlen(part);
}

/* Cuts " | Site", " - Site" ... from the end, in place. */
static void cut_site_name(char *title, const char *site_name)
{
    static const char *const marks[] = {" | ", " - ", " – ", " — ", " :: ", " » ", " · ", " • ", " ‹ ", " « "};
    for (int cuts = 0; cuts < 2; cuts++) {
        char *last = NULL, *name = NULL;
        for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
            char *found = g_strrstr(title, marks[i]);
            if (found && found > last) {
                last = found;
                name = found + strlen(marks[i]);
            }
        }
        if (!last || last == title || !is_site_name(name, title, site_name))
            return;
        *last = '\0';
    }
}

static char *text_of_first(Page *page, GumboTag tag, guint *count)
{
    char *first = NULL;
    *count = 0;
    for (xmlNode *node = page->html; node; node = page_next(node, page->html, TRUE)) {
        if (tag_of(node) != tag)
            continue;
        g_autofree char *text = page_text(node, TITLE_BYTES);
        if (!*text)
            continue;
        if (!first)
            first = g_steal_pointer(&text);
        ++*count;
    }
    return first;
}

/* "Aspirin" of "Aspirin: uses and dose": one word is enough at the start of the title, unless it names the site. */
static gboolean opens_title(const char *heading, const char *title, const char *site_name)
{
    return title && g_str_has_prefix(title, heading) && (!site_name || strcmp(heading, site_name) != 0);
}

static char *heading_that_repeats(Page *page, const char *title, const char *social_title, const char *site_name)
{
    for (xmlNode *node = page->body; node; node = page_next(node, page->body, TRUE)) {
        if (tag_of(node) != GUMBO_TAG_H1)
            continue;
        g_autofree char *text = page_text(node, TITLE_BYTES);
        gboolean found = (title && repeats(title, text)) || (social_title && repeats(social_title, text));
        if (found && (text_words(text) >= 2 || opens_title(text, title, site_name)))
            return g_steal_pointer(&text);
    }
    return NULL;
}

/* Some pages write markup into their metadata: removes "<i>", "</sub>" and the like, in place. */
static void cut_tags(char *title)
{
    char *to = title;
    for (const char *at = title; *at;) {
        const char *name = at + (at[1] == '/' ? 2 : 1), *end = name;
        while (*at == '<' && g_ascii_isalpha(*end) && end - name < 8)
            end++;
        if (*at == '<' && end > name && *end == '>')
            at = end + 1;
        else
            *to++ = *at++;
    }
    *to = '\0';
}

char *page_title(Page *page, const char *social_title, const char *site_name)
{
    guint titles, headings;
    g_autofree char *title = text_of_first(page, GUMBO_TAG_TITLE, &titles);
    g_autofree char *heading = text_of_first(page, GUMBO_TAG_H1, &headings);
    g_autofree char *social = g_strdup(social_title);
    if (social)
        cut_tags(social);
    char *found = heading_that_repeats(page, title, social, site_name);
    if (found) {
        cut_site_name(found, site_name ? site_name : "");
        return found;
    }
    if (social && *social)
        found = g_steal_pointer(&social);
    else if (heading && (headings == 1 || !title) && text_words(heading) >= 2)
        found = g_steal_pointer(&heading);
    else
        found = title ? g_steal_pointer(&title) : g_steal_pointer(&heading);
    if (found)
        cut_site_name(found, site_name ? site_name : "");
    return found;
}
