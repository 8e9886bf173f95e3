/* SPDX-License-Identifier: Apache-2.0
 * Walks over whole tables; see store/walk.h. */
#include "store/walk.h"

#include "base/pipeline.h"

#define BLOCKS_PER_JOB 4

typedef struct Walker {
    const StoreWalk *walk;
    StageContext *context;
    StoreCursor *cursor;
    gboolean ended;
} Walker;

typedef struct Block {
    const StoreWalk *walk;
    guint count;
    gpointer result;
    StoreRecord records[WALK_RECORDS];
} Block;

static void block_free(gpointer data)
{
    Block *block = data;
    if (block->result && block->walk->result_free)
        block->walk->result_free(block->result);
    g_free(block);
}

static gpointer next_block(gpointer user, GError **error)
{
    Walker *walker = user;
    gsize bytes = 0;
    int more = 1;
    if (walker->ended)
        return NULL;
    Block *block = g_new(Block, 1);
    block->walk = walker->walk;
    block->count = 0;
    block->result = NULL;
    while (block->count < WALK_RECORDS && bytes < WALK_BYTES) {
        StoreRecord *record = &block->records[block->count];
        more = store_cursor_step(walker->cursor, record, error);
        if (more <= 0)
            break;
        bytes += record->key.length + record->stored.length;
        block->count++;
    }
    walker->ended = more == 0;
    if (more >= 0 && block->count)
        return block;
    block_free(block);
    return NULL;
}

static gboolean work_block(gpointer user, gpointer worker, gpointer item, GError **error)
{
    const Walker *walker = user;
    Block *block = item;
    g_autoptr(StoreTxn) txn = store_read_begin(walker->context->store, error);
    if (!txn)
        return FALSE;
    block->result = walker->walk->work(walker->walk->user, txn, block->records, block->count, error);
    return block->result != NULL;
}

static gboolean take_block(gpointer user, gpointer item, GError **error)
{
    const Walker *walker = user;
    Block *block = item;
    progress_add(walker->context->progress, block->count);
    return walker->walk->take(walker->walk->user, block->result, error);
}

gboolean store_walk(StageContext *context, const StoreWalk *walk, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    if (!txn)
        return FALSE;
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, walk->table, NULL, 0, error);
    if (!cursor)
        return FALSE;
    Walker walker = {walk, context, cursor, FALSE};
    Pipeline pipeline = {
        .user = &walker,
        .next = next_block,
        .work = work_block,
        .sink = take_block,
        .item_free = block_free,
    };
    unsigned jobs = MAX(context->jobs, 1);
    return pipeline_run(&pipeline, jobs, jobs * BLOCKS_PER_JOB, error);
}
