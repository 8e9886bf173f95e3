/* SPDX-License-Identifier: Apache-2.0
 * store/rights.h - whether a text may be passed on under its licence: one judgement for builds, audits and exports.
 *
 * Passing on means: unchanged in words, but cleaned and put together with others, for any purpose that the licence allows
 * to whoever receives it. So licences that forbid commercial use grant it; licences that forbid changed copies (ND) deny it,
 * as a cleaned text is one. store/licence.h says which licences are known, and under which names.
 *
 * A document's own licence decides where it is known. Where it says nothing that is known, or only repeats what the recipe
 * says of the whole source, the source's `redistributable` decides: someone has read the terms. A document that several
 * pages make (store/chapters.h) may be passed on when all of them may.
 *
 * Sequence: sources = rights_sources_new(txn, e); rights_judge for each document; rights_sources_free.
 */
#ifndef STORE_RIGHTS_H
#define STORE_RIGHTS_H

#include "base/json.h"
#include "store/document.h"

typedef enum { RIGHTS_UNKNOWN, RIGHTS_GRANTED, RIGHTS_DENIED } Rights;

Rights rights_of(const char *licence); /* NULL: unknown */
gboolean rights_allow(const char *licence, const char *source_licence, gboolean redistributable);

/* What the recipe says of each source: the record "sources", as ingest wrote it. */
typedef struct RightsSources RightsSources;

RightsSources *rights_sources_new(StoreTxn *txn, GError **error);
RightsSources *rights_sources_of(const json_t *sources); /* the same from the parsed record, which must outlive it */
void rights_sources_free(RightsSources *sources);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RightsSources, rights_sources_free)

/* Whether the document may be passed on; where not, *reason (g_free) is one line that names the licence. `facts` may lack
 * the text. A document of an unknown source may not. FALSE with an error: a record cannot be read. */
gboolean rights_judge(const RightsSources *sources, StoreTxn *txn, Docno docno, const Document *facts, gboolean *allowed,
                      char **reason, GError **error);

#endif
