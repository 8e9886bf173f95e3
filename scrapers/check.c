/* SPDX-License-Identifier: Apache-2.0
 * A few pages of a site, measured; see check.h. */
#include "scrapers/check.h"

#include <string.h>

#include "base/error.h"
#include "scrapers/check_findings.h"
#include "scrapers/check_selectors.h"
#include "scrapers/extract/compare.h"
#include "scrapers/extract/selector.h"
#include "scrapers/fetch/links.h"
#include "scrapers/fetch/lists.h"
#include "scrapers/fetch/scope.h"
#include "scrapers/source_pages.h"

#define PRODUCT "galen"

typedef struct Check {
    const SourceFile *file;
    const CheckSettings *settings;
    RecipeSource source; /* the file's, as the settings want it */
    RecipeCrawl crawl;
    char *starts[2];
    CrawlScope *scope;
    CrawlLists *lists;
    FewPages first, second; /* from the start pages; and documents that those list */
    GPtrArray *listed;      /* URLs of documents, in the order found */
    GHashTable *listed_set;
    GPtrArray *documents;   /* Record, borrowed from first and second */
} Check;

/* ---- Which pages ------------------------------------------------------------------------------------------------ */

static void list_url(Check *check, const char *url)
{
    if (!crawl_scope_is_document(check->scope, url) || g_hash_table_contains(check->listed_set, url))
        return;
    char *copy = g_strdup(url);
    g_ptr_array_add(check->listed, copy);
    g_hash_table_add(check->listed_set, copy);
}

/* The crawl's own two ways to links: those of pages, and what lists name. */
static void list_answer(Check *check, const HttpExchange *answer)
{
    g_auto(ListedUrls) found = {0};
    g_autofree char *charset = NULL, *failure = NULL;
    listed_urls_init(&found);
    if (crawl_scope_holds(check->scope, answer->url))
        list_url(check, answer->url);
    crawl_lists_read(check->lists, answer, &found, &failure);
    for (guint i = 0; i < found.links->len; i++)
        if (crawl_scope_allows(check->scope, found.links->pdata[i]))
            list_url(check, found.links->pdata[i]);
    if (!http_exchange_is_html(answer, &charset))
        return;
    g_autoptr(GPtrArray) links = links_find(answer->body.data, answer->body.length, answer->url, charset, PRODUCT);
    for (guint i = 0; i < links->len; i++)
        if (crawl_scope_holds(check->scope, links->pdata[i]))
            list_url(check, links->pdata[i]);
}

static void list_pages(Check *check)
{
    for (guint i = 0; i < check->first.answers->len; i++)
        list_answer(check, check->first.answers->pdata[i]);
}

static void take_documents(Check *check, const GPtrArray *pages)
{
    for (guint i = 0; pages && i < pages->len && check->documents->len < check->settings->pages; i++) {
        const Record *page = pages->pdata[i];
        if (crawl_scope_is_document(check->scope, page->url))
            g_ptr_array_add(check->documents, (gpointer)page);
    }
}

static gboolean is_fetched(const Check *check, const char *url)
{
    for (guint i = 0; i < check->first.pages->len; i++)
        if (strcmp(((const Record *)check->first.pages->pdata[i])->url, url) == 0)
            return TRUE;
    return FALSE;
}

/* Documents that the first pages list, spread over the list; NULL-terminated. */
static GPtrArray *choose_more(const Check *check)
{
    g_autoptr(GPtrArray) waiting = g_ptr_array_new();
    GPtrArray *chosen = g_ptr_array_new();
    for (guint i = 0; i < check->listed->len; i++)
        if (!is_fetched(check, check->listed->pdata[i]))
            g_ptr_array_add(waiting, check->listed->pdata[i]);
    guint64 wanted = MIN(check->settings->pages - check->documents->len, waiting->len);
    for (guint64 i = 0; i < wanted; i++)
        g_ptr_array_add(chosen, waiting->pdata[i * waiting->len / wanted]);
    g_ptr_array_add(chosen, NULL);
    return chosen;
}

static gboolean fetch_pages(Check *check, GError **error)
{
    const CheckSettings *settings = check->settings;
    guint64 limit = crawl_scope_starts(check->scope)->len + settings->pages;
    if (!few_pages_fetch(&check->source, NULL, limit, G_MAXUINT64, settings->progress, settings->notices, &check->first, error))
        return FALSE;
    list_pages(check);
    take_documents(check, check->first.pages);
    g_autoptr(GPtrArray) more = choose_more(check);
    if (more->len == 1)
        return TRUE;
    if (!few_pages_fetch(&check->source, (const char *const *)more->pdata, more->len - 1, 0, settings->progress, settings->notices,
                         &check->second, error))
        return FALSE;
    take_documents(check, check->second.pages);
    return TRUE;
}

/* ---- The measure ------------------------------------------------------------------------------------------------ */

