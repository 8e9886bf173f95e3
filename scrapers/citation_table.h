/* SPDX-License-Identifier: Apache-2.0
 * scrapers/citation_table.h - a table that somebody else made of how often publications are cited, row by row.
 *
 * Known by content, not by name; compressed, and in tar or zip archives, as base/stream.h reads them:
 *   CSV or TSV    (RFC 4180) with a line of headings, of which "citation_count" and at least one of "pmid", "pmcid" and
 *                 "doi" are needed: NIH's iCite database snapshots (icite.od.nih.gov), or one's own;
 *   JSON lines    objects with "citationcount" and identifiers in "externalids", as Semantic Scholar's dataset `papers` has
 *                 them (in the spelling of its graph API, "citationCount" and "externalIds", too), or beside it by the
 *                 names of the columns above.
 *
 * Sequence: t = citation_table_open(path, e); while (citation_table_next(t, &row, e) > 0) citation_row_clear(&row);
 * citation_table_free(t). Memory does not grow with the table: a row has at most CITATION_ROW_LIMIT bytes. A row that cannot
 * be used is counted and passed over; a table that is none at all is GALEN_ERROR_INPUT.
 */
#ifndef SCRAPERS_CITATION_TABLE_H
#define SCRAPERS_CITATION_TABLE_H

#include "base/stream.h"

#define CITATION_ROW_LIMIT ((gsize)32 << 20) /* a row of iCite lists who cites */

typedef enum { CITATION_PMID, CITATION_PMCID, CITATION_DOI, CITATION_CORPUS, CITATION_IDS } CitationId;

typedef struct CitationRow {
    char *ids[CITATION_IDS]; /* as store/identity.h normalises them, and "CorpusID 123"; NULL: none; owned */
    gboolean counted;        /* there is a number */
    guint64 citations;
    guint64 line;            /* of the file or member where the row begins, from 1 */
} CitationRow;

void citation_row_clear(CitationRow *row);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CitationRow, citation_row_clear)

typedef struct CitationTable CitationTable;
CitationTable *citation_table_open(const char *path, GError **error);
/* 1 and the row, 0 at the end, -1 on error. Rows without an identifier are left out. */
int citation_table_next(CitationTable *table, CitationRow *row, GError **error);
void citation_table_free(CitationTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CitationTable, citation_table_free)

guint64 citation_table_lines(const CitationTable *table); /* so far, headings not counted */
guint64 citation_table_bad_lines(const CitationTable *table);
/* "line 17: ..." of the first bad line; NULL: there was none. */
const char *citation_table_fault(const CitationTable *table);
/* The member of the archive that is being read; NULL: the file is none. */
const char *citation_table_member(const CitationTable *table);
guint64 citation_table_raw_position(const CitationTable *table); /* bytes of the file on disk, for progress */
gboolean citation_table_digest(CitationTable *table, Sha256 *digest, GError **error); /* of the whole file on disk */

#endif
