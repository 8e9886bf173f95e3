/* SPDX-License-Identifier: Apache-2.0
 * The lists of a crawl; see scrapers/fetch/lists.h. */
#include "scrapers/fetch/lists.h"

#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "scrapers/fetch/list_template.h"
#include "scrapers/fetch/url.h"

typedef struct ListState {
    CompiledList compiled;
    ListReader read;
    gboolean (*is_kind)(const HttpExchange *answer);
    GHashTable *pages;     /* hex digests of the link lists seen */
    guint64 answers, links;
} ListState;

struct CrawlLists {
    ListState *lists;
    unsigned count;
    RecipeList chapters;      /* the last of the lists, where the source has chapters: its extract.chapters as a list */
    GPtrArray *chapters_skip; /* GRegex; NULL: the source has no chapters */
    GHashTable *claimed; /* URL of a further page, owned -> number of its list + 1 */
};

static gboolean is_html(const HttpExchange *answer)
{
    g_autofree char *charset = NULL;
    return http_exchange_is_html(answer, &charset);
}

typedef enum { LINKS_XPATH, LINKS_REGEX, LINKS_PATH } LinksForm;

static const struct {
    const char *name;
    ListReader read;
    gboolean (*is_kind)(const HttpExchange *answer);
    LinksForm form;
} kinds[] = {
    {"html", list_html_read, is_html, LINKS_XPATH},
    {"sitemap", list_sitemap_read, list_sitemap_is, LINKS_REGEX},
    {"json", list_json_read, list_json_is, LINKS_PATH},
    {"mediawiki", list_mediawiki_read, list_mediawiki_is, LINKS_PATH},
    {"pdf", list_pdf_read, list_pdf_is, LINKS_REGEX},
};

void listed_urls_init(ListedUrls *found)
{
    found->links = g_ptr_array_new_with_free_func(g_free);
    found->next = g_ptr_array_new_with_free_func(g_free);
}

void listed_urls_clear(ListedUrls *found)
{
    g_clear_pointer(&found->links, g_ptr_array_unref);
    g_clear_pointer(&found->next, g_ptr_array_unref);
}

void listed_urls_add(GPtrArray *urls, const char *base, const char *reference)
{
    char *url = urls->len < LISTED_MAX ? url_resolve_route(base, reference) : NULL;
    if (url)
        g_ptr_array_add(urls, url);
}

gboolean list_takes(const CompiledList *list, const char *url)
{
    if (!list->links || list->links->len == 0)
        return TRUE;
    for (guint i = 0; i < list->links->len; i++)
        if (g_regex_match(list->links->pdata[i], url, 0, NULL))
            return TRUE;
    return FALSE;
}

static GRegex *compile_regex(const char *pattern, GError **error)
{
    g_autoptr(GError) cause = NULL;
    GRegex *regex = g_regex_new(pattern, G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, &cause);
    if (!regex)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "\"%s\" is not a regular expression: %s", pattern,
                    cause->message);
    return regex;
}

static GPtrArray *compile_regexes(const RecipeStrings *patterns, GError **error)
{
    g_autoptr(GPtrArray) compiled = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref);
    for (unsigned i = 0; i < patterns->count; i++) {
        GRegex *regex = compile_regex(patterns->items[i], error);
        if (!regex)
            return NULL;
        g_ptr_array_add(compiled, regex);
    }
    return g_steal_pointer(&compiled);
}

static gboolean check_paths(const RecipeStrings *paths, GError **error)
{
    for (unsigned i = 0; i < paths->count; i++) {
        if (!list_json_path_is_good(paths->items[i])) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "\"%s\" is no path; write names between dots, and [] for all elements: results[].url",
                        paths->items[i]);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean check_templates(const RecipeList *recipe, GError **error)
{
    gboolean link = !recipe->link || list_template_is_good(recipe->link, FALSE);
    gboolean next = !recipe->next_link || list_template_is_good(recipe->next_link, recipe->next.count == 0);
    if (!link || !next)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%s \"%s\": put {} once where the value goes", link ? "next_link" : "link",
                    link ? recipe->next_link : recipe->link);
    return link && next;
}

