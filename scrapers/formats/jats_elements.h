/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/jats_elements.h - what becomes of each element of an article: one table.
 *
 * The elements are those of JATS 1.3 (Archiving) and its ancestors NLM 1.0 to 3.0, with MathML, OASIS tables and TaxPub.
 * An element that the table does not have is JATS_UNKNOWN: its text is taken as running text, and the document's meta counts
 * it (`unknown_elements`).
 */
#ifndef SCRAPERS_FORMATS_JATS_ELEMENTS_H
#define SCRAPERS_FORMATS_JATS_ELEMENTS_H

#include "scrapers/formats/xml_names.h"

typedef enum {
    JATS_UNKNOWN,
    JATS_INLINE,  /* mark-up of running text, which goes on through it */
    JATS_PART,    /* read, or passed over, by the element around it: labels, titles, cells, parts of references */
    JATS_FACT,    /* front matter: the document's facts are made of some of it, and no text */
    JATS_OUT,     /* left out with all that is in it */
    JATS_XREF,
    JATS_FORMULA,
    JATS_CITATION, /* a reference in the text itself, not in a list of references */
    JATS_FOOTNOTE,
    JATS_NOTES,     /* a group of footnotes, which are written where they are mentioned */
    JATS_PARAGRAPH, /* from here on blocks */
    JATS_SECTION,
    JATS_CONTAINER, /* its blocks are blocks of what is around it */
    JATS_BOX,
    JATS_STATEMENT,
    JATS_LIST,
    JATS_DEFINITIONS,
    JATS_FLOAT,
    JATS_TABLE, /* cells, with or without a table-wrap around them */
    JATS_DISPLAY, /* a formula that stands by itself */
    JATS_LINES,
    JATS_VERSE,
    JATS_SPEECH,
} JatsRole;

JatsRole jats_role(XmlName name);

/* HTML that some tools leave in articles goes by the name of what it stands for: <ul> is a <list>. */
XmlName jats_alias(XmlName name);

#endif
