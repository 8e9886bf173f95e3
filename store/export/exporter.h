/* SPDX-License-Identifier: Apache-2.0
 * store/export/exporter.h - what an exporter is, and what all of them share. For the files of this folder.
 *
 * An exporter's `write` opens files with export_open, fills them with output_write, and ends each with export_close, which
 * puts it into the proof. What else it has to say of the export goes into `export->facts`, a part of the proof.
 */
#ifndef STORE_EXPORT_EXPORTER_H
#define STORE_EXPORT_EXPORTER_H

#include "store/export/export.h"
#include "store/export/output.h"
#include "store/export/selection.h"

typedef enum {
    EXPORT_DOCUMENTS,    /* texts */
    EXPORT_TOKENS,       /* of one split */
    EXPORT_DESCRIPTIONS, /* of the exports that lie in the same folder */
} ExportKind;

typedef struct Export {
    Store *store;
    StoreTxn *txn;
    const ExportOptions *options;
    const char *split; /* NULL: all */
    Progress *progress;
    json_t *manifest;
    Selection *selection; /* NULL for descriptions */
    json_t *files;        /* of the proof: name, bytes, sha256 */
    json_t *facts;        /* the format's own, e.g. the width of a token */
    guint64 documents;    /* written: passes count, for tokens */
    guint64 tokens;
} Export;

struct Exporter {
    const char *name;
    ExportKind kind;
    gboolean (*write)(Export *export, GError **error);
};

extern const Exporter exporter_jsonl, exporter_parquet, exporter_megatron, exporter_llmc, exporter_mds, exporter_datatrove, exporter_croissant, exporter_card;

/* The file PATH + suffix. */
Output *export_open(const Export *export, const char *suffix, OutputForm form, GError **error);
gboolean export_close(Export *export, Output *output, GError **error); /* frees it, whatever happens */

#endif
