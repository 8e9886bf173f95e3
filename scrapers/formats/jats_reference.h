/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/jats_reference.h - the bibliography of a JATS article, as citations quote it.
 */
#ifndef SCRAPERS_FORMATS_JATS_REFERENCE_H
#define SCRAPERS_FORMATS_JATS_REFERENCE_H

#include "base/buffer.h"
#include "scrapers/formats/xml_tree.h"

/* "[bib_ref]Title of twelve words at most..., Lastname[/bib_ref]"; either part may be NULL. */
void bib_ref_append(Buffer *out, const char *title, const char *last_name);

typedef struct JatsReferences JatsReferences;

JatsReferences *jats_references_new(void);
void jats_references_add(JatsReferences *references, const XmlNode *ref); /* in order; borrows the node */
void jats_references_free(JatsReferences *references);
guint jats_references_count(const JatsReferences *references);

/* Whether one of the ids in `rid` is that of an entry, or of a citation in one. */
gboolean jats_references_has(const JatsReferences *references, const char *rid);

/* The replacements of a citation (an xref), separated by blanks: every id in its rid, and what lies between it and `joined`,
 * the citation before, when a dash joins them ("3-7"; else NULL), or inside its own text. Empty if nothing could be resolved. */
void jats_references_quote(JatsReferences *references, const XmlNode *joined, const XmlNode *xref, Buffer *out);

/* The same for one entry, or for a citation that stands in the text itself; "" if it says nothing. g_free. */
char *jats_reference_quote(const XmlNode *entry);

/* The bytes of a dash at `text`: hyphens, en and em dash, minus. 0: none. */
gsize dash_length(const char *text);

#endif
