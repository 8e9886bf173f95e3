/* SPDX-License-Identifier: Apache-2.0
 * Hits of selectors; see check_selectors.h. */
#include "scrapers/check_selectors.h"

#include <string.h>

#include "scrapers/source_pages.h"

static json_t *new_entry(const char *setting, const char *selector)
{
    json_t *entry = json_object();
    json_object_set_new(entry, "setting", json_string(setting));
    json_object_set_new(entry, "selector", json_text(selector));
    json_object_set_new(entry, "pages", json_integer(0));
    json_object_set_new(entry, "hits", json_integer(0));
    return entry;
}

static void add_to(json_t *object, const char *key, json_int_t amount)
{
    json_object_set_new(object, key, json_integer(json_integer_value(json_object_get(object, key)) + amount));
}

static void count_entry(json_t *entry, const json_t *matches)
{
    if (!json_is_integer(matches))
        return;
    add_to(entry, "pages", 1);
    add_to(entry, "hits", json_integer_value(matches) > 0);
}

static void add_entries(json_t *entries, const char *setting, const RecipeStrings *selectors)
{
    for (unsigned i = 0; i < selectors->count; i++)
        json_array_append_new(entries, new_entry(setting, selectors->items[i]));
}

json_t *selectors_uncounted(const RecipeExtract *extract)
{
    json_t *entries = json_array();
    add_entries(entries, "content", &extract->content);
    add_entries(entries, "remove", &extract->remove);
    add_entries(entries, "start_at", &extract->start_at);
    add_entries(entries, "stop_at", &extract->stop_at);
    add_entries(entries, "chapters.links", &extract->chapters.links);
    if (extract->title)
        json_array_append_new(entries, new_entry("title", extract->title));
    if (extract->date)
        json_array_append_new(entries, new_entry("date", extract->date));
    return entries;
}

void selectors_count(json_t *entries, const json_t *probe)
{
    static const char *const lists[] = {"content", "remove", "start_at", "stop_at", "chapters"};
    static const char *const singles[] = {"title", "date"};
    gsize next = 0, index;
    json_t *matches;
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
        json_array_foreach(json_object_get(probe, lists[i]), index, matches)
            count_entry(json_array_get(entries, next++), matches);
    for (gsize i = 0; i < G_N_ELEMENTS(singles); i++) {
        matches = json_object_get(probe, singles[i]);
        if (matches && json_integer_value(matches) >= 0)
            count_entry(json_array_get(entries, next++), matches);
    }
}

/* A list without `match` is for any page of links: those that are documents say nothing about it. */
static gboolean list_matches(const RecipeList *list, const CrawlScope *scope, const char *url)
{
    return list->match ? g_regex_match_simple(list->match, url, G_REGEX_RAW, 0) : !crawl_scope_is_document(scope, url);
}

static void rename_entries(json_t *entries, unsigned number)
{
    gsize index;
    json_t *entry;
    json_array_foreach(entries, index, entry) {
        const char *member = strcmp(json_get_string(entry, "setting"), "content") == 0 ? "links" : "next";
        g_autofree char *setting = g_strdup_printf("lists[%u].%s", number, member);
        json_object_set_new(entry, "setting", json_string(setting));
    }
}

/* Borrows the probe of contents: it counts the matches of any selectors. */
static gboolean count_list(const RecipeSource *source, unsigned number, const CrawlScope *scope, const GPtrArray *pages,
                           const char *program, json_t *entries, GError **error)
{
    const RecipeList *list = &source->crawl->lists[number];
    RecipeSource probed = *source;
    g_auto(PageParser) parser = {0};
    probed.extract = (RecipeExtract){.content = list->links, .remove = list->next};
    g_autoptr(json_t) own = selectors_uncounted(&probed.extract);
    if (!page_parser_open(&parser, &probed, program, TRUE, error))
        return FALSE;
    for (guint i = 0; i < pages->len; i++) {
        const Record *page = pages->pdata[i];
        ParsedRecord parsed = {0};
        if (!list_matches(list, scope, page->url))
            continue;
        if (!parser_parse(parser.parser, page, 1, &parsed, error))
            return FALSE;
        g_autoptr(json_t) meta = parsed.document.meta ? json_loads(parsed.document.meta, 0, NULL) : NULL;
        selectors_count(own, json_object_get(meta, "probe"));
        parsed_record_clear(&parsed);
    }
    rename_entries(own, number);
    json_array_extend(entries, own);
    return TRUE;
}

gboolean selectors_count_lists(const RecipeSource *source, const CrawlScope *scope, const GPtrArray *pages, const char *program,
                               json_t *entries, GError **error)
{
    for (unsigned i = 0; i < source->crawl->lists_count; i++)
        if (strcmp(source->crawl->lists[i].kind, "html") == 0 && !count_list(source, i, scope, pages, program, entries, error))
            return FALSE;
    return TRUE;
}
