/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/warc_source.h - the bytes of a WARC file, with a way to go on behind damage.
 *
 * A WARC of the usual kind is a row of gzip members, one per record, so that a damaged member need not cost the ones
 * behind it; base/stream.h, which sees one stream, cannot do that. Other files (plain, zstd, xz) go through it.
 *
 * Sequence: warc_source_open, warc_source_read until 0; after -1 warc_source_recover tells whether more can be read.
 */
#ifndef SCRAPERS_FORMATS_WARC_SOURCE_H
#define SCRAPERS_FORMATS_WARC_SOURCE_H

#include "base/hash.h"

typedef struct WarcSource WarcSource;

WarcSource *warc_source_open(const char *path, GError **error);
gssize warc_source_read(WarcSource *source, void *buffer, gsize size, GError **error); /* 0 at the end, -1 */
/* Reads the check sum of the member if nothing but that is left of it. FALSE: it is wrong or missing. */
gboolean warc_source_settle(WarcSource *source, GError **error);
gboolean warc_source_in_member(const WarcSource *source); /* more bytes of the same gzip member are to come */
gboolean warc_source_recover(WarcSource *source); /* finds the next gzip member; FALSE: there is none */
guint64 warc_source_raw_position(const WarcSource *source);
gboolean warc_source_digest(WarcSource *source, Sha256 *digest, GError **error);
void warc_source_free(WarcSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WarcSource, warc_source_free)

#endif