static gboolean compile_links(ListState *list, LinksForm form, GError **error)
{
    const RecipeList *recipe = list->compiled.recipe;
    switch (form) {
    case LINKS_XPATH:
        return (list->compiled.links = list_html_compile(&recipe->links, error)) &&
               (list->compiled.next = list_html_compile(&recipe->next, error));
    case LINKS_REGEX:
        return (list->compiled.links = compile_regexes(&recipe->links, error)) != NULL;
    case LINKS_PATH:
        return check_paths(&recipe->links, error) && check_paths(&recipe->next, error) &&
               check_templates(recipe, error);
    }
    return FALSE;
}

static gboolean needs_links(const ListState *list)
{
    return list->read == list_html_read || list->read == list_json_read;
}

static gboolean compile(ListState *list, const RecipeList *recipe, GError **error)
{
    gsize kind = 0;
    while (kind < G_N_ELEMENTS(kinds) && strcmp(kinds[kind].name, recipe->kind) != 0)
        kind++;
    if (kind == G_N_ELEMENTS(kinds)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "there is no such kind");
        return FALSE;
    }
    list->compiled.recipe = recipe;
    list->read = kinds[kind].read;
    list->is_kind = kinds[kind].is_kind;
    list->pages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (recipe->match && !(list->compiled.match = compile_regex(recipe->match, error)))
        return FALSE;
    if (needs_links(list) && recipe->links.count == 0) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "`links` must say where the links are");
        return FALSE;
    }
    return compile_links(list, kinds[kind].form, error);
}

static gboolean is_chapters(const CrawlLists *lists, unsigned number)
{
    return lists->lists[number].compiled.recipe == &lists->chapters;
}

/* What people call the list; g_free. */
static char *name_of(const CrawlLists *lists, unsigned number)
{
    if (is_chapters(lists, number))
        return g_strdup("extract.chapters");
    return g_strdup_printf("list %u (kind %s)", number + 1, lists->lists[number].compiled.recipe->kind);
}

/* One expression that matches what any of these does; NULL for none. g_free. */
static char *any_of(const RecipeStrings *patterns)
{
    if (!patterns->count)
        return NULL;
    GString *any = g_string_new(NULL);
    for (unsigned i = 0; i < patterns->count; i++)
        g_string_append_printf(any, "%s(?:%s)", i ? "|" : "", patterns->items[i]);
    return g_string_free(any, FALSE);
}

/* The chapters that pages name are fetched like what a list names. */
static gboolean compile_chapters(CrawlLists *lists, const RecipeChapters *chapters, GError **error)
{
    lists->chapters = (RecipeList){.kind = (char *)"html", .links = chapters->links, .match = any_of(&chapters->pages)};
    if (compile(&lists->lists[lists->count++], &lists->chapters, error) &&
        (lists->chapters_skip = compile_regexes(&chapters->skip, error)))
        return TRUE;
    g_prefix_error(error, "extract.chapters: ");
    return FALSE;
}

CrawlLists *crawl_lists_new(const RecipeCrawl *crawl, GError **error)
{
    g_autoptr(CrawlLists) lists = g_new0(CrawlLists, 1);
    lists->lists = g_new0(ListState, crawl->lists_count + 1);
    lists->count = crawl->lists_count;
    lists->claimed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned i = 0; i < crawl->lists_count; i++) {
        if (!compile(&lists->lists[i], &crawl->lists[i], error)) {
            g_prefix_error(error, "list %u (kind %s): ", i + 1, crawl->lists[i].kind);
            return NULL;
        }
    }
    if (crawl->chapters.links.count && !compile_chapters(lists, &crawl->chapters, error))
        return NULL;
    return g_steal_pointer(&lists);
}

void crawl_lists_free(CrawlLists *lists)
{
    for (unsigned i = 0; i < lists->count; i++) {
        CompiledList *compiled = &lists->lists[i].compiled;
        g_clear_pointer(&compiled->match, g_regex_unref);
        g_clear_pointer(&compiled->links, g_ptr_array_unref);
        g_clear_pointer(&compiled->next, g_ptr_array_unref);
        g_clear_pointer(&lists->lists[i].pages, g_hash_table_unref);
    }
    g_hash_table_unref(lists->claimed);
    g_clear_pointer(&lists->chapters_skip, g_ptr_array_unref);
    g_free(lists->chapters.match);
    g_free(lists->lists);
    g_free(lists);
}

static void claim(CrawlLists *lists, const char *url, unsigned number)
{
    if (!g_hash_table_contains(lists->claimed, url))
        g_hash_table_insert(lists->claimed, g_strdup(url), GUINT_TO_POINTER(number + 1));
}

