/* SPDX-License-Identifier: Apache-2.0
 * The loop of a crawl; see scrapers/fetch/crawl.h. */
#include "scrapers/fetch/crawl.h"

#include "base/error.h"
#include "scrapers/fetch/ahead.h"
#include "scrapers/fetch/capture.h"
#include "scrapers/fetch/crawl_done.h"
#include "scrapers/fetch/crawl_guarded.h"
#include "scrapers/fetch/crawl_settings.h"
#include "scrapers/fetch/frontier.h"
#include "scrapers/fetch/links.h"
#include "scrapers/fetch/lists.h"
#include "scrapers/fetch/robots.h"
#include "scrapers/fetch/robots_cache.h"
#include "scrapers/fetch/scope.h"
#include "scrapers/fetch/url.h"

#define PRODUCT "galen" /* the name that robots.txt files know */
#define BODY_MAX (G_GUINT64_CONSTANT(1) << 30)
#define EXAMPLES_MAX 3
/* A site may list many pages that are never reached before max_pages; what it lists beyond this is not kept. */
#define FRONTIER_PER_PAGE 10
#define FRONTIER_SPARE 10000

typedef struct Crawl {
    const RecipeCrawl *recipe;
    gsize body_limit;
    CrawlScope *scope;
    CrawlLists *lists;
    Frontier *frontier;
    Capture *capture;
    RobotsCache *robots; /* NULL: it is ignored */
    Ahead *ahead;
    Progress *progress;
    CrawlSummary summary;
    guint64 asked; /* pages asked for, which max_pages bounds; redirects belong to the page that led to them */
    guint64 left;
    GString *failed_examples, *refused_examples;
} Crawl;

static gboolean is_rendered(const RecipeCrawl *recipe)
{
    return !g_strcmp0(recipe->fetch, "browser");
}

static void add_example(GString *examples, guint64 number, const char *url, const char *reason)
{
    if (number <= EXAMPLES_MAX)
        g_string_append_printf(examples, "  %s: %s\n", url, reason);
}

static void count_failure(Crawl *crawl, const char *url, const char *reason)
{
    add_example(crawl->failed_examples, ++crawl->summary.failed, url, reason);
}

static void count(Crawl *crawl, const HttpExchange *exchange)
{
    progress_add(crawl->progress, 1);
    if (exchange->outcome == EXCHANGE_REFUSED) {
        add_example(crawl->refused_examples, ++crawl->summary.refused, exchange->url, exchange->reason);
    } else if (exchange->outcome == EXCHANGE_FAILED) {
        count_failure(crawl, exchange->url, exchange->reason);
    } else if (exchange->truncated) {
        count_failure(crawl, exchange->url, "longer than max_bytes; its beginning was kept");
    } else if (exchange->status >= 200 && exchange->status < 300) {
        crawl->summary.fetched++;
        crawl->summary.unchanged += exchange->checked != 0;
    } else if (!http_exchange_is_redirect(exchange)) {
        g_autofree char *reason = g_strdup_printf("status %d", exchange->status);
        count_failure(crawl, exchange->url, reason);
    }
}

static gboolean note(Crawl *crawl, const char *url, ExchangeOutcome outcome, const char *reason, GError **error)
{
    g_autoptr(HttpExchange) exchange = NULL;
    if (!capture_note(crawl->capture, url, outcome, reason, &exchange, error))
        return FALSE;
    count(crawl, exchange);
    return TRUE;
}

static gboolean follow_redirect(Crawl *crawl, const FrontierItem *item, const HttpExchange *exchange, GError **error)
{
    g_autofree char *location = http_exchange_header(exchange, "Location");
    g_autofree char *target = location ? url_resolve(item->url, location) : NULL;
    if (!target) {
        count_failure(crawl, item->url, "a redirect to no http or https address");
        return TRUE;
    }
    if (item->hops >= FRONTIER_HOPS_MAX)
        return note(crawl, target, EXCHANGE_FAILED, "more than 5 redirects in a row", error);
    if (!crawl_scope_admits(crawl->scope, target, item->listed)) {
        g_autofree char *reason = g_strdup_printf("outside the crawl's scope; %s redirects to it", item->url);
        return note(crawl, target, EXCHANGE_REFUSED, reason, error);
    }
    crawl_lists_moved(crawl->lists, item->url, target);
    frontier_put_first(crawl->frontier, target, item->depth, item->hops + 1, item->listed);
    return TRUE;
}

