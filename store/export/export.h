/* SPDX-License-Identifier: Apache-2.0
 * store/export/export.h - a finished store, or a part of it, in the file formats of other tools.
 *
 * Sequence: e = exporter_find("megatron"); proof = export_run(store, e, &options, progress, error); json_decref(proof).
 * The formats are one table (exporters); each is one file of this folder.
 *
 * What goes out: kept documents of the source and split asked for, whose licence lets texts be passed on
 * (store/rights.h), or all of them with allow_not_redistributable. Token formats take them from the packed shards,
 * in the order of training and with all passes; a document that a shard's end cut is one again.
 *
 * Files are written beside their place and renamed when they are whole and on disk. Last of all comes the proof,
 * PATH.export.json (store/export/proof.h): root of the manifest, what was asked, documents and tokens by source and licence, what was left out
 * and why, size and SHA-256 of each file. An export without its proof is unfinished; run again it begins anew and ends
 * with the same bytes. Nothing in them depends on time, machine, threads or path but the names of the files.
 * Memory: a bit for each document of the store, a table of licences, and buffers of fixed size.
 *
 * Errors: an unfinished store, a store that changed under the export, a format that cannot hold what is asked for, or
 * nothing left to export is GALEN_ERROR_INPUT or GALEN_ERROR_USAGE, with what to do.
 */
#ifndef STORE_EXPORT_EXPORT_H
#define STORE_EXPORT_EXPORT_H

#include "base/json.h"
#include "base/progress.h"
#include "store/store.h"

typedef struct ExportOptions {
    const char *path;   /* what it names, each format says: a file, a folder, or the beginning of several names */
    const char *split;  /* "train", "valid", "test"; NULL: all for documents, "train" for tokens */
    const char *source; /* tag; NULL: all */
    gboolean allow_not_redistributable;
    guint64 sequence_length; /* mds: tokens of a sample; 0: 2048 */
    guint64 shard_tokens;    /* llmc: tokens of a file, mds: tokens of a shard at most; 0: the format's own */
    guint64 file_bytes;      /* parquet: of a file in a folder, about; 0: 512 MiB */
    guint64 row_group_bytes; /* parquet: of values in a row group, before they are compressed; 0: 64 MiB */
    const char *published;   /* croissant: the date that it gives, YYYY-MM-DD; NULL: none */
} ExportOptions;

typedef struct Exporter Exporter;

/* NULL with an error that lists the names. */
const Exporter *exporter_find(const char *name, GError **error);

/* Returns the proof, as it was written. */
json_t *export_run(Store *store, const Exporter *exporter, const ExportOptions *options, Progress *progress, GError **error);

#endif
