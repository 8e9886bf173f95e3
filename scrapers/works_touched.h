/* SPDX-License-Identifier: Apache-2.0
 * scrapers/works_touched.h - which documents know something through others that are about to go.
 *
 * Documents of one work share facts (scrapers/metadata.h). When one is forgotten, nobody can ask it any more which works it was
 * of; so works_touched is to be called before (store/forget.h). Where tables of citations make works, the stage "metadata"
 * looks at all documents by itself.
 */
#ifndef SCRAPERS_WORKS_TOUCHED_H
#define SCRAPERS_WORKS_TOUCHED_H

#include "store/stage.h"

/* The documents of all works that `docnos` (Docno, rising) are of, these included: a new array of Docno, rising; empty where the
 * stage has not run to its end. */
GArray *works_touched(Store *store, const GArray *docnos, GError **error);

#endif
