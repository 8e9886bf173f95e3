/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/jats_walk.h - what the parts of the JATS reader share while one article is written as text.
 *
 * jats.c makes a JatsWalk. jats_index.c looks at every element once: it finds what mentions may point to, and counts what is
 * unknown. jats_body.c walks blocks in document order, once each; jats_inline.c writes running text, with jats_xref.c for
 * citations, mentions and footnote marks; jats_float.c writes captions, jats_table.c cells; jats_reference.c knows the
 * bibliography. What is met inside of a paragraph and stands outside of it waits in `floats` and `notes` until the paragraph
 * ends; a box waits in `boxes` until the text of its section ends, so that no text behind it seems to belong to it.
 */
#ifndef SCRAPERS_FORMATS_JATS_WALK_H
#define SCRAPERS_FORMATS_JATS_WALK_H

#include "scrapers/formats/format.h"
#include "scrapers/formats/jats_elements.h"
#include "scrapers/formats/jats_reference.h"
#include "scrapers/formats/text_form.h"
#include "scrapers/formats/xml_tree.h"

/* A float or footnote that has an id. */
typedef struct JatsTarget {
    const XmlNode *node;
    char *label;   /* "Figure 3"; made when first asked for, as `caption` */
    char *caption; /* its first part, without citations */
    gboolean read;
} JatsTarget;

typedef struct JatsWalk {
    TextForm form;
    const ParseOptions *options;
    JatsReferences *references;
    GHashTable *targets;   /* id, borrowed from the tree -> JatsTarget */
    GHashTable *unknown;   /* set of the names of unknown elements; NULL: none */
    GPtrArray *left_out;   /* titles of sections that are not written, owned */
    GQueue floats, notes;  /* const XmlNode *: of the open paragraph */
    GQueue boxes;          /* const XmlNode *: of the open section */
    GHashTable *noted;     /* set of footnotes that are written or wait */
    const XmlNode *cited;  /* the last citation of the open line */
    gsize heading, heading_length; /* of the section that is open, in form.out; length 0: it has none */
    guint depth;           /* that a heading has here */
    guint list_level;
    gboolean in_line;      /* a caption or cell: what is in it makes no blocks */
} JatsWalk;

/* jats_index.c: over the whole article, but for reviews of it. Also renames HTML to JATS. */
void jats_index(JatsWalk *walk, XmlNode *article);

/* jats_sections.c: whether a section is about the paper rather than of it: funding, contributions, acknowledgements. */
gboolean jats_section_is_out(const XmlNode *section, guint depth);
const XmlNode *jats_heading(const XmlNode *section); /* its title or, without one, its label; NULL if neither has text */

/* jats_body.c: the blocks that are children of `parent` (NULL: nothing); in a section boxes come at its end. */
void jats_blocks(JatsWalk *walk, const XmlNode *parent);
void jats_section(JatsWalk *walk, const XmlNode *parent);
void jats_block(JatsWalk *walk, const XmlNode *node);
void jats_continue(JatsWalk *walk);    /* begins what goes on behind a block inside a paragraph or item */
void jats_waiting(JatsWalk *walk);     /* writes the floats and footnotes that wait */
void jats_resume(JatsWalk *walk);      /* what follows stands in the open section again */
JatsRole jats_role_of(const XmlNode *node); /* jats_role, but for pictures without captions, which are nothing */

/* jats_inline.c: the running text in `parent`, into the open block. */
void jats_text(JatsWalk *walk, const XmlNode *parent);
void jats_text_node(JatsWalk *walk, const XmlNode *node); /* one text node or element, itself included */
char *jats_line(JatsWalk *walk, const XmlNode *parent);   /* as a string of its own; NULL: no text */
void jats_formula(JatsWalk *walk, const XmlNode *node);

/* jats_xref.c: TRUE if the xref has been dealt with; FALSE: it is words of the text. */
gboolean jats_xref(JatsWalk *walk, const XmlNode *xref);
void jats_note(JatsWalk *walk, const XmlNode *note); /* a footnote is mentioned here */
JatsTarget *jats_target(const JatsWalk *walk, const char *id, gsize length);

/* jats_float.c */
void jats_float(JatsWalk *walk, const XmlNode *node);         /* its caption as a block */
gboolean jats_float_mention(JatsWalk *walk, JatsTarget *target, const XmlNode *xref); /* [fig_ref]; FALSE: it says nothing */

/* jats_table.c: the rows of a table-wrap, table or array as Markdown, each a line. */
void jats_table(JatsWalk *walk, const XmlNode *node);

#endif