static void follow_links(Crawl *crawl, const FrontierItem *item, const HttpExchange *exchange)
{
    g_autofree char *charset = NULL;
    if (item->depth >= crawl->recipe->max_depth || !http_exchange_is_html(exchange, &charset))
        return;
    g_autoptr(GPtrArray) links = links_find(exchange->body.data, exchange->body.length, item->url, charset, PRODUCT);
    for (guint i = 0; i < links->len; i++)
        if (crawl_scope_holds(crawl->scope, links->pdata[i]))
            frontier_add(crawl->frontier, links->pdata[i], item->depth + 1, FALSE);
}

static void add_listed(Crawl *crawl, const GPtrArray *urls, unsigned depth)
{
    for (guint i = 0; i < urls->len && depth <= crawl->recipe->max_depth; i++) {
        char *url = urls->pdata[i];
        if (!is_rendered(crawl->recipe)) /* only a browser shows another page for another fragment */
            url[strcspn(url, "#")] = '\0';
        if (crawl_scope_allows(crawl->scope, url))
            frontier_add(crawl->frontier, url, depth, TRUE);
    }
}

/* Further pages of a list are as deep as its first: max_pages bounds them. */
static void follow_lists(Crawl *crawl, const FrontierItem *item, const HttpExchange *exchange)
{
    g_auto(ListedUrls) found = {0};
    g_autofree char *failure = NULL;
    listed_urls_init(&found);
    if (!crawl_lists_read(crawl->lists, exchange, &found, &failure))
        return;
    if (failure)
        count_failure(crawl, item->url, failure);
    add_listed(crawl, found.next, item->depth);
    add_listed(crawl, found.links, item->depth + 1);
}

static void follow_sitemaps(Crawl *crawl)
{
    g_autoptr(GPtrArray) sitemaps = robots_cache_take_sitemaps(crawl->robots);
    for (guint i = 0; i < sitemaps->len; i++) {
        const char *url = sitemaps->pdata[i];
        if (crawl_scope_on_site(crawl->scope, url) && crawl_scope_allows(crawl->scope, url) &&
            crawl_lists_claim_sitemap(crawl->lists, url))
            frontier_add(crawl->frontier, url, 0, TRUE);
    }
}

/* *refusal stays NULL where robots.txt allows it. */
static gboolean check_robots(Crawl *crawl, const char *url, char **refusal, GError **error)
{
    if (!crawl->robots)
        return TRUE;
    ahead_hold(crawl->ahead, url);
    gboolean good = robots_cache_check(crawl->robots, url, refusal, error);
    ahead_hold(crawl->ahead, NULL);
    return good;
}

static gboolean take(Crawl *crawl, const FrontierItem *item, GError **error)
{
    guint64 pages = crawl->recipe->max_pages - crawl->asked;
    ahead_allow(crawl->ahead, pages - (item->hops == 0 && pages > 0));
    g_autofree char *refusal = NULL;
    if (!check_robots(crawl, item->url, &refusal, error))
        return FALSE;
    if (crawl->robots)
        follow_sitemaps(crawl);
    if (refusal)
        return note(crawl, item->url, EXCHANGE_REFUSED, refusal, error);
    g_autoptr(HttpExchange) exchange = NULL;
    if (!capture_fetch(crawl->capture, item->url, crawl->body_limit, &exchange, error))
        return FALSE;
    count(crawl, exchange);
    if (item->hops == 0 && exchange->outcome != EXCHANGE_REFUSED)
        crawl->asked++;
    if (http_exchange_is_redirect(exchange))
        return follow_redirect(crawl, item, exchange, error);
    if (exchange->outcome == EXCHANGE_RESPONSE && exchange->status / 100 == 2 && !exchange->truncated) {
        follow_lists(crawl, item, exchange);
        follow_links(crawl, item, exchange);
    }
    return TRUE;
}

