/* SPDX-License-Identifier: Apache-2.0
 * scrapers/record_draw.h - which records of a source enter the store, where the recipe takes a sample of it.
 *
 * Records are drawn while they are read, before they are parsed or stored, so that a sample of a terabyte costs the reading of
 * it. The draw is a hash of the recipe's `sample.seed` and of what the record is called: the address of a captured page, the
 * PMID of a citation of MEDLINE (so that all its versions are drawn, or none), and of any other record its own bytes (so that
 * equal records are drawn together). It depends on nothing else: not on threads, batches, kills or the other records.
 * What a smaller share draws a larger one draws too. A record that could not be read, and a list of deleted citations, is always drawn.
 */
#ifndef SCRAPERS_RECORD_DRAW_H
#define SCRAPERS_RECORD_DRAW_H

#include "scrapers/formats/format.h"

gboolean record_is_drawn(const RecipeSource *source, const Format *format, const Record *record);

#endif
