/* SPDX-License-Identifier: Apache-2.0
 * store/reading_order.h - the order in which a build from nothing would read the documents of a store.
 *
 * Documents are numbered as they enter, and a build enters them in the order of the recipe's inputs. A store that got an
 * input later has its documents behind all others, wherever the recipe names it. Where it matters which of two documents
 * was read first, their places are compared instead of their numbers: so results do not depend on what came when.
 *
 * The record, "reading_order" in TABLE_META, is a list of stretches [source, first, count] of numbers in the order of reading.
 * Where there is none, places are numbers.
 */
#ifndef STORE_READING_ORDER_H
#define STORE_READING_ORDER_H

#include "store/store.h"

typedef struct ReadingOrder ReadingOrder;

ReadingOrder *reading_order_load(StoreTxn *txn, GError **error);
void reading_order_free(ReadingOrder *order);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReadingOrder, reading_order_free)
/* Documents that no stretch has, as only a damaged record leaves them, come behind the others. NULL: the number. */
guint64 reading_order_place(const ReadingOrder *order, Docno docno);

typedef struct ReadingStretch {
    const char *source; /* tag; interned where it was read */
    Docno first;
    guint64 count;
} ReadingStretch;

/* The stretches of one source, in their order: a new array of ReadingStretch. */
GArray *reading_order_source(const ReadingOrder *order, const char *source);

/* Stretches of each input in the order of reading, an array of ReadingStretch; stretches that follow each other are joined. */
gboolean reading_order_save(StoreTxn *txn, const GArray *stretches, GError **error);

#endif
