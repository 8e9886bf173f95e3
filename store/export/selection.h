/* SPDX-License-Identifier: Apache-2.0
 * store/export/selection.h - which documents an export holds, and why others are not in it.
 *
 * selection_new reads the facts, verdict and placement of every document once. Kept documents of the source and split asked
 * for are selected, unless their licence denies it. Counts are by source, in the order of the store's list.
 */
#ifndef STORE_EXPORT_SELECTION_H
#define STORE_EXPORT_SELECTION_H

#include "base/json.h"
#include "base/progress.h"
#include "store/rights.h"
#include "store/split.h"

typedef struct SelectedSource {
    const char *tag; /* lies in Selection.facts, as long as that */
    gboolean redistributable;
    guint64 selected;
    guint64 refused;      /* of those asked for: the licence forbids it */
    GHashTable *licences; /* of the selected ones, as manifest.json names them -> guint64 * */
    guint64 tokens;       /* written; the token formats count them */
} SelectedSource;

typedef struct Selection {
    json_t *facts;   /* the store's record "sources" */
    RightsSources *rights; /* of the same */
    GArray *sources; /* of SelectedSource */
    guint64 selected, refused;
    Docno count;     /* documents of the store */
    guint8 *bits;    /* a bit for each */
} Selection;

typedef struct SelectionQuery {
    const char *source; /* NULL: all */
    const char *split;  /* NULL: all */
    gboolean allow_not_redistributable;
} SelectionQuery;

Selection *selection_new(StoreTxn *txn, const SelectionQuery *query, Progress *progress, GError **error);
void selection_free(Selection *selection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Selection, selection_free)
gboolean selection_has(const Selection *selection, Docno docno);
SelectedSource *selection_source(const Selection *selection, const char *tag); /* NULL: there is none */
/* The name of the first split that holds the document; NULL without error: none does. Lives as long as the program. */
const char *document_split(StoreTxn *txn, Docno docno, GError **error);

/* Of the proof: an array of objects, sources that have or refused something; and an object of all their licences. */
json_t *selection_sources_json(const Selection *selection, gboolean with_tokens);
json_t *selection_licences_json(const Selection *selection);

#endif
