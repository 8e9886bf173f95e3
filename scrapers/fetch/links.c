/* SPDX-License-Identifier: Apache-2.0
 * The links of an HTML page; see scrapers/fetch/links.h. */
#include "scrapers/fetch/links.h"

#include <string.h>

#include "scrapers/fetch/tag_scanner.h"
#include "scrapers/fetch/url.h"

/* Longer attributes than this are no URL that the crawler would follow. */
#define ATTRIBUTE_MAX (4 * URL_MAX)
/* Attributes are decoded up to this many bytes in a page: room for LINKS_MAX links of 200 bytes. Decoding costs far
 * more than scanning, and a page may be 32 MiB of nothing else. */
#define ATTRIBUTES_BUDGET (4 * 1024 * 1024)

typedef struct LinkFinder {
    GPtrArray *links;
    const char *product;
    char *base;
    char *charset;
    gsize decoded; /* bytes of attributes so far */
    gboolean base_seen;
    gboolean nofollow;
} LinkFinder;

static char *attribute(LinkFinder *finder, const Tag *tag, const char *key)
{
    const TagSlice *value = tag_attribute(tag, key);
    if (!value || value->length > ATTRIBUTE_MAX)
        return NULL;
    finder->decoded += value->length;
    return tag_value(value);
}

/* Whether `list`, words between blanks and commas, has `word` in any case. */
static gboolean has_word(const char *list, const char *word)
{
    gsize length = strlen(word);
    while (list && *list) {
        gsize span = strcspn(list, " \t\r\n\f,");
        if (span == length && !g_ascii_strncasecmp(list, word, length))
            return TRUE;
        list += span + (list[span] != '\0');
    }
    return FALSE;
}

/* The page's charset is wanted only for bytes that are not UTF-8 already. Web pages that say Latin-1 mean
 * Windows-1252, and so do most that say nothing. */
static char *to_utf8(const LinkFinder *finder, const char *text, gsize length)
{
    if (g_utf8_validate(text, (gssize)length, NULL))
        return g_strndup(text, length);
    const char *charset = finder->charset ? finder->charset : "windows-1252";
    if (!g_ascii_strcasecmp(charset, "iso-8859-1") || !g_ascii_strcasecmp(charset, "latin1"))
        charset = "windows-1252";
    char *converted = g_convert(text, (gssize)length, "UTF-8", charset, NULL, NULL, NULL);
    return converted ? converted : g_strndup(text, length);
}

static char *resolve(const LinkFinder *finder, const char *reference)
{
    const char *query = strchr(reference, '?');
    gsize before = query ? (gsize)(query - reference) : strlen(reference);
    g_autofree char *path = to_utf8(finder, reference, before);
    g_autofree char *whole = g_strconcat(path, reference + before, NULL);
    return url_resolve(finder->base, whole);
}

static void add_link(LinkFinder *finder, const char *reference)
{
    char *url = reference ? resolve(finder, reference) : NULL;
    if (url)
        g_ptr_array_add(finder->links, url);
}

static void take_base(LinkFinder *finder, const Tag *tag)
{
    g_autofree char *reference = attribute(finder, tag, "href");
    if (finder->base_seen || !reference)
        return;
    finder->base_seen = TRUE;
    char *base = resolve(finder, reference);
    if (base) {
        g_free(finder->base);
        finder->base = base;
    }
}

/* The address in "5; url='next.html'"; NULL if there is none. */
static char *refresh_target(const char *content)
{
    const char *text = content + strcspn(content, ";,");
    text += strspn(text, ";, \t");
    if (g_ascii_strncasecmp(text, "url", 3))
        return NULL;
    text += 3;
    text += strspn(text, " \t");
    if (*text++ != '=')
        return NULL;
    text += strspn(text, " \t");
    char quote = *text == '"' || *text == '\'' ? *text++ : '\0';
    const char *end = quote ? strchr(text, quote) : NULL;
    return end ? g_strndup(text, (gsize)(end - text)) : g_strdup(text);
}

static void take_charset(LinkFinder *finder, const char *charset)
{
    if (!finder->charset && *charset)
        finder->charset = g_strndup(charset, strcspn(charset, "\"'; \t"));
}

static void take_meta(LinkFinder *finder, const Tag *tag)
{
    g_autofree char *content = attribute(finder, tag, "content");
    g_autofree char *charset = attribute(finder, tag, "charset");
    g_autofree char *name = attribute(finder, tag, "name");
    g_autofree char *equivalent = attribute(finder, tag, "http-equiv");
    if (charset)
        take_charset(finder, charset);
    if (!content)
        return;
    if (name && (!g_ascii_strcasecmp(name, "robots") || !g_ascii_strcasecmp(name, finder->product)))
        finder->nofollow |= has_word(content, "nofollow") || has_word(content, "none");
    if (equivalent && !g_ascii_strcasecmp(equivalent, "refresh")) {
        g_autofree char *target = refresh_target(content);
        add_link(finder, target);
    }
    const char *found = equivalent && !g_ascii_strcasecmp(equivalent, "content-type") ? strstr(content, "charset=")
                                                                                      : NULL;
    if (found)
        take_charset(finder, found + strlen("charset="));
}

static void take_anchor(LinkFinder *finder, const Tag *tag)
{
    g_autofree char *relation = attribute(finder, tag, "rel");
    g_autofree char *reference = attribute(finder, tag, "href");
    if (!has_word(relation, "nofollow"))
        add_link(finder, reference);
}

static void take_link(LinkFinder *finder, const Tag *tag)
{
    g_autofree char *relation = attribute(finder, tag, "rel");
    g_autofree char *reference = attribute(finder, tag, "href");
    if (has_word(relation, "next") || has_word(relation, "prev") || has_word(relation, "canonical"))
        add_link(finder, reference);
}

static void take_frame(LinkFinder *finder, const Tag *tag)
{
    g_autofree char *reference = attribute(finder, tag, "src");
    add_link(finder, reference);
}

static void take_tag(LinkFinder *finder, const Tag *tag)
{
    static const struct {
        const char *name;
        void (*take)(LinkFinder *finder, const Tag *tag);
    } takers[] = {
        {"a", take_anchor},    {"area", take_anchor}, {"base", take_base}, {"frame", take_frame},
        {"iframe", take_frame}, {"link", take_link},   {"meta", take_meta},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(takers); i++)
        if (tag_is(tag, takers[i].name))
            takers[i].take(finder, tag);
}

GPtrArray *links_find(const char *html, gsize length, const char *url, const char *charset, const char *product)
{
    LinkFinder finder = {.links = g_ptr_array_new_with_free_func(g_free), .product = product};
    finder.base = g_strdup(url);
    finder.charset = g_strdup(charset);
    TagScanner scanner = {.data = html ? html : "", .length = length};
    Tag tag;
    while (!finder.nofollow && finder.decoded < ATTRIBUTES_BUDGET && finder.links->len < LINKS_MAX &&
           tag_scanner_next(&scanner, &tag))
        take_tag(&finder, &tag);
    if (finder.nofollow)
        g_ptr_array_set_size(finder.links, 0);
    g_free(finder.base);
    g_free(finder.charset);
    return finder.links;
}
