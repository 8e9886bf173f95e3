/* SPDX-License-Identifier: Apache-2.0
 * store/report/lengths.h - how long the packed documents of a store are, in tokens, by powers of two.
 *
 * Of each document the first pass is counted, with its BOS and EOS; a document that a shard's end cut is one.
 */
#ifndef STORE_REPORT_LENGTHS_H
#define STORE_REPORT_LENGTHS_H

#include "store/store.h"

#define LENGTH_BINS 40

typedef struct Lengths {
    guint64 documents;
    guint64 bins[LENGTH_BINS]; /* bin i: from 2^i tokens to below 2^(i + 1) */
} Lengths;

gboolean lengths_count(Store *store, Lengths *lengths, GError **error);

#endif
