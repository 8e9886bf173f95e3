/* SPDX-License-Identifier: Apache-2.0
 * A page's facts about itself; see page_facts.h. */
#include "scrapers/extract/page_facts.h"

#include <string.h>

#include "scrapers/extract/content.h"
#include "scrapers/extract/date.h"
#include "scrapers/extract/licence.h"
#include "scrapers/extract/page_title.h"

#define FACT_BYTES 4096u
#define AUTHORS_LIMIT 200u
#define SCRIPTS_LIMIT 16u
#define OBJECTS_LIMIT 256u
#define JSON_DEPTH 8

/* The tidied content of the first <meta> with one of these names (name, property or itemprop); or NULL. */
static char *meta_content(Page *page, const char *const *names)
{
    for (; *names; names++) {
        for (xmlNode *node = page->html; node; node = page_next(node, page->html, TRUE)) {
            if (tag_of(node) != GUMBO_TAG_META)
                continue;
            const char *name = page_attribute(node, "name"), *property = page_attribute(node, "property");
            const char *item = page_attribute(node, "itemprop");
            gboolean match = (name && g_ascii_strcasecmp(name, *names) == 0) ||
                             (property && g_ascii_strcasecmp(property, *names) == 0) ||
                             (item && g_ascii_strcasecmp(item, *names) == 0);
            char *content = match ? text_tidy(page_attribute(node, "content")) : NULL;
            if (content)
                return content;
        }
    }
    return NULL;
}

static void flatten(json_t *value, json_t *objects, int depth)
{
    gsize index;
    json_t *member;
    if (depth > JSON_DEPTH || json_array_size(objects) >= OBJECTS_LIMIT)
        return;
    if (json_is_object(value)) {
        json_array_append(objects, value);
        flatten(json_object_get(value, "@graph"), objects, depth + 1);
        flatten(json_object_get(value, "mainEntity"), objects, depth + 1);
    } else if (json_is_array(value)) {
        json_array_foreach(value, index, member)
            flatten(member, objects, depth + 1);
    }
}

json_t *page_linked_data(Page *page)
{
    json_t *objects = json_array();
    guint scripts = 0;
    for (xmlNode *node = page->html; node && scripts < SCRIPTS_LIMIT; node = page_next(node, page->html, TRUE)) {
        if (tag_of(node) != GUMBO_TAG_SCRIPT || !node->children)
            continue;
        const char *text = (const char *)node->children->content;
        scripts++;
        g_autoptr(json_t) value = json_loads(text, JSON_DECODE_ANY, NULL);
        flatten(value, objects, 0);
    }
    return objects;
}

static const char *linked_string(json_t *linked_data, const char *key)
{
    gsize index;
    json_t *object;
    json_array_foreach(linked_data, index, object) {
        const char *value = json_string_value(json_object_get(object, key));
        if (value && *value)
            return value;
    }
    return NULL;
}

static char *date_of_body(Page *page)
{
    for (xmlNode *node = page->body; node; node = page_next(node, page->body, TRUE)) {
        const char *property = page_attribute(node, "itemprop");
        const char *value = page_attribute(node, "datetime");
        if (tag_of(node) == GUMBO_TAG_TIME || (property && strcmp(property, "datePublished") == 0)) {
            char *date = date_normalise(value ? value : page_attribute(node, "content"));
            if (date)
                return date;
        }
    }
    return NULL;
}

static char *page_date(Page *page, json_t *linked_data)
{
    static const char *const names[] = {"citation_publication_date", "citation_date", "citation_online_date",
                                        "article:published_time", "DC.date.issued", "dcterms.issued", "datePublished",
                                        "prism.publicationDate", "DC.date", "dcterms.created", "cdc:first_published",
                                        "parsely-pub-date", "sailthru.date", "pubdate", "date", NULL};
    for (gsize i = 0; names[i]; i++) {
        const char *one[] = {names[i], NULL};
        g_autofree char *content = meta_content(page, one);
        char *date = date_normalise(content);
        if (date)
            return date;
    }
    char *date = date_normalise(linked_string(linked_data, "datePublished"));
    return date ? date : date_of_body(page);
}

/* The two letters at the start of "en-GB", "en_GB" or "zh-Hans"; NULL if it is no such tag. */
static char *normalise_language(const char *tag)
{
    while (tag && g_ascii_isspace(*tag))
        tag++;
    if (!tag || !g_ascii_isalpha(tag[0]) || !g_ascii_isalpha(tag[1]) || g_ascii_isalnum(tag[2]))
        return NULL;
    return g_ascii_strdown(tag, 2);
}

static char *page_language(Page *page)
{
    static const char *const names[] = {"citation_language", "DC.language", "dcterms.language", "og:locale", NULL};
    const xmlNode *elements[] = {page->html, page->body};
    for (gsize i = 0; i < G_N_ELEMENTS(elements); i++) {
        char *language = normalise_language(page_attribute(elements[i], "lang"));
        if (!language)
            language = normalise_language(page_attribute(elements[i], "xml_lang"));
        if (language)
            return language;
    }
    for (xmlNode *node = page->head; node; node = page_next(node, page->head, TRUE)) {
        const char *header = page_attribute(node, "http-equiv");
        if (tag_of(node) == GUMBO_TAG_META && header && g_ascii_strcasecmp(header, "content-language") == 0)
            return normalise_language(page_attribute(node, "content"));
    }
    g_autofree char *content = meta_content(page, names);
    return normalise_language(content);
}

