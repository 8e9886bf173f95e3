/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/split.h - the cutters behind record_reader.c, one per SplitKind.
 *
 * A Splitter borrows its InputStream (the WARC one opens the file itself) and makes records with bytes, origin and, for
 * records that are known to be bad, rule and detail. `next` follows record_reader_next. All run in constant memory: one
 * record (RECORD_LIMIT at most) and one chunk.
 */
#ifndef SCRAPERS_FORMATS_SPLIT_H
#define SCRAPERS_FORMATS_SPLIT_H

#include "base/stream.h"
#include "scrapers/formats/format.h"

typedef struct Splitter {
    gpointer state;
    int (*next)(gpointer state, Record *record, GError **error);
    void (*free)(gpointer state);
} Splitter;

Splitter split_lines_new(InputStream *stream, const char *path);
Splitter split_file_new(InputStream *stream, const char *path, const Format *format); /* a MEMBERS stream */

/* Elements by name in a stream of XML, however large; `place` is the start of the origins ("PATH", "PATH#MEMBER").
 * `head` holds bytes already read from the stream (may be empty). Elements do not nest in one another: a start tag
 * inside an element means that the element was left open, which costs that record and no other. Records know the line on
 * which they begin, and, as content_type "text/xml; charset=NAME", the encoding that the file declares if that is not
 * UTF-8 or ASCII. A file in UTF-16 is an input error. At most SPLIT_ELEMENTS_LIMIT names. */
#define SPLIT_ELEMENTS_LIMIT 8
typedef struct ElementScanner ElementScanner;
ElementScanner *element_scanner_new(InputStream *stream, const char *place, const char *const *elements,
                                    const char *head, gsize head_length);
int element_scanner_next(ElementScanner *scanner, Record *record, GError **error);
guint64 element_scanner_count(const ElementScanner *scanner); /* records so far */
void element_scanner_free(ElementScanner *scanner);

struct WarcSource;
Splitter split_warc_new(struct WarcSource *source, const char *path);

#endif
