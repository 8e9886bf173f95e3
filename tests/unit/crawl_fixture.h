/* SPDX-License-Identifier: Apache-2.0
 * tests/unit/crawl_fixture.h - a crawl of a site on loopback whose answers the test writes itself.
 *
 * loopback_start forks a server that calls `answer` for each request, in a thread per connection, and appends the
 * request's target to `log_path` as a line once it has been answered. loopback_start_hosts does so on 127.0.0.1 to
 * 127.0.0.N, which count as N hosts, on one port; the log then says "//127.0.0.K/TARGET" for all but the first.
 * fixture_init prepares a crawl of it into a file of its own.
 */
#ifndef TESTS_UNIT_CRAWL_FIXTURE_H
#define TESTS_UNIT_CRAWL_FIXTURE_H

#include "scrapers/fetch/crawl_guarded.h"

typedef struct LoopbackRequest {
    int peer;
    const char *target, *head;
    const char *log_path;
    int host; /* the last number of the address that was asked */
} LoopbackRequest;

/* Returns whether the connection stays open for the next request. */
typedef gboolean (*LoopbackAnswer)(const LoopbackRequest *request);

typedef struct Loopback {
    int port;
    GPid process;
} Loopback;

Loopback loopback_start(LoopbackAnswer answer, const char *log_path);
Loopback loopback_start_hosts(LoopbackAnswer answer, const char *log_path, int hosts);
void loopback_stop(Loopback *site);
void loopback_send(int peer, const void *data, gsize length);
/* A whole answer; `head` is the status line's rest and further lines without the last line end. Returns TRUE. */
gboolean loopback_reply(int peer, const char *head, const void *body, gsize length);
gboolean loopback_html(int peer, const char *html);

extern char *fixture_directory; /* made by fixture_run, removed by it */

typedef struct CrawlFixture {
    RecipeCrawl crawl;
    RecipeSource source;
    char *start, *path;
} CrawlFixture;

void fixture_init(CrawlFixture *fixture, const Loopback *site, const char *start, const char *name);
void fixture_clear(CrawlFixture *fixture);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CrawlFixture, fixture_clear)
CrawlSummary fixture_crawl(CrawlFixture *fixture, GString *notices);
/* A line for each outcome of the file: target, then the status or "failed: reason" or "refused: reason". g_free. */
char *fixture_outcomes(const char *path);
/* The targets alone of answers with status 200, robots.txt left out, in order, with blanks between. g_free. */
char *fixture_pages(const char *path);
/* All records of the file, unpacked; with `comparable`, without the lines that differ from crawl to crawl: dates, record
 * ids, the file's name. Zero bytes become dots. The end of the file may be missing. g_free. */
char *fixture_records(const char *path, gboolean comparable);
guint64 fixture_peak_memory(void); /* of this process, in bytes: VmHWM */
gboolean fixture_is_sanitised(void);
int fixture_run(void); /* g_test_run with a folder for the files */

#endif