static char *absolute_url(const char *reference, const char *base)
{
    g_autofree char *tidy = text_tidy(reference);
    if (!tidy || strlen(tidy) > FACT_BYTES)
        return NULL;
    char *url = g_uri_resolve_relative(base, tidy, G_URI_FLAGS_ENCODED, NULL);
    if (url && (g_str_has_prefix(url, "http://") || g_str_has_prefix(url, "https://")))
        return url;
    g_free(url);
    return NULL;
}

static gboolean is_front_page(const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;
    const char *path = host ? strchr(host + 3, '/') : NULL;
    return host && (!path || !path[1]);
}

/* Sites that name their front page as the canonical URL of every page are wrong, and would make all pages one. */
static char *canonical_url(Page *page, const char *base)
{
    for (xmlNode *node = page->html; node; node = page_next(node, page->html, TRUE)) {
        const char *relation = page_attribute(node, "rel");
        if (tag_of(node) != GUMBO_TAG_LINK || !relation || g_ascii_strcasecmp(relation, "canonical") != 0)
            continue;
        g_autofree char *url = absolute_url(page_attribute(node, "href"), base);
        if (url && (!is_front_page(url) || is_front_page(base)))
            return g_steal_pointer(&url);
    }
    return NULL;
}

static void add_fact(json_t *meta, const char *key, char *value)
{
    if (value && strlen(value) <= FACT_BYTES)
        json_object_set_new(meta, key, json_text(value));
    g_free(value);
}

static void add_author(json_t *authors, const char *name)
{
    g_autofree char *tidy = text_tidy(name);
    if (tidy && strlen(tidy) < 256 && !strstr(tidy, "://") && json_array_size(authors) < AUTHORS_LIMIT)
        json_array_append_new(authors, json_text(tidy));
}

static void add_linked_authors(json_t *authors, json_t *value)
{
    gsize index;
    json_t *member;
    if (json_is_string(value))
        add_author(authors, json_string_value(value));
    else if (json_is_object(value))
        add_author(authors, json_string_value(json_object_get(value, "name")));
    else
        json_array_foreach(value, index, member)
            if (!json_is_array(member))
                add_linked_authors(authors, member);
}

static json_t *page_authors(Page *page, json_t *linked_data)
{
    static const char *const names[] = {"citation_author", "DC.creator", "author", "article:author"};
    json_t *authors = json_array();
    for (gsize i = 0; i < G_N_ELEMENTS(names) && !json_array_size(authors); i++) {
        for (xmlNode *node = page->html; node; node = page_next(node, page->html, TRUE)) {
            if (tag_of(node) != GUMBO_TAG_META)
                continue;
            const char *name = page_attribute(node, "name");
            name = name ? name : page_attribute(node, "property");
            if (name && g_ascii_strcasecmp(name, names[i]) == 0)
                add_author(authors, page_attribute(node, "content"));
        }
    }
    gsize index;
    json_t *object;
    if (!json_array_size(authors))
        json_array_foreach(linked_data, index, object)
            if (!json_array_size(authors))
                add_linked_authors(authors, json_object_get(object, "author"));
    return authors;
}

static char *page_doi(Page *page)
{
    static const char *const names[] = {"citation_doi", "DC.identifier", "dc.Identifier.doi", "prism.doi", "doi", NULL};
    g_autofree char *content = meta_content(page, names);
    const char *doi = content ? strstr(content, "10.") : NULL;
    return doi && strchr(doi, '/') ? g_ascii_strdown(doi, -1) : NULL;
}

static char *page_meta(Page *page, json_t *linked_data, const char *site_name)
{
    static const char *const descriptions[] = {"description", "og:description", "DC.description", NULL};
    g_autoptr(json_t) meta = json_object();
    add_fact(meta, "description", meta_content(page, descriptions));
    add_fact(meta, "site", g_strdup(site_name));
    add_fact(meta, "doi", page_doi(page));
    json_t *authors = page_authors(page, linked_data);
    if (json_array_size(authors))
        json_object_set(meta, "authors", authors);
    json_decref(authors);
    return json_object_size(meta) ? json_write(meta) : NULL;
}

void page_facts_fill(Page *page, json_t *linked_data, const char *url, const char *title_rule, Document *document)
{
    static const char *const titles[] = {"citation_title", "og:title", "DC.title", NULL};
    static const char *const sites[] = {"og:site_name", "citation_journal_title", "application-name", NULL};
    g_autofree char *social_title = meta_content(page, titles), *site_name = meta_content(page, sites);
    char *title = title_rule ? content_text_by_rule(page, title_rule) : NULL;
    document->title = title ? title : page_title(page, social_title, site_name);
    document->language = page_language(page);
    document->date = page_date(page, linked_data);
    document->licence = licence_of_page(page);
    if (!document->licence)
        document->licence = licence_of_url(linked_string(linked_data, "license"));
    document->meta = page_meta(page, linked_data, site_name);
    char *canonical = canonical_url(page, url);
    char *own = canonical ? canonical : g_strdup(url);
    g_free(document->url);
    document->url = own;
}
