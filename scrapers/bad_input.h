/* SPDX-License-Identifier: Apache-2.0
 * scrapers/bad_input.h - which verdicts of ingest mean that a file is not what it should be.
 *
 * Damaged files and malformed records are for the curator to mend; pages of the web are what they are. Ingest counts the former
 * as "bad-input" of their source, and `galen list --bad-input` names them. Needs no parser.
 */
#ifndef SCRAPERS_BAD_INPUT_H
#define SCRAPERS_BAD_INPUT_H

#include "store/stage.h"

gboolean bad_input_is_rule(const char *rule);
/* Whether a verdict stands for something that the curator should mend, by the counts of the ingest stage's run. */
gboolean bad_input_is_verdict(const StageRun *run, const char *source, const Verdict *verdict);

#endif
