/* SPDX-License-Identifier: Apache-2.0
 * scrapers/ingest.h - the first stage: every record of every source enters the store as a document.
 *
 * ingest_run crawls the sites among the recipe's sources (captures/TAG.warc.gz in the store), then reads all inputs in
 * the recipe's order, cuts them into records, parses these in sandboxed children, and writes documents in input order.
 * A record that gives no document still gets a number and a verdict: dropped / ingest / rule. A damaged file gives all
 * records before the damage and one verdict "damaged-input" for the rest. Counts per source: "entered", "parsed",
 * "dropped:RULE", "bytes" (of records), "bad-input" for what the curator should mend (never for pages of the web),
 * "flagged:unknown-elements" for records with elements that their format does not know (meta has their names), and
 * "flagged:extractors-disagree" for pages where the source's own rules and the generic extractor find very different
 * texts (the document's meta says how different, under "extractors").
 *
 * A record whose source and id have a tombstone (store/tombstone.h) gives a stub with the verdict dropped / ingest /
 * "forgotten", whatever is in it.
 *
 * Of a source with `sample` only the records that are drawn enter (scrapers/record_draw.h); counts "seen" and "seen_bytes" tell
 * of what, and an input's record has "records_seen".
 *
 * Killed at any moment, it goes on with the record after the last committed one. A store that was read to its end gets the
 * documents of inputs that the recipe has got since, behind its own. It starts anew when a source's settings or an input file
 * that was read (its name, size or time of change) are no longer the same, one of these is gone, or their order is another.
 */
#ifndef SCRAPERS_INGEST_H
#define SCRAPERS_INGEST_H

#include "store/recipe.h"
#include "store/stage.h"

/* `program`: the galen executable for the parser processes; NULL: parse in this process. */
gboolean ingest_run(StageContext *context, const Recipe *recipe, const char *program, char **fingerprint, GError **error);

#endif
