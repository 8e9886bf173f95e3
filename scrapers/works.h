/* SPDX-License-Identifier: Apache-2.0
 * scrapers/works.h - which documents of a store are one work, and how often it is cited.
 *
 * Two documents are one work when they share a PMID, PMCID or DOI (store/identity.h), when a row of a table of citations
 * names an identifier of each, or through further documents. Documents of the replay group, and those that a stage
 * before this one has taken for superseded, are none of any work.
 *
 * Sequence: w = works_new(txn, recipe, NULL, e); works_add_row(w, ...) for each row of each table; works_finish(w); from then on
 * works_find, by any number of threads; works_free(w). Memory: 40 bytes a document and 16 for each of its identifiers.
 *
 * An index of identifiers stays in the store (works_index). When documents come or go, works_closure finds by it those whose
 * works may have changed, as far as documents alone make works; works_new of these knows all that there is to know of them.
 */
#ifndef SCRAPERS_WORKS_H
#define SCRAPERS_WORKS_H

#include "scrapers/citation_table.h"
#include "store/key_index.h"
#include "store/recipe.h"
#include "store/store.h"

#define WORK_MEMBERS 64    /* of a work that are looked at, in the order of reading: identifiers that thousands share are rubbish */
#define WORK_TABLES 16383  /* tables of citations */

/* A row of a table: where it stands, and by which identifier it was found. */
typedef struct WorkRow {
    unsigned table; /* as given to works_add_row */
    guint64 line;   /* 0: there is none */
    CitationId id;
} WorkRow;

typedef struct Work {
    Docno members[WORK_MEMBERS]; /* other than the document itself */
    unsigned count;
    WorkRow cited;  /* the row that counts its citations */
    guint64 citations;
    WorkRow linked; /* the row that made it one work with another document */
} Work;

typedef struct Works Works;
/* Of all documents, or only of some (Docno, rising). */
Works *works_new(StoreTxn *txn, const Recipe *recipe, const GArray *only, GError **error);
gboolean works_index(const Works *works, KeyIndexWriter *writer, GError **error); /* before works_finish */
/* The documents of all works that any of `seeds` is or was of, themselves included: a new array of Docno, rising. */
GArray *works_closure(StoreTxn *txn, const KeyIndexRuns *index, const GArray *seeds, GError **error);
/* `table` counts from 0 and never falls. Of several tables the first that has a document counts its citations, and of its
 * rows the last. TRUE: the row is of a document in the store. */
gboolean works_add_row(Works *works, unsigned table, const CitationRow *row);
void works_finish(Works *works);
/* FALSE: nothing is known of the document but itself. */
gboolean works_find(const Works *works, Docno docno, Work *work);
void works_row(const Works *works, Docno docno, WorkRow *cited, guint64 *citations);
void works_free(Works *works);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Works, works_free)

#endif
