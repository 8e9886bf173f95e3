/* SPDX-License-Identifier: Apache-2.0
 * store/export/proof.h - PATH.export.json, for tokens PATH.FORMAT.export.json: what an export is made of, for others to check.
 *
 * Keys: version (1), galen, format, root (of the store's manifest), recipe (name, sha256), tokenizer (for tokens: its
 * sha256, vocabulary), split, source (null: all), allow_not_redistributable, documents, tokens (written: passes count),
 * not_redistributable (left out), sources, licences (of the documents, by name; "" for none stated), facts (the format's own),
 * files (name beside the proof, bytes, sha256). The same export has the same proof.
 */
#ifndef STORE_EXPORT_PROOF_H
#define STORE_EXPORT_PROOF_H

#include "store/export/exporter.h"

#define PROOF_SUFFIX ".export.json"

void proof_add_file(json_t *files, const char *export_path, const char *path, guint64 bytes, const Sha256 *digest);
json_t *proof_new(const Export *export, const Exporter *exporter);
gboolean proof_write(const char *export_path, const Exporter *exporter, const json_t *proof, GError **error);

/* Before a new export: the proof of one that lies there goes; *old (may be NULL) says which files it had. One of another
 * format is an error. */
gboolean proof_take_away(const char *export_path, const Exporter *exporter, json_t **old, GError **error);
/* Behind a new export: files that the old one had and the new one has not. */
void proof_remove_stale(const char *export_path, const json_t *old, const json_t *proof);

/* The proofs of the exports of data in a folder, by their names: an array of proofs, each with "folder_name" set to the name
 * that its files begin with. One of another root than `root`, or whose files are not there with their sizes, is an error. */
json_t *proofs_read(const char *folder, const char *root, GError **error);

#endif
