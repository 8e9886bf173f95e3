/* SPDX-License-Identifier: Apache-2.0
 * scrapers/update_entries.h - MEDLINE's records and deletions of citations, as short entries.
 *
 * Sequence: e = update_entries_new(recipe); update_entries_take for documents; update_entries_sort(e); groups of entries of one PMID follow each other, in the order of reading; update_entries_free(e).
 * Memory: 16 bytes an entry, and as much again while they are sorted.
 */
#ifndef SCRAPERS_UPDATE_ENTRIES_H
#define SCRAPERS_UPDATE_ENTRIES_H

#include "store/document.h"
#include "store/reading_order.h"
#include "store/recipe.h"

typedef struct UpdateEntry {
    guint32 pmid;
    guint32 docno_low;
    guint32 file; /* entries of one file have the same number */
    guint8 docno_high;
    guint8 version;
    guint8 deletes; /* a PMID in a DeleteCitation, whose document number this is */
    guint8 unused;
} UpdateEntry;

typedef struct UpdateEntries {
    UpdateEntry *entries;
    gsize count, capacity;
    GHashTable *sources; /* tags of format medline */
    GHashTable *files;   /* tag and path -> number */
    char *file;          /* the last one, so that most need no look-up */
    guint32 file_number;
} UpdateEntries;

UpdateEntries *update_entries_new(const Recipe *recipe);
void update_entries_free(UpdateEntries *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UpdateEntries, update_entries_free)
gboolean update_entries_wanted(const UpdateEntries *list); /* the recipe has a source of MEDLINE */
/* Adds the document's entries; with `only` those of this PMID alone (0: all). */
void update_entries_take(UpdateEntries *list, Docno docno, const Document *document, guint32 only);
void update_entries_sort(UpdateEntries *list, const ReadingOrder *order); /* by PMID, then place; stable */
guint32 update_entries_group(const UpdateEntries *list, gsize first); /* entries of one PMID from there on */

static inline Docno update_entry_docno(const UpdateEntry *entry)
{
    return (Docno)entry->docno_high << 32 | entry->docno_low;
}

#endif
