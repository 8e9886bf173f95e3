/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/jats_meta.h - what the front matter of a JATS article says beside its text.
 *
 * Fills id, title, url, date, language, licence and meta. Keys of meta: pmid, pmcid, doi, journal, article_type, authors,
 * keywords, subjects, retracted, retraction_notice. The id is "PMC123", else "doi:...", else "PMID:...", else it is left
 * alone.
 */
#ifndef SCRAPERS_FORMATS_JATS_META_H
#define SCRAPERS_FORMATS_JATS_META_H

#include "scrapers/formats/xml_tree.h"

#include "base/json.h"
#include "store/document.h"

json_t *jats_meta(const XmlNode *article, Document *document); /* the caller writes it into document->meta */

#endif
