/* SPDX-License-Identifier: Apache-2.0
 * scrapers/chapters.h - the stage "chapters": pages that name others as their chapters become one document with them.
 *
 * Runs after ingest, for sources with `extract.chapters`; the recipe's other sources cost nothing, and without such a
 * source the stage leaves no trace. Which pages belong together says chapter_graph.h, from the links that the parser has
 * noted in each document's meta (extract/chapter_links.h). The parent gets a record (store/chapters.h), each chapter the
 * verdict merged / chapters / chapter, and a further copy of one of the pages merged / chapters / same-page.
 * Counts per source: "books" (documents of several pages), "merged:chapter", "merged:same-page", and "missing": chapters
 * that a page names and that are no part of its document; the record of the parent says of each why.
 *
 * Everything is found anew by a run that goes on after a kill; only what is not yet written is written.
 */
#ifndef SCRAPERS_CHAPTERS_H
#define SCRAPERS_CHAPTERS_H

#include "store/recipe.h"
#include "store/stage.h"

/* Without a source that has chapters *fingerprint is a copy of `predecessor`. */
gboolean chapters_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);

#endif
