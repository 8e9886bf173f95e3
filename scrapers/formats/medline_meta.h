/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/medline_meta.h - what a MEDLINE citation says beside its text.
 *
 * Fills language, date and meta of the document. Keys of meta, each only where the citation has it:
 *
 *   pmid, version (when above 1), doi, pmcid
 *   journal, journal_abbreviation (ISO 4), journal_nlm_id, issn, issn_linking, volume, issue, pages; book, publisher
 *   medline_date (a date in words, as it stands), date_electronic, date_completed, date_revised
 *   authors ("Jane Roe Jr", or the name of a group), vernacular_title, languages (when more than one)
 *   mesh (names of descriptors), mesh_headings (those that are major or have qualifiers, in the notation of PubMed's MH
 *   field: "*Heart/blood", with a * before each major topic, descriptor or qualifier), keywords, publication_types
 *   other_abstracts ("Publisher/spa": type and language of abstracts beside the main one)
 *   related (objects: type as in RefType, pmid or source), retraction_pmids
 *   retracted (the work was retracted), retraction_notice (this citation retracts another), corrected (an erratum or a
 *   republication is known), expression_of_concern
 *   unknown_elements (names that medline_elements.h does not have)
 */
#ifndef SCRAPERS_FORMATS_MEDLINE_META_H
#define SCRAPERS_FORMATS_MEDLINE_META_H

#include "scrapers/formats/medline_elements.h"

/* Numbers on the tape; TAPE_NONE for what a citation lacks. */
typedef struct MedlineCitation {
    const XmlTape *tape;
    guint32 citation; /* MedlineCitation or BookDocument */
    guint32 article;  /* Article or, again, BookDocument */
    guint32 data;     /* PubmedData or PubmedBookData */
} MedlineCitation;

void medline_meta(const MedlineCitation *citation, Document *document);

/* The meta of a DeleteCitation: "deletes", a list of PMIDs, "5.2" for version 2 of one. *count is their number. */
char *medline_deleted(const XmlTape *tape, guint32 root, unsigned *count);

#endif
