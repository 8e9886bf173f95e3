/* SPDX-License-Identifier: Apache-2.0
 * store/layout.h - shards that stay as they are while documents are taken out of a store.
 *
 * Mixed and packed anew as a whole, a store that loses one document would be cut and shuffled in another way, and every shard
 * would change. So what the mix has decided and where packed tokens lie can be kept: layout_keep writes down which settings
 * made them and where the mix had cut each source. While that record is there (TABLE_META, "layout"), the tables of the stage
 * "pack" are not cleared with those of other stages; mix_run cuts where it was cut, and decides on documents that come back by
 * the same cuts; pack_run repacks the shards that hold a document which is no more what it was (store/repack.h), and takes the
 * record away when it has finished.
 *
 * Where the recipe asks for something else by then, layout_use drops the layout with all that it kept, and both stages begin anew.
 */
#ifndef STORE_LAYOUT_H
#define STORE_LAYOUT_H

#include "base/json.h"
#include "store/store.h"

typedef struct Layout {
    char *mix, *pack; /* fingerprints of the runs that made it */
    json_t *plan;     /* position of the mix's run (store/mix.c) */
    json_t *asked;    /* MIX_META as it was */
} Layout;

void layout_clear(Layout *layout);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Layout, layout_clear)

/* Fine where there is nothing to keep, because the store is not packed, and where a layout is kept already. */
gboolean layout_keep(StoreTxn *txn, GError **error);
gboolean layout_is_kept(StoreTxn *txn);
/* Whether `stage`, "mix" or "pack", is to go by a layout that was kept: its run has this fingerprint. Otherwise there is none
 * afterwards. */
gboolean layout_use(Store *store, const char *stage, const char *fingerprint, Layout *layout, gboolean *kept, GError **error);
gboolean layout_leave(StoreTxn *txn, GError **error); /* takes the record away; fine if there is none */

#endif
