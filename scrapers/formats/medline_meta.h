/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/medline_meta.h - what a MEDLINE citation says beside its text.
 *
 * Fills language, date and meta of the document. Keys of meta: pmid, doi, pmcid, journal, authors, mesh,
 * publication_types, keywords, languages (when more than one), version (when above 1), retracted (the work was
 * retracted), retraction_notice (this citation retracts another), corrected, retraction_pmids.
 */
#ifndef SCRAPERS_FORMATS_MEDLINE_META_H
#define SCRAPERS_FORMATS_MEDLINE_META_H

#include "scrapers/formats/xml_tree.h"

#include "store/document.h"

void medline_meta(const XmlNode *citation, const XmlNode *article, const XmlNode *data, Document *document);

#endif
