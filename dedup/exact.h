/* SPDX-License-Identifier: Apache-2.0
 * dedup/exact.h - a hash that is equal for texts that differ in nothing but letter case and white space.
 *
 * Normalisation: ASCII letters in lower case; each run of ASCII white space (space, tab, LF, VT, FF, CR) becomes one
 * space, none at the ends. Punctuation, digits and all bytes outside ASCII stay as they are. The hash is the XXH3-128
 * of the result.
 */
#ifndef DEDUP_EXACT_H
#define DEDUP_EXACT_H

#include "base/hash.h"

/* `scratch` is room for `length` bytes. */
Hash128 exact_hash(const char *text, gsize length, char *scratch);

#endif
