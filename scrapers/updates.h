/* SPDX-License-Identifier: Apache-2.0
 * scrapers/updates.h - the stage `updates`: of the several records that MEDLINE has of one citation, the current one stays.
 *
 * PubMed comes as a yearly baseline and a daily file of changes. A citation that was corrected comes again under its PMID,
 * a revised one under its PMID and the next version, and one that was withdrawn is named in a DeleteCitation. All sources of
 * format medline count as one series of files, in the order of the inputs:
 *
 *   - Of records with one PMID and version, the last one stands; among versions, the highest.
 *   - A DeleteCitation takes back the records of its PMID and version that stand in files before its own.
 *
 * The others get a verdict: "superseded", whose winner is the record that stands in their place, or "deleted-by-publisher",
 * whose detail is the place of the DeleteCitation. What stands may still be dropped by later stages. A record that ingest
 * could not use (an abstract was withdrawn, say) counts like any other, so that its older versions do not come back.
 * The record that stands has a note (store/note.h) of what it replaced, at most UPDATES_NOTED of them, the latest first,
 * and its source and id lead to it (document_find).
 *
 * A recipe without a source of format medline has no such stage. Memory: 32 bytes for each record of MEDLINE. Time: linear.
 * In a store that gets documents, the citations of these are looked at and no others: a record that had stood may be
 * superseded now, and one that a withdrawn version had superseded stands again. Killed at any moment, it decides again.
 * PMIDs are numbers below 2^32; what has another id is left to deduplication.
 */
#ifndef SCRAPERS_UPDATES_H
#define SCRAPERS_UPDATES_H

#include "store/recipe.h"
#include "store/stage.h"

#define RULE_SUPERSEDED "superseded"
#define UPDATES_NOTED 20

gboolean updates_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);

#endif
