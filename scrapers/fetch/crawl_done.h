/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/crawl_done.h - WARC_PATH.done, the small JSON file that says a crawl is finished.
 *
 * {"version": 1, "fetched", "unchanged", "failed", "refused", "left": URLs known and not asked for when a limit was reached,
 *  "settings": the crawl's fingerprint, "bytes" and "sha256" of the WARC file}. It is written last and atomically.
 */
#ifndef SCRAPERS_FETCH_CRAWL_DONE_H
#define SCRAPERS_FETCH_CRAWL_DONE_H

#include "scrapers/fetch/crawl.h"

gboolean crawl_done_write(const char *warc_path, const CrawlSummary *summary, guint64 left, const char *fingerprint,
                          GError **error);
/* *done: whether the crawl is finished; then *summary is filled. FALSE with `error`: the file cannot be read, is of
 * other settings, or its WARC file is gone or of another size. */
gboolean crawl_done_read(const char *warc_path, const char *fingerprint, gboolean *done, CrawlSummary *summary,
                         GError **error);

#endif
