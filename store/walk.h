/* SPDX-License-Identifier: Apache-2.0
 * store/walk.h - all records of a table through a function on all cores, results in the order of the keys.
 *
 * store_walk cuts a table into blocks of consecutive records. A block ends with its WALK_RECORDS-th record, or with the
 * one that brings its keys and values to WALK_BYTES or more; so what is in which block follows from the table alone.
 * `work` gets a block on one of context->jobs threads, with a read transaction of that thread's own, and makes a
 * result of it; `take` gets the results on the calling thread, in order. The records are as store_cursor_step gives
 * them, unchecked: their bytes lie in the map and are valid inside `work`. Progress is counted in records; whoever
 * calls begins and ends its task.
 *
 * The first error of either function stops the walk. Memory: a few blocks for each job, whatever the table's size.
 */
#ifndef STORE_WALK_H
#define STORE_WALK_H

#include "store/stage.h"

#define WALK_RECORDS 1024
#define WALK_BYTES ((gsize)1 << 20)

typedef struct StoreWalk {
    StoreTable table;
    gpointer user; /* shared by all threads: `work` only reads it */
    gpointer (*work)(gpointer user, StoreTxn *txn, const StoreRecord *records, guint count, GError **error); /* NULL: error */
    gboolean (*take)(gpointer user, gpointer result, GError **error);
    GDestroyNotify result_free;
} StoreWalk;

gboolean store_walk(StageContext *context, const StoreWalk *walk, GError **error);

#endif
