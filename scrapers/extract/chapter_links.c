/* SPDX-License-Identifier: Apache-2.0
 * Links to the chapters of a document; see chapter_links.h. */
#include "scrapers/extract/chapter_links.h"

#include <string.h>

#include "scrapers/extract/rule_links.h"
#include "scrapers/fetch/url.h"
#include "store/chapters.h"

#define HEADING_BYTES 300u

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathCompExpr, xmlXPathFreeCompExpr)

typedef struct ChapterSink {
    const ParseOptions *options;
    const char *base, *url;
    char *canonical;
    json_t *found;
    GHashTable *entries; /* URL -> its object in `found`; both borrowed */
    gboolean routes;     /* the page is one of a JavaScript application, which are told apart by their fragments */
    gboolean others;     /* a link leads to another page */
} ChapterSink;

/* One that cannot be used was refused before (selectors_check); it matches nothing. */
static gboolean any_matches(char *const *expressions, const char *url)
{
    for (; expressions && *expressions; expressions++)
        if (g_regex_match_simple(*expressions, url, G_REGEX_RAW, 0))
            return TRUE;
    return FALSE;
}

/* The text of a link as the heading of a chapter: one line, without marks of our own in front. g_free. */
static char *heading_of(xmlNode *link)
{
    g_autofree char *text = link ? page_text(link, HEADING_BYTES) : NULL, *tidy = text_tidy(text);
    const char *start = tidy ? tidy + strspn(tidy, "# ") : "";
    return *start ? g_strdup(start) : NULL;
}

static void add_chapter(ChapterSink *sink, const char *url, xmlNode *link)
{
    g_autofree char *heading = heading_of(link);
    json_t *entry = g_hash_table_lookup(sink->entries, url);
    if (!entry) {
        entry = json_object();
        json_object_set_new(entry, "url", json_text(url));
        json_array_append_new(sink->found, entry);
        g_hash_table_insert(sink->entries, (gpointer)json_get_string(entry, "url"), entry);
    }
    if (heading && !json_object_get(entry, "heading"))
        json_object_set_new(entry, "heading", json_text(heading));
}

static gboolean take_link(xmlNode *node, const char *reference, gpointer user)
{
    ChapterSink *sink = user;
    reference += strspn(reference, " \t\r\n\f");
    gboolean inside = *reference == '#' && reference[1] != '/' && reference[1] != '!';
    g_autofree char *url = inside ? NULL : sink->routes ? url_resolve_route(sink->base, reference) : url_resolve(sink->base, reference);
    if (!url)
        return TRUE;
    gboolean self = g_strcmp0(url, sink->url) == 0 || g_strcmp0(url, sink->canonical) == 0;
    if (!self && any_matches(sink->options->chapter_skip, url))
        return TRUE;
    sink->others |= !self;
    add_chapter(sink, self ? sink->url : url, node);
    return json_array_size(sink->found) < CHAPTERS_LIMIT;
}

static void take_all(Page *page, ChapterSink *sink)
{
    for (char *const *xpath = sink->options->chapters; *xpath; xpath++) {
        if (strcmp(*xpath, CHAPTERS_SELF) == 0) {
            add_chapter(sink, sink->url, NULL);
            continue;
        }
        g_autoptr(xmlXPathCompExpr) expression = xmlXPathCompile(BAD_CAST *xpath);
        if (expression)
            rule_links_each(page, expression, take_link, sink);
    }
}

gboolean chapter_links_wanted(const char *url, const ParseOptions *options)
{
    return options->chapters && options->chapters[0] && (!options->chapter_pages || any_matches(options->chapter_pages, url));
}

json_t *chapter_links_find(Page *page, const char *url, const char *canonical, const ParseOptions *options)
{
    g_autofree char *own = url_normalise(url ? url : canonical ? canonical : "");
    if (!own || !chapter_links_wanted(own, options))
        return NULL;
    g_autoptr(GHashTable) entries = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *base = page_base(page, own), *other = canonical ? url_normalise(canonical) : NULL;
    g_autoptr(json_t) found = json_array();
    ChapterSink sink = {.options = options, .base = base, .url = own, .canonical = other, .found = found, .entries = entries};
    sink.routes = url && strchr(url, '#');
    take_all(page, &sink);
    return sink.others ? g_steal_pointer(&found) : NULL;
}
