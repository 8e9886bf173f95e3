/* SPDX-License-Identifier: Apache-2.0
 * cli/duplicates.h - the part of `galen duplicates` that is about passages and not about whole documents.
 */
#ifndef CLI_DUPLICATES_H
#define CLI_DUPLICATES_H

#include "store/store.h"

/* Prints the passages that make the corpus longest; at most `limit` of them (0: all). With `json` an object a line, with all places. */
gboolean duplicates_print_passages(StoreTxn *txn, guint limit, gboolean json, GError **error);

#endif
