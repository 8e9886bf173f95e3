/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/compare.h - two extractors over one page: do they agree?
 *
 * A site's own rules rot when the site changes; the generic extractor does not know them and so tells. They disagree when
 * one finds more than DISAGREE_RATIO times the words of the other (and the difference is no trifle), or when headings are
 * nearly all missing from one of them. Either may be the one that is wrong: a person must look.
 */
#ifndef SCRAPERS_EXTRACT_COMPARE_H
#define SCRAPERS_EXTRACT_COMPARE_H

#include "base/json.h"
#include "scrapers/extract/tree.h"

#define DISAGREE_RATIO 2.5
#define DISAGREE_WORDS 100u
#define DISAGREE_HEADINGS 4u

/* Of a text in the form of store/document.h. */
typedef struct TextShape {
    guint words, headings;
} TextShape;

TextShape text_shape(const char *text);
gboolean text_shapes_disagree(TextShape a, TextShape b);

/* The shape of what the generic extractor takes from the page, cut at start_at and stop_at as the rules' text is. Marks
 * the page anew (noise.h): call it last. */
TextShape generic_shape(Page *page, const ParseOptions *options, const char *title);

/* Notes in document->meta, under "extractors", that the document's text and the generic one disagree, if they do. */
void extractors_compare(Page *page, const ParseOptions *options, Document *document);

/* Sets a member of the JSON object in document->meta; takes the reference. */
void document_set_meta(Document *document, const char *key, json_t *value);

#endif
