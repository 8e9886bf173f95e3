/* SPDX-License-Identifier: Apache-2.0
 * Crawling a site again, asking only for what has changed; see scrapers/fetch/crawl.h.
 *
 * The new crawl goes into WARC_PATH.fresh and takes the old one's place when it is finished, so that the old capture
 * stays whole until then: first the WARC file changes place, then its .done file, and crawl_refetch_settle does what is
 * left of that after a crash. */
#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "scrapers/fetch/crawl_guarded.h"

static gboolean move(const char *from, const char *to, GError **error)
{
    if (!g_file_test(from, G_FILE_TEST_EXISTS) || rename(from, to) == 0)
        return TRUE;
    galen_error_set_errno(error, errno, "cannot rename %s to %s", from, to);
    return FALSE;
}

gboolean crawl_refetch_settle(const char *warc_path, GError **error)
{
    g_autofree char *fresh = g_strconcat(warc_path, ".fresh", NULL);
    g_autofree char *fresh_done = g_strconcat(fresh, ".done", NULL);
    g_autofree char *done = g_strconcat(warc_path, ".done", NULL);
    if (!g_file_test(fresh_done, G_FILE_TEST_EXISTS))
        return TRUE;
    return move(fresh, warc_path, error) && move(fresh_done, done, error);
}

gboolean crawl_refetch_plan(const CrawlPlan *plan, CrawlSummary *summary, GError **error)
{
    g_autofree char *done = g_strconcat(plan->warc_path, ".done", NULL);
    g_autofree char *fresh = g_strconcat(plan->warc_path, ".fresh", NULL);
    if (!crawl_refetch_settle(plan->warc_path, error))
        return FALSE;
    if (!g_file_test(done, G_FILE_TEST_EXISTS))
        return crawl_run_plan(plan, summary, error);
    CrawlPlan again = *plan;
    again.warc_path = fresh;
    again.previous = plan->warc_path;
    return crawl_run_plan(&again, summary, error) && crawl_refetch_settle(plan->warc_path, error);
}

gboolean crawl_refetch(const RecipeSource *source, const char *warc_path, Progress *progress, GString *notices,
                       CrawlSummary *summary, GError **error)
{
    CrawlPlan plan = crawl_plan(source, warc_path, progress, notices);
    g_autofree char *task = g_strdup_printf("fetch %s", source->tag);
    progress_begin(progress, task, "pages", 0);
    gboolean good = crawl_refetch_plan(&plan, summary, error);
    progress_end(progress);
    return good;
}
