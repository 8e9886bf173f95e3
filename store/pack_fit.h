/* SPDX-License-Identifier: Apache-2.0
 * store/pack_fit.h - documents put together so that none that fits into a window is cut. Used by pack*.c alone.
 *
 * Best-fit decreasing, as for bins (Johnson, 1973; for language models Ding et al., "Fewer Truncations Improve Language
 * Modeling", 2024): the longest document first, each into the window with the least room that still holds it. A document that is
 * longer than a window takes whole windows, and others go behind its end; it stays in one piece, and is cut where a window
 * ends, as it must be. What no document fills is padding, an item of document DOCNO_NONE.
 *
 * Documents are taken in blocks of the shuffled order, so that memory does not grow with the corpus; windows of a block come in
 * a seeded order, documents of a window in that of the shuffle. A long document that shares its last window with none begins
 * where the one before it ends, without padding. So the result depends on the items, the window and the seed alone.
 *
 * Sequence: f = pack_fit_new(items, window, seed); while ((more = pack_fit_next(f, &item, e)) > 0) ...; pack_fit_free(f).
 * Every document that is not longer than a window lies between two multiples of it; only the last window may be short.
 */
#ifndef STORE_PACK_FIT_H
#define STORE_PACK_FIT_H

#include "store/pack_items.h"

typedef struct PackFit PackFit;

PackFit *pack_fit_new(const PackItems *items, guint64 window, guint64 seed);
void pack_fit_free(PackFit *fit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackFit, pack_fit_free)
int pack_fit_next(PackFit *fit, PackItem *item, GError **error); /* 1, 0 at the end, -1 */

#endif
