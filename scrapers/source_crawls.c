/* SPDX-License-Identifier: Apache-2.0
 * The crawled sources of a recipe; see scrapers/source_crawls.h. */
#include "scrapers/source_crawls.h"

#include "base/error.h"
#include "base/file.h"
#include "scrapers/inputs.h"

static gboolean check_tags(const Recipe *recipe, char *const *tags, GError **error)
{
    for (; tags && *tags; tags++) {
        const RecipeSource *source = recipe_find_source(recipe, *tags, NULL);
        if (source && source->crawl)
            continue;
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    source ? "source '%s' has no crawl: it reads files" : "the recipe has no source '%s'", *tags);
        return FALSE;
    }
    return TRUE;
}

static gboolean is_wanted(const RecipeSource *source, char *const *tags)
{
    return source->crawl && (!tags || !*tags || g_strv_contains((const char *const *)tags, source->tag));
}

static void clear_crawl(gpointer data)
{
    source_crawl_clear(data);
}

GArray *source_crawls(const Recipe *recipe, const char *store_directory, char *const *tags, GError **error)
{
    g_autofree char *captures = g_build_filename(store_directory, "captures", NULL);
    if (!check_tags(recipe, tags, error))
        return NULL;
    g_autoptr(GArray) crawls = g_array_new(FALSE, TRUE, sizeof(SourceCrawl));
    g_array_set_clear_func(crawls, clear_crawl);
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeSource *source = &recipe->sources[i];
        if (!is_wanted(source, tags))
            continue;
        SourceCrawl crawl = {.source = source, .warc_path = inputs_capture_path(store_directory, source->tag)};
        g_array_append_val(crawls, crawl);
    }
    if (crawls->len && !directory_make(captures, error))
        return NULL;
    return g_steal_pointer(&crawls);
}

gboolean source_crawls_finished(const GArray *crawls, GError **error)
{
    for (guint i = 0; i < crawls->len; i++) {
        const SourceCrawl *crawl = &g_array_index(crawls, SourceCrawl, i);
        gboolean finished;
        if (!crawl_is_finished(crawl->source, crawl->warc_path, &finished, error))
            return FALSE;
        if (!finished) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "the crawl of source '%s' is not finished, and --offline forbids to go on with it; "
                        "run 'galen scrape' first", crawl->source->tag);
            return FALSE;
        }
    }
    return TRUE;
}