static void add_to(json_t *object, const char *key, json_int_t amount)
{
    json_object_set_new(object, key, json_integer(json_integer_value(json_object_get(object, key)) + amount));
}

static int compare_words(gconstpointer a, gconstpointer b)
{
    guint first = *(const guint *)a, second = *(const guint *)b;
    return first < second ? -1 : first > second;
}

static void measure_document(const ParsedRecord *parsed, json_t *measure, json_t *entries, GArray *words)
{
    g_autoptr(json_t) meta = parsed->document.meta ? json_loads(parsed->document.meta, 0, NULL) : NULL;
    TextShape shape = text_shape(parsed->failure.rule ? NULL : parsed->document.text);
    selectors_count(entries, json_object_get(meta, "probe"));
    add_to(measure, "failed", parsed->failure.rule != NULL);
    add_to(measure, "flagged", json_object_get(meta, "extractors") != NULL);
    g_array_append_val(words, shape.words);
}

static gboolean measure_documents(const Check *check, json_t *measure, GError **error)
{
    g_auto(PageParser) parser = {0};
    g_autoptr(GArray) words = g_array_new(FALSE, FALSE, sizeof(guint));
    json_t *entries = selectors_uncounted(&check->source.extract);
    json_object_set_new(measure, "selectors", entries);
    if (!page_parser_open(&parser, &check->source, check->settings->program, TRUE, error))
        return FALSE;
    for (guint i = 0; i < check->documents->len; i++) {
        ParsedRecord parsed = {0};
        if (!parser_parse(parser.parser, check->documents->pdata[i], 1, &parsed, error))
            return FALSE;
        measure_document(&parsed, measure, entries, words);
        parsed_record_clear(&parsed);
    }
    g_array_sort(words, compare_words);
    json_object_set_new(measure, "words", json_integer(words->len ? g_array_index(words, guint, words->len / 2) : 0));
    return TRUE;
}

static json_t *measure_site(const Check *check, GError **error)
{
    guint64 listed = check->listed->len, fetched = check->first.pages->len + (check->second.pages ? check->second.pages->len : 0);
    guint64 seen = 0;
    for (guint i = 0; i < check->listed->len; i++)
        seen += is_fetched(check, check->listed->pdata[i]);
    g_autoptr(json_t) measure = json_object();
    json_object_set_new(measure, "tag", json_string(check->source.tag));
    json_object_set_new(measure, "fetched", json_integer((json_int_t)fetched));
    json_object_set_new(measure, "documents", json_integer(check->documents->len));
    json_object_set_new(measure, "failed", json_integer(0));
    json_object_set_new(measure, "listed", json_integer((json_int_t)listed));
    json_object_set_new(measure, "complete", json_boolean(!check->settings->start && check->first.left + seen <= listed));
    json_object_set_new(measure, "words", json_integer(0));
    json_object_set_new(measure, "flagged", json_integer(0));
    if (!measure_documents(check, measure, error) ||
        !selectors_count_lists(&check->source, check->scope, check->first.pages, check->settings->program,
                               json_object_get(measure, "selectors"), error))
        return NULL;
    json_object_set_new(measure, "findings", check_findings(check->file, measure, check->settings->last));
    return g_steal_pointer(&measure);
}

/* ---- The check -------------------------------------------------------------------------------------------------- */

static gboolean apply_settings(Check *check, GError **error)
{
    const CheckSettings *settings = check->settings;
    check->source = check->file->source;
    if (!check->source.crawl) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: the source '%s' is read from files, so there is no site to check",
                    check->file->path, check->source.tag);
        return FALSE;
    }
    check->crawl = *check->source.crawl;
    check->source.crawl = &check->crawl;
    if (settings->start) {
        check->starts[0] = (char *)settings->start;
        check->crawl.start = (RecipeStrings){check->starts, 1};
    }
    if (settings->delay >= 0)
        check->crawl.delay = settings->delay;
    check->crawl.allow_private |= settings->allow_private != FALSE;
    check->scope = selectors_check(&check->source, error) ? crawl_scope_new(&check->crawl, error) : NULL;
    check->lists = check->scope ? crawl_lists_new(&check->crawl, error) : NULL;
    return check->lists != NULL;
}

json_t *source_check(const SourceFile *file, const CheckSettings *settings, GError **error)
{
    Check check = {.file = file, .settings = settings};
    check.listed = g_ptr_array_new_with_free_func(g_free);
    check.listed_set = g_hash_table_new(g_str_hash, g_str_equal);
    check.documents = g_ptr_array_new();
    json_t *result = apply_settings(&check, error) && fetch_pages(&check, error) ? measure_site(&check, error) : NULL;
    g_ptr_array_unref(check.documents);
    g_hash_table_unref(check.listed_set);
    g_ptr_array_unref(check.listed);
    few_pages_clear(&check.first);
    few_pages_clear(&check.second);
    g_clear_pointer(&check.lists, crawl_lists_free);
    g_clear_pointer(&check.scope, crawl_scope_free);
    return result;
}
