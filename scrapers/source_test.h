/* SPDX-License-Identifier: Apache-2.0
 * scrapers/source_test.h - the tests that a source file holds, over saved or captured pages; needs no network.
 *
 * source_test_run extracts each test's page by the file's own rules and compares. The answer: {"tag", "passed", "failed",
 * "tests": [{"page", "passed", "faults": [text]}], "warnings": [text about selectors that are brittle]}. White space
 * counts as one blank when texts are compared. A page that is not there, or that gives no document, is a failed test.
 */
#ifndef SCRAPERS_SOURCE_TEST_H
#define SCRAPERS_SOURCE_TEST_H

#include "base/json.h"
#include "store/source_file.h"

/* Pages lie in `folder` (source_pages.h), or, when `warc` is not NULL, in that WARC file. `program`: the galen executable
 * for the parser process; NULL: parse in this one. NULL only when the machine fails or the file's selectors are no good. */
json_t *source_test_run(const SourceFile *file, const char *folder, const char *warc, const char *program, GError **error);

#endif