/* Whether the page is one more of a list: its links in their order are not those of a page before. */
static gboolean is_new_page(ListState *list, const GPtrArray *links)
{
    g_autoptr(Sha256Context) context = sha256_new();
    for (guint i = 0; i < links->len; i++)
        sha256_update(context, links->pdata[i], strlen(links->pdata[i]) + 1);
    Sha256 digest = sha256_finish(context);
    char *hex = g_malloc(SHA256_HEX_SIZE);
    sha256_hex(&digest, hex);
    return g_hash_table_add(list->pages, hex);
}

static void append_all(GPtrArray *to, GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(to, g_strdup(from->pdata[i]));
}

static gboolean is_skipped(const CrawlLists *lists, const char *url)
{
    for (guint i = 0; i < lists->chapters_skip->len; i++)
        if (g_regex_match(lists->chapters_skip->pdata[i], url, 0, NULL))
            return TRUE;
    return FALSE;
}

/* Chapters are as deep as the page that names them, like further pages of a list: together they are one document. */
static void append_chapters(const CrawlLists *lists, GPtrArray *to, GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++)
        if (!is_skipped(lists, from->pdata[i]))
            g_ptr_array_add(to, g_strdup(from->pdata[i]));
}

/* An index of sitemaps has no links of its own, and is no page of a row. */
static gboolean read_one(CrawlLists *lists, unsigned number, const HttpExchange *answer, ListedUrls *found,
                         char **failure)
{
    ListState *list = &lists->lists[number];
    g_auto(ListedUrls) own = {0};
    listed_urls_init(&own);
    gboolean good = list->read(&list->compiled, answer, &own, failure);
    gboolean goes_on = !is_chapters(lists, number) && (list->read == list_sitemap_read || is_new_page(list, own.links));
    list->answers++;
    list->links += own.links->len;
    if (is_chapters(lists, number))
        append_chapters(lists, found->next, own.links);
    else
        append_all(found->links, own.links);
    for (guint i = 0; goes_on && i < own.next->len; i++) {
        claim(lists, own.next->pdata[i], number);
        g_ptr_array_add(found->next, g_strdup(own.next->pdata[i]));
    }
    return good;
}

static gboolean belongs(const CrawlLists *lists, unsigned number, const HttpExchange *answer)
{
    const ListState *list = &lists->lists[number];
    if (GPOINTER_TO_UINT(g_hash_table_lookup(lists->claimed, answer->url)) == number + 1)
        return TRUE;
    return list->compiled.match ? g_regex_match(list->compiled.match, answer->url, 0, NULL) : list->is_kind(answer);
}

gboolean crawl_lists_read(CrawlLists *lists, const HttpExchange *answer, ListedUrls *found, char **failure)
{
    gboolean listed = FALSE;
    *failure = NULL;
    for (unsigned i = 0; i < lists->count; i++) {
        if (!belongs(lists, i, answer))
            continue;
        g_autofree char *reason = NULL;
        listed = TRUE;
        if (!read_one(lists, i, answer, found, &reason) && !*failure) {
            g_autofree char *name = name_of(lists, i);
            *failure = g_strdup_printf("%s: %s", name, reason);
        }
    }
    return listed;
}

void crawl_lists_moved(CrawlLists *lists, const char *from, const char *to)
{
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(lists->claimed, from));
    if (number)
        claim(lists, to, number - 1);
}

gboolean crawl_lists_claim_sitemap(CrawlLists *lists, const char *url)
{
    for (unsigned i = 0; i < lists->count; i++) {
        if (lists->lists[i].read == list_sitemap_read) {
            claim(lists, url, i);
            return TRUE;
        }
    }
    return FALSE;
}

void crawl_lists_report(const CrawlLists *lists, const char *tag, GString *notices)
{
    for (unsigned i = 0; i < lists->count; i++) {
        const ListState *list = &lists->lists[i];
        g_autofree char *name = name_of(lists, i);
        if (list->links == 0)
            g_string_append_printf(notices, "%s: %s found no link in the %" G_GUINT64_FORMAT
                                   " answers that it was asked about; look at its `%s` and `links`\n",
                                   tag, name, list->answers, is_chapters(lists, i) ? "pages" : "match");
    }
}
