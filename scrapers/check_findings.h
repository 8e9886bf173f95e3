/* SPDX-License-Identifier: Apache-2.0
 * scrapers/check_findings.h - what of a measure (check.h) is drift. The ids stay the same for years:
 *
 *   selector-missed      a selector matches no page, or far fewer than at the last good check; names the selector
 *   fewer-documents      less than half as many documents are listed as last time, or as are expected when all were seen
 *   shorter-text         the median text has less than half the words of last time, or most pages give no text
 *   no-links             the pages read list no document
 *   extractors-disagree  the file's rules and the generic extractor find very different texts on most pages
 */
#ifndef SCRAPERS_CHECK_FINDINGS_H
#define SCRAPERS_CHECK_FINDINGS_H

#include "base/json.h"
#include "store/source_file.h"

/* A new array. `last` may be NULL. */
json_t *check_findings(const SourceFile *file, const json_t *measure, const json_t *last);

#endif
