/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/medline_abstract.h - the abstract of a citation as the document's text.
 *
 * A citation can have several: the main one, which PubMed gives in English, and others in further languages or for other
 * readers. `abstracts` says which may be the text, the first that is there: "main"; a language ("es", "spa"); a type
 * ("plain-language-summary", "PIP"); "any". A language never stands for a plain-language summary.
 */
#ifndef SCRAPERS_FORMATS_MEDLINE_ABSTRACT_H
#define SCRAPERS_FORMATS_MEDLINE_ABSTRACT_H

#include "scrapers/formats/medline_meta.h"

/* Fills the text, and the language if another abstract than the main one was taken. FALSE with `failure` filled. */
gboolean medline_abstract(const MedlineCitation *citation, const ParseOptions *options, Document *document, ParseFailure *failure);

#endif
