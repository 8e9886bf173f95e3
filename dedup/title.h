/* SPDX-License-Identifier: Apache-2.0
 * dedup/title.h - titles without what differs from one publisher to the next.
 *
 * Normalisation: Unicode letters and digits only, letters in lower case by the simple mapping. The hash is the XXH3-128
 * of the result as UTF-8.
 */
#ifndef DEDUP_TITLE_H
#define DEDUP_TITLE_H

#include "base/hash.h"

/* Sets *characters to the length of the normalised title; a NULL title has 0. */
Hash128 title_hash(const char *title, guint32 *characters);

#endif
