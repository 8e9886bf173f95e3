/* SPDX-License-Identifier: Apache-2.0
 * cli/clean.h - the parts of `galen clean`: the report on a store, and the explanation of one document.
 *
 * Both are made as JSON, which --json prints as it is; the printers read nothing else.
 */
#ifndef CLI_CLEAN_H
#define CLI_CLEAN_H

#include "base/json.h"
#include "store/store.h"

/* Counts of the stage by source: {"sources": [{"tag", "characters_in", "characters_out", "rules": [{"rule", "documents",
 * "edits"}], "boilerplate": [{"text", "documents"}], "dropped": {rule: documents}, "languages": {code: documents}}]}. `source` NULL: all. */
json_t *clean_report(Store *store, const char *source, GError **error);
void clean_print_report(const json_t *report);

/* Cleans the document that `id` names once more, by the settings of the store or of the recipe in this file: {"docno",
 * "source", "id", "rules": [{"rule", "summary", "edits", "diff"}], "drops": [{"rule", "unit", "value", "threshold",
 * "must_be", "off", "passed"}], "outcome", ...}. `colour` makes diffs for a terminal. */
json_t *clean_explain(StoreTxn *txn, const char *id, const char *recipe, gboolean colour, GError **error);
void clean_print_explanation(const json_t *explanation, gboolean colour);

/* All rules and drops, with a line on each. */
void clean_print_rules(gboolean json);

#endif
