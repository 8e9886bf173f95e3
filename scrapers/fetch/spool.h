/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/spool.h - answers that came before their turn, kept on disk until the crawl comes to them.
 *
 * The crawl's WARC file holds answers in the order of the crawl; what was asked ahead of its turn waits in the folder
 * WARC_PATH.ahead, in small files of the same form (warc_writer.h), and is copied over, record by record as it lies,
 * when its turn has come. spool_add returns when the answer is on disk: after a crash spool_open finds it again, so
 * that it need not be asked for twice. Files whose answers have all gone are deleted; spool_remove deletes the folder,
 * which a finished crawl does not have. Failures and refusals may wait here too, but do not outlive the process: nobody
 * knows then whether they still hold.
 *
 * Bounds: SPOOL_MAX_BYTES on disk and SPOOL_MAX_ANSWERS, which callers keep by asking spool_is_full before they ask a
 * server; in memory a few hundred bytes for each answer. Errors: GALEN_ERROR_SYSTEM. A file that a crash has cut short
 * is good up to there.
 */
#ifndef SCRAPERS_FETCH_SPOOL_H
#define SCRAPERS_FETCH_SPOOL_H

#include "scrapers/fetch/warc_writer.h"

#define SPOOL_MAX_BYTES ((guint64)256 << 20)
#define SPOOL_MAX_ANSWERS 10000

typedef struct Spool Spool;

typedef struct SpoolEntry {
    char *location;      /* where a redirect leads, as the server says it; NULL: the answer is none */
    char *cookies;       /* that were sent with the request; NULL: none */
    gboolean sets_cookies;
    /* Where it lies. */
    struct SpoolFile *file;
    guint64 start;
    gsize length;
    guint64 number;      /* in the order of arrival */
} SpoolEntry;

/* `keep`: the WARC file goes on with an earlier run; else what may lie there belongs to another crawl and is deleted. */
Spool *spool_open(const char *warc_path, gboolean keep, gsize body_limit);
gboolean spool_is_empty(const Spool *spool);
gboolean spool_is_full(const Spool *spool);
gboolean spool_add(Spool *spool, const HttpExchange *answer, GError **error);
const SpoolEntry *spool_find(const Spool *spool, const char *url); /* NULL: none; valid until it goes */
HttpExchange *spool_read(const Spool *spool, const SpoolEntry *entry, GError **error);
/* Appends the answer's records to another file, after which it is gone from here. */
gboolean spool_move(Spool *spool, const char *url, WarcWriter *writer, GError **error);
void spool_drop(Spool *spool, const char *url);
GPtrArray *spool_urls(const Spool *spool); /* owned strings, in the order of arrival; the caller frees the array */
void spool_remove(Spool *spool);
void spool_free(Spool *spool); /* what waits stays on disk */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Spool, spool_free)

#endif
