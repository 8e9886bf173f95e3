/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/warc_writer.h - append captures to a WARC 1.1 file (ISO 28500:2017), each record a gzip member.
 *
 * A capture is written as one batch and flushed to disk before warc_writer_capture returns: a request record (if one
 * was sent), then the record of the outcome, which is `response`, or `metadata` (application/warc-fields) with the
 * reason of a failure or refusal. Because the outcome comes last, a batch cut short by a crash is recognised by its
 * absence. Bodies are stored decoded (exchange.h). Digests are "sha256:" and hexadecimal. Record ids are made from
 * place, date, type and URL, so the same captures at the same times give the same bytes.
 * A file that cannot be written (full disk) is put back to its last whole batch.
 */
#ifndef SCRAPERS_FETCH_WARC_WRITER_H
#define SCRAPERS_FETCH_WARC_WRITER_H

#include "scrapers/fetch/exchange.h"

/* An answer that the server called unchanged (304, exchange->checked) is written anew with its old date, so that the
 * file stands alone, behind a `revisit` record of the profile server-not-modified; this header holds that date. */
#define WARC_CARRIED "X-Crawl-Not-Modified"

typedef struct WarcWriter WarcWriter;

/* Opens or creates `path`, cuts it to `length` bytes (what warc_reader_recover found to be good), and locks it against
 * other crawlers. */
WarcWriter *warc_writer_open(const char *path, guint64 length, GError **error);

/* `fields`: lines "name: value\r\n". */
gboolean warc_writer_info(WarcWriter *writer, const char *fields, gint64 date, GError **error);
gboolean warc_writer_capture(WarcWriter *writer, const HttpExchange *exchange, GError **error);
/* Appends a batch as it lies in another file, where warc_writer_capture has put it. */
gboolean warc_writer_copy(WarcWriter *writer, const char *path, guint64 start, gsize length, GError **error);
guint64 warc_writer_position(const WarcWriter *writer); /* the end of the last whole batch */
void warc_writer_free(WarcWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WarcWriter, warc_writer_free)

#endif
