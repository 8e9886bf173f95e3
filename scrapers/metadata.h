/* SPDX-License-Identifier: Apache-2.0
 * scrapers/metadata.h - the stage that joins what is known of publications, and leaves out those that the recipe excludes.
 *
 * metadata_run (the stage "metadata", after all stages that decide which records stand) finds which documents are one work
 * (scrapers/works.h) and gives each undecided one, as a note (store/metadata.h), what it does not know itself: publication
 * types, MeSH headings, marks of retraction, journal, date and identifiers from the other documents of the work,
 * whatever became of these, and citation counts from the tables that the recipe names. So a PMC paper has the MeSH
 * headings of its MEDLINE record, by PMID, PMCID or DOI, and the abstract falls with a paper that its publisher retracted.
 *
 * Then the recipe's exclusions are applied to documents of the groups abstracts and papers, over own and joined facts alike:
 * the verdict is dropped / metadata / "excluded-VALUE", where VALUE is the publication type or MeSH heading as a slug;
 * its detail says where that was found. Counts per source: "joined", "cited" (by a table), "dropped:RULE".
 *
 * Tables are read once in each run, streaming. TABLE_META has "metadata.tables": for each its name, bytes, SHA-256, lines,
 * lines that could not be used ("bad_lines") and lines about documents of the store ("matched"); the manifest quotes it.
 * A table that is damaged is used up to the damage. Either is told in context->notices and counts as "citations/bad-input".
 */
#ifndef SCRAPERS_METADATA_H
#define SCRAPERS_METADATA_H

#include "store/recipe.h"
#include "store/stage.h"

gboolean metadata_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);

#endif