static gboolean walk(Crawl *crawl, GError **error)
{
    const GPtrArray *starts = crawl_scope_starts(crawl->scope);
    for (guint i = 0; i < starts->len; i++)
        frontier_add(crawl->frontier, starts->pdata[i], 0, FALSE);
    FrontierItem item;
    while (frontier_next(crawl->frontier, &item)) {
        if (item.hops == 0 && crawl->asked >= crawl->recipe->max_pages) {
            crawl->left = frontier_waiting(crawl->frontier) + 1;
            break;
        }
        if (!take(crawl, &item, error))
            return FALSE;
    }
    return TRUE;
}

static void report(const Crawl *crawl, const RecipeSource *source, GString *notices)
{
    const CrawlSummary *summary = &crawl->summary;
    if (!notices)
        return;
    if (summary->failed)
        g_string_append_printf(notices, "%s: %" G_GUINT64_FORMAT " URLs failed, for example\n%s", source->tag,
                               summary->failed, crawl->failed_examples->str);
    if (summary->refused)
        g_string_append_printf(notices, "%s: %" G_GUINT64_FORMAT " URLs were refused, for example\n%s", source->tag,
                               summary->refused, crawl->refused_examples->str);
    if (crawl->left)
        g_string_append_printf(notices, "%s: stopped at max_pages (%" G_GUINT64_FORMAT "); %" G_GUINT64_FORMAT
                               " known URLs were not asked for\n", source->tag, (guint64)crawl->recipe->max_pages,
                               crawl->left);
    crawl_lists_report(crawl->lists, source->tag, notices);
    if (frontier_is_full(crawl->frontier))
        g_string_append_printf(notices, "%s: the site lists more URLs than a crawl of %" G_GUINT64_FORMAT
                               " pages keeps; those over the limit were not followed\n", source->tag,
                               (guint64)crawl->recipe->max_pages);
}

static gboolean open_crawl(Crawl *crawl, const CrawlPlan *plan, const char *fingerprint, GError **error)
{
    const RecipeCrawl *recipe = crawl->recipe;
    g_autofree char *agent = http_user_agent(recipe->contact);
    CaptureSettings settings = {
        .path = plan->warc_path,
        .fingerprint = fingerprint,
        .ignore_robots = recipe->ignore_robots,
        .body_limit = MAX(crawl->body_limit, ROBOTS_MAX_BYTES),
        .previous = plan->previous,
        .lanes = {.http = {.user_agent = agent, .timeout = recipe->timeout, .may_connect = plan->may_connect,
                           .authorities = plan->authorities},
                  .browser = is_rendered(recipe),
                  .delay = recipe->delay,
                  .hosts = plan->hosts,
                  .progress = plan->progress},
    };
    crawl->frontier = frontier_new(MIN(recipe->max_pages, G_MAXUINT32 / FRONTIER_PER_PAGE / 2) * FRONTIER_PER_PAGE +
                                   FRONTIER_SPARE);
    crawl->capture = capture_open(&settings, plan->notices, error);
    if (!crawl->capture)
        return FALSE;
    if (!recipe->ignore_robots)
        crawl->robots = robots_cache_new(crawl->capture, PRODUCT);
    AheadSettings ahead = {.capture = crawl->capture, .frontier = crawl->frontier, .scope = crawl->scope,
                           .robots = crawl->robots, .body_limit = crawl->body_limit};
    crawl->ahead = ahead_new(&ahead);
    if (!plan->in_turn)
        capture_foresee(crawl->capture, ahead_look, crawl->ahead);
    return TRUE;
}

static gboolean set_unreachable(const Crawl *crawl, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                "no page could be fetched:\n%s%sthe network or the site is down, or `start` is wrong; run "
                "again to retry",
                crawl->failed_examples->str, crawl->refused_examples->str);
    return FALSE;
}

