/* SPDX-License-Identifier: Apache-2.0
 * store/metadata.h - what is known of a document as a publication: its own facts, and those joined from elsewhere.
 *
 * Own facts are the keys of Document.meta, as its format's reader fills them. The stage "metadata" (scrapers/metadata.h)
 * adds what other records of the same work and the recipe's tables know, as its note (store/note.h): "found" is an array
 * of objects
 *
 *   fact     "publication_types", "mesh", "citations", "retracted", "retraction_notice", "journal", "date",
 *            "pmid", "pmcid" or "doi"
 *   value    what was joined: for the first two an array of strings that the document does not have itself
 *   from     where it was found: "SOURCE/ID (document N)" or "FILE, line N"
 *   by       the identifier that led there: "PMID 123"
 *   summary  all of this in one line
 *
 * Sequence: m = metadata_load(txn, docno, document, e); metadata_has, ...; metadata_free(m). Texts belong to `m`.
 */
#ifndef STORE_METADATA_H
#define STORE_METADATA_H

#include "base/json.h"
#include "store/identity.h"

#define METADATA_STAGE "metadata"
#define METADATA_TABLES "metadata.tables" /* in TABLE_META: what was read besides records, scrapers/metadata.h */
#define METADATA_TYPES "publication_types"
#define METADATA_MESH "mesh"

typedef struct Metadata Metadata;

/* Of a document and its note; either may be NULL, the note's reference is taken. What is no JSON object counts as empty. */
Metadata *metadata_new(const Document *document, json_t *note);
Metadata *metadata_load(StoreTxn *txn, Docno docno, const Document *document, GError **error);
void metadata_free(Metadata *metadata);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Metadata, metadata_free)

/* Whether a list of strings has the value, case aside; *from says where that was found, NULL: in the document itself.
 * A retracted work has the publication type "Retracted Publication", a notice of retraction "Retraction of Publication",
 * and a JATS article of type preprint "Preprint", whether or not its record lists them. */
gboolean metadata_has(const Metadata *metadata, const char *list, const char *value, const char **from);
/* A string, the document's own before a joined one; NULL: unknown. The date is Document.date or a joined one. */
const char *metadata_text(const Metadata *metadata, const char *fact, const char **from);
/* How often it is cited: by a table before the document's own word. FALSE: nobody knows. */
gboolean metadata_citations(const Metadata *metadata, guint64 *citations, const char **from);
/* Its own identifiers and the joined ones. */
void metadata_identity(const Metadata *metadata, Identity *identity);

#endif
