/* SPDX-License-Identifier: Apache-2.0
 * Which URLs belong to a crawl; see scrapers/fetch/scope.h. */
#include "scrapers/fetch/scope.h"

#include <string.h>

#include "base/error.h"
#include "scrapers/fetch/url.h"

struct CrawlScope {
    GPtrArray *starts;
    GHashTable *sites; /* of the start URLs */
    GPtrArray *follow, *skip, *pages;
    gboolean has_lists;
};

static const char *const no_page[] = {
    "7z",  "aac", "apk", "avi", "bin",  "bmp",  "bz2", "css", "csv", "dmg",  "doc",  "docx", "eot", "epub", "exe",
    "flv", "gif", "gz",  "ico", "ics",  "iso",  "jar", "jpeg", "jpg", "js",  "json", "m4a",  "m4v", "mov",  "mp3",
    "mp4", "mpg", "msi", "ogg", "otf",  "pdf",  "png", "ppt", "pptx", "ps",  "rar",  "rss",  "rtf", "svg",  "tar",
    "tgz", "tif", "tiff", "ttf", "wav", "webm", "webp", "wmv", "woff", "woff2", "xls", "xlsx", "xml", "xz", "zip",
};

static GPtrArray *compile(const RecipeStrings *patterns, const char *what, GError **error)
{
    g_autoptr(GPtrArray) compiled = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref);
    for (unsigned i = 0; i < patterns->count; i++) {
        g_autoptr(GError) cause = NULL;
        GRegex *regex = g_regex_new(patterns->items[i], G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, &cause);
        if (!regex) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: \"%s\" is not a regular expression: %s", what,
                        patterns->items[i], cause->message);
            return NULL;
        }
        g_ptr_array_add(compiled, regex);
    }
    return g_steal_pointer(&compiled);
}

static gboolean add_starts(CrawlScope *scope, const RecipeStrings *starts, GError **error)
{
    for (unsigned i = 0; i < starts->count; i++) {
        char *url = url_normalise(starts->items[i]);
        if (!url) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "start: \"%s\" is not a URL to begin from; give http:// or https:// with a host and "
                        "no user name",
                        starts->items[i]);
            return FALSE;
        }
        g_ptr_array_add(scope->starts, url);
        g_hash_table_add(scope->sites, url_site(url));
    }
    if (starts->count == 0)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "start: a crawl needs at least one URL to begin from");
    return starts->count > 0;
}

CrawlScope *crawl_scope_new(const RecipeCrawl *crawl, GError **error)
{
    g_autoptr(CrawlScope) scope = g_new0(CrawlScope, 1);
    scope->starts = g_ptr_array_new_with_free_func(g_free);
    scope->has_lists = crawl->lists_count > 0;
    scope->sites = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!add_starts(scope, &crawl->start, error) || !(scope->follow = compile(&crawl->follow, "follow", error)) ||
        !(scope->skip = compile(&crawl->skip, "skip", error)) ||
        !(scope->pages = compile(&crawl->pages, "pages", error)))
        return NULL;
    return g_steal_pointer(&scope);
}

const GPtrArray *crawl_scope_starts(const CrawlScope *scope)
{
    return scope->starts;
}

/* `on_failure` is the answer when an expression gives up on this URL (the regex engine bounds its own work). */
static gboolean any_matches(const GPtrArray *patterns, const char *url, gboolean on_failure)
{
    for (guint i = 0; i < patterns->len; i++) {
        g_autoptr(GError) failure = NULL;
        if (g_regex_match_full(patterns->pdata[i], url, -1, 0, 0, NULL, &failure) || (failure && on_failure))
            return TRUE;
    }
    return FALSE;
}

static gboolean looks_like_a_page(const char *url)
{
    const char *target = url_target(url);
    gsize length = strcspn(target, "?");
    const char *dot = memrchr(target, '.', length);
    if (!dot || memchr(dot, '/', length - (gsize)(dot - target)))
        return TRUE;
    g_autofree char *extension = g_ascii_strdown(dot + 1, (gssize)(length - (gsize)(dot - target) - 1));
    for (gsize i = 0; i < G_N_ELEMENTS(no_page); i++)
        if (!strcmp(extension, no_page[i]))
            return FALSE;
    return TRUE;
}

gboolean crawl_scope_allows(const CrawlScope *scope, const char *url)
{
    /* The crawler reads robots.txt by itself, and the resumed crawl tells it from pages by its address. */
    return strcmp(url_target(url), "/robots.txt") != 0 && !any_matches(scope->skip, url, TRUE);
}

gboolean crawl_scope_on_site(const CrawlScope *scope, const char *url)
{
    g_autofree char *site = url_site(url);
    return g_hash_table_contains(scope->sites, site);
}

gboolean crawl_scope_holds(const CrawlScope *scope, const char *url)
{
    if (g_ptr_array_find_with_equal_func(scope->starts, url, g_str_equal, NULL))
        return TRUE;
    if (!crawl_scope_allows(scope, url))
        return FALSE;
    gboolean same_site = crawl_scope_on_site(scope, url);
    gboolean lists_alone = scope->has_lists && !scope->follow->len;
    if (same_site && !lists_alone && any_matches(scope->pages, url, FALSE))
        return TRUE;
    gboolean wanted = scope->follow->len ? any_matches(scope->follow, url, FALSE) : same_site && !scope->has_lists;
    return wanted && looks_like_a_page(url);
}

gboolean crawl_scope_admits(const CrawlScope *scope, const char *target, gboolean listed)
{
    return listed ? crawl_scope_allows(scope, target) : crawl_scope_holds(scope, target);
}

gboolean crawl_scope_is_document(const CrawlScope *scope, const char *url)
{
    return scope->pages->len == 0 || any_matches(scope->pages, url, FALSE);
}

void crawl_scope_free(CrawlScope *scope)
{
    g_ptr_array_unref(scope->starts);
    g_hash_table_unref(scope->sites);
    g_clear_pointer(&scope->follow, g_ptr_array_unref);
    g_clear_pointer(&scope->skip, g_ptr_array_unref);
    g_clear_pointer(&scope->pages, g_ptr_array_unref);
    g_free(scope);
}
