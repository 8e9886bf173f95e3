/* SPDX-License-Identifier: Apache-2.0
 * store/report/passages.h - passages that stand more than once: numbers of each source, and the passages that make the
 * corpus longest.
 */
#ifndef STORE_REPORT_PASSAGES_H
#define STORE_REPORT_PASSAGES_H

#include "base/json.h"
#include "store/store.h"

/* `summary` is the manifest's "passages"; NULL: the stage did not run, and the result is null. Else an object: "sources", the first
 * of which is all of them together, and "longest". NULL with an error. */
json_t *report_passages(Store *store, const json_t *summary, GError **error);

#endif