static gboolean run(Crawl *crawl, const CrawlPlan *plan, GError **error)
{
    char fingerprint[SHA256_HEX_SIZE];
    gboolean done;
    crawl_settings_fingerprint(crawl->recipe, fingerprint);
    if (!(crawl->scope = crawl_scope_new(crawl->recipe, error)) ||
        !(crawl->lists = crawl_lists_new(crawl->recipe, error)) || !crawl_refetch_settle(plan->warc_path, error) ||
        !crawl_done_read(plan->warc_path, fingerprint, &done, &crawl->summary, error))
        return FALSE;
    if (done)
        return TRUE;
    if (!open_crawl(crawl, plan, fingerprint, error) || !walk(crawl, error))
        return FALSE;
    gboolean unread = crawl->robots && robots_cache_left_unread(crawl->robots);
    if (crawl->summary.fetched == 0 && (unread || capture_went_unanswered(crawl->capture)))
        return set_unreachable(crawl, error);
    report(crawl, plan->source, plan->notices);
    capture_finish(crawl->capture);
    return crawl_done_write(plan->warc_path, &crawl->summary, crawl->left, fingerprint, error);
}

static void crawl_clear(Crawl *crawl)
{
    g_clear_pointer(&crawl->ahead, ahead_free);
    g_clear_pointer(&crawl->robots, robots_cache_free);
    g_clear_pointer(&crawl->capture, capture_free);
    g_clear_pointer(&crawl->frontier, frontier_free);
    g_clear_pointer(&crawl->lists, crawl_lists_free);
    g_clear_pointer(&crawl->scope, crawl_scope_free);
    g_string_free(crawl->failed_examples, TRUE);
    g_string_free(crawl->refused_examples, TRUE);
}

gboolean crawl_run_plan(const CrawlPlan *plan, CrawlSummary *summary, GError **error)
{
    Crawl crawl = {.recipe = plan->source->crawl, .progress = plan->progress};
    crawl.body_limit = (gsize)MIN(crawl.recipe->max_bytes, BODY_MAX);
    crawl.failed_examples = g_string_new(NULL);
    crawl.refused_examples = g_string_new(NULL);
    gboolean good = run(&crawl, plan, error);
    if (!good)
        g_prefix_error(error, "while crawling %s: ", plan->source->tag);
    if (summary)
        *summary = crawl.summary;
    crawl_clear(&crawl);
    return good;
}

CrawlPlan crawl_plan(const RecipeSource *source, const char *warc_path, Progress *progress, GString *notices)
{
    return (CrawlPlan){
        .source = source,
        .warc_path = warc_path,
        .may_connect = source->crawl->allow_private ? NULL : address_is_public,
        .progress = progress,
        .notices = notices,
    };
}

gboolean crawl_run_guarded(const RecipeSource *source, const char *warc_path, AddressRule may_connect,
                           Progress *progress, GString *notices, CrawlSummary *summary, GError **error)
{
    CrawlPlan plan = crawl_plan(source, warc_path, progress, notices);
    plan.may_connect = may_connect;
    g_autofree char *task = g_strdup_printf("fetch %s", source->tag);
    progress_begin(progress, task, "pages", 0);
    gboolean good = crawl_run_plan(&plan, summary, error);
    progress_end(progress);
    return good;
}

gboolean crawl_run(const RecipeSource *source, const char *warc_path, Progress *progress, GString *notices,
                   CrawlSummary *summary, GError **error)
{
    AddressRule rule = source->crawl->allow_private ? NULL : address_is_public;
    return crawl_run_guarded(source, warc_path, rule, progress, notices, summary, error);
}

gboolean crawl_is_finished(const RecipeSource *source, const char *warc_path, gboolean *finished, GError **error)
{
    char fingerprint[SHA256_HEX_SIZE];
    CrawlSummary summary;
    crawl_settings_fingerprint(source->crawl, fingerprint);
    return crawl_refetch_settle(warc_path, error) &&
           crawl_done_read(warc_path, fingerprint, finished, &summary, error);
}
