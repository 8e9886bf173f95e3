/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/html.h - one HTML page to a document: charset, title, main content, text form.
 *
 * Calling sequence: html_extract(bytes, n, content_type, url, &options, &document, &failure). Fills document->title,
 * text, language (from the page's own lang attribute), date and, when the page names one, url (canonical) and licence.
 * id and url become the canonical URL, else `url`; where there is neither (a saved file), what the caller put into id
 * stays. The caller's other fields are left alone.
 * options->date finds the date (date.h); start_at and stop_at cut the text at headings (sections.h). What of content, date
 * and start_at a page has nothing for is noted in the meta: "content_rule", "date_rule", "start_rule": "missed".
 * The text has the form that store/document.h describes. Runs in the sandbox; deterministic: limits are counts (bytes,
 * depth of nesting, nodes), never times.
 */
#ifndef SCRAPERS_EXTRACT_HTML_H
#define SCRAPERS_EXTRACT_HTML_H

#include "scrapers/formats/format.h"

gboolean html_extract(const char *bytes, gsize length, const char *content_type, const char *url,
                      const ParseOptions *options, Document *document, ParseFailure *failure);

#endif
