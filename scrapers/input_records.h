/* SPDX-License-Identifier: Apache-2.0
 * scrapers/input_records.h - which inputs a store has read, and whether a recipe's inputs are these and some more.
 *
 * TABLE_INPUTS has an object for each input that was read to its end. Its member "read" says which documents it gave, and the
 * size and time of change that the file had then; the rest is the manifest's (store/manifest.h), which leaves "read" out.
 *
 * Inputs that come to a store later are read behind all others, and input_records_save_order writes down where they would
 * have been (store/reading_order.h).
 */
#ifndef SCRAPERS_INPUT_RECORDS_H
#define SCRAPERS_INPUT_RECORDS_H

#include "base/json.h"
#include "scrapers/inputs.h"

/* `facts` get the member "read". */
gboolean input_records_put(StoreTxn *txn, const Input *input, Docno first, json_t *facts, GError **error);

/* Of the inputs in the list those that were not read, in their order; borrowed. NULL without error: an input that was read
 * is not in the list, has changed since, or comes in another order among them than it was read in. */
GPtrArray *input_records_new(StoreTxn *txn, const GPtrArray *inputs, GError **error);
/* When all inputs of the list were read. */
gboolean input_records_save_order(StoreTxn *txn, const GPtrArray *inputs, GError **error);

#endif
