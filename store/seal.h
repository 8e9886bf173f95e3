/* SPDX-License-Identifier: Apache-2.0
 * store/seal.h - seal.json: what exactly lies in this copy of a store, byte for byte, for the audit to compare.
 *
 * The manifest says what the corpus is, and is the same wherever it is built. The seal says what this directory holds:
 * the root, the digest of every table (store/table_digest.h), run records and settings included, and size and SHA-256 of
 * every file beside LMDB's: captures, manifests, the tokenizer's model. It holds what differs between two builds, the
 * bytes of captures with their times above all, and so it is no part of the root. "seal" is SHA-256 over the rest of it,
 * as "root" is in the manifest.
 *
 * seal_write is called with the text of the manifest that is about to be written. A store whose manifest is there has a
 * seal that fits. Lock files are not sealed.
 */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "base/json.h"
#include "store/table_digest.h"

gboolean seal_write(StageContext *context, const char *manifest_text, const char *root, GError **error);
/* NULL without error: there is none. */
json_t *seal_read(const Store *store, GError **error);
/* Whether the records that builds change without changing the corpus, and the files, are as sealed. */
gboolean seal_is_current(StageContext *context, gboolean *current, GError **error);

/* For the audit. The files that a seal lists, the manifest excepted: {"path", "bytes"} each, by name; with hashes also
 * "sha256". A file that cannot be read has "error" instead. */
json_t *seal_files(StageContext *context, gboolean hashes, GError **error);
json_t *table_digest_json(const TableDigest *digest);
void seal_close(json_t *seal); /* sets "seal" from everything else in it */

#endif
