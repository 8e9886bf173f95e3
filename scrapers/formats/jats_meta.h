/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/jats_meta.h - what the front matter of a JATS article says beside its text.
 *
 * Fills id ("PMC123", else "doi:...", else "PMID:...", else it is left alone), title, url, date, language and licence of the
 * document. Keys of meta, each only where the article has it:
 *
 *   pmid, pmcid, doi, publisher_id
 *   journal, journal_abbreviation (NLM's, else ISO's), publisher, issn, issn_electronic, issn_linking, volume, issue, pages
 *   dates (an object: type as in pub-type or date-type, date)
 *   article_type, subjects, keywords, authors ("Jane Roe", or the name of a group), translated_titles
 *   other_abstracts (types and languages of abstracts beside the main one)
 *   related (objects: type as in related-article-type, and doi, pmid, another kind of identifier, href or source)
 *   sub_articles (objects: type, title), whose text is left out
 *   retracted (the work was retracted), retraction_notice (it retracts another), corrected, expression_of_concern
 *
 * The caller adds what it knows: left_out_sections (titles), unknown_elements (names).
 */
#ifndef SCRAPERS_FORMATS_JATS_META_H
#define SCRAPERS_FORMATS_JATS_META_H

#include "scrapers/formats/xml_tree.h"

#include "base/json.h"
#include "store/document.h"

json_t *jats_meta(const XmlNode *article, Document *document); /* the caller writes it into document->meta */

#endif
