/* SPDX-License-Identifier: Apache-2.0
 * train/batch.h - which tokens a step sees, and whose they are.
 *
 * A split of n tokens is cut into windows of context + 1 tokens that overlap by one, so that every token but the first
 * is a target once in an epoch; the last incomplete window is left out. The windows of each epoch are drawn in a seeded
 * permutation. A batch is a pure function of (digest of the shards, seed, step): neither the micro-batch, nor the number
 * of ranks, nor where a run was interrupted has a part in it, and a longer run begins with the same batches.
 *
 * In a store that was packed by best-fit some tokens are padding (store/shard.h): they are no targets, and what follows one is
 * none either. Windows are those of the packing where `context` is its window, or divides it.
 *
 * Sequence: p = batch_plan_new(reader, ...); batch_read(p, step, &batch, e); ...; batch_clear(&batch); batch_plan_free(p).
 * The reader is borrowed and must outlive the plan.
 */
#ifndef TRAIN_BATCH_H
#define TRAIN_BATCH_H

#include "base/hash.h"
#include "store/shard.h"

typedef struct BatchPlan {
    const ShardReader *reader;
    gsize context;
    gsize sequences;
    guint64 windows; /* in an epoch */
    guint64 seed;    /* of the configuration, mixed with the digest of the shards */
} BatchPlan;

typedef struct Batch {
    gsize context;
    gsize sequences;
    guint32 *ids;                /* [sequences, context + 1] */
    GArray *spans;               /* of Span: those of each sequence in turn, clipped to its window */
    gsize *first_span;           /* sequences + 1 indices into spans */
    guint64 *windows;            /* the number of each sequence's window */
    guint8 *left_out;            /* [sequences, context]: targets that are padding, or whose input is; NULL: none */
    gsize left_out_count;
    char hash[HASH128_HEX_SIZE]; /* XXH3-128 of ids, as little-endian u32: two runs with the same ate the same */
} Batch;

/* `split` names the reader's split in errors. */
BatchPlan *batch_plan_new(const ShardReader *reader, const char *split, gsize context, gsize sequences, guint64 seed,
                          GError **error);
void batch_plan_free(BatchPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BatchPlan, batch_plan_free)

/* Fills a zeroed Batch, or one that was filled before. */
gboolean batch_read(const BatchPlan *plan, guint64 step, Batch *batch, GError **error);
/* Windows spread evenly over the split: the same for every evaluation. A source that none of them meets gets the window that
 * has most of it, in the place of one that no other source needs, as far as there are such. */
gboolean batch_read_spread(const BatchPlan *plan, Batch *batch, GError **error);
/* The step and the sequence in it that see window `window` in epoch `epoch`; both from 0. */
void batch_find(const BatchPlan *plan, guint64 window, guint64 epoch, guint64 *step, gsize *sequence);
/* Targets whose loss counts: losses of the others are 0 for whoever adds them up. */
static inline gsize batch_targets(const Batch *batch)
{
    return batch->sequences * batch->context - batch->left_out_count;
}
static inline gboolean batch_leaves_out(const Batch *batch, gsize target)
{
    return batch->left_out && batch->left_out[target];
}
void batch_clear(Batch *batch);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Batch, batch_clear)

/* First rows of the documents in sequences [first, first + count), or of the sequences alone without `by_document`,
 * then the number of rows: what attention may not look across. Spans are read with `by_document` alone. Appends guint32. A row belongs to the document of its
 * input token. */
void batch_starts(const Batch *batch, gsize first, gsize count, gboolean by_document, GArray *starts);

/* The mean loss of a source or a document over its targets. */
typedef struct BatchLoss {
    guint64 key; /* Span.source or Span.docno */
    double loss;
    guint64 tokens;
} BatchLoss;

typedef enum { BATCH_BY_SOURCE, BATCH_BY_DOCUMENT } BatchKey;

/* Splits losses[sequences * context], one for each target in order, by key: an array of BatchLoss sorted by key. The
 * tokens of all keys add up to batch_targets, and loss times tokens to its total loss. */
GArray *batch_losses(const Batch *batch, const double *losses, BatchKey key);

#endif
