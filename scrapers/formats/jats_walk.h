/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/jats_walk.h - what the parts of the JATS reader share while one article is written as text.
 *
 * jats.c makes a JatsWalk, jats_body.c walks blocks in document order, once each; jats_inline.c replaces citations,
 * mentions of figures and formulas inside a paragraph; jats_float.c writes captions; jats_reference.c knows the
 * bibliography. Floats that stand inside a paragraph wait in `pending` until the paragraph ends.
 */
#ifndef SCRAPERS_FORMATS_JATS_WALK_H
#define SCRAPERS_FORMATS_JATS_WALK_H

#include "scrapers/formats/xml_tree.h"

#include "scrapers/formats/format.h"
#include "scrapers/formats/jats_reference.h"
#include "scrapers/formats/text_form.h"

typedef struct JatsWalk {
    TextForm form;
    const ParseOptions *options;
    JatsReferences *references;
    GHashTable *floats; /* id -> const XmlNode *, borrowed from the tree */
    GQueue pending;     /* const XmlNode *: floats of the open paragraph */
    unsigned list_level;
} JatsWalk;

/* jats_body.c: the blocks that are children of `parent`; sections in it have headings of this depth. */
void jats_blocks(JatsWalk *walk, const XmlNode *parent, unsigned depth); /* NULL: nothing */
gboolean jats_is_block(const XmlNode *node);
gboolean jats_is_left_out(const XmlNode *node); /* a block that is never written: it parts no paragraph */
void jats_block(JatsWalk *walk, const XmlNode *node, unsigned depth);

/* jats_inline.c: the running text in `parent`, into the open block; blocks inside it become blocks of their own. */
void jats_text(JatsWalk *walk, const XmlNode *parent);
void jats_text_node(JatsWalk *walk, const XmlNode *node); /* one text node or element, itself included */
void jats_formula(JatsWalk *walk, const XmlNode *node);

/* jats_float.c */
gboolean jats_is_float(const XmlNode *node);
void jats_float(JatsWalk *walk, const XmlNode *node);         /* its caption as a block */
void jats_float_mention(JatsWalk *walk, const XmlNode *xref); /* [fig_ref]; the xref's own text if unresolved */
void jats_pending_floats(JatsWalk *walk);

#endif
