/* SPDX-License-Identifier: Apache-2.0
 * store/mix_rows.h - what the mix must know of each document that may be kept, and where each source is cut. Used by mix*.c alone.
 *
 * A row is a document without a verdict of an earlier stage. Rows lie in a nameless file (base/row_file.h), in the order of
 * numbers, so that memory does not grow with the corpus. Verdicts that the mix gave before it was killed count as none: a
 * resumed run gathers the same rows.
 *
 * The documents of a source have an order of their own, drawn from the seed and from their ids. A cut is a place in it:
 * what lies before is taken. Cuts are found in a few walks over the rows, by the leading bits of the order, in memory that
 * depends on the number of sources alone.
 */
#ifndef STORE_MIX_ROWS_H
#define STORE_MIX_ROWS_H

#include "base/row_file.h"
#include "store/recipe.h"
#include "store/split.h"
#include "store/stage.h"
#include "store/upsample.h"

typedef struct MixRow {
    Docno docno;
    guint64 order;  /* the smaller, the earlier; equal ones go by docno */
    guint32 tokens; /* of one pass, BOS and EOS included */
    guint16 source; /* index in the recipe's list of sources */
    guint16 passes; /* by `repeat` and `upsample`; 1 when held out */
    guint8 split;
} MixRow;

/* Training tokens of a row's passes; 0 when held out. */
static inline guint64 mix_row_tokens(const MixRow *row)
{
    return row->split == SPLIT_TRAIN ? (guint64)row->tokens * row->passes : 0;
}

/* `upsampler` may be NULL; a finished one else. `width` is that of a token id; of rows below `done` the mix has given the
 * verdicts already. The rows are mapped. */
RowFile *mix_rows_gather(StageContext *context, const Recipe *recipe, const Upsampler *upsampler, unsigned width, Docno done, GError **error);
/* Shows an upsampler all documents of the sources that are upsampled, for the quartiles of the corpus. */
gboolean mix_rows_observe(StageContext *context, const Recipe *recipe, Upsampler *upsampler, GError **error);

/* Taken is what lies before (order, docno). */
typedef struct MixCut {
    guint64 order;
    Docno docno;
    guint64 drawn; /* training tokens of what is taken */
} MixCut;

typedef struct MixQuota {
    guint64 tokens; /* 0: nothing is taken; what the source has or more: all */
    gboolean within; /* take as much as does not pass it; else as little as reaches it */
} MixQuota;

/* One quota and one cut for each source. */
void mix_cuts_find(const MixRow *rows, guint64 count, const MixQuota *quotas, unsigned sources, MixCut *cuts);
gboolean mix_cut_takes(const MixCut *cut, const MixRow *row);

#endif
