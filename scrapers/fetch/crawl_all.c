/* SPDX-License-Identifier: Apache-2.0
 * Several sources side by side; see scrapers/fetch/crawl_all.h. */
#include "scrapers/fetch/crawl_all.h"

#include <curl/curl.h>
#include <libxml/parser.h>

#include "scrapers/fetch/crawl_guarded.h"

typedef struct CrawlPool {
    Hosts *hosts;
    Progress *progress;
    gboolean refetch;
} CrawlPool;

static void crawl_one(gpointer data, gpointer user)
{
    SourceCrawl *crawl = data;
    const CrawlPool *pool = user;
    CrawlPlan plan = crawl_plan(crawl->source, crawl->warc_path, pool->progress, crawl->notices);
    plan.hosts = pool->hosts;
    if (pool->refetch)
        crawl_refetch_plan(&plan, &crawl->summary, &crawl->error);
    else
        crawl_run_plan(&plan, &crawl->summary, &crawl->error);
}

/* These set themselves up when first used, which must not happen in two threads at once. */
static void prepare_libraries(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    xmlInitParser();
}

gboolean crawl_all(SourceCrawl *crawls, gsize count, gboolean refetch, Progress *progress, GError **error)
{
    g_autoptr(Hosts) hosts = hosts_new();
    CrawlPool pool = {.hosts = hosts, .progress = progress, .refetch = refetch};
    if (count == 0)
        return TRUE;
    prepare_libraries();
    progress_begin(progress, "fetch", "pages", 0);
    GThreadPool *threads = g_thread_pool_new(crawl_one, &pool, (int)MIN(count, CRAWLS_AT_ONCE), FALSE, NULL);
    for (gsize i = 0; i < count; i++) {
        crawls[i].notices = g_string_new(NULL);
        g_thread_pool_push(threads, &crawls[i], NULL);
    }
    g_thread_pool_free(threads, FALSE, TRUE);
    progress_end(progress);
    curl_global_cleanup();
    for (gsize i = 0; i < count; i++) {
        if (crawls[i].error) {
            g_propagate_error(error, g_error_copy(crawls[i].error));
            return FALSE;
        }
    }
    return TRUE;
}

void source_crawl_clear(SourceCrawl *crawl)
{
    g_free(crawl->warc_path);
    if (crawl->notices)
        g_string_free(crawl->notices, TRUE);
    g_clear_error(&crawl->error);
}
