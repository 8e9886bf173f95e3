/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/warc_reader.h - read back one's own WARC file, to go on with a crawl that was interrupted.
 *
 * warc_reader_recover finds how much of the file the crawl can build on: everything up to the last good `response`.
 * What comes after is done again: a batch that was cut short, refusals (they cost nothing), and at the end failures and
 * answers of a server in trouble (429, 5xx), which may be what stopped the crawl. warc_reader_next then gives the
 * captures of that part in order, as the exchanges that warc_writer_capture was given (without the head of a 304).
 * Damage in the middle of the file, and files that are not ours, are GALEN_ERROR_INPUT.
 */
#ifndef SCRAPERS_FETCH_WARC_READER_H
#define SCRAPERS_FETCH_WARC_READER_H

#include "scrapers/fetch/exchange.h"

typedef struct WarcRecovery {
    guint64 length;  /* bytes to keep; 0: there is no file, or no whole record */
    guint64 cut;     /* bytes behind them */
    char *settings;  /* the line "crawl-settings" of the warcinfo record; NULL when length is 0; g_free */
} WarcRecovery;

/* `body_limit`: the largest body that the crawl would have written. */
gboolean warc_reader_recover(const char *path, gsize body_limit, WarcRecovery *recovery, GError **error);

typedef struct WarcReader WarcReader;
WarcReader *warc_reader_open(const char *path, guint64 length, gsize body_limit, GError **error);
int warc_reader_next(WarcReader *reader, HttpExchange **exchange, GError **error); /* 1; 0 at the end; -1 */
guint64 warc_reader_record_start(const WarcReader *reader); /* of what warc_reader_next gave last */
guint64 warc_reader_position(const WarcReader *reader);     /* behind that record */
gboolean warc_reader_seek(WarcReader *reader, guint64 start, GError **error); /* the next one to give begins there */
void warc_reader_free(WarcReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WarcReader, warc_reader_free)

#endif
