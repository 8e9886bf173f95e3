/* SPDX-License-Identifier: Apache-2.0
 * store/build_diff_parts.h - what the comparisons of stores and of manifests share. Used by build_diff*.c alone. */
#ifndef STORE_BUILD_DIFF_PARTS_H
#define STORE_BUILD_DIFF_PARTS_H

#include "base/json.h"

/* An array of {"path", "from", "to"}: where two values differ, as deep as objects and arrays go in both. Elements of arrays
 * with a "tag" or a "name" are told by it, others by their number. What only one has is null in the other. */
json_t *json_differences(const json_t *before, const json_t *after);

/* The facts of a source in a manifest; NULL: it has none. */
const json_t *manifest_source(const json_t *manifest, const char *tag);
const json_t *manifest_settings(const json_t *manifest); /* of the recipe; NULL: not in it */
/* Sets "roots", "settings" and "manifest"; the latter without what is of documents and settings. */
void diff_set_heads(json_t *diff, const json_t *before, const json_t *after, const json_t *settings_before, const json_t *settings_after);

#endif
