/* SPDX-License-Identifier: Apache-2.0
 * Counting matches, and naming elements by short selectors; see probe.h. */
#include "scrapers/extract/probe.h"

#include <string.h>

#include "scrapers/extract/chapter_links.h"
#include "scrapers/extract/compare.h"
#include "scrapers/extract/content.h"
#include "scrapers/extract/css.h"
#include "scrapers/extract/noise.h"
#include "scrapers/extract/rule_links.h"
#include "scrapers/fetch/url.h"
#include "store/sections.h"

#define NAME_BYTES 60       /* longer ids and classes are made by machines */
#define STEPS 4             /* elements in a suggested selector, at most */
#define SHARE_OF_WORDS 0.9  /* that an element must hold of its parent's to stand for it */

/* ---- Counting -------------------------------------------------------------------------------------------------- */

static json_t *count_list(Page *page, char *const *selectors)
{
    json_t *counts = json_array();
    for (; selectors && *selectors; selectors++)
        json_array_append_new(counts, json_integer(content_count(page, *selectors)));
    return counts;
}

static int count_one(Page *page, const char *selector)
{
    return selector ? (int)content_count(page, selector) : -1;
}

/* The page's headings alone, in the text form. */
static void append_headings(Page *page, Buffer *headings)
{
    for (xmlNode *node = page->body; node; node = page_next(node, page->body, TRUE)) {
        g_autofree char *text = heading_level(tag_of(node)) ? page_text(node, 1024) : NULL, *tidy = text_tidy(text);
        if (!tidy)
            continue;
        buffer_append_string(headings, "# ");
        buffer_append_string(headings, tidy);
        buffer_append_string(headings, "\n\n");
    }
}

/* 1 for each name that some heading matches as start_at and stop_at do. */
static json_t *count_headings(Page *page, char *const *names)
{
    json_t *counts = json_array();
    g_auto(Buffer) headings;
    buffer_init(&headings, DOCUMENT_TEXT_LIMIT);
    append_headings(page, &headings);
    for (; names && *names; names++) {
        char *const one[] = {*names, NULL};
        g_auto(Buffer) copy;
        buffer_init(&copy, DOCUMENT_TEXT_LIMIT);
        buffer_append(&copy, headings.data, headings.length);
        json_array_append_new(counts, json_integer(copy.length > 0 && sections_start(&copy, one)));
    }
    return counts;
}

/* null for pages that have no chapters, and for the selector that stands for the page itself. */
static json_t *count_chapters(Page *page, const char *url, const ParseOptions *options)
{
    json_t *counts = json_array();
    g_autofree char *own = url_normalise(url ? url : "");
    gboolean wanted = own && chapter_links_wanted(own, options);
    for (char *const *selector = options->chapters; selector && *selector; selector++)
        json_array_append_new(counts, wanted && strcmp(*selector, CHAPTERS_SELF) != 0 ? json_integer(content_count(page, *selector))
                                                                                       : json_null());
    return counts;
}

/* ---- Naming ---------------------------------------------------------------------------------------------------- */

/* A word that a person chose: short, with no run of digits as machines make them. */
static gboolean is_good_name(const char *name, gsize length)
{
    gsize digits = 0;
    if (length == 0 || length > NAME_BYTES || g_ascii_isdigit(*name))
        return FALSE;
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isalnum(name[i]) && name[i] != '-' && name[i] != '_')
            return FALSE;
        digits += g_ascii_isdigit(name[i]) != 0;
    }
    return digits < 3;
}

static gboolean is_unique(Page *page, const char *css)
{
    g_autofree char *xpath = css_to_xpath(css, NULL);
    return xpath && content_count(page, xpath) == 1;
}

/* "tag#id" or "tag.class", whichever names the element alone; or NULL. */
static char *name_alone(Page *page, const xmlNode *element)
{
    const char *id = page_attribute(element, "id"), *classes = page_attribute(element, "class");
    if (id && is_good_name(id, strlen(id))) {
        g_autofree char *css = g_strdup_printf("%s#%s", element->name, id);
        if (is_unique(page, css))
            return g_steal_pointer(&css);
    }
    for (const char *at = classes; at && *at;) {
        at += strspn(at, " \t\r\n\f");
        gsize length = strcspn(at, " \t\r\n\f");
        g_autofree char *css = is_good_name(at, length) ? g_strdup_printf("%s.%.*s", element->name, (int)length, at) : NULL;
        if (css && is_unique(page, css))
            return g_steal_pointer(&css);
        at += length;
    }
    return is_unique(page, (const char *)element->name) ? g_strdup((const char *)element->name) : NULL;
}

/* A selector that matches the element and nothing else, from the nearest ancestor that has a name; or NULL. */
static char *selector_of(Page *page, const xmlNode *element)
{
    g_autofree char *below = NULL;
    for (int i = 0; i < STEPS && element && element->type == XML_ELEMENT_NODE; i++, element = element->parent) {
        g_autofree char *name = name_alone(page, element);
        g_autofree char *css = g_strdup_printf("%s%s%s", name ? name : (const char *)element->name, below ? " > " : "", below ? below : "");
        if (name && is_unique(page, css))
            return g_strconcat("css:", css, NULL);
        if (name)
            return NULL;
        g_free(below);
        below = g_steal_pointer(&css);
    }
    return NULL;
}

