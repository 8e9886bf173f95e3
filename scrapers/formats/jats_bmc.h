/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/jats_bmc.h - articles in BioMed Central's own XML, made into the tree that the reader of JATS walks.
 *
 * BioMed Central delivered its journals in a DTD of its own (http://www.biomedcentral.com/xml/article.dtd, root element
 * <art>) until 2015; archives of publishers and of text miners hold them. The elements are renamed to those of JATS that
 * mean the same, and moved where JATS has them: bibliographic facts to article-meta, titles out of their paragraphs, the
 * heading "Abstract" away, entries of the list of references to citations.
 */
#ifndef SCRAPERS_FORMATS_JATS_BMC_H
#define SCRAPERS_FORMATS_JATS_BMC_H

#include "scrapers/formats/xml_tree.h"

/* Changes `art`, an <art> of the tree, into an <article>, in place. FALSE: the tree would outgrow XML_TREE_LIMIT. */
gboolean jats_from_bmc(XmlTree *tree, XmlNode *art);

#endif
