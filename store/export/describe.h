/* SPDX-License-Identifier: Apache-2.0
 * store/export/describe.h - what a Croissant file and a dataset card have in common: the exports of their folder, summed up.
 *
 * Sequence: d = describe(export, e); ...; description_free(d). Licences and sources are those of the exports, not of the
 * whole store: what was left out is not claimed.
 */
#ifndef STORE_EXPORT_DESCRIBE_H
#define STORE_EXPORT_DESCRIBE_H

#include "store/export/exporter.h"

typedef struct Description {
    const char *name;   /* of the recipe; "corpus" where it has none */
    const char *root;
    json_t *proofs;     /* store/export/proof.h */
    json_t *licences;   /* of documents in any export: name -> the most documents that one export has under it */
    json_t *sources;    /* the proofs' objects of a source, the one with the most documents of each */
    guint64 documents;  /* of the largest export of documents; 0: there is none */
    guint64 tokens;     /* of the largest export of tokens of each split, together */
} Description;

Description *describe(const Export *export, GError **error);
void description_free(Description *description);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Description, description_free)

char *description_sentence(const Description *description); /* one paragraph, for people; g_free */

#endif
