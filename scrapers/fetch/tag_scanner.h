/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/tag_scanner.h - the start tags of an HTML page, one after the other, in one linear pass.
 *
 * For finding links no tree is needed, and without one there is no nesting that could hurt: the scanner follows the
 * tokenizer of the HTML standard (13.2.5) as far as comments, quoted attributes, and the text of script, style, title,
 * textarea and the like go. Nothing is copied: names and values are slices of the page, values with their character
 * references still in place (tag_value decodes). Time is linear in the page, whatever its bytes.
 */
#ifndef SCRAPERS_FETCH_TAG_SCANNER_H
#define SCRAPERS_FETCH_TAG_SCANNER_H

#include <glib.h>

#define TAG_ATTRIBUTES_MAX 32 /* later ones are passed over */

typedef struct TagSlice {
    const char *data;
    gsize length;
} TagSlice;

typedef struct Tag {
    TagSlice name;
    TagSlice keys[TAG_ATTRIBUTES_MAX];
    TagSlice values[TAG_ATTRIBUTES_MAX];
    unsigned attributes;
} Tag;

typedef struct TagScanner {
    const char *data;
    gsize length;
    gsize position;
} TagScanner;

gboolean tag_scanner_next(TagScanner *scanner, Tag *tag); /* FALSE at the end */
gboolean tag_is(const Tag *tag, const char *name);
const TagSlice *tag_attribute(const Tag *tag, const char *key); /* NULL: absent */
/* The bytes of a value with character references decoded (to UTF-8). g_free. */
char *tag_value(const TagSlice *value);

#endif
