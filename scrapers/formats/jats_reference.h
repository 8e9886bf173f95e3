/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/jats_reference.h - the bibliography of a JATS article, as citations quote it.
 */
#ifndef SCRAPERS_FORMATS_JATS_REFERENCE_H
#define SCRAPERS_FORMATS_JATS_REFERENCE_H

#include "scrapers/formats/xml_tree.h"

#include "base/buffer.h"

/* "[bib_ref]Title of twelve words at most..., Lastname[/bib_ref]"; either part may be NULL. */
void bib_ref_append(Buffer *out, const char *title, const char *last_name);

typedef struct JatsReferences JatsReferences;

JatsReferences *jats_references_new(void);
void jats_references_add(JatsReferences *references, const XmlNode *ref); /* in order; borrows the node */
void jats_references_free(JatsReferences *references);

/* The replacements of a citation (an xref), separated by blanks: every id in its rid, and what lies between it and the
 * citation before when a dash joins them ("3-7"), or inside its own text. Empty if nothing could be resolved. */
void jats_references_quote(JatsReferences *references, const XmlNode *xref, Buffer *out);

#endif
