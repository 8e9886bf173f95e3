/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/page_facts.h - what a page says about itself: title, language, date, canonical URL, licence.
 *
 * page_facts_fill sets document->title, language, date, url and licence where the page names them, and document->meta
 * to a JSON object with description, authors, site and doi, or leaves them NULL. Sources, in this order: <meta> and
 * <link> (Highwire citation_*, Dublin Core, Open Graph), JSON-LD, microdata and elements of the body.
 * `url` is where the page was fetched, for relative links; may be NULL. Values are tidied and capped in length.
 */
#ifndef SCRAPERS_EXTRACT_PAGE_FACTS_H
#define SCRAPERS_EXTRACT_PAGE_FACTS_H

#include "base/json.h"
#include "scrapers/extract/tree.h"

/* JSON-LD objects of the page, flattened; what is no JSON is passed over. Free with json_decref. */
json_t *page_linked_data(Page *page);

void page_facts_fill(Page *page, json_t *linked_data, const char *url, const char *title_rule, Document *document);

#endif