/* The smallest element that still holds nearly all of the content's words. */
static xmlNode *narrow(xmlNode *element, Noise least)
{
    for (;;) {
        xmlNode *heir = NULL;
        for (xmlNode *child = element->children; child && !heir; child = child->next)
            if (child->type == XML_ELEMENT_NODE && facts_of(child)->noise < least && tag_is_block(tag_of(child)) &&
                tag_of(child) != GUMBO_TAG_P && facts_of(child)->words >= SHARE_OF_WORDS * facts_of(element)->words)
                heir = child;
        if (!heir)
            return element;
        element = heir;
    }
}

static char *suggest_content(Page *page)
{
    g_auto(Selection) selection = {0};
    noise_mark(page);
    content_by_density(page, &selection);
    noise_count_words(page, selection.least);
    xmlNode *element = narrow(selection.elements->pdata[0], selection.least);
    for (int i = 0; i < STEPS && element && element->type == XML_ELEMENT_NODE; i++, element = element->parent) {
        char *selector = selector_of(page, element);
        if (selector)
            return selector;
    }
    return NULL;
}

static char *suggest_title(Page *page)
{
    for (xmlNode *node = page->body; node; node = page_next(node, page->body, TRUE)) {
        g_autofree char *text = tag_of(node) == GUMBO_TAG_H1 ? page_text(node, 1024) : NULL;
        g_autofree char *tidy = text_tidy(text);
        char *selector = tidy ? selector_of(page, node) : NULL;
        if (selector)
            return selector;
    }
    return NULL;
}

/* What addresses of pages below this one begin with; NULL: it is a site's front page. g_free. */
static char *address_below(const char *url)
{
    g_autofree char *own = g_strndup(url, strcspn(url, "?#"));
    if (g_str_has_suffix(own, ".html") || g_str_has_suffix(own, ".htm"))
        *strrchr(own, '.') = '\0';
    while (g_str_has_suffix(own, "/"))
        own[strlen(own) - 1] = '\0';
    return strchr(url_target(own), '/') ? g_strconcat(own, "/", NULL) : NULL;
}

/* The list or menu that the link stands in, else its parent. */
static xmlNode *holder_of(xmlNode *link)
{
    for (xmlNode *node = link->parent; node && node->type == XML_ELEMENT_NODE; node = node->parent) {
        GumboTag tag = tag_of(node);
        if (tag == GUMBO_TAG_UL || tag == GUMBO_TAG_OL || tag == GUMBO_TAG_NAV || tag == GUMBO_TAG_DL || tag == GUMBO_TAG_TABLE)
            return node;
    }
    return link->parent;
}

/* The element with the most links to pages below this one, the first of equals; NULL where there are less than two. */
static xmlNode *find_chapter_list(Page *page, const char *base, const char *below)
{
    g_autoptr(GHashTable) counts = g_hash_table_new(NULL, NULL);
    xmlNode *best = NULL;
    guint most = 1;
    for (xmlNode *node = page->body; node; node = page_next(node, page->body, TRUE)) {
        const char *reference = tag_of(node) == GUMBO_TAG_A ? page_attribute(node, "href") : NULL;
        g_autofree char *target = reference ? url_resolve(base, reference) : NULL;
        if (!target || !g_str_has_prefix(target, below))
            continue;
        xmlNode *holder = holder_of(node);
        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, holder)) + 1;
        g_hash_table_insert(counts, holder, GUINT_TO_POINTER(count));
        if (count > most) {
            most = count;
            best = holder;
        }
    }
    return best;
}

static char *suggest_chapters(Page *page, const char *url)
{
    g_autofree char *own = url_normalise(url ? url : ""), *below = own ? address_below(own) : NULL;
    g_autofree char *base = below ? page_base(page, own) : NULL;
    xmlNode *holder = below ? find_chapter_list(page, base, below) : NULL;
    for (int i = 0; i < STEPS && holder && holder != page->body; i++, holder = holder->parent) {
        g_autofree char *selector = selector_of(page, holder);
        if (selector)
            return g_strconcat(selector, " a", NULL);
    }
    return NULL;
}

static json_t *suggestions(Page *page, const char *url)
{
    g_autofree char *content = suggest_content(page), *title = suggest_title(page), *chapters = suggest_chapters(page, url);
    json_t *object = json_object();
    json_object_set_new(object, "content", json_text(content));
    json_object_set_new(object, "title", json_text(title));
    json_object_set_new(object, "chapters", json_text(chapters));
    return object;
}

void probe_page(const char *html, gsize length, const char *url, const ParseOptions *options, Document *document)
{
    ParseFailure failure;
    g_autoptr(Page) page = page_parse(html, length, &failure);
    if (!page)
        return;
    json_t *probe = json_pack("{s:o, s:o, s:i, s:i, s:o, s:o}", "content", count_list(page, options->content), "remove",
                              count_list(page, options->remove), "title", count_one(page, options->title), "date",
                              count_one(page, options->date), "start_at", count_headings(page, options->start_at), "stop_at",
                              count_headings(page, options->stop_at));
    json_object_set_new(probe, "chapters", count_chapters(page, url, options));
    json_object_set_new(probe, "suggest", suggestions(page, url));
    TextShape generic = generic_shape(page, options, document->title);
    json_object_set_new(probe, "generic", json_pack("{s:i, s:i}", "words", (int)generic.words, "headings", (int)generic.headings));
    document_set_meta(document, "probe", probe);
}
