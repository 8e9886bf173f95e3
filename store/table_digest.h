/* SPDX-License-Identifier: Apache-2.0
 * store/table_digest.h - one hash over everything in a table: keys, values, checksums, and that nothing is missing.
 *
 * A table is walked in blocks (store/walk.h). A block's digest is SHA-256 over its records, each as u32 length of the
 * key, key, u64 length of what is stored, and that (the value and its checksum of 16 bytes); numbers little-endian. The
 * table's digest is SHA-256 over its blocks' digests in order. On the way each record's own checksum is compared, and
 * the record is looked up by its key, as readers do.
 *
 * table_digest goes on behind a damaged record, having told `damaged` of it on the calling thread (NULL: nobody). An
 * error stops it: LMDB cannot walk the table.
 */
#ifndef STORE_TABLE_DIGEST_H
#define STORE_TABLE_DIGEST_H

#include "store/stage.h"

typedef struct TableDigest {
    guint64 records;
    Sha256 digest;
} TableDigest;

/* `what` is the table and what is wrong with the record. */
typedef void (*TableDamage)(gpointer user, StoreTable table, const StoreValue *key, const char *what);

gboolean table_digest(StageContext *context, StoreTable table, TableDamage damaged, gpointer user, TableDigest *digest,
                      GError **error);

#endif
